/* CSV text to tables, and a table of steps to the windows that a model of series takes: the twins of
   pipelines/device/csv_rows.py and history.py. */
"use strict";
globalThis.pipelines = globalThis.pipelines || {packed: {}};

(function (pipelines) {
  const {BadCell, DAY_NAMES, hasStep, readCell, shorten, stepDate, stepNumber, strip, writeCell,
         writeDate} = pipelines;
  const SEPARATORS = [",", ";", "\t", "|"];
  // What Excel writes as a first line to name the separator.
  const NAMED_SEPARATOR = /^sep=([^"\r\n])(?:\r\n?|\n|$)/i;

  /* The rows of CSV text as lists of cells; blank lines are passed over. Throws BadCell for a quote out of place. */
  function parseCsv(text, separator) {
    const rows = [];
    let row = [], cell = "", quoted = false, at = 0;
    const endCell = () => {
      row.push(cell);
      cell = "";
      quoted = false;
    };
    const endRow = () => {
      if (row.length || cell || quoted) {
        endCell();
        rows.push(row);
      }
      row = [];
    };
    while (at < text.length) {
      const letter = text[at++];
      if (letter === '"' && !cell && !quoted) {
        quoted = true;
        for (;;) {
          const end = text.indexOf('"', at);
          if (end < 0) throw new BadCell("a quote that never closes");
          cell += text.slice(at, end);
          at = end + 1;
          if (text[at] !== '"') break;
          cell += '"';
          ++at;
        }
        if (at < text.length && ![separator, "\r", "\n"].includes(text[at])) {
          throw new BadCell(`'${separator}' expected after '"'`);
        }
      } else if (letter === separator) {
        endCell();
      } else if (letter === "\n" || letter === "\r") {
        endRow();
      } else {
        cell += letter;
      }
    }
    endRow();
    return rows;
  }

  /* {source, named}: the text without its mark and without a first line that names the separator, and that separator or
     "". */
  function withoutSeparatorLine(text) {
    const source = text.replace(/^\ufeff/, ""), found = NAMED_SEPARATOR.exec(source);
    return found ? {source: source.slice(found[0].length), named: found[1]} : {source, named: ""};
  }

  /* CSV text with a header as a Map from name to cells; the separator is the one that finds most of the `wanted` names.
     Throws BadCell. */
  function parseTable(text, wanted) {
    const {source, named} = withoutSeparatorLine(text);
    const first = source.split(/\r|\n/, 1)[0];
    const known = (separator) => {
      try {
        return new Set((parseCsv(first, separator)[0] ?? []).map(strip).filter((name) => wanted.includes(name))).size;
      } catch (error) {
        if (!(error instanceof BadCell)) throw error;
        return 0;
      }
    };
    const separator = named || SEPARATORS.reduce((best, each) => known(each) > known(best) ? each : best);
    const [header, ...rows] = parseCsv(source, separator);
    if (!header) throw new BadCell("no line: paste a header and the rows below it");
    const names = header.map(strip), absent = wanted.filter((name) => !names.includes(name));
    if (absent.length) throw new BadCell(`no column ${absent.map(shorten).join(", ")} in the header`);
    if (new Set(names).size < names.length) throw new BadCell("the header names a column twice");
    const odd = rows.findIndex((row) => row.length !== names.length);
    if (odd >= 0) throw new BadCell(`row ${odd}: ${rows[odd].length} cells, the header has ${names.length}`);
    return new Map(names.map((name, place) => [name, rows.map((row) => row[place])]));
  }

  /* A table of steps → [[name of the series, typed columns of its newest window], ...]. Throws BadCell. */
  function newestWindows(signature, table) {
    const frame = signature.frame, missing = new Set(signature.missing_words);
    const read = (column) => table.get(column.name).map((cell, row) => {
      try {
        return readCell(cell, column, missing);
      } catch (error) {
        if (!(error instanceof BadCell)) throw error;
        throw new BadCell(`row ${row}, column ${shorten(column.name)}: ${error.message}: ${shorten(cell)}`);
      }
    });
    const times = read({name: frame.time, kind: "date", format: frame.format});
    if (!times.length) throw new BadCell("a table without rows");
    if (times.includes(null)) throw new BadCell(`row ${times.indexOf(null)} has no time`);
    const outside = times.findIndex((time) => !hasStep(frame, time));
    if (outside >= 0) {
      const kept = frame.calendar.weekdays.map((day) => DAY_NAMES[day]).join(", ");
      throw new BadCell(`row ${outside}: ${writeDate(times[outside], "ISO8601")} is on a day without a step; there are `
                        + `steps on ${kept}`);
    }
    const steps = times.map((time) => stepNumber(frame, time));
    const series = (table.get(frame.series) ?? []).map((cell) => strip(String(cell)));
    const values = new Map(signature.columns.filter((column) => column.name !== frame.time).map((column) =>
      [column.name, read(column.kind === "series" ? {...column, kind: "numeric"} : column)]));
    const names = series.length ? [...new Set(series)].sort() : [""];
    return names.map((name) => {
      const rows = steps.map((_, row) => row).filter((row) => !series.length || series[row] === name);
      return [name, windowOf(signature, name, rows.map((row) => steps[row]),
                             new Map([...values].map(([key, x]) => [key, rows.map((row) => x[row])])))];
    });
  }

  function windowOf(signature, name, steps, values) {
    const frame = signature.frame, isKnown = (column) => frame.known.includes(column.name);
    const past = signature.columns.filter((column) => column.kind === "series" && !isKnown(column));
    const seen = steps.filter((_, row) => past.some((column) => !Number.isNaN(values.get(column.name)[row])));
    if (!seen.length) {
      throw new BadCell(`the series ${shorten(name)} has no value of ${past.map((each) => each.name).join(", ")}`);
    }
    const origin = seen.reduce((a, b) => Math.max(a, b)) + 1, columns = new Map();
    columns.set(frame.time, stepDate(frame, origin - Number(frame.horizon === 0)));
    for (const column of signature.columns) {
      if (column.name === frame.time) continue;
      const x = values.get(column.name);
      if (column.kind === "series") {
        const first = isKnown(column) ? origin : origin - column.shape[0];
        columns.set(column.name, laid(steps.map((step) => step - first), x, column.shape[0]));
      } else {
        columns.set(column.name, x[steps.findLastIndex((step) => step < origin)]);
      }
    }
    return columns;
  }

  /* Float32Array [size]: the mean of the known values of each place. */
  function laid(places, x, size) {
    const totals = new Float64Array(size), counts = new Float64Array(size);
    places.forEach((place, row) => {
      if (place < 0 || place >= size || Number.isNaN(x[row])) return;
      totals[place] += x[row];
      counts[place] += 1;
    });
    return Float32Array.from(totals, (total, place) => counts[place] ? total / counts[place] : NaN);
  }

  const quote = (cell) => /[",\r\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell;

  /* The raw row of a window as CSV of its steps, from which `newestWindows` makes the window again. */
  function stepsOf(signature, row) {
    const frame = signature.frame, missing = new Set(signature.missing_words);
    const time = {kind: "date", name: frame.time, format: frame.format};
    const origin = stepNumber(frame, readCell(row.get(frame.time), time, missing)) + Number(frame.horizon === 0);
    const beside = signature.columns.filter((column) => column.name !== frame.time);
    const firstOf = (column) => frame.known.includes(column.name) ? origin : origin - column.shape[0];
    const series = beside.filter((column) => column.kind === "series");
    const first = Math.min(...series.map(firstOf));
    const end = Math.max(...series.map((column) => firstOf(column) + column.shape[0]));
    const lines = [[frame.time, ...beside.map((column) => column.name)]];
    for (let step = first; step < end; ++step) {
      lines.push([writeDate(stepDate(frame, step), frame.format), ...beside.map((column) => writeCell(
        column.kind === "series" ? row.get(column.name)[step - firstOf(column)] : row.get(column.name), column))]);
    }
    return lines.map((cells) => cells.map(quote).join(",")).join("\n");
  }

  Object.assign(pipelines, {newestWindows, parseCsv, parseTable, stepsOf, withoutSeparatorLine});
})(globalThis.pipelines);
