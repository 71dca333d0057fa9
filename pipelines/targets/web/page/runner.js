/* Raw rows to answers, the twin of pipelines/device/runner.py: reads cells, runs the primitives of signature.json, asks
   a model, and says label, scores and quantiles. */
"use strict";
globalThis.pipelines = globalThis.pipelines || {packed: {}};

(function (pipelines) {
  const {BadCell, readCell, rowNotes, runPrimitives, shorten} = pipelines;
  const round = Math.fround;

  class Runner {
    /* `model`: anything with run(inputs) → Promise of a Float32Array; `form`: whose decision it shares, "int8" or
       "float32". */
    constructor(signature, model, form) {
      this.signature = signature;
      this.model = model;
      this.form = form;
      this.missing = new Set(signature.missing_words);
      this.texts = new Set(signature.columns.filter((column) => column.kind === "text").map((column) => column.name));
      this.reset();
    }

    /* Forgets the rows before, for columns that fill a hole with the last value seen. */
    reset() {
      this.memory = {last: new Map(), texts: this.texts};
    }

    /* A Map from name to raw cell → {columns: Map of typed values, bad: [{column, value, reason}]}. */
    read(row) {
      const columns = new Map(), bad = [];
      for (const column of this.signature.columns) {
        try {
          if (!row.has(column.name)) throw new BadCell("the row misses the column");
          columns.set(column.name, readCell(row.get(column.name), column, this.missing));
        } catch (error) {
          if (!(error instanceof BadCell)) throw error;
          bad.push({column: column.name, value: row.get(column.name), reason: error.message});
        }
      }
      return {columns, bad};
    }

    /* The typed columns of a raw row. Throws BadCell where a cell cannot be read: no answer is better than one to
       another question. */
    columnsOf(row) {
      const {columns, bad} = this.read(row);
      if (bad.length) {
        const [{column, value, reason}] = bad, more = bad.length > 1 ? ` (and ${bad.length - 1} more cells)` : "";
        throw new BadCell(`column ${shorten(column)}: ${reason}: ${shorten(value)}${more}`);
      }
      return columns;
    }

    /* Typed columns of one row → Promise of {label, scores, quantiles, raw, milliseconds (of the model alone), notes}
       (a list of what is unusual about the row). */
    async predict(columns) {
      const prepared = runPrimitives(this.signature.primitives, columns, this.memory);
      const inputs = this.inputsOf(prepared), start = performance.now();
      const raw = await this.model.run(inputs);
      const milliseconds = performance.now() - start;
      const notes = rowNotes(this.signature, columns, prepared);
      return {...answer(this.signature, raw, this.form, prepared), raw, milliseconds, notes};
    }

    /* The arrays of the model's inputs by port, float32, int32 or, of pictures, uint8. */
    inputsOf(prepared) {
      const inputs = {};
      for (const port of this.signature.inputs) {
        const x = prepared.get(port.name);
        inputs[port.name] = x instanceof Uint8Array ? x : port.dtype === "int32" ? Int32Array.from(x)
          : Float32Array.from(x);
        if (inputs[port.name].some(Number.isNaN)) {
          throw new BadCell(`the input ${shorten(port.name)} has a missing value after every step`);
        }
      }
      return inputs;
    }
  }

  /* The raw output Float32Array [outputs] of a model → {label, scores, quantiles}, as `answer` of the runner in
     Python: of classes `scores` are probabilities, of forecasts a value a step, of the rest one number. */
  function answer(signature, raw, form, prepared) {
    const {target} = signature, offsets = offsetsOf(signature, form);
    if (target.task === "regression") {
      return {label: null, scores: Array.from(raw, (value) => value * target.factor + target.offset)};
    }
    if (target.task === "forecast") return foretell(signature, raw, offsets, prepared);
    if (target.task === "multilabel") {
      const has = target.labels.filter((_, place) => round(raw[place] + offsets[place]) >= 0);
      return {label: has.join(target.separator),
              scores: labelProbabilities(Array.from(raw), signature.calibrations?.[form])};
    }
    if (target.task === "anomaly") {
      const score = meanDifference(signature, raw, form, prepared);
      return {label: target.labels[Number(round(score + offsets[0]) >= 0)], scores: [score]};
    }
    const shifted = Array.from(raw, (logit, place) => round(logit + offsets[place]));
    const chosen = shifted.length === 1 ? Number(shifted[0] >= 0) : shifted.indexOf(Math.max(...shifted));
    return {label: target.labels[chosen], scores: probabilities(Array.from(raw), signature.calibrations?.[form])};
  }

  function offsetsOf(signature, form) {
    const count = signature.target.task === "anomaly" ? 1 : signature.output.shape[0];
    return (signature.decisions[form] ?? new Array(count).fill(0)).map(round);
  }

  /* Of logits as the runner calibrates them: by a table of two classes, or by a factor and an offset. */
  function probabilities(logits, calibration = {factor: 1, offset: 0, logits: [], shares: []}) {
    if (calibration.logits.length) {
      const share = between(logits[0], calibration.logits, calibration.shares);
      return [1 - share, share];
    }
    logits = logits.map((logit) => logit * calibration.factor + calibration.offset);
    if (logits.length === 1) logits = [0, logits[0]];
    const most = Math.max(...logits), shifted = logits.map((logit) => Math.exp(logit - most));
    const total = shifted.reduce((a, b) => a + b);
    return shifted.map((each) => each / total);
  }

  /* Of each label by itself. */
  function labelProbabilities(logits, calibration = {factor: 1, offset: 0}) {
    return logits.map((logit) => {
      const calibrated = logit * calibration.factor + calibration.offset, small = Math.exp(-Math.abs(calibrated));
      return (calibrated >= 0 ? 1 : small) / (1 + small);
    });
  }

  /* The value at x of a line through rising points, and the nearer end outside of them. */
  function between(x, points, values) {
    const right = points.findIndex((point) => point > x);
    if (right === 0) return values[0];
    if (right < 0) return values[values.length - 1];
    const share = (x - points[right - 1]) / (points[right] - points[right - 1]);
    return values[right - 1] + share * (values[right] - values[right - 1]);
  }

  function foretell({target, frame}, raw, offsets, prepared) {
    const width = raw.length / frame.horizon, quantiles = [];
    const base = target.base ? prepared.get(target.base) : 0, spread = target.spread ? prepared.get(target.spread) : 1;
    for (let step = 0; step < frame.horizon; ++step) {
      const values = Array.from({length: width}, (_, place) => {
        const value = round(raw[step * width + place] + offsets[step * width + place]);
        return (value * target.step_factors[step] + target.step_offsets[step]) * spread + base;
      });
      quantiles.push(values.sort((a, b) => a - b));
    }
    const distances = target.quantiles.map((level) => Math.abs(level - 0.5));
    const middle = distances.length ? distances.indexOf(Math.min(...distances)) : 0;
    return {label: null, scores: quantiles.map((values) => values[middle]),
            quantiles: target.quantiles.length ? quantiles : null};
  }

  /* Of what went in, as the form holds it, and what came back. */
  function meanDifference(signature, raw, form, prepared) {
    const port = signature.inputs.find((each) => each.name === signature.target.base);
    const held = form === "int8" ? (x) => quantized(x, port) : (x) => x;
    const total = prepared.get(port.name).reduce((sum, x, place) =>
      round(sum + Math.abs(round(held(x) - raw[place]))), 0);
    return round(total * round(1 / round(raw.length)));
  }

  function quantized(x, {scale, zero_point: zeroPoint, num_copies: copies}) {
    const steps = round(Math.floor(round(round(x / round(scale)) + 0.5)) + zeroPoint);
    return round((Math.min(Math.max(steps, -128), 127) - zeroPoint) * round(scale / copies));
  }

  Object.assign(pipelines, {Runner, answer});
})(globalThis.pipelines);
