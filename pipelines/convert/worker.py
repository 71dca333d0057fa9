"""The converter's child process:  python -m pipelines.convert.worker FOLDER

FOLDER holds model.keras, rows.npz and wanted.json, of a streaming form stream.keras and
stream_rows.npz; the TFLite files and the word for what is being done, `stage`, are written there.
"""

import json
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from .alone import convert_alone, is_worth_a_trial
from .fix_biases import fix_biases
from .fix_lstms import fix_lstms
from .fix_splits import fix_splits
from .full_windows import with_full_windows
from .group_joins import group_joins
from .kernels import kernels_at
from .layer_names import layer_names
from .lower import lower, pixel_rescaling, stagger, unrolled_steps
from .outer_types import with_outer_types
from .pack_file import pack_file
from .quantize import Quantize
from .ranges import with_calibrated_ranges
from .share_scales import share_scales
from .trial import try_in_child
from .write import tflite_bytes

WHOLE = "converting the whole model"
_FLOAT_FORMS = ("float32", "float16", "dynamic")
_STREAM_FORMS = ("stream_float32", "stream_int8")


def run_worker(folder: Path) -> None:
    """Writes every form that wanted.json names into the folder, or raises what the converter did.

    Asked for layers "alone", converts one after the other instead.
    """
    from ..training import fake_quantize  # its layers may be in the model

    worker = Worker(folder)
    worker.say("loading the model")
    model, rows = worker.load("")
    plain = fake_quantize.without_ranges(model)
    if worker.wanted["alone"]:
        worker.convert_layers(plain)
        return
    worker.write_floats(plain, rows)
    worker.write_quantized(model, plain, rows)
    if (folder / "stream.keras").exists():
        streaming, rows = worker.load("stream_")
        worker.write_streams(fake_quantize.without_ranges(streaming), rows)


@dataclass(frozen=True)
class LoweredModel:
    """A model with the ranges of int8, without the layer that rescales pixels.

    Attributes:
        model: The lowered Keras model.
        rows: Input → array [rows, ...] as it takes them.
    """

    model: object
    rows: dict[str, np.ndarray]


class Worker:
    """Writes the forms of a model into a folder."""

    def __init__(self, folder: Path):
        self._folder = folder
        self.wanted = json.loads((folder / "wanted.json").read_text(encoding="utf-8"))
        self._quantize = Quantize(**self.wanted["quantize"])
        self._forms = self.wanted["forms"]
        self._kernels = [kernels_at(place) for place in self.wanted["kernels"]]

    def say(self, stage: str) -> None:
        """Reports what is being done, which the parent reads if this process ends."""
        (self._folder / "stage").write_text(stage, encoding="utf-8")

    def load(self, prefix: str):
        """Returns the model and its rows; `prefix` is "" or "stream_"."""
        import keras

        name = prefix.removesuffix("_") or "model"
        path = self._folder / f"{name}.keras"
        model = keras.saving.load_model(path, compile=False, safe_mode=True)
        with np.load(self._folder / f"{prefix}rows.npz", allow_pickle=False) as file:
            return model, {name: file[name] for name in file.files}

    def convert_layers(self, plain) -> None:
        """Converts one layer at a time, so that one which kills the process has been named."""
        from ..training.call_graph import calls_of

        for call in calls_of(plain):
            if is_worth_a_trial(call):
                kind = type(call.layer).__name__
                self.say(f"converting layer {call.layer.name!r} ({kind}) alone")
                convert_alone(call)

    def write_floats(self, plain, rows) -> None:
        """Writes the forms that compute in float32."""
        for form in _FLOAT_FORMS:
            if form in self._forms:
                self.say(f"{WHOLE} to {form}")
                self._write(form, lower(plain), rows)

    def write_quantized(self, model, plain, rows) -> None:
        """Writes the forms that compute in int8, and the page's."""
        ai_edge = self._quantize.quantizer == "ai_edge"
        if ai_edge and plain is not model and "int8" in self._forms:
            raise RuntimeError(
                "ai-edge-quantizer takes no trained ranges: quantizer='tensorflow' does"
            )
        if not {"int8", "uint8", "web"} & set(self._forms):
            return
        rows = with_full_windows(plain, rows)
        lowered = self._with_ranges(model, rows)
        unstaggered = None
        if "int8" in self._forms:
            self.say(f"{WHOLE} to int8")
            values = lowered.model.predict(lowered.rows, batch_size=32, verbose=0)
            staggered = stagger(lowered.model, values, copies=self.wanted["copies"])
            content = self._write("int8", staggered, lowered.rows)
            if staggered is lowered.model:
                unstaggered = content
        pictures = tuple(name for name, x in rows.items() if x.dtype == np.uint8)
        if "uint8" in self._forms and pictures:
            self.say(f"{WHOLE} to int8 that takes uint8")
            self._write_outer("uint8", lowered, unstaggered, pictures)
        elif "web" in self._forms and unrolled_steps(model):
            self.say(f"{WHOLE} to float32 that is unrolled")
            self._write("web_float32", lower(plain, fused=False), rows)
        elif "web" in self._forms:
            self.say(f"{WHOLE} to int8 that takes float32")
            self._write_outer("web_int8", lowered, unstaggered)

    def write_streams(self, streaming, rows) -> None:
        """Writes the streaming forms."""
        for form in _STREAM_FORMS:
            if form in self._forms:
                self.say(f"converting the streaming form to {form.removeprefix('stream_')}")
                self._write(form, lower(streaming), rows)

    def _with_ranges(self, model, rows):
        from ..training.fake_quantize import clipped_rows

        self.say("finding the range of every activation")
        ranged = model
        if self._quantize.quantizer != "ai_edge":
            ranged = with_calibrated_ranges(model, rows, self._quantize)
        lowered = lower(ranged, pixels=False)
        scaled = _rescaled(clipped_rows(ranged, rows), *pixel_rescaling(model))
        return LoweredModel(lowered, scaled)

    def _write_outer(self, form, lowered, content, pictures=()):
        """Writes a form that takes `pictures` as uint8, all else as float32, around the int8 file
        without staggered copies: `content`, or None if it is to be made.
        """
        if content is None:
            content = self._converted(lowered.model, lowered.rows, form="int8")
        self._finish(form, with_outer_types(content, pictures), lowered.model)

    def _write(self, form, model, rows):
        """Writes a file and tries it; returns its content before it was packed."""
        content = self._converted(model, rows, form=form.removeprefix("stream_"))
        self._finish(form, content, model)
        return content

    def _converted(self, model, rows, *, form):
        content = tflite_bytes(model, rows, form=form, quantize=self._quantize)
        content = fix_splits(fix_biases(content))
        return group_joins(share_scales(fix_lstms(content)))

    def _finish(self, form, content, model):
        """Packs a file, writes it and tries it."""
        names = layer_names(
            content,
            [layer.name for layer in model.layers],
            [layer.name for layer in model.layers if type(layer).__name__ == "FusedLstm"],
        )
        (self._folder / f"{form}.tflite").write_bytes(pack_file(content, names=names))
        try_in_child(
            self._folder,
            form,
            content,
            kernels=self._kernels,
            say=self.say,
        )


def _rescaled(rows, factor, offset):
    """Returns rows as the model without its layer "pixels" takes them.

    Pictures get one black and one white pixel in all: the converter reads the range of the input
    from them, and then a pixel is its own quantized value.
    """
    scaled = {}
    for name, x in rows.items():
        if x.dtype == np.uint8:
            x = x.copy()
            x[0].flat[0], x[0].flat[-1] = 0, 255
            x = x.astype(np.float32) * np.float32(factor) + np.float32(offset)
        scaled[name] = x
    return scaled


if __name__ == "__main__":
    run_worker(Path(sys.argv[1]))
