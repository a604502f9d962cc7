# Runs at each start of the instance, before anything is configured. A code other than 0 is an error: the instance does not start.
# What is exported here is not kept.
if [ -z "${ZWE_configs_greeting:-}" ]; then
  echo "components.@NAME@.greeting is empty: give it a text"
  exit 8
fi
echo "@NAME@ is valid: port ${ZWE_configs_port}"
