# It registers with the first Discovery Service that answers, and learns from it what there is to forward to.
exec "${ZWELNCH_PROGRAM:?is not set, see zowe.environments in zowe.yaml}" demo service gateway --name gateway \
  --host "$ZWE_haInstance_hostname" --port "$ZWE_configs_port" --register "$ZWE_DISCOVERY_SERVICES_LIST" \
  --renew "${ZWE_configs_renewSeconds:-2}" --version "${ZWE_VERSION:-}"
