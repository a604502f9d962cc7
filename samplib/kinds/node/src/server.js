// The service of the component @NAME@. What is configured comes as ZWE_configs_<property>.
const fs = require("node:fs");
const http = require("node:http");
const path = require("node:path");

const OPENAPI = fs.readFileSync(path.join(__dirname, "../api/openapi.json"), "utf8");

/** The status and the JSON that a path is answered with. */
function answer(url, greeting) {
  switch (url.split("?")[0]) {
    case "/":
      return [200, JSON.stringify({ greeting })];
    case "/application/health":
      return [200, JSON.stringify({ status: "UP" })];
    case "/openapi":
      return [200, OPENAPI];
    default:
      return [404, JSON.stringify({ error: "there is nothing here" })];
  }
}

module.exports = { answer };

if (require.main === module) {
  const port = Number(process.env.ZWE_configs_port);
  const server = http.createServer((request, response) => {
    const [status, body] = answer(request.url, process.env.ZWE_configs_greeting);
    response.writeHead(status, { "Content-Type": "application/json" }).end(body);
  });
  server.on("error", (error) => {
    console.error(`@NAME@ cannot listen on port ${port}: ${error.message}`);
    process.exit(8);
  });
  server.listen(port, () => console.log(`@NAME@ listens on port ${port}`));
  process.on("SIGTERM", () => process.exit(0));
}
