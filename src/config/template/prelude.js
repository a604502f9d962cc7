// Makes the configuration's globals and resolves templates on demand, so that references forward work and cycles are named.
// Called with the configuration as JSON, the templates as JSON ([{path, parts}]) and the helper function of the launcher;
// returns {outcome, blame}.
(function (treeText, definitionsText, helper) {
  'use strict';
  const evaluateGlobally = eval;
  const { parse, stringify } = JSON;
  const { defineProperty, getOwnPropertyDescriptor, keys } = Object;
  const asText = String, isArray = Array.isArray, SyntaxProblem = SyntaxError, Problem = Error;
  const tree = parse(treeText);
  const definitions = parse(definitionsText);
  const states = [];
  let busy = [];
  let lastFailed = null;

  // The forms of an expression, one after the other until one is JavaScript; the first error is the one that is shown.
  function run(part) {
    let first = null;
    for (let form = 0; form < part.forms.length; form++) {
      try {
        return evaluateGlobally(part.forms[form]);
      } catch (error) {
        if (!(error instanceof SyntaxProblem)) {
          throw error;
        }
        first = first === null ? error : first;
      }
    }
    throw first;
  }

  function evaluate(parts) {
    if (parts.length === 1 && parts[0].text === null) {
      return run(parts[0]);
    }
    let joined = '';
    for (let index = 0; index < parts.length; index++) {
      joined += parts[index].text === null ? asText(run(parts[index])) : parts[index].text;
    }
    return joined;
  }

  function resolve(index) {
    const known = states[index];
    if (known !== undefined) {
      if (known.failed) {
        lastFailed = { index: known.origin, error: known.error };
        throw known.error;
      }
      return known.value;
    }
    const from = busy.indexOf(index);
    if (from >= 0) {
      const names = busy.slice(from).map((step) => definitions[step].name);
      throw new Problem('the templates refer to each other in a circle: ' + [...names, names[0]].join(' -> '));
    }
    busy.push(index);
    let value;
    try {
      value = evaluate(definitions[index].parts);
    } catch (error) {
      const origin = lastFailed !== null && lastFailed.error === error ? lastFailed.index : index;
      states[index] = { failed: true, error, origin };
      lastFailed = { index: origin, error };
      throw error;
    } finally {
      busy.pop();
    }
    states[index] = { failed: false, value };
    return value;
  }

  function describe(error) {
    try {
      if (error === null || error === undefined) {
        return 'needs more memory than templates may use';
      }
      return error instanceof Problem ? error.name + ': ' + error.message : 'throws ' + asText(error);
    } catch (_) {
      return 'throws a value that cannot be shown';
    }
  }

  // v and JSON: a value; u and a word: no value of a configuration; e and a text: an error; d: depends on one that has failed.
  function outcome(index) {
    lastFailed = null;
    try {
      const value = resolve(index);
      if (typeof value === 'number' && !isFinite(value)) {
        return 'u' + asText(value);
      }
      lastFailed = null;
      const json = stringify(value);
      return json === undefined ? 'u' + typeof value : 'v' + json;
    } catch (error) {
      const elsewhere = lastFailed !== null && lastFailed.error === error && lastFailed.index !== index;
      return elsewhere ? 'd' : 'e' + describe(error);
    }
  }

  function blame() {
    const index = busy.length > 0 ? busy[busy.length - 1] : -1;
    busy = [];
    return index;
  }

  defineProperty(globalThis, 'os', {
    value: {
      realpath: (path) => {
        const [real, code] = parse(helper('realpath', asText(path)));
        return [real, code];
      },
    },
    configurable: true, writable: true,
  });
  defineProperty(globalThis, 'std', {
    value: { getenv: (name) => { const value = parse(helper('getenv', asText(name))); return value === null ? undefined : value; } },
    configurable: true, writable: true,
  });
  defineProperty(globalThis, 'zos', {
    value: {
      resolveSymbol: (name) => { const value = parse(helper('symbol', asText(name))); return value === null ? undefined : value; },
      getZosVersion: () => parse(helper('zosVersion', '')),
      getEsm: () => parse(helper('esm', '')),
    },
    configurable: true, writable: true,
  });

  definitions.forEach((definition, index) => {
    let holder = tree;
    const last = definition.path.length - 1;
    for (let step = 0; step < last; step++) {
      holder = holder[definition.path[step]];
    }
    defineProperty(holder, definition.path[last], { get: () => resolve(index), enumerable: true, configurable: true });
  });
  for (const key of keys(tree)) {
    try {
      defineProperty(globalThis, key, getOwnPropertyDescriptor(tree, key));
    } catch (_) {
      // A key such as "undefined" cannot be a global; the configuration keeps it, templates do not see it.
    }
  }
  return { outcome, blame };
});
