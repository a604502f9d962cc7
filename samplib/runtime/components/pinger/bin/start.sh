# The port of hello is whatever this HA instance has made of it.
exec "${ZWELNCH_PROGRAM:?is not set, see zowe.environments in zowe.yaml}" demo service pinger --name pinger \
  --url "http://127.0.0.1:$ZWE_components_hello_port/application/health" --every "$ZWE_configs_everySeconds"
