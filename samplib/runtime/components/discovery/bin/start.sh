# All Discovery Services of haInstances are its peers; it passes over itself.
exec "${ZWELNCH_PROGRAM:?is not set, see zowe.environments in zowe.yaml}" demo service discovery --name discovery \
  --host "$ZWE_haInstance_hostname" --port "$ZWE_configs_port" --peer "$ZWE_DISCOVERY_SERVICES_LIST" --renew "${ZWE_configs_renewSeconds:-2}"
