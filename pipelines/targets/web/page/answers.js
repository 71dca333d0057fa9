/* What an answer is, task by task: the twin of pipelines/device/tasks. `answer` turns raw outputs into label and scores,
   `show` makes the elements that a person sees. */
"use strict";
globalThis.pipelines = globalThis.pipelines || {packed: {}};

(function (pipelines) {
  const {searchText, shorten, spelledPort, stepDate, stepNumber, writeDate} = pipelines;
  const round = Math.fround;
  const MAX_BARS = 10;
  const number = (value) => String(Number(value.toPrecision(6)));
  const label = (text) => pipelines.make("p", {className: "label"}, text);
  const soft = (text) => pipelines.make("p", {className: "soft"}, text);

  /* One label of several, by the largest of the shifted logits; of one output by its sign. */
  const classes = {
    answer(signature, raw, form) {
      const {target} = signature, offsets = offsetsOf(signature, form);
      const shifted = Array.from(raw, (logit, place) => round(logit + offsets[place]));
      const chosen = shifted.length === 1 ? Number(shifted[0] >= 0) : shifted.indexOf(Math.max(...shifted));
      return {label: target.labels[chosen], scores: probabilities(Array.from(raw), signature.calibrations?.[form]),
              set: labelSet(shifted, target.labels, signature.sets?.[form], signature.adaptive?.[form])};
    },

    show({signature: {target}}, answer) {
      const set = answer.set ? [soft(`In the set: ${answer.set.map(shorten).join(", ")}`)] : [];
      return [soft(target.name), label(answer.label), ...set, ...bars(answer.scores, target)];
    },
  };

  /* The labels that lie near enough to the largest, or null; as pipelines/device/class_sets.py has it. */
  function labelSet(shifted, labels, reach, factor) {
    if (!reach) return null;
    const all = shifted.length === 1 ? [0, shifted[0]] : shifted, most = Math.max(...all);
    if (factor !== undefined) {
      const behind = all.map((each) => round(most - each)), shares = behind.map((each) => Math.exp(-each * factor));
      const total = shares.reduce((sum, share) => sum + share, 0);
      return labels.filter((_, place) => shares.reduce((sum, share, other) =>
        behind[other] < behind[place] ? sum + share : sum, 0) / total <= reach[place]);
    }
    return labels.filter((_, place) => round(most - all[place]) <= round(reach[place]));
  }

  /* Every label whose own shifted logit is not negative. */
  const labelSets = {
    answer(signature, raw, form) {
      const {target} = signature, offsets = offsetsOf(signature, form);
      const has = target.labels.filter((_, place) => round(raw[place] + offsets[place]) >= 0);
      return {label: has.join(target.separator),
              scores: labelProbabilities(Array.from(raw), signature.calibrations?.[form])};
    },

    show({signature: {target}}, answer) {
      return [soft(target.name), label(answer.label || "no label"), ...bars(answer.scores, target)];
    },
  };

  /* Numbers in the target's unit. */
  const regression = {
    answer({target, margins}, raw, form) {
      const scores = Array.from(raw, (value) => value * target.factor + target.offset), margin = margins?.[form];
      return {label: null, scores, bounds: margin === undefined ? null : [scores[0] - margin, scores[0] + margin]};
    },

    show({signature: {target}}, answer) {
      const within = answer.bounds ? [soft(`between ${answer.bounds.map(number).join(" and ")}`)] : [];
      return [soft(target.name), ...numbers(answer.scores), ...within];
    },
  };

  /* Steps ahead. */
  const forecasts = {
    answer: forecast,

    show({signature}, answer, columns) {
      return [soft(`${signature.target.name}, the next step`), label(number(answer.scores[0])),
              ...steps(signature, answer, columns)];
    },
  };

  /* Windows that the model gives back, and how far from them. */
  const anomalies = {
    answer(signature, raw, form, prepared) {
      const score = meanDifference(signature, raw, form, prepared), [offset] = offsetsOf(signature, form, 1);
      return {label: signature.target.labels[Number(round(score + offset) >= 0)], scores: [score]};
    },

    show({signature, form}, answer) {
      const threshold = -(signature.decisions[form] ?? [0])[0];
      return [label(answer.label), pipelines.make("p", {}, `Score ${number(answer.scores[0])}; from `
              + `${number(threshold)} on a window is called ${shorten(signature.target.labels[1])}.`)];
    },
  };

  /* The label whose mean embedding is nearest; squares are summed one by one in float32, as in Python. */
  const prototypes = {
    answer(signature, raw, form) {
      const {target} = signature, means = offsetsOf(signature, form);
      const nearness = target.labels.map((_, place) => {
        let sum = 0;
        raw.forEach((value, at) => {
          const gap = round(round(value) - means[place * raw.length + at]);
          sum = round(sum + round(gap * gap));
        });
        return -sum;
      });
      return {label: target.labels[nearness.indexOf(Math.max(...nearness))], scores: probabilities(nearness)};
    },

    show: classes.show,
  };

  /* A text: of each place the character of the largest output, or none; its probability as if places were independent.
     Of a text that was searched the characters that were found, and their probability up to its end. */
  const spelled = {
    answer(signature, raw, form, prepared) {
      const letters = [...signature.target.characters, ""], scores = Array.from(raw);
      const found = prepared?.get(spelledPort(signature)?.name), isFound = found && Array.from(found).every((id) => id > 0);
      let text = "", share = 1, hasEnded = false;
      for (let place = 0, first = 0; first < scores.length; ++place, first += letters.length) {
        const logits = scores.slice(first, first + letters.length);
        const choice = isFound ? found[place] - 1 : logits.indexOf(Math.max(...logits));
        text += letters[choice];
        if (!hasEnded) share *= probabilities(logits)[choice];
        hasEnded = Boolean(signature.target.beam) && (hasEnded || choice === letters.length - 1);
      }
      return {label: text, scores: [share]};
    },

    /* Searches where the model reads what was spelled. */
    run(signature, model, prepared) {
      return spelledPort(signature) ? searchText(signature, model, prepared) : once(signature, model, prepared);
    },

    show({signature: {target}}, answer) {
      return [soft(target.name), label(answer.label), soft(`probability ${number(answer.scores[0])}`)];
    },
  };

  const TASKS = {binary: classes, multiclass: classes, multilabel: labelSets, regression, forecast: forecasts,
                 anomaly: anomalies, prototypes, spelled};

  /* Runs a model once. `model`: prepared columns → Promise of the raw output. → Promise of [raw output, columns]. */
  async function once(signature, model, prepared) {
    return [await model(prepared), prepared];
  }

  /* Runs a model as often as its task asks it. */
  function runTask(signature, model, prepared) {
    return (taskOf(signature.target).run ?? once)(signature, model, prepared);
  }

  /* The task of a target. */
  function taskOf(target) {
    return TASKS[target.task];
  }

  function offsetsOf(signature, form, count = signature.output.shape[0]) {
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

  function forecast(signature, raw, form, prepared) {
    const {target, frame} = signature, offsets = offsetsOf(signature, form);
    const width = raw.length / frame.horizon, quantiles = [];
    const base = target.base ? prepared.get(target.base) : 0, spread = target.spread ? prepared.get(target.spread) : 1;
    for (let step = 0; step < frame.horizon; ++step) {
      const values = Array.from({length: width}, (_, place) => {
        const value = round(raw[step * width + place] + offsets[step * width + place]);
        const added = typeof base === "number" ? base : base[step];
        return (value * target.step_factors[step] + target.step_offsets[step]) * spread + added;
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

  function bars(scores, target) {
    const {make} = pipelines;
    const order = scores.map((_, place) => place).sort((a, b) => scores[b] - scores[a]);
    const shown = order.slice(0, MAX_BARS).map((place) => {
      const share = `${(100 * scores[place]).toFixed(1)} %`, fill = make("div");
      fill.style.width = share.replace(" ", "");
      return make("div", {className: "bar"}, make("span", {title: target.labels[place]}, target.labels[place]),
                  make("div", {className: "track"}, fill), make("span", {}, share));
    });
    return order.length > MAX_BARS ? [...shown, make("small", {}, `and ${order.length - MAX_BARS} more`)] : shown;
  }

  /* The steps ahead as a table, and as a line behind the steps known. */
  function steps({target, frame}, answer, columns) {
    const {make} = pipelines;
    const first = stepNumber(frame, columns.get(frame.time)), levels = target.quantiles;
    const names = [frame.time, target.name, ...levels.map((level) => `quantile ${level}`)];
    const head = make("tr", {}, ...names.map((text) => make("th", {scope: "col"}, text)));
    const lines = answer.scores.map((score, step) => make("tr", {}, ...[
      writeDate(stepDate(frame, first + step), frame.format), number(score),
      ...(answer.quantiles ?? [])[step]?.map(number) ?? []].map((text) => make("td", {}, text))));
    return [drawing(target, answer, columns), make("details", {open: answer.scores.length <= 12},
                                           make("summary", {}, `All ${answer.scores.length} steps`),
                                           make("div", {className: "scroll"}, make("table", {}, head, ...lines)))];
  }

  function drawing(target, answer, columns) {
    const past = Array.from(columns.get(target.name) ?? []), count = past.length + answer.scores.length;
    const known = past.filter((value) => !Number.isNaN(value)), spread = answer.quantiles?.flat() ?? [];
    const all = [...known, ...answer.scores, ...spread], low = Math.min(...all), high = Math.max(...all);
    const across = (place) => (600 * place / Math.max(count - 1, 1)).toFixed(1);
    const down = (value) => (155 - 150 * (value - low) / (high - low || 1)).toFixed(1);
    const svg = (tag, attributes) => {
      const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
      for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
      return element;
    };
    const line = (values, from) => values.map((value, place) => Number.isNaN(value) ? null
      : `${across(from + place)},${down(value)}`).filter((each) => each).join(" ");
    const picture = svg("svg", {viewBox: "0 0 600 160", role: "img", "aria-label": "the series and its forecast"});
    if (answer.quantiles && answer.quantiles[0].length > 1) {
      const edge = (place) => answer.quantiles.map((values) => values.at(place));
      const back = line(edge(-1), past.length).split(" ").reverse().join(" ");
      picture.append(svg("polygon", {class: "band", points: `${line(edge(0), past.length)} ${back}`}));
    }
    picture.append(svg("polyline", {class: "past", points: line(past, 0)}),
                   svg("polyline", {class: "ahead", points: line(answer.scores, past.length)}));
    return picture;
  }

  /* The numbers of a model: one, or a line each with its place. */
  function numbers(scores) {
    const {make} = pipelines;
    if (scores.length === 1) return [make("p", {className: "label"}, number(scores[0]))];
    const lines = scores.map((score, place) => make("tr", {}, make("th", {scope: "row"}, String(place)),
                                                    make("td", {}, number(score))));
    return [make("details", {open: scores.length <= 24}, make("summary", {}, `All ${scores.length} values`),
                 make("div", {className: "scroll"}, make("table", {id: "values"}, ...lines)))];
  }

  Object.assign(pipelines, {runTask, taskOf});
})(globalThis.pipelines);
