"""Keras → TFLite in a child process, because a converter can end the process that it runs in.

Parent and child speak through a folder: the model as .keras, the calibration rows as .npz, what is
wanted as JSON, the TFLite files, and progress lines from which the parent knows what the child was
doing when it died.

Every file takes batch 1, inputs by their names; of a streaming form (see `stream`) float32 and int8
are written too:

    float32    float32 in and out; pictures as pixels 0..255
    int8       int8 in and out, each output in staggered copies (see `lower.stagger`); pictures as
               pixels less 128
    uint8      for nets of pictures: pixels as they are in, numbers beside them and log-odds out as
               float32, for runtimes that take no int8
    float16    as float32, with weights of half the bytes, which the runtime widens when it loads
               them
    dynamic    as float32, with int8 weights; the runtime quantizes what they are multiplied with,
               row by row

Asked for "web", nets of other rows than pictures have one more, float32 in and out: "web_int8",
int8 inside, or of recurrent nets "web_float32", unrolled: its steps share their weights, which int8
would hold once a step.
"""

import json
import os
import signal
import sys
import tempfile
from dataclasses import asdict
from pathlib import Path

import numpy as np
from tqdm import tqdm

from ..errors import ExportError, RecipeError
from ..rows.parts import TrainSet, require_train_set
from ..sources.files import read_pixels
from .ai_edge import FORMS as AI_EDGE_FORMS
from .ai_edge import quantize_file, require_ai_edge
from .child import BYTES_NAME, SECONDS_NAME, Limits, end_with_parent, run_watched
from .fix_biases import mend_biases
from .group_joins import group_joins
from .layer_names import layer_names
from .lower import NUM_COPIES
from .operators import flex_operators
from .pack_file import pack_file
from .quantize import USUAL_FORMS, Quantize
from .refusals import converter_reason
from .stream import streaming_rows
from .trial import raise_death, raise_refusal, try_in_child
from .uint8_inputs import with_uint8_inputs

MAX_CALIBRATION_ROWS = 1000
MAX_CALIBRATION_BYTES = 32 * 2**20
ALL_FORMS = (*USUAL_FORMS, "float16", "dynamic", "web")
_WHOLE = "converting the whole model"


def convert(
    model,
    calibration: TrainSet,
    *,
    seed: int = 0,
    copies: int = NUM_COPIES,
    streaming=None,
    quantize: Quantize = Quantize(),
    forms: tuple[str, ...] = USUAL_FORMS,
    kernels: tuple[str, ...] = ("xnnpack",),
) -> dict[str, bytes]:
    """A Keras model of ports → the bytes of its TFLite files by form; the int8 file gives each
    output in `copies`. `streaming`: its form for one step a call, for "stream_float32" and
    "stream_int8". Of `forms`, those come that the model has: uint8 is for pictures. A model of
    quantization-aware training keeps its ranges in int8, and in float its rounded kernels alone.
    `kernels`: what must run the files (see `trial.KERNELS`); each file is run there once, on zeros,
    in the child: a file can end the process that loads it.

    `calibration.x`: port → array [rows, ...], training rows as they were before balancing. Raises
    LeakError for other rows, RecipeError for choices that there are not, ExportError (naming the
    layer where it is known) where the converter or LiteRT refuses, dies, takes more time or memory
    than `child.Limits` or leaves Flex operators, VerifyError where TFLM refuses.
    """
    quantize.check()
    if quantize.quantizer == "ai_edge":
        require_ai_edge()
    unknown = [form for form in forms if form not in ALL_FORMS]
    if unknown or not forms:
        raise RecipeError(
            f"forms={forms!r}", expected="some of " + ", ".join(ALL_FORMS), fix="name some of these"
        )
    require_train_set(calibration, "the int8 calibration")
    row_bytes = sum(int(np.prod(x.shape[1:])) * x.dtype.itemsize for x in calibration.x.values())
    most = min(MAX_CALIBRATION_ROWS, max(MAX_CALIBRATION_BYTES // row_bytes, 1))
    places = np.sort(np.random.default_rng(seed).permutation(len(calibration))[:most])
    with tempfile.TemporaryDirectory(prefix="convert_") as folder:
        folder = Path(folder)
        wanted = {"quantize": asdict(quantize), "forms": forms, "kernels": kernels, "alone": False}
        (folder / "wanted.json").write_text(json.dumps(wanted), encoding="utf-8")
        model.save(folder / "model.keras")
        rows = {name: read_pixels(x[places]) for name, x in calibration.x.items()}
        np.savez(folder / "rows.npz", **rows)
        if streaming is not None:
            streaming.save(folder / "stream.keras")
            np.savez(folder / "stream_rows.npz", **streaming_rows(model, rows))
        names = tuple(layer.name for layer in model.layers)
        done = _in_child(folder, copies)
        if done.returncode != 0 and _is_unexplained(folder, done.stderr, names):
            (folder / "wanted.json").write_text(
                json.dumps({**wanted, "alone": True}), encoding="utf-8"
            )
            done = _first_of(folder, done, lambda: _in_child(folder, copies))
        return _collect(folder, done, names)


def _is_unexplained(folder, text, layers):
    """Whether the converter gave up on the whole model, and named no operation."""
    refused = (folder / "refusal.json").exists()  # by a runtime
    return _stage(folder).startswith(_WHOLE) and not refused and not converter_reason(text, layers)


def _first_of(folder, done, again):
    """How the child ended that converts each layer alone, where one of them ends it; else how the
    first one ended. `done`: of the whole model.
    """
    stage = _stage(folder)
    alone = again()
    if alone.returncode != 0:
        return alone
    (folder / "stage").write_text(stage, encoding="utf-8")
    return done


def _in_child(folder, copies):
    environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": "-1"}
    root = Path(__file__).parents[2]
    environment["PYTHONPATH"] = os.pathsep.join(
        filter(None, [str(root), os.environ.get("PYTHONPATH")])
    )
    command = [
        sys.executable,
        "-m",
        "pipelines.convert.convert",
        str(folder),
        str(copies),
        str(os.getpid()),
    ]
    limits = Limits.of_conversion((folder / "model.keras").stat().st_size)
    with tqdm(bar_format="{desc} {elapsed}", leave=False, disable=None) as sign:
        done = run_watched(
            command,
            limits,
            folder=folder,
            environment=environment,
            look=lambda: sign.set_description_str(_stage(folder)),
        )
    if done.limit == "time":
        raise ExportError(
            f"the converter was still at work after {limits.seconds:,.0f} s, {_stage(folder)}, and "
            "was ended",
            expected="a model that converts in minutes",
            fix="make the model smaller, or give it more: "
            f"{SECONDS_NAME}={2 * int(limits.seconds)}",
        )
    if done.limit == "memory":
        raise ExportError(
            f"the converter ran out of memory while {_stage(folder)}, and was ended",
            expected=f"at most {limits.size_bytes:,} bytes, a share of what was free",
            fix=f"end other programs, make the model smaller, or set the limit: {BYTES_NAME}=...",
        )
    return done


def _collect(folder, done, layers):
    if done.returncode != 0:
        raise_refusal(folder, layers)
        raise_death(folder, done.returncode, _stage(folder), layers)
        lines = [line for line in done.stderr.splitlines() if line.strip()]
        if any(word in line for line in lines[-3:] for word in ("MemoryError", "bad_alloc")):
            raise ExportError(
                f"the converter ran out of memory while {_stage(folder)}: {lines[-1][:300]}",
                expected="a model that converts in the memory that is free",
                fix="end other programs, or make the model smaller",
            )
        if done.returncode < 0:
            how = f"was killed by signal {-done.returncode}"
        else:
            how = "refused"
        reason = converter_reason(done.stderr, layers) or (lines[-1][:300] if lines else "")
        said = (
            f": {reason}" if reason and done.returncode > 0 else ""
        )  # a killed process said nothing of it
        if done.returncode == -signal.SIGKILL:
            by_hand = " (the system does that where memory runs out)"
        else:
            by_hand = ""
        raise ExportError(
            f"the converter {how}{by_hand} while {_stage(folder)}{said}",
            expected="layers that convert to built-in TFLite operators",
            fix="replace the layer or operation by built-in layers that TFLite has operators for; "
            "of recurrent layers LSTM, GRU or SimpleRNN",
        )
    paths = [folder / f"{form}.tflite" for form in (*ALL_FORMS, "web_int8", "web_float32")]
    return {path.stem: path.read_bytes() for path in paths if path.exists()}


def _stage(folder):
    path = folder / "stage"
    return (path.read_text(encoding="utf-8") if path.exists() else "") or "starting"


def _child(folder: Path, copies: int) -> None:
    import keras

    from ..compress import fake_quantize  # its layers may be in the model
    from ..compress.graph import calls_of
    from .lower import lower, pixel_rescaling, stagger, unrolled_steps
    from .ranges import with_calibrated_ranges

    def say(stage):
        (folder / "stage").write_text(stage, encoding="utf-8")

    def load(prefix):
        model = keras.saving.load_model(
            folder / f"{prefix or 'model'}.keras", compile=False, safe_mode=True
        )
        with np.load(folder / f"{prefix and prefix + '_'}rows.npz", allow_pickle=False) as file:
            return model, {name: file[name] for name in file.files}

    def write(form, model, rows, *, pictures=()):
        content = _convert(
            model,
            rows,
            form="web_int8" if pictures else form.removeprefix("stream_"),
            quantize=quantize,
        )
        content = group_joins(
            mend_biases(with_uint8_inputs(content, pictures) if pictures else content)
        )
        names = layer_names(
            content,
            [layer.name for layer in model.layers],
            [layer.name for layer in model.layers if type(layer).__name__ == "FusedLstm"],
        )
        (folder / f"{form}.tflite").write_bytes(pack_file(content, names=names))
        try_in_child(folder, form, content, kernels=kernels, say=say)

    say("loading the model")
    wanted = json.loads((folder / "wanted.json").read_text(encoding="utf-8"))
    quantize = Quantize(**wanted["quantize"])
    forms = wanted["forms"]
    kernels = wanted["kernels"]
    model, rows = load("")
    plain = fake_quantize.without_ranges(model)
    if wanted["alone"]:
        alone = filter(_is_tried_alone, calls_of(plain))
    else:
        alone = ()
    for call in alone:  # one at a time, so that a layer which kills the process has been named
        say(f"converting layer {call.layer.name!r} ({type(call.layer).__name__}) alone")
        _convert_call(call)
    for form in [
        form for form in ("float32", "float16", "dynamic") if form in forms and not wanted["alone"]
    ]:
        say(f"{_WHOLE} to {form}")
        write(form, lower(plain), rows)
    if wanted["alone"]:
        return
    if quantize.quantizer == "ai_edge" and plain is not model and "int8" in forms:
        raise RuntimeError("ai-edge-quantizer takes no trained ranges: quantizer='tensorflow' does")
    if {"int8", "uint8", "web"} & set(forms):
        say("finding the range of every activation")
        if quantize.quantizer == "ai_edge":
            ranged = model
        else:
            ranged = with_calibrated_ranges(model, rows, quantize)
        lowered = lower(ranged, pixels=False)
        scaled = _rescaled(fake_quantize.clipped_rows(ranged, rows), *pixel_rescaling(model))
    if "int8" in forms:
        say(f"{_WHOLE} to int8")
        write(
            "int8",
            stagger(lowered, lowered.predict(scaled, batch_size=32, verbose=0), copies=copies),
            scaled,
        )
    if "uint8" in forms and any(x.dtype == np.uint8 for x in rows.values()):
        say(f"{_WHOLE} to int8 that takes uint8")
        pictures = tuple(name for name, x in rows.items() if x.dtype == np.uint8)
        others = [
            name for name, x in rows.items() if name not in pictures and x.dtype == np.float32
        ]
        write("uint8", lowered, scaled, pictures=pictures if others else ())
    elif "web" in forms and unrolled_steps(model):
        say(f"{_WHOLE} to float32 that is unrolled")
        write("web_float32", lower(plain, fused=False), rows)
    elif "web" in forms:
        say(f"{_WHOLE} to int8 that takes float32")
        write("web_int8", lowered, scaled)
    if (folder / "stream.keras").exists():
        streaming, rows = load("stream")
        for form in [form for form in ("stream_float32", "stream_int8") if form in forms]:
            say(f"converting the streaming form to {form.removeprefix('stream_')}")
            write(form, lower(fake_quantize.without_ranges(streaming)), rows)


def _rescaled(rows, factor, offset):
    """Rows as the model without its layer "pixels" takes them. Pictures get one black and one white
    pixel in all: calibration reads the range of the input from them, and then a pixel is its own
    quantized value.
    """
    scaled = {}
    for name, x in rows.items():
        if x.dtype == np.uint8:
            x = x.copy()
            x[0].flat[0], x[0].flat[-1] = 0, 255
            x = x.astype(np.float32) * np.float32(factor) + np.float32(offset)
        scaled[name] = x
    return scaled


def _convert(model, rows, *, form, quantize=Quantize()):
    """The bytes of a TFLite file, batch 1, inputs by their names."""
    import tensorflow as tf

    if quantize.quantizer == "ai_edge" and form in AI_EDGE_FORMS:
        return quantize_file(
            _convert(model, rows, form="float32"), rows, form=form, quantize=quantize
        )
    types = {name: np.float32 if x.dtype == np.uint8 else x.dtype for name, x in rows.items()}
    specs = {
        name: tf.TensorSpec((1, *rows[name].shape[1:]), types[name], name=name) for name in rows
    }
    # Keras 3 variables stay unfrozen in a conversion: no error, then NaN at run time. Constants
    # cannot.
    weights = [
        [variable.numpy() for variable in each]
        for each in (model.trainable_variables, model.non_trainable_variables)
    ]

    def call(**inputs):
        constants = [[tf.constant(array) for array in each] for each in weights]
        outputs = model.stateless_call(*constants, inputs, training=False)[0]
        if isinstance(outputs, dict):
            return outputs
        return {"output": outputs}

    # Through a saved model, because of functions that came inlined no fused LSTM is made.
    with tempfile.TemporaryDirectory(prefix="saved_") as folder:
        module = tf.Module()
        module.call = tf.function(call).get_concrete_function(**specs)
        tf.saved_model.save(module, folder, signatures=module.call)
        content = _write(tf.lite.TFLiteConverter.from_saved_model(folder), rows, form, quantize)
    if b"Flex" in content:
        raise RuntimeError(
            f"the file holds the Flex operators {', '.join(flex_operators(content))}, which no "
            "device runtime has"
        )
    return content


def _write(converter, rows, form, quantize):
    import tensorflow as tf

    if form != "float32":
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
        converter._experimental_disable_per_channel_quantization_for_dense_layers = (
            quantize.dense_weights == "per_tensor"
        )
    if form == "float16":
        converter.target_spec.supported_types = [tf.float16]
    if form in ("int8", "uint8", "web_int8"):
        converter.representative_dataset = lambda: (
            {name: x[place : place + 1] for name, x in rows.items()}
            for place in range(len(next(iter(rows.values()))))
        )
        converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
        if form == "web_int8":
            converter.inference_input_type = tf.float32
        else:
            converter.inference_input_type = getattr(tf, form)
        if form == "int8":
            converter.inference_output_type = tf.int8
        else:
            converter.inference_output_type = tf.float32
    return converter.convert()


# Layers that were seen to convert in every form; only others are worth the second that a trial
# costs.
_PLAIN_LAYERS = (
    "InputLayer",
    "Dense",
    "BatchNormalization",
    "Activation",
    "ReLU",
    "Dropout",
    "Add",
    "Concatenate",
    "Flatten",
    "Reshape",
    "Identity",
    "Embedding",
    "Average",
    "Rescaling",
    "Conv2D",
    "DepthwiseConv2D",
    "MaxPooling2D",
    "AveragePooling2D",
    "GlobalAveragePooling2D",
    "ZeroPadding2D",
    "Multiply",
    "SpatialDropout1D",
    "Conv1D",
    "GlobalMaxPooling1D",
    "Softmax",
    "Permute",
)


def _is_tried_alone(call):
    """Whether a call of a layer or operation takes and gives floats, and is none that always
    converts.
    """
    import keras

    tensors = [
        each
        for each in keras.tree.flatten((call.arguments, call.result))
        if isinstance(each, keras.KerasTensor)
    ]
    return type(call.layer).__name__ not in _PLAIN_LAYERS and all(
        "float" in str(each.dtype) for each in tensors
    )


def _convert_call(call):
    """Converts one call of a layer alone to int8 on random rows."""
    import keras

    from .lower import lower

    read = {
        id(each): each
        for each in keras.tree.flatten(call.arguments)
        if isinstance(each, keras.KerasTensor)
    }
    inputs = {
        key: keras.Input(each.shape[1:], dtype=each.dtype, name=f"input{place}")
        for place, (key, each) in enumerate(read.items())
    }
    args, kwargs = keras.tree.map_structure(lambda each: inputs.get(id(each), each), call.arguments)
    alone = keras.Model({each.name: each for each in inputs.values()}, call.layer(*args, **kwargs))
    generator = np.random.default_rng(0)
    rows = {
        each.name: generator.normal(size=(4, *each.shape[1:])).astype(each.dtype)
        for each in inputs.values()
    }
    _convert(lower(alone), rows, form="int8")


if __name__ == "__main__":
    end_with_parent(int(sys.argv[3]))
    _child(Path(sys.argv[1]), int(sys.argv[2]))
