# "exec": the service takes the place of the shell, so that its end is the component's end and no shell hides its exit code.
exec "${ZWELNCH_PROGRAM:?is not set, see zowe.environments in zowe.yaml}" demo service http --name hello --port "$ZWE_configs_port"
