# Runs at each start and restart. "exec": the program takes the place of the shell, so that its end is the component's end, with its own exit
# code, and a stop (SIGTERM) reaches it at once. Put your own program here.
echo "${GREETING_TEXT}"

program=${ZWELNCH_PROGRAM:-$(command -v zwelnch)}
if [ -n "${program}" ]; then
  exec "${program}" demo service http --name @NAME@ --port "${ZWE_configs_port}"
fi

# Where the zwelnch program is not known: a line a minute.
trap 'kill "$!"; exit 0' TERM
while :; do
  echo "@NAME@ is alive"
  sleep 60 &
  wait "$!"
done
