/* Raw cells to typed values, the twin of pipelines/device/cells.py. A cell that is read:

   numeric: a float32 number, NaN where missing      categorical, boolean: text, null where missing
   date: whole seconds since 1970 UTC, null           text: text, "" where missing
   series: Float32Array, the newest step last         picture: Uint8Array [height, width, channels] */
"use strict";
globalThis.pipelines = globalThis.pipelines || {packed: {}};

(function (pipelines) {
  const {parseNumber, withMarks} = pipelines;
  // What Python's str.strip() and str.split() take for white space.
  const SPACE = "\\t-\\r\\x1c- \\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000";
  const ENDS = new RegExp(`^[${SPACE}]+|[${SPACE}]+$`, "g");
  const SPACES = new RegExp(`[${SPACE}]+`);
  const TRUE_WORDS = new Set(["true", "t", "yes", "y", "1", "1.0"]);
  const FALSE_WORDS = new Set(["false", "f", "no", "n", "0", "0.0"]);
  const MAX_CELL_CHARACTERS = 10000, MAX_CHARACTERS = 1000000, MAX_NUMBER = 1e30;
  const FIRST_TIME = -62135596800, LAST_TIME = 253402300799; // the years 1 to 9999
  const NOT_A_NUMBER = "not a number";
  const WHOLE = /^([+-]?\p{Nd}+)\.0+$/u;

  /* A cell that cannot be read; its message is the reason. */
  class BadCell extends Error {}

  const strip = (text) => text.replace(ENDS, "");
  const split = (text) => text.split(SPACES).filter((part) => part);

  function isMissing(cell, missing) {
    if (typeof cell === "string") return missing.has(strip(cell));
    return cell === null || cell === undefined || Number.isNaN(cell);
  }

  function asText(cell) {
    return typeof cell === "boolean" ? (cell ? "True" : "False") : String(cell);
  }

  function numCharacters(text) {
    let count = 0;
    for (const _ of text) ++count;
    return count;
  }

  function checkLength(text, most) {
    const count = text.length > most ? numCharacters(text) : 0;
    if (count > most) throw new BadCell(`${withCommas(count)} characters, at most ${withCommas(most)}`);
  }

  function withCommas(count) {
    return count.toLocaleString("en-US");
  }

  /* " (and 2 more cells)" for the end of a list that names the first alone, the twin of `and_more` in visible.py. */
  function andMore(number, noun) {
    return number ? ` (and ${withCommas(number)} more ${noun}${number > 1 ? "s" : ""})` : "";
  }

  function readNumber(cell, column, missing) {
    if (isMissing(cell, missing)) return NaN;
    const value = typeof cell === "string" ? parseNumber(strip(cell), column) : Number(cell);
    if (Number.isNaN(value)) throw new BadCell(NOT_A_NUMBER + (column.unit ? ` with the unit ${column.unit}` : ""));
    if (Math.abs(value) === Infinity) throw new BadCell("infinite");
    if (Math.abs(value) > MAX_NUMBER) throw new BadCell("beyond 1e+30");
    return Math.fround(value);
  }

  function readCategory(cell, column, missing) {
    if (isMissing(cell, missing)) return null;
    const text = strip(asText(cell)), whole = WHOLE.exec(text);
    const category = whole ? whole[1] : text;
    checkLength(category, MAX_CELL_CHARACTERS);
    if (category.includes("\0") || !category.isWellFormed()) {
      throw new BadCell("holds a null character or half of a surrogate pair");
    }
    return category;
  }

  function readBoolean(cell, column, missing) {
    if (isMissing(cell, missing)) return null;
    const word = strip(asText(cell)).toLowerCase();
    if (TRUE_WORDS.has(word)) return "true";
    if (FALSE_WORDS.has(word)) return "false";
    throw new BadCell("neither true nor false");
  }

  function readText(cell) {
    if (cell === null || cell === undefined || Number.isNaN(cell)) return "";
    const text = asText(cell);
    checkLength(text, MAX_CHARACTERS);
    return text.replaceAll("\0", " ").toWellFormed();
  }

  function readSeries(cell, column, missing) {
    const [steps] = column.shape, values = new Float32Array(steps).fill(NaN);
    if (!Array.isArray(cell) && isMissing(cell, missing)) return values;
    const parts = typeof cell === "string" ? stepsIn(cell, column) : cell;
    if (!Array.isArray(parts)) throw new BadCell(`not a series but a ${typeof cell}`);
    const last = parts.slice(-steps), reasons = [];
    last.forEach((part, place) => {
      try {
        values[steps - last.length + place] = readNumber(part, column, missing);
      } catch (error) {
        if (!(error instanceof BadCell)) throw error;
        reasons.push({place, said: error.message});
      }
    });
    const first = reasons.find((each) => each.said.startsWith(NOT_A_NUMBER)) || reasons[0];
    if (first) throw new BadCell(`step ${first.place + 1}: ${first.said}`);
    return values;
  }

  /* The cells of a series in one text; where spaces part thousands, semicolons alone part steps. */
  function stepsIn(text, column) {
    return column.thousands === " " ? text.split(";") : split(text.replaceAll(";", " "));
  }

  /* Pixels that have the model's size already; files are decoded by `readPicture` before. */
  function readPixels(cell, column) {
    const size = column.shape.reduce((a, b) => a * b);
    if (cell === null || cell === undefined || cell === "") throw new BadCell("no picture");
    const pixels = cell instanceof Uint8Array ? cell
      : Uint8Array.from(atob(cell.base64), (letter) => letter.charCodeAt(0));
    if (pixels.length !== size) throw new BadCell(`${pixels.length} pixels, the model takes ${size}`);
    return pixels;
  }

  const END_OF_DAY = /([ T])24:00(:00(?:[.,]0+)?)?(?![0-9:.,])/;

  /* The twin of pipelines/device/dates.py: [the text with 00:00 in the place of 24:00, the days to add]. */
  function splitEndOfDay(text) {
    const start = (said, before, seconds = "") => `${before}00:00${seconds}`;
    return END_OF_DAY.test(text) ? [text.replace(END_OF_DAY, start), 1] : [text, 0];
  }

  function readDate(cell, column, missing) {
    if (isMissing(cell, missing)) return null;
    const [text, days] = splitEndOfDay(strip(String(cell)));
    const start = column.format === "ISO8601" ? parseIso(text) : column.format === "unix" ? parseUnix(text)
      : parseFormat(text, column.format);
    const seconds = start === null ? null : start + 86400 * days;
    if (seconds === null || seconds > LAST_TIME) throw new BadCell(`not a date of the format ${column.format}`);
    return seconds;
  }

  /* Seconds of a number of seconds since 1970, or null. */
  function parseUnix(text) {
    const seconds = /^[+-]?\d{1,15}(?:\.\d*)?$/.test(text) ? Math.floor(Number(text)) : NaN;
    return seconds >= FIRST_TIME && seconds <= LAST_TIME ? seconds : null;
  }

  const CLOCK = "(\\d\\d)(?::(\\d\\d)(?::(\\d\\d)(?:[.,]\\d+)?)?|(\\d\\d)(?:(\\d\\d)(?:[.,]\\d+)?)?)?";
  const ISO = new RegExp("^(?:(\\d{4})-(\\d\\d)-(\\d\\d)|(\\d{4})(\\d\\d)(\\d\\d)|(\\d{4})-W(\\d\\d)(?:-(\\d))?"
                         + `|(\\d{4})W(\\d\\d)(\\d)?)(?:\\D${CLOCK}(?:(Z)|([+-])${CLOCK})?)?$`, "su");

  /* Seconds of a date as Python's datetime.fromisoformat reads it, or null. */
  function parseIso(text) {
    const found = ISO.exec(text);
    if (!found) return null;
    const part = (...places) => Number(places.map((place) => found[place]).find((each) => each !== undefined) ?? 0);
    const clock = (first) => [part(first), part(first + 1, first + 3), part(first + 2, first + 4)];
    const date = found[1] || found[4] ? [part(1, 4), part(2, 5), part(3, 6)]
      : fromWeek(part(7, 10), part(8, 11), Number(found[9] ?? found[12] ?? 1));
    if (!date) return null;
    const [hours, minutes, seconds] = clock(20), sign = found[19] === "-" ? -1 : 1;
    const offset = found[19] ? sign * (3600 * hours + 60 * minutes + seconds) : 0;
    return Math.abs(offset) < 86400 ? secondsOf(...date, ...clock(13), offset) : null;
  }

  /* [year, month, day] of a day of an ISO week, or null. */
  function fromWeek(year, week, day) {
    const fourth = dayNumber(year, 1, 4) * 86400000;
    const monday = fourth - ((new Date(fourth).getUTCDay() + 6) % 7) * 86400000;
    const date = new Date(monday + ((week - 1) * 7 + day - 1) * 86400000);
    const thursday = new Date(monday + ((week - 1) * 7 + 3) * 86400000);
    const fits = year >= 1 && week >= 1 && day >= 1 && day <= 7 && thursday.getUTCFullYear() === year;
    return fits ? [date.getUTCFullYear(), date.getUTCMonth() + 1, date.getUTCDate()] : null;
  }

  /* Days since 1970 of a date of the Gregorian calendar. */
  function dayNumber(year, month, day) {
    return new Date(0).setUTCFullYear(year, month - 1, day) / 86400000;
  }

  /* Seconds since 1970, or null where there is no such time in the years 1 to 9999. */
  function secondsOf(year, month, day, hours, minutes, seconds, offset) {
    const days = dayNumber(year, month, day), date = new Date(days * 86400000);
    const exists = year >= 1 && date.getUTCMonth() + 1 === month && date.getUTCDate() === day
      && hours < 24 && minutes < 60 && seconds < 60;
    const time = days * 86400 + hours * 3600 + minutes * 60 + seconds - offset;
    return exists && time >= FIRST_TIME && time <= LAST_TIME ? time : null;
  }

  const MONTHS = ["january", "february", "march", "april", "may", "june", "july", "august", "september", "october",
                  "november", "december"];
  const DAYS = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];
  const short = (names) => names.map((name) => name.slice(0, 3));
  // As Python's _strptime, in the C locale.
  const DIRECTIVES = {
    d: "3[0-1]|[1-2]\\d|0[1-9]|[1-9]| [1-9]", f: "[0-9]{1,6}", H: "2[0-3]|[0-1]\\d|\\d", I: "1[0-2]|0[1-9]|[1-9]",
    j: "36[0-6]|3[0-5]\\d|[1-2]\\d\\d|0[1-9]\\d|00[1-9]|[1-9]\\d|0[1-9]|[1-9]", m: "1[0-2]|0[1-9]|[1-9]",
    M: "[0-5]\\d|\\d", S: "6[0-1]|[0-5]\\d|\\d", y: "\\d\\d", Y: "\\d{4}", p: "am|pm",
    z: "[+-]\\d\\d:?[0-5]\\d(?::?[0-5]\\d(?:\\.\\d{1,6})?)?|Z", b: short(MONTHS).join("|"),
    B: [...MONTHS].sort((a, b) => b.length - a.length).join("|"), a: short(DAYS).join("|"),
    A: [...DAYS].sort((a, b) => b.length - a.length).join("|")};
  const patterns = new Map();

  /* The regular expression of a strptime format. Throws BadCell for a directive that this page does not know. */
  function patternOf(format) {
    if (!patterns.has(format)) {
      const pattern = format.replace(/%(.)|\s+|[\\^$.*+?()[\]{}|/]/gsu, (said, directive) => {
        if (directive === "%") return "%";
        if (directive === undefined) return said.trim() ? `\\${said}` : "\\s+";
        if (!Object.hasOwn(DIRECTIVES, directive)) throw new BadCell(`this page does not know %${directive} of dates`);
        return `(?<${directive}>${DIRECTIVES[directive]})`;
      });
      patterns.set(format, new RegExp(`^(?:${pattern})`, "iu"));
    }
    return patterns.get(format);
  }

  /* Seconds of a date as Python's datetime.strptime reads it, or null. */
  function parseFormat(text, format) {
    const found = patternOf(format).exec(text);
    if (!found || found[0].length !== text.length) return null;
    const {d, m, b, B, Y, y, j, H, I, p, M, S, z} = found.groups ?? {};
    const ofTwoDigits = Number(y) + (Number(y) <= 68 ? 2000 : 1900);
    let year = Y !== undefined ? Number(Y) : y !== undefined ? ofTwoDigits : 1900;
    const name = (B ?? b ?? "").toLowerCase();
    let month = m !== undefined ? Number(m) : name ? short(MONTHS).indexOf(name.slice(0, 3)) + 1 : 1;
    let day = Number(d ?? 1);
    if (j !== undefined && d === undefined && m === undefined && !name) {
      const date = new Date((dayNumber(year, 1, 1) + Number(j) - 1) * 86400000);
      [year, month, day] = [date.getUTCFullYear(), date.getUTCMonth() + 1, date.getUTCDate()];
    }
    const hours = H !== undefined ? Number(H) : I !== undefined
      ? Number(I) % 12 + ((p ?? "").toLowerCase() === "pm" ? 12 : 0) : 0;
    return secondsOf(year, month, day, hours, Number(M ?? 0), Number(S ?? 0), zoneOffset(z));
  }

  function zoneOffset(text) {
    if (text === undefined || text.toUpperCase() === "Z") return 0;
    const [hours, minutes, seconds] = text.slice(1).replaceAll(":", "").match(/\d\d/g).map(Number);
    return (text[0] === "-" ? -1 : 1) * (3600 * hours + 60 * minutes + (seconds ?? 0));
  }

  /* A time as a format writes it; the inverse of `readDate` to the second. */
  function writeDate(seconds, format) {
    if (format === "unix") return String(seconds);
    const iso = new Date(seconds * 1000).toISOString().slice(0, 19), date = new Date(seconds * 1000);
    if (format === "ISO8601") return iso;
    const hour = date.getUTCHours(), month = MONTHS[date.getUTCMonth()], day = DAYS[(date.getUTCDay() + 6) % 7];
    const capital = (name) => name[0].toUpperCase() + name.slice(1);
    const first = dayNumber(date.getUTCFullYear(), 1, 1);
    const parts = {
      d: iso.slice(8, 10), m: iso.slice(5, 7), Y: iso.slice(0, 4), y: iso.slice(2, 4), H: iso.slice(11, 13),
      M: iso.slice(14, 16), S: iso.slice(17, 19), f: "000000", p: hour < 12 ? "AM" : "PM", z: "+0000", "%": "%",
      I: String(hour % 12 || 12).padStart(2, "0"), j: String(Math.floor(seconds / 86400) - first + 1).padStart(3, "0"),
      b: capital(month).slice(0, 3), B: capital(month), a: capital(day).slice(0, 3), A: capital(day)};
    return format.replace(/%(.)/gsu, (said, directive) => parts[directive] ?? said);
  }

  const READERS = {numeric: readNumber, categorical: readCategory, boolean: readBoolean, date: readDate,
                   text: readText, series: readSeries, picture: readPixels};

  /* The typed value of a raw cell (text, a number, null; of series a list too). Throws BadCell with the reason. */
  function readCell(cell, column, missing) {
    if (column.kind !== "series" && column.kind !== "picture" && typeof cell === "object" && cell !== null) {
      throw new BadCell(`not a single value but a ${Array.isArray(cell) ? "list" : "dict"}`);
    }
    return READERS[column.kind](cell, column, missing);
  }

  /* A value for a message: quoted, at most 40 characters and its length. */
  function shorten(cell) {
    const text = typeof cell === "object" && cell !== null ? "" : asText(cell), letters = [...text];
    return letters.length <= 40 ? `'${text}'` : `'${letters.slice(0, 40).join("")}'... (${letters.length} characters)`;
  }

  /* A typed value as the text of a cell; numbers in as few digits as tell them from every other float32. */
  function writeCell(value, column) {
    if (value === null || value === undefined || Number.isNaN(value)) return "";
    if (typeof value !== "number") return String(value);
    const texts = [6, 7, 8].map((digits) => String(Number(value.toPrecision(digits))));
    const text = texts.find((each) => Math.fround(Number(each)) === Math.fround(value)) ?? String(value);
    return withMarks(text, column);
  }

  Object.assign(pipelines, {BadCell, andMore, readCell, shorten, split, strip, withCommas, writeCell, writeDate});
})(globalThis.pipelines);
