/* The page: its input to the runner, and what the runner says to the eye. */
"use strict";

(async function (pipelines) {
  const {BadCell, LiteRtModel, Runner, make, makeInput, shorten, stepDate, stepNumber, withCommas,
         writeDate} = pipelines;
  const {bundle} = pipelines, {signature} = bundle, {target, frame} = signature;
  const MAX_BARS = 10;
  const form = document.getElementById("input"), said = document.getElementById("answer");
  const number = (value) => String(Number(value.toPrecision(6)));
  const setState = (state) => document.body.dataset.state = state;

  function bars(scores) {
    const order = scores.map((_, place) => place).sort((a, b) => scores[b] - scores[a]);
    const shown = order.slice(0, MAX_BARS).map((place) => {
      const share = `${(100 * scores[place]).toFixed(1)} %`, fill = make("div");
      fill.style.width = share.replace(" ", "");
      return make("div", {className: "bar"}, make("span", {title: target.labels[place]}, target.labels[place]),
                  make("div", {className: "track"}, fill), make("span", {}, share));
    });
    return order.length > MAX_BARS ? [...shown, make("small", {}, `and ${order.length - MAX_BARS} more`)] : shown;
  }

  /* The steps foretold as a table, and as a line behind the steps known. */
  function forecast(answer, columns) {
    const first = stepNumber(frame, columns.get(frame.time)), levels = target.quantiles;
    const names = [frame.time, target.name, ...levels.map((level) => `quantile ${level}`)];
    const head = make("tr", {}, ...names.map((text) => make("th", {scope: "col"}, text)));
    const lines = answer.scores.map((score, step) => make("tr", {}, ...[
      writeDate(stepDate(frame, first + step), frame.format), number(score),
      ...(answer.quantiles ?? [])[step]?.map(number) ?? []].map((text) => make("td", {}, text))));
    return [drawing(answer, columns), make("details", {open: answer.scores.length <= 12},
                                           make("summary", {}, `All ${answer.scores.length} steps`),
                                           make("div", {className: "scroll"}, make("table", {}, head, ...lines)))];
  }

  function drawing(answer, columns) {
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
    if (scores.length === 1) return [make("p", {className: "label"}, number(scores[0]))];
    const lines = scores.map((score, place) => make("tr", {}, make("th", {scope: "row"}, String(place)),
                                                    make("td", {}, number(score))));
    return [make("details", {open: scores.length <= 24}, make("summary", {}, `All ${scores.length} values`),
                 make("div", {className: "scroll"}, make("table", {id: "values"}, ...lines)))];
  }

  function show(name, answer, columns) {
    const title = name ? [make("h2", {}, name)] : [];
    const label = (text) => make("p", {className: "label"}, text);
    if (target.task === "forecast") {
      return [...title, make("p", {className: "soft"}, `${target.name}, the next step`),
              label(number(answer.scores[0])), ...forecast(answer, columns)];
    }
    if (target.task === "regression") return [make("p", {className: "soft"}, target.name), ...numbers(answer.scores)];
    if (target.task === "anomaly") {
      const threshold = -(signature.decisions[bundle.form] ?? [0])[0];
      return [...title, label(answer.label), make("p", {}, `Score ${number(answer.scores[0])}; from `
              + `${number(threshold)} on a window is called ${shorten(target.labels[1])}.`)];
    }
    if (target.task === "multilabel" && !answer.label) {
      return [...title, make("p", {className: "soft"}, target.name), label("no label"), ...bars(answer.scores)];
    }
    return [...title, make("p", {className: "soft"}, target.name), label(answer.label), ...bars(answer.scores)];
  }

  const runner = new Runner(signature, null, bundle.form), loading = LiteRtModel.load();
  let input, asked = 0;

  async function answer() {
    const turn = ++asked;
    setState("busy");
    try {
      runner.model = await loading;
      const parts = [];
      let milliseconds = 0;
      for (const [name, columns] of await input.rows()) {
        runner.reset();
        const found = await runner.predict(columns);
        milliseconds += found.milliseconds;
        parts.push(...show(name, found, columns),
                   ...found.notes.map((note) => make("p", {className: "note"}, `Note: ${note}.`)));
      }
      if (turn !== asked) return;
      const time = milliseconds < 0.1 ? "less than 0.1" : milliseconds.toFixed(1);
      said.replaceChildren(...parts, make("p", {className: "soft"}, make("small", {}, `${time} ms`)));
      setState("ready");
    } catch (error) {
      if (turn !== asked) return;
      const why = error instanceof BadCell ? error.message : String(error);
      said.replaceChildren(make("p", {className: "wrong"}, `No answer: ${why}`));
      setState("refused");
    }
  }

  document.title = bundle.name;
  document.getElementById("name").textContent = bundle.name;
  document.getElementById("about").textContent = `Tells ${target.name}. A model of `
    + `${withCommas(Math.ceil(bundle.size_bytes / 1000))} kB that computes in `
    + `${bundle.form === "int8" ? "int8" : "float32"}, with LiteRT.js ${bundle.litert} in WebAssembly.`;
  try {
    input = makeInput(form, runner, bundle.row && new Map(Object.entries(bundle.row)), answer);
    if (input.hasButton) {
      form.append(make("div", {className: "row"}, make("button", {className: "main", type: "submit"}, "Answer")));
    }
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      answer();
    });
    form.addEventListener("keydown", (event) => {
      if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) form.requestSubmit();
    });
    await loading;
  } catch (error) {
    said.replaceChildren(make("p", {className: "wrong"}, `The model cannot be loaded: ${error}`));
    setState("failed");
    return;
  }
  if (bundle.row) {
    await answer();
  } else {
    said.replaceChildren(make("p", {className: "soft"}, "Ready."));
    setState("ready");
  }
})(globalThis.pipelines);
