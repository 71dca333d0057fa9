/* Numbers as people write them, the twin of pipelines/device/numbers.py: decimal marks, groups of thousands, signs and
   units. */
"use strict";
globalThis.pipelines = globalThis.pipelines || {packed: {}};

(function (pipelines) {
  const THOUSANDS = {"": "", ".": ".", ",": ",", " ": " \u00a0\u202f\u2009", "'": "'\u2019"};
  const POWERS = {"": "", k: "e3", K: "e3", M: "e6"};
  const NUMBER = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/i, INFINITE = /^[+-]?inf(?:inity)?$/i;
  const patterns = new Map();
  const escape = (text) => text.replace(/[\\^$.*+?()[\]{}|/]/g, "\\$&");

  /* The number of a text without white space at its ends, written as the column states; NaN for any other text. */
  function parseNumber(text, column) {
    const plain = column.unit ? null : parsePlain(text, column.decimal);
    if (plain !== null) return plain;
    const found = patternOf(column).exec(text.replaceAll("\u2212", "-"));
    if (!found) return NaN;
    const [, sign, open, unit, openInside, signInside, digits, power, minus, close, unitBehind, minusBehind,
           closeBehind] = found;
    const negative = sign + signInside + minus + minusBehind, opened = open + openInside;
    const units = Number(Boolean(unit)) + Number(Boolean(unitBehind));
    if (negative.length + opened.length > 1 || opened.length !== close.length + closeBehind.length
        || units !== Number(Boolean(column.unit))) {
      return NaN;
    }
    let plainDigits = digits;
    for (const letter of THOUSANDS[column.thousands ?? ""]) plainDigits = plainDigits.replaceAll(letter, "");
    const value = Number(plainDigits.replace(column.decimal, ".") + POWERS[power]);
    return negative.includes("-") || opened ? -value : value;
  }

  /* The number of a text without groups and unit; null for other texts. */
  function parsePlain(text, decimal) {
    if (decimal === ",") {
      if (text.includes(".")) return null;
      text = text.replaceAll(",", ".");
    }
    if (INFINITE.test(text)) return text.startsWith("-") ? -Infinity : Infinity;
    return NUMBER.test(text) ? Number(text) : null;
  }

  function patternOf(column) {
    const {decimal, thousands = "", unit = "", marks = ""} = column, key = JSON.stringify([decimal, thousands, unit, marks]);
    if (!patterns.has(key)) {
      const point = escape(decimal), space = unit ? `[${THOUSANDS[" "]}]*` : "";
      const whole = thousands ? `(?:[1-9][0-9]{0,2}(?:[${THOUSANDS[thousands]}][0-9]{3})+|[0-9]+)` : "[0-9]+";
      const number = `((?:${whole}(?:${point}[0-9]*)?|${point}[0-9]+)(?:[eE][+-]?[0-9]+)?)`;
      const power = marks.includes("k") ? "([kKM]?)" : "()";
      const [opened, closed] = marks.includes("(") ? ["(\\(?)", "(\\)?)"] : ["()", "()"];
      const minus = marks.includes("-") ? "(-?)" : "()", sign = "([+-]?)", withUnit = `((?:${escape(unit)})?)`;
      patterns.set(key, new RegExp(`^${sign}${opened}${space}${withUnit}${space}${opened}${sign}${number}${power}${minus}`
                                   + `${closed}${space}${withUnit}${minus}${closed}$`, "u"));
    }
    return patterns.get(key);
  }

  /* A number's text as the column's cells are written: with its decimal mark and its unit. */
  function withMarks(text, column) {
    return (column.decimal === "," ? text.replace(".", ",") : text) + (column.unit ?? "");
  }

  Object.assign(pipelines, {parseNumber, withMarks});
})(globalThis.pipelines);
