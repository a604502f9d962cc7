// validate.js SCHEMA FILE...: what ajv says of YAML files, a line each: FILE, a tab, `ok` or what is wrong.
const fs = require("fs");
const Ajv = require("ajv");
const YAML = require("yaml");

const [schema, ...files] = process.argv.slice(2);
const validate = new Ajv({ strict: false, allErrors: true }).compile(JSON.parse(fs.readFileSync(schema, "utf8")));
for (const name of files) {
  // What a build fills in.
  const text = fs.readFileSync(name, "utf8").replace(/(?<!\$)\{\{[^{}\n]*\}\}/g, "1");
  let said;
  try {
    said = validate(YAML.parse(text, { uniqueKeys: false, merge: true })) ? "ok" : validate.errors.map((error) => error.instancePath || ".").join(" ");
  } catch (error) {
    said = "no YAML";
  }
  console.log(`${name}\t${said}`);
}
