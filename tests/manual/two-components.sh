# Sourced by blocks of the manuals: an instance with the components discovery and gateway, which do nothing, in the current directory. Gateway
# needs discovery, and ends with code 1 once where a file `crash` is in its
# directory.
for name in discovery gateway; do
  mkdir -p "runtime/components/$name/bin"
  printf 'name: %s\nid: org.example.%s\nschemas: {configs: schema.json}\ncommands: {start: bin/start.sh}\n' "$name" "$name" \
    > "runtime/components/$name/manifest.yaml"
  echo '{}' > "runtime/components/$name/schema.json"
  printf 'echo ZWEAM000I\nexec sleep 1000\n' > "runtime/components/$name/bin/start.sh"
done
echo 'dependencies: {components: [{name: discovery}]}' >> runtime/components/gateway/manifest.yaml
sed -i '1i if [ -f crash ]; then rm crash; exit 1; fi' runtime/components/gateway/bin/start.sh
printf '{"version": "3.2.0"}\n' > runtime/manifest.json
cat > zowe.yaml <<EOS
zowe:
  runtimeDirectory: $PWD/runtime
  workspaceDirectory: $PWD/workspace
  logDirectory: $PWD/logs
  configmgr: {validation: COMPONENT-COMPAT}
components:
  discovery: {enabled: true}
  gateway: {enabled: true}
haInstances: {lpar1: {hostname: localhost}}
EOS
mkdir -p -m 700 system/PROCLIB
zwelnch jcl --set-config "FILE($PWD/zowe.yaml)" > system/PROCLIB/ZWESLSTC
export ZWELNCH_SYSTEM="$PWD/system" CONFIG="$PWD/zowe.yaml"
