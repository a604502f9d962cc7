# GREETER_TEXT comes from bin/configure.sh.
exec "${ZWELNCH_PROGRAM:?is not set, see zowe.environments in zowe.yaml}" demo service echo --name greeter \
  --text "$GREETER_TEXT" --every "$ZWE_configs_everySeconds"
