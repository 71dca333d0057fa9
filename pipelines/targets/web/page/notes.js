/* What is unusual about a row, in words, the twin of pipelines/device/notes.py. Such a row is answered all the same. */
"use strict";
globalThis.pipelines = globalThis.pipelines || {packed: {}};

(function (pipelines) {
  const {andMore, shorten, withCommas} = pipelines;
  const round = Math.fround, TOKENIZERS = ["Words", "Characters", "Subwords"];

  /* Notes on one row as a list of texts. `columns`: typed raw values by name; `prepared`: after every primitive. */
  function rowNotes(signature, columns, prepared) {
    return [withoutValues(signature, columns), withoutKnownTokens(signature, prepared),
            ofOneColour(signature, columns), fewSteps(signature, columns), farOutside(signature, columns)].filter((note) => note);
  }

  function isMissing(value) {
    if (value instanceof Float32Array) return value.every(Number.isNaN);
    return value === null || Number.isNaN(value);
  }

  function withoutValues({columns: known, frame}, columns) {
    const past = known.filter(({name, kind}) => kind === "series" && !frame?.known.includes(name));
    const cells = known.filter(({name, kind}) => kind !== "text" && name !== frame?.time);
    if (!cells.length || !(past.length ? past : cells).every(({name}) => isMissing(columns.get(name)))) return "";
    return past.length ? "no step of the window has a value" : "every cell is missing";
  }

  /* Of windows of which some past steps are known, but less than half. */
  function fewSteps({columns: known, frame}, columns) {
    if (!frame) return "";
    const past = known.filter(({name, kind}) => kind === "series" && !frame.known.includes(name));
    const size = Math.max(...past.map((column) => column.shape[0]));
    const isKnown = (step) => past.some((column) => step >= size - column.shape[0]
      && !Number.isNaN(columns.get(column.name)[step - size + column.shape[0]]));
    const count = Array.from({length: size}, (_, step) => step).filter(isKnown).length;
    if (!count || 2 * count >= size) return "";
    return `${withCommas(count)} of the ${withCommas(size)} past steps that the model reads are known`;
  }

  function withoutKnownTokens({primitives}, prepared) {
    const reader = primitives.find((each) => TOKENIZERS.includes(each.primitive));
    if (!reader) return "";
    const isKnown = (id) => id > 0 && id <= reader.keys.length;
    return Array.from(prepared.get(reader.column)).some(isKnown) ? "" : "no token of the text is known from training";
  }

  function ofOneColour({columns: known}, columns) {
    const column = known.find(({kind}) => kind === "picture");
    if (!column) return "";
    const pixels = columns.get(column.name), channels = column.shape[2];
    return pixels.every((value, place) => value === pixels[place % channels]) ? "the picture has one colour" : "";
  }

  /* The first column that is far outside of training's range is named, the others are counted. */
  function farOutside(signature, columns) {
    const found = [], ranges = new Map(Object.entries(signature.ranges));  // a column may be called __proto__
    for (const column of signature.columns) {
      if (!ranges.has(column.name)) continue;
      const [low, high] = ranges.get(column.name), least = round(low - (high - low)), most = round(high + (high - low));
      const isFar = (value) => value < least || value > most;  // false for NaN
      const value = columns.get(column.name), step = value instanceof Float32Array ? value.findIndex(isFar) : 0;
      const far = value instanceof Float32Array ? value[step] : value;
      if (step < 0 || !isFar(far)) continue;
      const where = value instanceof Float32Array ? `step ${step + 1} is ` : "";
      found.push(`column ${shorten(column.name)}: ${where}${shortNumber(far)}, far outside of training's `
                 + `${shortNumber(low)} to ${shortNumber(high)}`);
    }
    return found.length ? found[0] + andMore(found.length - 1, "column") : "";
  }

  /* A number in at most six digits, as Python's format(value, "g"). */
  function shortNumber(value) {
    const [digits, power] = value.toExponential(5).split("e"), exponent = Number(power);
    if (exponent >= -4 && exponent < 6) return Object.is(value, -0) ? "-0" : String(Number(value.toPrecision(6)));
    const sign = exponent < 0 ? "-" : "+", size = String(Math.abs(exponent)).padStart(2, "0");
    return `${Number(digits)}e${sign}${size}`;
  }

  Object.assign(pipelines, {rowNotes, shortNumber});
})(globalThis.pipelines);
