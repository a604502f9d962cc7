// Makes the configuration's globals and resolves templates on demand, so that references forward work and cycles are named.
// Called with the configuration as JSON, the templates as JSON ([{path, parts}]), the helper function of the launcher, the one that
// evaluates a script and the one that is told which template's turn it is; returns {outcome, blame, complaint}.
(function (treeText, definitionsText, helper, script, turn) {
  'use strict';
  const evaluateLocally = eval, makeFunction = Function;
  const { parse, stringify } = JSON;
  const { defineProperty, getOwnPropertyDescriptor, keys } = Object;
  const asText = String, isArray = Array.isArray, SyntaxProblem = SyntaxError, RangeProblem = RangeError, Problem = Error;
  const tree = parse(treeText);
  const definitions = parse(definitionsText);
  const states = [];
  // Templates that are being evaluated, each for the one before it, and the place of each in that list.
  let busy = [];
  const places = [];
  let lastFailed = null;
  // The last error of syntax: {error, part}.
  let syntax = null;
  let isBlock = false;

  // So many evaluations stand on the stack inside one another. A chain that is longer is given up, the template that it needs is evaluated
  // with the whole stack to itself, and the chain begins anew.
  const DEPTH = 16;
  // Of the templates that are being evaluated those before this one do not stand on the stack.
  let base = 0;
  // The template that is to be evaluated before the others can go on; -1: none. Until the stack is empty whatever is thrown or given counts
  // for nothing, caught by a template or not.
  let needed = -1;
  // The list of busy templates when that was found.
  let chain = null;

  function giveUp(index) {
    if (needed < 0) {
      needed = index;
      chain = busy.slice();
    }
    return new Problem('another template is evaluated first');
  }

  // True for an error that says that a script of ours is no JavaScript.
  function isOfSyntax(error) {
    return error instanceof SyntaxProblem && asText(error.stack).slice(0, 16) === '    at template:';
  }

  // In parentheses; the line end ends a comment that the expression may end with.
  function inParentheses(part) {
    return '(' + part.code + '\n)';
  }

  // How an expression may be meant, what Zowe's engine makes of it first: as a script with arrow functions in the parentheses that ours
  // wants, as it is, and in parentheses, which makes a value of what is none as a script, `{ a: 1, b: 2 }`. The first form that is
  // JavaScript counts; the first error is the one that is shown.
  function run(part, number) {
    let first = null;
    const forms = [part.rewritten, part.code, inParentheses(part)];
    for (let form = part.rewritten === null ? 1 : 0; form < forms.length; form++) {
      const code = forms[form];
      try {
        const value = script(code);
        isBlock = part.brace && form < forms.length - 1;
        return value;
      } catch (error) {
        if (needed < 0 && error instanceof SyntaxProblem && asText(error.message).slice(0, 17) === 'redeclaration of ') {
          // Another template has declared the name already.
          const value = evaluateLocally(code);
          isBlock = false;
          return value;
        }
        if (needed >= 0 || !isOfSyntax(error)) {
          throw error;
        }
        first = first === null ? error : first;
      }
    }
    syntax = { error: first, part: number };
    throw first;
  }

  function evaluate(parts) {
    isBlock = false;
    if (parts.length === 1 && parts[0].text === null) {
      return run(parts[0], 0);
    }
    let joined = '';
    for (let index = 0; index < parts.length; index++) {
      joined += parts[index].text === null ? asText(run(parts[index], index)) : parts[index].text;
    }
    isBlock = false;
    return joined;
  }

  // What was meant for an object: in parentheses it is one.
  function isAnObjectToo(part) {
    try {
      makeFunction('return ' + inParentheses(part));
      return true;
    } catch (_) {
      return false;
    }
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
    if (needed >= 0) {
      throw giveUp(index);
    }
    const from = places[index];
    if (from !== undefined && busy[from] === index) {
      const names = busy.slice(from).map((step) => definitions[step].name);
      throw new Problem('the templates refer to each other in a circle: ' + [...names, names[0]].join(' -> '));
    }
    if (busy.length - base >= DEPTH) {
      throw giveUp(index);
    }
    places[index] = busy.length;
    busy.push(index);
    turn(index);
    let value;
    try {
      value = evaluate(definitions[index].parts);
    } catch (error) {
      if (needed >= 0) {
        throw error;
      }
      if (busy.length - base > 1 && error instanceof RangeProblem && error.message === 'Maximum call stack size exceeded') {
        // It may be those around it that have used the stack up.
        busy.pop();
        throw giveUp(index);
      }
      const origin = lastFailed !== null && lastFailed.error === error ? lastFailed.index : index;
      states[index] = { failed: true, error, origin };
      lastFailed = { index: origin, error };
      throw error;
    } finally {
      busy.length = places[index];
      if (busy.length > 0) {
        turn(busy[busy.length - 1]);
      }
    }
    if (needed >= 0) {
      throw giveUp(index);
    }
    states[index] = { failed: false, value, block: isBlock && isAnObjectToo(definitions[index].parts[0]) };
    return value;
  }

  // Does some work for which templates are resolved; what it gives, once nothing that it needs is missing.
  function settle(work) {
    const waiting = [{ work, base: 0 }];
    for (;;) {
      const task = waiting[waiting.length - 1];
      base = task.base;
      let result, failure = null;
      try {
        result = task.work();
      } catch (error) {
        failure = { error };
      }
      if (needed >= 0) {
        const next = needed;
        busy = chain;
        needed = -1;
        chain = null;
        waiting.push({ work: () => resolve(next), base: busy.length });
        continue;
      }
      waiting.pop();
      if (waiting.length === 0) {
        base = 0;
        if (failure !== null) {
          throw failure.error;
        }
        return result;
      }
      busy.length = waiting[waiting.length - 1].base;
    }
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

  // The value as JSON, or the word for what is none.
  function told(index) {
    const value = resolve(index);
    if (typeof value === 'number' && !isFinite(value)) {
      return 'u' + asText(value);
    }
    lastFailed = null;
    const json = stringify(value);
    return json === undefined ? 'u' + typeof value : (states[index].block ? 'b' : 'v') + json;
  }

  // v and JSON: a value; b: one of a block; u and a word: no value of a configuration; e and a text: an error; s, the number of a part, a
  // colon and a text: one of its syntax; d: depends on one that has failed.
  function outcome(index) {
    lastFailed = null;
    try {
      return settle(() => told(index));
    } catch (error) {
      if (lastFailed !== null && lastFailed.error === error && lastFailed.index !== index) {
        return 'd';
      }
      if (syntax !== null && syntax.error === error) {
        return 's' + syntax.part + ':' + describe(error);
      }
      return 'e' + describe(error);
    }
  }

  // What is wrong with the syntax of some statements; they are not run. Empty when it is right.
  function complaint(code) {
    try {
      makeFunction(code);
      return '';
    } catch (error) {
      return describe(error);
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
  return { outcome, blame, complaint };
});
