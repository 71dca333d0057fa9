/* A picture file to the pixels that a model takes, the twin of pipelines/device/pictures.py: upright, over white, grey
   or RGB, then stretched with Pillow's antialiased bilinear filter, bit for bit. The browser decodes the file. */
"use strict";
globalThis.pipelines = globalThis.pipelines || {packed: {}};

(function (pipelines) {
  const MAX_PIXELS = 64000000, MAX_SIDE = 30000, MAX_FILE_BYTES = 256 * 2 ** 20;
  const BITS = 22; // of the fraction of Pillow's weights

  /* Uint8Array [height, width, channels] of a Blob; `white`: the white point of 16-bit pixels. Throws BadCell with the
     reason. */
  async function readPicture(file, shape, white = 65535) {
    const {BadCell, readSixteenBits, sixteenBitHeader, withCommas} = pipelines;
    if (!file.size) throw new BadCell("zero bytes");
    if (file.size > MAX_FILE_BYTES) {
      throw new BadCell(`${withCommas(file.size)} bytes, at most ${withCommas(MAX_FILE_BYTES)}`);
    }
    const sixteen = sixteenBitHeader(new Uint8Array(await file.slice(0, 33).arrayBuffer()));
    if (sixteen) {
      checkSize(sixteen);
      const bytes = new Uint8Array(await file.arrayBuffer());
      return toShape(await readSixteenBits(bytes, sixteen, white), [sixteen.height, sixteen.width], shape);
    }
    let image;
    try {
      image = await createImageBitmap(file, {imageOrientation: "from-image", colorSpaceConversion: "none",
                                             premultiplyAlpha: "none"});
    } catch (error) {
      throw new BadCell("not a picture that this browser can read");
    }
    const {width, height} = image;
    checkSize(image);
    const canvas = new OffscreenCanvas(width, height), context = canvas.getContext("2d", {willReadFrequently: true});
    context.fillStyle = "white";
    context.fillRect(0, 0, width, height);
    context.drawImage(image, 0, 0);
    image.close();
    return toShape(context.getImageData(0, 0, width, height).data, [height, width], shape);
  }

  function checkSize({width, height}) {
    const {BadCell, withCommas} = pipelines;
    if (Math.max(width, height) > MAX_SIDE || width * height > MAX_PIXELS) {
      throw new BadCell(`${withCommas(width)} × ${withCommas(height)} pixels, at most ${withCommas(MAX_PIXELS)} `
                        + "together");
    }
  }

  /* Opaque RGBA bytes [height, width, 4] to the pixels of a shape. */
  function toShape(rgba, [height, width], [newHeight, newWidth, channels]) {
    let pixels = new Uint8Array(height * width * channels);
    for (let i = 0, k = 0; i < rgba.length; i += 4) {
      if (channels === 3) {
        pixels[k++] = rgba[i];
        pixels[k++] = rgba[i + 1];
        pixels[k++] = rgba[i + 2];
      } else { // Pillow's grey, of ITU-R 601
        pixels[k++] = (rgba[i] * 19595 + rgba[i + 1] * 38470 + rgba[i + 2] * 7471 + 0x8000) >> 16;
      }
    }
    if (newWidth !== width) pixels = stretch(pixels, [height, width, channels], newWidth);
    if (newHeight !== height) pixels = stretch(pixels, [1, height, newWidth * channels], newHeight);
    return pixels;
  }

  /* [before, size, after] to [before, newSize, after]. */
  function stretch(pixels, [before, size, after], newSize) {
    const stretched = new Uint8Array(before * newSize * after);
    for (let to = 0; to < newSize; ++to) {
      const {first, weights} = weightsOf(to, size, newSize);
      for (let row = 0; row < before; ++row) {
        for (let k = 0; k < after; ++k) {
          let total = 2 ** (BITS - 1);
          for (let i = 0; i < weights.length; ++i) {
            total += pixels[(row * size + first + i) * after + k] * weights[i];
          }
          stretched[(row * newSize + to) * after + k] = Math.min(total >> BITS, 255);
        }
      }
    }
    return stretched;
  }

  /* The first pixel that a new one is made of, and the weights of those from there on, in units of 2 ** -BITS. */
  function weightsOf(to, size, newSize) {
    const scale = size / newSize, support = Math.max(scale, 1), center = (to + 0.5) * scale;
    const first = Math.max(Math.trunc(center - support + 0.5), 0);
    const end = Math.min(Math.trunc(center + support + 0.5), size);
    const weights = [];
    let total = 0;
    for (let i = first; i < end; ++i) {
      const distance = Math.abs((i - center + 0.5) * (1 / support));
      weights.push(distance < 1 ? 1 - distance : 0);
      total += weights[weights.length - 1];
    }
    return {first, weights: weights.map((weight) => Math.trunc(0.5 + (total ? weight / total : weight) * 2 ** BITS))};
  }

  Object.assign(pipelines, {readPicture, toShape});
})(globalThis.pipelines);
