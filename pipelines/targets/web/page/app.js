/* The page: its input to the runner, and what the runner says to the eye. */
"use strict";

(async function (pipelines) {
  const {BadCell, LiteRtModel, Runner, make, makeInput, taskOf, withCommas} = pipelines;
  const {bundle} = pipelines, {signature} = bundle, {target} = signature, task = taskOf(target);
  const form = document.getElementById("input"), said = document.getElementById("answer");
  const setState = (state) => document.body.dataset.state = state;

  const runner = new Runner(signature, null, bundle.form, bundle.rules), loading = LiteRtModel.load();
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
        parts.push(...(name ? [make("h2", {}, name)] : []), ...task.show(bundle, found, columns),
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
