# Runs at each start and restart, in the component's directory. "exec": the program's end is the component's end, and a stop reaches it.
# A JDK runs the source as it is; put a jar that your build makes in its place: exec java -jar lib/server.jar
exec java src/Server.java
