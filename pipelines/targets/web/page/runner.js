/* Raw rows to answers, the twin of pipelines/device/runner.py: reads cells, runs the primitives of signature.json, asks
   a model, and says label, scores and quantiles. */
"use strict";
globalThis.pipelines = globalThis.pipelines || {packed: {}};

(function (pipelines) {
  const {BadCell, andMore, readCell, rowNotes, runPrimitives, enforceRules, runTask, shorten, taskOf} = pipelines;

  class Runner {
    /* `model`: anything with run(inputs) → Promise of a Float32Array; `form`: whose decision it shares, "int8" or
       "float32"; `rules`: that answers keep, as the bundle has them. */
    constructor(signature, model, form, rules = []) {
      this.rules = rules;
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
        const [{column, value, reason}] = bad, more = andMore(bad.length - 1, "cell");
        throw new BadCell(`column ${shorten(column)}: ${reason}: ${shorten(value)}${more}`);
      }
      return columns;
    }

    /* Typed columns of one row → Promise of {label, scores, quantiles, raw, milliseconds (of the model alone), notes}
       (a list of what is unusual about the row). */
    async predict(columns) {
      const {primitives} = this.signature;
      const draws = primitives.reduce((most, step) => Math.max(most, step.num_draws ?? 1), 1);
      const raws = [];
      let prepared, milliseconds = 0;
      const model = async (given) => {
        const inputs = this.inputsOf(given), start = performance.now();
        const raw = Float32Array.from(await this.model.run(inputs));
        milliseconds += performance.now() - start;
        return raw;
      };
      for (let draw = draws - 1; draw >= 0; --draw) { // the first draw last: notes are of it
        const made = runPrimitives(primitives, columns, {...this.memory, draw});
        const [raw, found] = await runTask(this.signature, model, made);
        raws.unshift(raw);
        prepared = found;
      }
      const raw = raws.length === 1 ? raws[0] : meanOf(raws);
      const notes = rowNotes(this.signature, columns, prepared);
      const spread = raws.length === 1 ? undefined : spreadOf(raws);
      const given = answer(this.signature, raw, this.form, prepared);
      return {...enforceRules(this.rules, this.signature, columns, given), raw, milliseconds, notes, spread};
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

  /* The mean of the outputs of all draws of a row's missing numbers. */
  function meanOf(raws) {
    const total = raws.reduce((sum, raw) => sum.map((each, i) => each + raw[i]));
    return total.map((each) => each * Math.fround(1 / raws.length));
  }

  /* The standard deviation that the draws add to each mean (Rubin 1987). */
  function spreadOf(raws) {
    return Array.from(raws[0], (_, i) => {
      const mean = raws.reduce((sum, raw) => sum + raw[i], 0) / raws.length;
      const squares = raws.reduce((sum, raw) => sum + (raw[i] - mean) ** 2, 0);
      return Math.sqrt((1 + 1 / raws.length) * squares / (raws.length - 1));
    });
  }

  /* The raw output Float32Array [outputs] of a model → {label, scores, quantiles}, as `answer` of the runner in
     Python: of classes `scores` are probabilities, of forecasts a value a step, of the rest one number. */
  function answer(signature, raw, form, prepared) {
    return taskOf(signature.target).answer(signature, raw, form, prepared);
  }

  Object.assign(pipelines, {Runner, answer});
})(globalThis.pipelines);
