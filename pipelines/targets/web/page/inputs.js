/* The controls of the page, by what the model takes. Each `takes` function fills the form and gives `rows()`, a promise
   of what is to be answered: [[name of the series or "", typed columns], ...]. Names and texts of data are text nodes,
   never HTML. */
"use strict";

(function (pipelines) {
  const {BadCell, newestWindows, parseCsv, parseTable, readPicture, shorten, stepsOf, strip, withoutSeparatorLine,
         writeCell} = pipelines;
  const MAX_CHOICES = 500;

  /* An element with properties and children; text becomes a text node. */
  function make(tag, properties = {}, ...children) {
    const element = Object.assign(document.createElement(tag), properties);
    element.append(...children);
    return element;
  }

  function rawText(cell, column) {
    const between = column.thousands === " " ? "; " : " ";  // as `readCell` parts the steps of a series
    return Array.isArray(cell) ? cell.map((value) => writeCell(value, column) || "NA").join(between)
      : writeCell(cell, column);
  }

  function takesText(form, runner, row) {
    const [column] = runner.signature.columns;
    const area = make("textarea", {id: "text", dir: "auto", rows: 5, value: rawText(row?.get(column.name), column),
                                   ariaLabel: column.name});
    form.append(make("label", {className: "field"}, make("span", {}, column.name), area));
    return {rows: async () => [["", runner.columnsOf(new Map([[column.name, area.value]]))]]};
  }

  function takesSteps(form, runner, row) {
    const {signature} = runner, {frame} = signature;
    const names = [frame.time, ...signature.columns.map((column) => column.name).filter((name) => name !== frame.time)];
    const area = make("textarea", {id: "steps", className: "steps", spellcheck: false, rows: 14,
                                   value: row ? stepsOf(signature, row) : `${names.join(",")}\n`});
    form.append(make("label", {className: "field"},
                     make("span", {}, "The newest steps, a line each, as CSV with a header"), area));
    return {rows: async () => newestWindows(signature, parseTable(area.value, names))};
  }

  function takesRow(form, runner, row) {
    const {columns, primitives} = runner.signature, fields = new Map(), grid = make("div", {className: "fields"});
    for (const [place, column] of columns.entries()) {
      const field = makeField(column, place, primitives, grid);
      field.value = rawText(row?.get(column.name), column);
      field.name = `column${place}`;
      fields.set(column.name, field);
      grid.append(make("label", {className: column.kind === "series" || column.kind === "text" ? "wide" : ""},
                       make("span", {}, column.name, " ", make("small", {}, noteOf(column))), field));
    }
    const line = make("textarea", {id: "line", rows: 2, spellcheck: false});
    const paste = make("button", {type: "button", id: "fill"}, "Fill the fields");
    const said = make("p", {className: "wrong"});
    paste.addEventListener("click", () => {
      said.textContent = "";
      try {
        for (const [name, cell] of cellsOfLine(line.value, columns.map((column) => column.name))) {
          fields.get(name).value = cell;
        }
      } catch (error) {
        if (!(error instanceof BadCell)) throw error;
        said.textContent = error.message;
      }
    });
    form.append(grid, make("details", {}, make("summary", {}, "Paste a CSV line"), line,
                           make("div", {className: "row"}, paste), said));
    const cells = () => new Map(Array.from(fields, ([name, field]) => [name, field.value]));
    return {rows: async () => [["", runner.columnsOf(cells())]]};
  }

  function makeField(column, place, primitives, grid) {
    if (column.kind === "text" || column.kind === "series") return make("textarea", {rows: 3, dir: "auto"});
    const field = make("input", {type: "text", autocomplete: "off", spellcheck: false});
    const examples = {ISO8601: "2024-12-31T23:59:59", unix: "1735689599"};
    if (column.kind === "date") field.placeholder = examples[column.format] ?? column.format;
    if (column.kind === "numeric") field.inputMode = "decimal";
    const lookup = primitives.find((each) => each.primitive === "Lookup" && each.column === column.name);
    const choices = column.kind === "boolean" ? ["true", "false"] : column.kind === "categorical" ? lookup?.keys : null;
    if (choices) {
      grid.append(make("datalist", {id: `choices${place}`},
                       ...choices.slice(0, MAX_CHOICES).map((value) => make("option", {value}))));
      field.setAttribute("list", `choices${place}`);
    }
    return field;
  }

  function noteOf(column) {
    return {date: "date", series: `series, ${column.shape[0]} steps, the newest last`,
            numeric: (column.decimal === "," ? "number, decimal comma" : "number") + (column.unit ? `, in ${column.unit}` : ""),
            boolean: "true or false",
            categorical: "category"}[column.kind] ?? column.kind;
  }

  /* [name, cell] of the columns known: of a header and a line below it, or of one line in the order of the fields. */
  function cellsOfLine(text, names) {
    const {source, named} = withoutSeparatorLine(text);
    const found = (named ? [named] : [",", ";", "\t", "|"]).map((separator) => {
      try {
        return parseCsv(source, separator);
      } catch (error) {
        if (!(error instanceof BadCell)) throw error;
        return [];
      }
    });
    const tables = found.filter((rows) => rows.length > 1 && rows[0].some((cell) => names.includes(strip(cell))));
    if (tables.length) {
      const table = parseTable(text, names);
      return names.map((name) => [name, table.get(name)[0]]);
    }
    const rows = found.find((each) => each.length === 1 && each[0].length === names.length);
    if (!rows) throw new BadCell(`a line of ${names.length} cells, or a header and a line below it, is expected`);
    return names.map((name, place) => [name, rows[0][place]]);
  }

  function takesPicture(form, runner, row, answer) {
    const [column] = runner.signature.columns, canvas = make("canvas", {width: 1, height: 1});
    let pixels = null;
    const show = (given) => {
      const [height, width, channels] = column.shape, image = new ImageData(width, height);
      for (let i = 0; i < width * height; ++i) {
        for (let k = 0; k < 3; ++k) image.data[4 * i + k] = given[i * channels + Math.min(k, channels - 1)];
        image.data[4 * i + 3] = 255;
      }
      Object.assign(canvas, {width, height});
      canvas.getContext("2d").putImageData(image, 0, 0);
      pixels = given;
    };
    let source = null;
    const take = (file) => {
      if (!file) return;
      source = file;
      answer();
    };
    const file = make("input", {type: "file", id: "file", accept: "image/*", hidden: true});
    const choose = make("button", {type: "button"}, "Choose a picture");
    const camera = make("button", {type: "button"}, "Camera"), video = make("video", {hidden: true, playsInline: true});
    const drop = make("div", {className: "drop"}, canvas, video, make("p", {className: "soft"},
                      "What the model sees. Drop or paste a picture here, or"),
                      make("div", {className: "row"}, choose, camera, file));
    choose.addEventListener("click", () => file.click());
    file.addEventListener("change", () => take(file.files[0]));
    camera.addEventListener("click", () => useCamera(video, camera, take));
    camera.hidden = !navigator.mediaDevices?.getUserMedia;
    for (const kind of ["dragover", "dragleave", "drop"]) {
      drop.addEventListener(kind, (event) => {
        event.preventDefault();
        drop.classList.toggle("over", kind === "dragover");
        if (kind === "drop") take(event.dataTransfer.files[0]);
      });
    }
    document.addEventListener("paste", (event) => take(event.clipboardData.files[0]));
    if (row) show(pipelines.readCell(row.get(column.name), column, runner.missing));
    form.append(drop);
    return {
      hasButton: false,
      async rows() {
        if (source) show(await readPicture(source, column.shape, column.white));
        if (!pixels) throw new BadCell("no picture");
        return [["", new Map([[column.name, pixels]])]];
      }};
  }

  /* A first click shows what the camera sees, a second one takes it. */
  async function useCamera(video, button, take) {
    if (!video.srcObject) {
      video.srcObject = await navigator.mediaDevices.getUserMedia({video: {facingMode: "environment"}});
      await video.play();
    } else {
      const canvas = new OffscreenCanvas(video.videoWidth, video.videoHeight);
      canvas.getContext("2d").drawImage(video, 0, 0);
      for (const track of video.srcObject.getTracks()) track.stop();
      video.srcObject = null;
      take(await canvas.convertToBlob());
    }
    video.hidden = !video.srcObject;
    button.textContent = video.srcObject ? "Take the picture" : "Camera";
  }

  /* Fills the form for a model; `row`: a raw row to begin with, or null; `answer` is called when input is chosen. */
  function makeInput(form, runner, row, answer) {
    const {columns, frame} = runner.signature, [{kind}] = columns;
    const takes = columns.length === 1 && kind === "picture" ? takesPicture
      : columns.length === 1 && kind === "text" ? takesText : frame ? takesSteps : takesRow;
    return {hasButton: true, ...takes(form, runner, row, answer)};
  }

  Object.assign(pipelines, {make, makeInput});
})(globalThis.pipelines);
