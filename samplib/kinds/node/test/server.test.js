const assert = require("node:assert");
const test = require("node:test");
const { answer } = require("../src/server.js");

test("it greets", () => {
  assert.deepStrictEqual(answer("/?a=b", "Hello"), [200, '{"greeting":"Hello"}']);
});

test("it says how it is, and what there is not", () => {
  assert.strictEqual(JSON.parse(answer("/application/health", "")[1]).status, "UP");
  assert.strictEqual(answer("/nothing", "")[0], 404);
});
