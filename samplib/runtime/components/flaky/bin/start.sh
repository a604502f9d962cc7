# Its crashes are meant: no dump of them.
ulimit -c 0 2>/dev/null || :
# How it crashed last is kept, for one instance, where only this user can read.
exec "${ZWELNCH_PROGRAM:?is not set, see zowe.environments in zowe.yaml}" demo service flaky --name flaky \
  --after "$ZWE_configs_lifetimeSeconds" --state "$ZWE_PRIVATE_WORKSPACE_ENV_DIR/flaky/.crashes-$ZWE_haInstance_id"
