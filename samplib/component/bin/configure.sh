# Runs at each start of the instance, after all components are validated. What is exported here is there at each start and restart of the
# component. Files that it needs at run time belong below $ZWE_zowe_workspaceDirectory, never here: this directory may be read-only.
GREETING_TEXT="${ZWE_configs_greeting} from @NAME@ on ${ZWE_haInstance_hostname:-localhost}"
export GREETING_TEXT
