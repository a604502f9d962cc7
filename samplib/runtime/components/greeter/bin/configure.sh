# What is exported here is there at each start and restart of the component, value for value, until it is configured again.
. "$ZWE_zowe_runtimeDirectory/components/toolbox/lib/functions.sh"

GREETER_TEXT=$(toolbox_sentence "$ZWE_configs_greeting" "from $ZWE_haInstance_id on $ZWE_haInstance_hostname, it's \"quoted\" and costs \$5")
export GREETER_TEXT
export GREETER_CONFIGURED_FOR="$ZWE_haInstance_id"
echo "DEMO0103I greeter is configured"
