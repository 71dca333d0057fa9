/* The primitives of pipelines/device/primitives for one row: `columns`, a Map from name to a
   typed value (see cells.js), is rewritten in place. All arithmetic is float32, operation by operation, so that the
   values are those of Python and C bit for bit. */
"use strict";
globalThis.pipelines = globalThis.pipelines || {packed: {}};

(function (pipelines) {
  const round = Math.fround;
  const isMany = (x) => typeof x === "object" && x !== null;
  const map = (x, change) => isMany(x) ? Float32Array.from(x, change) : change(x);
  const clip = (x, low, high) => Math.min(Math.max(x, low), high);

  const DATE_PARTS = {month: 12, day_of_month: 31, day_of_year: 366, weekday: 7, hour: 24, minute: 60, year: 256};
  const FIRST_YEAR = 1900;

  function datePart(seconds, part) {
    const date = new Date(seconds * 1000);
    if (part === "month") return date.getUTCMonth();
    if (part === "day_of_month") return date.getUTCDate() - 1;
    if (part === "weekday") return (date.getUTCDay() + 6) % 7;
    if (part === "hour") return date.getUTCHours();
    if (part === "minute") return date.getUTCMinutes();
    if (part === "year") return Math.min(Math.max(date.getUTCFullYear() - FIRST_YEAR, 0), DATE_PARTS.year - 1);
    const first = new Date(0).setUTCFullYear(date.getUTCFullYear(), 0, 1);
    return Math.floor((seconds * 1000 - first) / 86400000);
  }

  // What str.split() splits at, as in texts.py.
  const WHITE_SPACE = new Set([9, 10, 11, 12, 13, 28, 29, 30, 31, 32, 0x85, 0xA0, 0x1680, 0x2028, 0x2029, 0x202F,
                               0x205F, 0x3000, ...Array.from({length: 11}, (_, place) => 0x2000 + place)]);
  const CRC = Uint32Array.from({length: 256}, (_, byte) => {
    for (let bit = 0; bit < 8; ++bit) byte = byte & 1 ? byte >>> 1 ^ 0xEDB88320 : byte >>> 1;
    return byte;
  });
  const encoder = new TextEncoder();

  function crc32(text) {
    let crc = 0xFFFFFFFF;
    for (const byte of encoder.encode(text)) crc = crc >>> 8 ^ CRC[(crc ^ byte) & 0xFF];
    return (crc ^ 0xFFFFFFFF) >>> 0;
  }

  /* What is made of a primitive with keys once a model. */
  const vocabularies = new WeakMap();

  function vocabularyOf(step) {
    if (!vocabularies.has(step)) {
      vocabularies.set(step, {
        letters: new Map(step.letters ?? []), places: new Map(step.keys.map((key, place) => [key, place])),
        ranks: new Map((step.merges ?? []).map(([left, right, both], rank) => [`${left} ${right}`, {rank, both}]))});
    }
    return vocabularies.get(step);
  }

  /* "left right" → the id of a known pair. */
  const idsOfPairs = new WeakMap();

  function pairIdsOf(step) {
    if (!idsOfPairs.has(step)) {
      idsOfPairs.set(step, new Map(step.pairs.map(([left, right], place) => [`${left} ${right}`, place + 1])));
    }
    return idsOfPairs.get(step);
  }

  /* The words of a text as lists of characters: each is spelled by `letters`, then they part at spaces. */
  function* words(text, step) {
    const {letters} = vocabularyOf(step);
    let word = [];
    for (const letter of text) {
      for (const each of letters.get(letter.codePointAt(0)) ?? letter) {
        if (!WHITE_SPACE.has(each.codePointAt(0))) {
          word.push(each);
        } else if (word.length) {
          yield word;
          word = [];
        }
      }
    }
    if (word.length) yield word;
  }

  function idOf(token, step) {
    const place = vocabularyOf(step).places.get(token);
    return 1 + (place ?? step.keys.length + crc32(token) % step.num_buckets);
  }

  function subwords(word, step) {
    const {ranks} = vocabularyOf(step), ids = ["\u2581", ...word].slice(0, 64).map((symbol) => idOf(symbol, step));
    for (;;) {
      let best = null, at = 0;
      for (let place = 0; place + 1 < ids.length; ++place) {
        const found = ranks.get(`${ids[place]} ${ids[place + 1]}`);
        if (found && (!best || found.rank < best.rank)) [best, at] = [found, place];
      }
      if (!best) return ids;
      ids.splice(at, 2, best.both);
    }
  }

  /* The ids of a text at the right end of the window; `parts` gives those of a word, `isFirst` or not. */
  function tokens(text, step, parts) {
    const found = [];
    for (const word of words(text, step)) {
      found.push(...parts(word, found.length === 0));
      if (found.length >= step.window) break;
    }
    const ids = new Int32Array(step.window), kept = found.slice(0, step.window);
    ids.set(kept, step.window - kept.length);
    return ids;
  }

  function sum(x) {
    return x.reduce((total, each) => round(total + each), 0);
  }

  const FILLS = {
    previous(x, step) {
      let last = round(step.first);
      return x.map((each) => last = Number.isNaN(each) ? last : each);
    },
    season(x, step) {
      const filled = x.slice();
      let last = round(step.first);
      for (let i = 0; i < x.length; ++i) {
        if (Number.isNaN(x[i])) filled[i] = i >= step.season ? filled[i - step.season] : last;
        last = filled[i];
      }
      return filled;
    },
    line(x, step) {
      const filled = FILLS.previous(x, step);
      let before = -1;
      for (let i = 0; i < x.length; ++i) {
        if (!Number.isNaN(x[i])) {
          before = i;
          continue;
        }
        let after = i;
        while (after < x.length && Number.isNaN(x[after])) ++after;
        for (; before >= 0 && after < x.length && i < after; ++i) {
          const share = round((i - before) / (after - before));
          filled[i] = round(x[before] + round(round(x[after] - x[before]) * share));
        }
        i = Math.max(i, after) - 1;
      }
      return filled;
    }};

  /* A row of the columns, and what stands for its missing numbers instead of NaN. */
  function fillRow(step, columns, fill) {
    const x = Float32Array.from(step.columns, (name) => columns.get(name));
    if (!x.some(Number.isNaN)) return;
    const filled = fill(x);
    step.columns.forEach((name, place) => columns.set(name, Number.isNaN(x[place]) ? filled[place] : x[place]));
  }

  /* A number made of all bits of a row. */
  function rowBits(x, seed) {
    const words = new Uint32Array(x.map((each) => Number.isNaN(each) || each === 0 ? 0 : each).buffer);
    return words.reduce((bits, word) => {
      const mixed = Math.imul(bits ^ word, 16777619) >>> 0;
      return (mixed ^ mixed >>> 15) >>> 0;
    }, (2166136261 ^ seed) >>> 0);
  }

  function mixed(bits) {
    bits = Math.imul(bits ^ bits >>> 16, 0x85EBCA6B) >>> 0;
    bits = Math.imul(bits ^ bits >>> 13, 0xC2B2AE35) >>> 0;
    return (bits ^ bits >>> 16) >>> 0;
  }

  /* name → what it does to `columns`. `memory` outlives the row: {last: Map from primitive to the value seen last,
     texts: Set of the columns where "" is missing}. */
  const RUN = {
    Fill(step, columns) {
      const x = columns.get(step.column);
      const fill = (each) => Number.isNaN(each) ? round(step.value) : each;
      columns.set(step.column, typeof step.value === "string" ? x ?? step.value : map(x, fill));
    },
    FillPrevious(step, columns, memory) {
      const x = columns.get(step.column);
      const value = Number.isNaN(x) ? memory.last.get(step) ?? round(step.first) : x;
      memory.last.set(step, value);
      columns.set(step.column, value);
    },
    LinearFill(step, columns) {
      const means = step.means.map(round);
      const lows = step.lows.map((low, i) => round(round(low) - means[i]));
      const highs = step.highs.map((high, i) => round(round(high) - means[i]));
      fillRow(step, columns, (x) => {
        const distances = x.map((each, i) => Number.isNaN(each) ? 0 : clip(round(each - means[i]), lows[i], highs[i]));
        for (let sweep = 0; sweep < step.sweeps; ++sweep) {
          for (let i = 0; i < x.length; ++i) {
            if (!Number.isNaN(x[i])) continue;
            const total = sum(step.weights[i].map((weight, j) => round(round(weight) * distances[j])));
            distances[i] = clip(total, lows[i], highs[i]);
          }
        }
        return distances.map((each, i) => means[i] + each);
      });
    },
    NeighborFill(step, columns) {
      fillRow(step, columns, (x) => {
        const distances = step.known.map((row) => sum(row.map((each, i) => {
          const apart = round(round(x[i] - round(each)) * round(step.factors[i]));
          return Number.isNaN(x[i]) ? 0 : round(apart * apart);
        })));
        const order = distances.map((_, row) => row);
        order.sort((one, other) => distances[one] < distances[other] ? -1 : distances[one] > distances[other] ? 1
          : one - other);
        const nearest = order.slice(0, step.num_neighbors), share = round(1 / step.num_neighbors);
        return x.map((_, i) => round(sum(nearest.map((row) => round(step.known[row][i]))) * share));
      });
    },
    DrawFill(step, columns) {
      fillRow(step, columns, (x) => {
        const bits = rowBits(x, step.seed);
        return x.map((_, i) => {
          const seen = step.seen[i];
          return seen[mixed((bits ^ Math.imul(i + 1, 0x9E3779B1)) >>> 0) % seen.length];
        });
      });
    },
    GaussianDraw(step, columns, memory) {
      const of = (name) => step[name].map(round);
      const means = of("means"), spreads = of("spreads"), noise = of("noise");
      const lows = of("lows").map((low, i) => round(low - means[i]));
      const highs = of("highs").map((high, i) => round(high - means[i]));
      fillRow(step, columns, (x) => {
        const bits = rowBits(x, step.seed + (memory.draw ?? 0));
        const distances = x.map((each, i) => Number.isNaN(each) ? 0 : clip(round(each - means[i]), lows[i], highs[i]));
        for (let sweep = 0; sweep < step.sweeps; ++sweep) {
          for (let i = 0; i < x.length; ++i) {
            if (!Number.isNaN(x[i])) continue;
            const turned = mixed((bits ^ Math.imul(sweep * x.length + i + 1, 0x9E3779B1)) >>> 0);
            const drawn = round(noise[turned % noise.length] * spreads[i]);
            const total = step.weights[i].reduce((sum, weight, j) => round(sum + round(round(weight) * distances[j])),
                                                 drawn);
            distances[i] = clip(total, lows[i], highs[i]);
          }
        }
        return distances.map((each, i) => means[i] + each);
      });
    },
    DenseFill(step, columns) {
      const of = (name) => step[name].map(round);
      const means = of("means"), spreads = of("spreads"), lows = of("lows"), highs = of("highs");
      fillRow(step, columns, (x) => {
        const standard = Array.from(x, (each, i) => Number.isNaN(each) ? 0
          : round(round(clip(each, lows[i], highs[i]) - means[i]) / spreads[i]));
        let values = [...standard, ...Array.from(x, (each) => Number(Number.isNaN(each)))];
        step.weights.forEach((units, layer) => {
          const sums = units.map((weights, unit) => weights.reduce((total, weight, i) =>
            round(total + round(values[i] * round(weight))), round(step.biases[layer][unit])));
          values = layer + 1 < step.weights.length ? sums.map((each) => Math.max(each, 0)) : sums;
        });
        return values.map((each, i) => clip(round(round(each * spreads[i]) + means[i]), lows[i], highs[i]));
      });
    },
    Missing(step, columns, memory) {
      const x = columns.get(step.column);
      const isMissing = x === null || Number.isNaN(x) || (x === "" && memory.texts.has(step.column));
      columns.set(step.into, x instanceof Float32Array ? map(x, (each) => Number(Number.isNaN(each)))
        : Number(isMissing));
    },
    Affine(step, columns) {
      const offset = round(step.offset), factor = round(step.factor);
      columns.set(step.column, map(columns.get(step.column), (x) => round(round(x - offset) * factor)));
    },
    Clip(step, columns) {
      const low = round(step.low), high = round(step.high);
      columns.set(step.column, map(columns.get(step.column), (x) => clip(x, low, high)));
    },
    Bins(step, columns) {
      const x = columns.get(step.column);
      columns.set(step.column, Float32Array.from(step.factors, (factor, place) =>
        clip(round(round(x - round(step.edges[place])) * round(factor)), 0, 1)));
    },
    Lookup(step, columns) {
      const x = columns.get(step.column), place = vocabularyOf(step).places.get(x);
      columns.set(step.column, x === null ? step.missing : place === undefined ? step.unknown : step.first + place);
    },
    Onehot(step, columns) {
      const id = columns.get(step.column);
      columns.set(step.column, Float32Array.from({length: step.depth}, (_, place) => Number(place === id)));
    },
    Table(step, columns) {
      columns.set(step.column, Float32Array.from(step.rows[columns.get(step.column)]));
    },
    DatePart(step, columns) {
      const x = columns.get(step.column);
      columns.set(step.into, x === null ? DATE_PARTS[step.part] : datePart(x, step.part));
    },
    Words(step, columns) {
      columns.set(step.column, tokens(columns.get(step.column), step, (word) => [idOf(word.join(""), step)]));
    },
    Characters(step, columns) {
      columns.set(step.column, tokens(columns.get(step.column), step, (word, isFirst) =>
        [...(isFirst ? [] : [" "]), ...word].map((letter) => idOf(letter, step))));
    },
    Subwords(step, columns) {
      columns.set(step.column, tokens(columns.get(step.column), step, (word) => subwords(word, step)));
    },
    Bigrams(step, columns) {
      const ids = columns.get(step.column);
      columns.set(step.into, ids.map((right, place) => {
        const left = place ? ids[place - 1] : 0;
        let mixed = Math.imul(left, 0x9E3779B1) + Math.imul(right, 0x85EBCA6B) >>> 0;
        mixed = (mixed ^ mixed >>> 15) >>> 0;
        return left === 0 ? 0 : mixed % step.num_buckets + 1;
      }));
    },
    KnownPairs(step, columns) {
      const ids = columns.get(step.column), known = pairIdsOf(step);
      columns.set(step.into, ids.map((right, place) => place ? known.get(`${ids[place - 1]} ${right}`) ?? 0 : 0));
    },
    DistinctIds(step, columns) {
      const ids = columns.get(step.column), kept = [...new Set(ids)].filter((id) => id !== 0);
      columns.set(step.column, ids.map((_, place) => kept[place - ids.length + kept.length] ?? 0));
    },
    FillSteps(step, columns) {
      const x = columns.get(step.column);
      columns.set(step.column, x.some(Number.isNaN) ? FILLS[step.how](x, step) : x);
    },
    SinceSeen(step, columns) {
      let steps = step.most;
      columns.set(step.into, columns.get(step.column).map((x) => {
        steps = Number.isNaN(x) ? Math.min(steps + 1, step.most) : 0;
        return round(round(steps) / round(step.most));
      }));
    },
    OwnScale(step, columns) {
      const x = columns.get(step.column), share = round(1 / round(x.length));
      const offset = step.offset === "none" ? 0 : step.offset === "last" ? x[x.length - 1] : round(sum(x) * share);
      const moved = x.map((each) => each - offset);
      const factor = step.scaled ? Math.max(round(sum(moved.map(Math.abs)) * share), round(step.least)) : 1;
      columns.set(step.into, moved.map((each) => each / factor));
      columns.set(step.into_offset, offset);
      columns.set(step.into_factor, factor);
    },
    SeasonMean(step, columns) {
      const x = columns.get(step.column), first = x.length - step.num_seasons * step.season;
      const share = round(1 / round(step.num_seasons));
      columns.set(step.into, Float32Array.from({length: step.horizon}, (_, place) => {
        const values = Array.from({length: step.num_seasons}, (_, number) =>
          x[first + number * step.season + place % step.season]);
        return sum(values) * share;
      }));
    },
    StepIds(step, columns) {
      columns.set(step.column, columns.get(step.column).map((x, place) => {
        const id = Number.isNaN(x) ? 0 : x;
        if (id >= 0 && id < step.num_ids && id === Math.floor(id)) return id;
        throw new pipelines.BadCell(`step ${place + 1} of ${step.column} is ${x}, not a whole number from 0 to ` +
                                    `${step.num_ids - 1}`);
      }));
    },
    Pack(step, columns) {
      const parts = step.columns.map((name) => columns.get(name));
      columns.set(step.into, isMany(parts[0]) && parts.length === 1 ? parts[0]
        : parts.flatMap((part) => isMany(part) ? Array.from(part) : [part]));
    },
    PackSteps(step, columns) {
      const parts = step.columns.map((name) => columns.get(name));
      columns.set(step.into, Float32Array.from({length: parts.length * parts[0].length}, (_, place) =>
        parts[place % parts.length][Math.floor(place / parts.length)]));
    }};

  /* The columns of a row after every primitive in turn; the Map given stays as it was. */
  function runPrimitives(primitives, columns, memory) {
    const prepared = new Map(columns);
    for (const step of primitives) RUN[step.primitive](step, prepared, memory);
    return prepared;
  }

  Object.assign(pipelines, {runPrimitives, crc32});
})(globalThis.pipelines);
