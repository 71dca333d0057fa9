/* A TFLite file under LiteRT.js (https://ai.google.dev/edge/litert/web) in WebAssembly, without a request to any
   server: all that it needs stands in `pipelines.packed`, base64 of gzip, so that the page also works from a folder. */
"use strict";
globalThis.pipelines = globalThis.pipelines || {packed: {}};

(function (pipelines) {
  async function unpack(name) {
    const bytes = Uint8Array.from(atob(pipelines.packed[name]), (letter) => letter.charCodeAt(0));
    const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
    return new Uint8Array(await new Response(stream).arrayBuffer());
  }

  async function scriptUrl(name) {
    return URL.createObjectURL(new Blob([await unpack(name)], {type: "text/javascript"}));
  }

  let loading = null;

  /* The module @litertjs/core with its runtime loaded; once a page. */
  function loadLiteRt() {
    loading = loading || load();
    return loading;
  }

  async function load() {
    const map = document.createElement("script");
    map.type = "importmap";
    map.textContent = JSON.stringify({imports: {"@litertjs/core": await scriptUrl("core.js"),
                                                "@litertjs/wasm-utils": await scriptUrl("wasm_utils.js")}});
    document.head.append(map);
    const litert = await import("@litertjs/core");
    self.Module = {wasmBinary: (await unpack("litert.wasm")).buffer};
    // The name's end tells LiteRT.js that this is the script itself and not the folder of all its variants.
    await litert.loadLiteRt(`${await scriptUrl("litert_wasm.js")}#litert_wasm.js`);
    return litert;
  }

  const ARRAYS = {float32: Float32Array, int32: Int32Array, uint8: Uint8Array};

  /* The model of the bundle; `run(inputs)`, arrays by port name, gives the raw output as a Float32Array. */
  class LiteRtModel {
    static async load() {
      const litert = await loadLiteRt();
      const model = await litert.loadAndCompile(await unpack("model.tflite"), {accelerator: "wasm"});
      const zeros = model.getInputDetails().map(({name, dtype, shape}) =>
        [name, new ARRAYS[dtype](shape.reduce((a, b) => a * b))]);
      const loaded = new LiteRtModel(litert, model);
      await loaded.run(Object.fromEntries(zeros)); // the first call sets things up
      return loaded;
    }

    constructor(litert, model) {
      this.litert = litert;
      this.model = model;
    }

    async run(inputs) {
      const tensors = {};
      let outputs = {};
      try {
        for (const {name, dtype, shape} of this.model.getInputDetails()) {
          tensors[name] = new this.litert.Tensor(ARRAYS[dtype].from(inputs[name]), Array.from(shape));
        }
        outputs = await this.model.run(tensors);
        return await Object.values(outputs)[0].data();
      } finally {
        for (const tensor of [...Object.values(tensors), ...Object.values(outputs)]) tensor.delete();
      }
    }
  }

  pipelines.LiteRtModel = LiteRtModel;
})(globalThis.pipelines);
