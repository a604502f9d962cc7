set -- --name hello --port "$ZWE_configs_port"
# Where there is a Discovery Service it registers there, under the host name of the HA instance.
if [ -n "${ZWE_DISCOVERY_SERVICES_LIST:-}" ]; then
  set -- "$@" --host "$ZWE_haInstance_hostname" --register "$ZWE_DISCOVERY_SERVICES_LIST" --renew 2
fi
# "exec": the service takes the place of the shell, so that its end is the component's end and no shell hides its exit code.
exec "${ZWELNCH_PROGRAM:?is not set, see zowe.environments in zowe.yaml}" demo service http "$@"
