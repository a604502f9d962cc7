// Registers with a Discovery Service as Zowe's app-server does, by the client that it uses, and says what it sees. Arguments: port, instance id or
// '', 'full' or 'delta'. A line of standard input ends it: "stop" with goodbye.
const { Eureka } = require(process.env.EUREKA_JS_CLIENT);
const [port, instanceId, fetches] = process.argv.slice(2);
const logger = { debug() {}, info: (...words) => console.log('info', ...words), warn: say('warn'), error: say('error') };
function say(level) {
  return (...words) => console.log(level, ...words.map((word) => (word instanceof Error ? word.message : String(word))));
}
const instance = {
  app: 'jsclient', hostName: 'localhost', ipAddr: '127.0.0.1', vipAddress: 'jsclient', secureVipAddress: 'jsclient',
  port: { $: 7101, '@enabled': 'false' }, securePort: { $: 7102, '@enabled': 'true' },
  statusPageUrl: 'https://localhost:7102/info', homePageUrl: 'https://localhost:7102/',
  dataCenterInfo: { '@class': 'com.netflix.appinfo.InstanceInfo$DefaultDataCenterInfo', name: 'MyOwn' },
  leaseInfo: { renewalIntervalInSecs: 1, durationInSecs: 4 },
  metadata: { 'apiml.routes.api-v1.gatewayUrl': 'api/v1', 'apiml.service.title': 'A <title> & more' },
};
if (instanceId) instance.instanceId = instanceId;
const client = new Eureka({
  logger, instance, shouldUseDelta: fetches === 'delta',
  eureka: { host: 'localhost', port, servicePath: '/eureka/apps/', heartbeatInterval: 500, registryFetchInterval: 300, maxRetries: 1000, requestRetryDelay: 50 },
});
let seen = '';
function look() {
  const now = Object.entries(client.cache.app).flatMap(([app, all]) => all.map((one) => `${app}:${one.status}`)).sort().join(' ');
  if (now !== seen) console.log(`sees [${(seen = now)}]`);
}
setInterval(look, 50);
for (const event of ['registered', 'heartbeat', 'deregistered']) client.on(event, () => console.log(event));
client.start((error) => console.log(error ? `not started: ${error.message}` : 'started'));
process.stdin.on('data', () => client.stop((error) => { console.log(error ? `not stopped: ${error.message}` : 'stopped'); process.exit(0); }));
