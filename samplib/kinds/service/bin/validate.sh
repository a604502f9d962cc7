# Runs at each start of the instance, before anything is configured. A code other than 0 is an error: the instance does not start.
if ! command -v @PROGRAM@ >/dev/null; then
  echo "@NAME@ needs @PROGRAM@, which is not in PATH: @REMEDY@"
  exit 8
fi
