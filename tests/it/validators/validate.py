"""validate.py SCHEMA FILE...: what Python's jsonschema says of YAML files, a line each: FILE, a tab, `ok` or what is wrong."""
import json
import re
import sys

import jsonschema
import yaml


class Loader(yaml.SafeLoader):
    """As JSON has it: no timestamps."""


Loader.yaml_implicit_resolvers = {
    letter: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for letter, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}

with open(sys.argv[1]) as schema:
    schema = json.load(schema)
jsonschema.Draft7Validator.check_schema(schema)
validator = jsonschema.Draft7Validator(schema)
for name in sys.argv[2:]:
    with open(name, encoding="utf-8") as file:
        # What a build fills in.
        text = re.sub(r"(?<!\$)\{\{[^{}\n]*\}\}", "1", file.read())
    try:
        errors = ["/".join(map(str, error.path)) or "." for error in validator.iter_errors(yaml.load(text, Loader))]
    except yaml.YAMLError:
        errors = ["no YAML"]
    print(name, " ".join(sorted(errors)) or "ok", sep="\t")
