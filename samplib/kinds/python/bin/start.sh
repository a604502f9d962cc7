# Runs at each start and restart, in the component's directory. "exec": the program's end is the component's end, and a stop reaches it.
# The component's directory may be read-only: no bytecode is written there.
exec python3 -B -u src/server.py
