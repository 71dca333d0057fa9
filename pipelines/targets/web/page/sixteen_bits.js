/* PNG files of 16 bits, of which a browser keeps the high byte alone: the twin of pipelines/device/sixteen_bits.py. */
"use strict";

(function (pipelines) {
  const MAX_WHITE = 65535, MIN_BRIGHT = 16384;
  const SIGNATURE = [137, 80, 78, 71, 13, 10, 26, 10];
  const CHANNELS = {0: 1, 2: 3, 4: 2, 6: 4}; // by colour type: grey, RGB, grey and alpha, RGBA

  /* {width, height, colour} of a PNG of 16 bits by the first 33 bytes of a file, else null. */
  function sixteenBitHeader(bytes) {
    if (bytes.length < 33 || !SIGNATURE.every((byte, place) => bytes[place] === byte) || bytes[24] !== 16) return null;
    const view = new DataView(bytes.buffer, bytes.byteOffset);
    return {width: view.getUint32(16), height: view.getUint32(20), colour: bytes[25], interlaced: bytes[28] !== 0};
  }

  /* Opaque RGBA bytes [height, width, 4] of such a file, over white where it is transparent. `white`: the white point,
     0 where training saw no 16-bit picture. Throws BadCell with the reason. */
  async function readSixteenBits(bytes, {width, height, colour, interlaced}, white) {
    const {BadCell} = pipelines, channels = CHANNELS[colour];
    if (!channels || !width || !height) throw new BadCell("not a picture that this page can read");
    if (interlaced) throw new BadCell("a 16-bit PNG that is interlaced: save it without");
    const chunks = chunksOf(bytes);
    if (chunks.has("eXIf")) throw new BadCell("a 16-bit PNG with EXIF: save it without");
    const lineBytes = width * channels * 2;
    const raw = await inflate(chunks.get("IDAT") ?? [], height * (1 + lineBytes));
    const values = unfilter(raw, height, lineBytes, channels * 2);
    return toBytes(values, channels, transparentOf(chunks, channels), white);
  }

  function chunksOf(bytes) {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length), chunks = new Map();
    for (let place = 8; place + 12 <= bytes.length;) {
      const size = view.getUint32(place), name = String.fromCharCode(...bytes.subarray(place + 4, place + 8));
      if (place + 12 + size > bytes.length) break; // cut: what is missing is noticed below
      chunks.set(name, [...(chunks.get(name) ?? []), bytes.subarray(place + 8, place + 8 + size)]);
      place += 12 + size;
    }
    return chunks;
  }

  async function inflate(parts, size) {
    const {BadCell} = pipelines, raw = new Uint8Array(size);
    const reader = new Blob(parts).stream().pipeThrough(new DecompressionStream("deflate")).getReader();
    let filled = 0;
    try {
      for (let piece = await reader.read(); !piece.done && filled < size; piece = await reader.read()) {
        const kept = piece.value.subarray(0, size - filled);
        raw.set(kept, filled);
        filled += kept.length;
      }
    } catch (error) {
      if (filled < size) throw new BadCell("truncated");
    }
    reader.cancel().catch(() => {});
    if (filled < size) throw new BadCell("truncated");
    return raw;
  }

  /* Uint16Array of the samples of scan lines that each begin with the number of their filter. */
  function unfilter(raw, height, lineBytes, pixelBytes) {
    const {BadCell} = pipelines, lines = new Uint8Array(height * lineBytes);
    for (let row = 0; row < height; ++row) {
      const from = row * (lineBytes + 1), filter = raw[from], to = row * lineBytes;
      if (filter > 4) throw new BadCell("broken (a filter that PNG has not)");
      for (let i = 0; i < lineBytes; ++i) {
        const left = i < pixelBytes ? 0 : lines[to + i - pixelBytes], up = row ? lines[to + i - lineBytes] : 0;
        const corner = row && i >= pixelBytes ? lines[to + i - lineBytes - pixelBytes] : 0;
        const guess = [0, left, up, (left + up) >> 1, filter === 4 ? paeth(left, up, corner) : 0][filter];
        lines[to + i] = raw[from + 1 + i] + guess;
      }
    }
    const values = new Uint16Array(lines.length / 2);
    for (let i = 0; i < values.length; ++i) values[i] = lines[2 * i] * 256 + lines[2 * i + 1];
    return values;
  }

  function paeth(left, up, corner) {
    const near = left + up - corner;
    const [a, b, c] = [Math.abs(near - left), Math.abs(near - up), Math.abs(near - corner)];
    return a <= b && a <= c ? left : b <= c ? up : corner;
  }

  /* The colour that is transparent, or null. */
  function transparentOf(chunks, channels) {
    const [mark] = chunks.get("tRNS") ?? [];
    if (!mark || mark.length < 2 * channels || channels % 2 === 0) return null;
    return Array.from({length: channels}, (_, k) => mark[2 * k] * 256 + mark[2 * k + 1]);
  }

  function toBytes(values, channels, through, white) {
    const {BadCell} = pipelines, hasAlpha = channels % 2 === 0, colours = hasAlpha ? channels - 1 : channels;
    const isWhole = white === 0 || white === MAX_WHITE;
    if (channels === 2 && !isWhole) {
      throw new BadCell("16-bit grey with transparency is read with the white point 65,535 alone: save it without "
                        + "transparency");
    }
    const isThrough = (i) => through !== null && through.every((value, k) => values[i + k] === value);
    checkRange(largestOf(values, channels, colours, isThrough), white);
    const most = white || MAX_WHITE, half = Math.floor(most / 2);
    const rgba = new Uint8ClampedArray(values.length / channels * 4);
    // Pillow keeps the high byte of colours; grey is rounded.
    const byte = isWhole && channels > 1 ? (value) => value >> 8 : (value) => Math.floor((value * 255 + half) / most);
    for (let i = 0, to = 0; i < values.length; i += channels, to += 4) {
      const alpha = hasAlpha ? values[i + colours] >> 8 : 255, isWhite = isThrough(i);
      for (let k = 0; k < 3; ++k) {
        rgba[to + k] = isWhite ? 255 : overWhite(byte(values[i + Math.min(k, colours - 1)]), alpha);
      }
      rgba[to + 3] = 255;
    }
    return rgba;
  }

  /* As Pillow's alpha_composite over opaque white. */
  function overWhite(value, alpha) {
    if (alpha === 255) return value;
    const total = value * alpha * 128 + 255 * (255 * 128 - alpha * 128) + 0x4000;
    return ((total >> 8) + total >> 8) >> 7;
  }

  function largestOf(values, channels, colours, isThrough) {
    let largest = 0;
    for (let i = 0; i < values.length; i += channels) {
      if (channels === 1 && isThrough(i)) continue;
      for (let k = 0; k < colours; ++k) largest = Math.max(largest, values[i + k]);
    }
    return channels === 2 ? (largest >> 8) * 257 : largest;
  }

  function checkRange(largest, white) {
    const {BadCell, withCommas} = pipelines;
    if (white && largest > white) {
      throw new BadCell(`its 16-bit pixels go up to ${withCommas(largest)}, and the white point is `
                        + withCommas(white));
    }
    if (!white && largest > 0 && largest < MIN_BRIGHT) {
      throw new BadCell(`its 16-bit pixels go up to ${withCommas(largest)} of 65,535, which would be nearly black: `
                        + "scale them to 8 bits");
    }
  }

  Object.assign(pipelines, {readSixteenBits, sixteenBitHeader});
})(globalThis.pipelines);
