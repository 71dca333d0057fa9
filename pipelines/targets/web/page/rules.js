/* Rules that answers keep, of one row: the twin of pipelines/device/rule_rows.py, rule_book.py and rule_bounds.py. A rule
   comes as a tree of lists (rule_tree.to_lists). */
"use strict";
globalThis.pipelines = globalThis.pipelines || {packed: {}};

(function (pipelines) {
  const UNITS = 65536, LEAST = 1e-300;
  const ORDERS = {"<": (a, b) => a < b, "<=": (a, b) => a <= b, ">": (a, b) => a > b, ">=": (a, b) => a >= b,
                  "==": (a, b) => a === b, "!=": (a, b) => a !== b};
  const isText = (value) => typeof value === "string";
  const isPresent = (value) => value !== null && value !== undefined && !Number.isNaN(value);

  /* Whether a condition holds. `values`: a Map from name to value; `numeric`: the names of columns of numbers. */
  function holds([kind, ...rest], values, numeric) {
    const all = (nodes) => nodes.map((node) => holds(node, values, numeric));
    const value = ([what, of]) => what === "name" ? values.get(of) : of;
    const ordered = (order, left, right) => {
      let one = value(left), other = value(right);
      if (!isPresent(one) || !isPresent(other)) return false;
      if (isText(one) !== isText(other)) return order === "!=";
      if (isText(one)) return ORDERS[order](compareText(one, other), 0);
      const isCell = [left, right].some(([what, of]) => what === "name" && numeric.has(of));
      [one, other] = [Number(one), Number(other)].map(isCell ? Math.fround : (each) => each); // as cells are kept
      return ORDERS[order](one, other);
    };
    switch (kind) {
      case "all": return all(rest).every((each) => each);
      case "some": return all(rest).some((each) => each);
      case "not": return !holds(rest[0], values, numeric);
      case "truth": {
        const found = value(rest[0]);
        return isText(found) ? found === "true" : isPresent(found) && Number(found) !== 0;
      }
      case "present": return isPresent(value(rest[1])) === rest[0];
      case "compared": return ordered(...rest);
      case "among": {
        const [isIn, operand, ...others] = rest, found = others.some((other) => ordered("==", operand, other));
        return isIn ? found : !found && isPresent(value(operand));
      }
      default: throw new Error(`no rule of the kind ${kind}`);
    }
  }

  /* By code points, as Python orders texts. */
  function compareText(one, other) {
    const left = [...one], right = [...other], place = left.findIndex((letter, at) => letter !== right[at]);
    if (place < 0) return left.length - right.length;
    return place >= right.length ? 1 : left[place].codePointAt(0) - right[place].codePointAt(0);
  }

  /* The answer that keeps rules: of labels the most probable one, of a number the nearest. */
  function enforceRules(rules, signature, columns, answer) {
    if (!rules.length) return answer;
    const {target} = signature;
    const numeric = new Set(signature.columns.filter(({kind}) => kind === "numeric").map(({name}) => name));
    if (!target.labels.length) return withinBounds(rules, columns, numeric, answer);
    const worlds = target.separator ? labelSets(target) : target.labels.map((label) => ({label, has: null}));
    const keeps = ({label, has}) => {
      const own = has ? target.labels.map((name, place) => [name, has[place]]) : [[target.name, label]];
      const values = new Map([...columns, ...own]);
      return rules.every(({tree}) => holds(tree, values, numeric));
    };
    const given = worlds.find(({label}) => label === answer.label);
    if (keeps(given)) return answer;
    const chances = worlds.map((world, place) => !keeps(world) ? -Infinity
      : world.has ? setLog(world.has, answer.scores) : Math.log(Math.max(answer.scores[place], LEAST)));
    const most = Math.max(...chances);
    return most === -Infinity ? answer : {...answer, label: worlds[chances.indexOf(most)].label};
  }

  /* Every set of labels, as Python orders them: of none first, the last label changing fastest. */
  function labelSets({labels, separator}) {
    return Array.from({length: 2 ** labels.length}, (_, world) => {
      const has = labels.map((_, place) => Boolean(world >> (labels.length - 1 - place) & 1));
      return {has, label: labels.filter((_, place) => has[place]).join(separator)};
    });
  }

  /* In whole numbers, which add up alike in every language. */
  function setLog(has, scores) {
    const log = (chance) => Math.floor(Math.log(Math.max(chance, LEAST)) * UNITS + 0.5);
    return has.reduce((sum, is, place) => sum + log(is ? scores[place] : 1 - scores[place]), 0);
  }

  function withinBounds(rules, columns, numeric, answer) {
    let low = -Infinity, high = Infinity;
    for (const {premise, bounds} of rules) {
      if (premise && !holds(premise, columns, numeric)) continue;
      for (const [order, [what, of]] of bounds) {
        const value = what === "name" ? columns.get(of) : of;
        if (!isPresent(value)) continue;
        if (order !== "<=") low = Math.max(low, value);
        if (order !== ">=") high = Math.min(high, value);
      }
    }
    if (low > high) return answer;
    const cut = (value) => Math.min(Math.max(value, low), high);
    return {...answer, scores: answer.scores.map(cut), bounds: answer.bounds ? answer.bounds.map(cut) : answer.bounds};
  }

  Object.assign(pipelines, {enforceRules});
})(globalThis.pipelines);
