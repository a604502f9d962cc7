# A non-zero code is an error: all components are validated, all errors are listed, then the launcher ends.
# What is exported here is not kept.
if [ "$ZWE_configs_everySeconds" -gt 600 ]; then
  echo "DEMO0101E components.greeter.everySeconds is $ZWE_configs_everySeconds: more than 600 s is no greeting, set a smaller number"
  exit 8
fi
echo "DEMO0102I greeter is going to greet every $ZWE_configs_everySeconds seconds"
