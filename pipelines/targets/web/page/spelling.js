/* The search of a text that a model spells a character a call: the twin of pipelines/device/spelling_search.py. */
"use strict";
globalThis.pipelines = globalThis.pipelines || {packed: {}};

(function (pipelines) {
  const UNITS = 65536, NEVER = 2 ** 40;

  /* The port of what was spelled, or undefined where all characters are answered at once. */
  function spelledPort({target, inputs}) {
    return target.beam ? inputs.find((port) => port.unit === "id of a character that was spelled") : undefined;
  }

  /* `run`: prepared columns → Promise of the raw output. → Promise of [raw output for the text that was found, the
     prepared columns with it]. */
  async function searchText(signature, run, prepared) {
    const {target} = signature, port = spelledPort(signature), {positions, beam} = target;
    const given = (ids) => new Map([...prepared, [port.name, Int32Array.from(ids)]]);
    let texts = [{ids: new Array(positions).fill(0), sum: 0}], raw;
    for (let place = 0; place < positions; ++place) {
      const longer = [];
      for (const {ids, sum} of texts) {
        raw = await run(given(ids));
        wholeLogs(target, raw, place, ids).forEach((log, choice) => longer.push({
          ids: ids.map((id, at) => at === place ? choice + 1 : id), sum: sum + log}));
      }
      texts = longer.sort((one, other) => other.sum - one.sum).slice(0, beam); // stable: of equal ones the first
    }
    const found = given(texts[0].ids);
    return [beam > 1 ? await run(found) : raw, found];
  }

  /* The logarithms of what may stand at a place, in whole numbers that add up alike in every language. */
  function wholeLogs(target, raw, place, ids) {
    const width = [...target.characters].length + 1;
    if (place > 0 && ids[place - 1] === width) {
      return Array.from({length: width}, (_, choice) => choice === width - 1 ? 0 : -NEVER);
    }
    const logits = Array.from(raw.slice(place * width, (place + 1) * width)), most = Math.max(...logits);
    const total = Math.log(logits.reduce((sum, logit) => sum + Math.exp(logit - most), 0));
    return logits.map((logit) => Math.floor((logit - most - total) * UNITS + 0.5));
  }

  Object.assign(pipelines, {searchText, spelledPort});
})(globalThis.pipelines);
