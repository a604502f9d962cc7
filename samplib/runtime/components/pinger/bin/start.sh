# Where hello listens: see its start command.
host=127.0.0.1
[ -z "${ZWE_DISCOVERY_SERVICES_LIST:-}" ] || host=$ZWE_haInstance_hostname
# The port of hello is whatever this HA instance has made of it.
exec "${ZWELNCH_PROGRAM:?is not set, see zowe.environments in zowe.yaml}" demo service pinger --name pinger \
  --url "http://$host:$ZWE_components_hello_port/application/health" --every "$ZWE_configs_everySeconds"
