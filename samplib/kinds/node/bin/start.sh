# Runs at each start and restart, in the component's directory. "exec": the program's end is the component's end, and a stop reaches it.
exec node src/server.js
