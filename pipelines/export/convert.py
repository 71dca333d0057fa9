"""Keras → TFLite in a child process, because a converter can end the process that it runs in.

Parent and child speak through a folder: the model as .keras, the calibration rows as .npz, the two TFLite files, and
progress lines from which the parent knows what the child was doing when it died.
"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

from ..errors import ExportError
from ..rows import TrainSet, require_train_set

MAX_CALIBRATION_ROWS = 1000
CONVERT_SECONDS = 600


def convert(model, calibration: TrainSet, *, seed: int = 0) -> tuple[bytes, bytes]:
    """A Keras model of ports → the bytes of its float32 and its int8 TFLite file, batch 1; the int8
    file takes and gives int8.

    `calibration.x`: port → array [rows, ...], training rows as they were before balancing. Raises LeakError for other
    rows, ExportError (naming the layer where it is known) where the converter refuses, dies or leaves Flex operators.
    """
    require_train_set(calibration, "the int8 calibration")
    places = np.sort(np.random.default_rng(seed).permutation(len(calibration))[:MAX_CALIBRATION_ROWS])
    with tempfile.TemporaryDirectory(prefix="convert_") as folder:
        folder = Path(folder)
        model.save(folder / "model.keras")
        np.savez(folder / "rows.npz", **{name: x[places] for name, x in calibration.x.items()})
        environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": "-1"}
        root = Path(__file__).parents[2]
        environment["PYTHONPATH"] = os.pathsep.join(filter(None, [str(root), os.environ.get("PYTHONPATH")]))
        command = [sys.executable, "-m", "pipelines.export.convert", str(folder)]
        try:
            done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=CONVERT_SECONDS)
        except subprocess.TimeoutExpired as error:
            raise ExportError(f"the converter was still at work after {CONVERT_SECONDS} s",
                              expected="a model that converts in minutes", fix="make the model smaller") from error
        return _collect(folder, done)


def _collect(folder, done):
    stage = (folder / "stage").read_text(encoding="utf-8") if (folder / "stage").exists() else "starting"
    if done.returncode != 0:
        lines = [line for line in done.stderr.splitlines() if line.strip()]
        how = f"was killed by signal {-done.returncode}" if done.returncode < 0 else "refused"
        said = f": {lines[-1][:300]}" if lines and done.returncode > 0 else ""  # a killed process said nothing of it
        raise ExportError(f"the converter {how} while {stage}{said}",
                          expected="layers that convert to built-in TFLite operators",
                          fix="use the layers of the shipped models; recurrent layers need their device form")
    return (folder / "float32.tflite").read_bytes(), (folder / "int8.tflite").read_bytes()


def _child(folder: Path) -> None:
    import keras

    from .lower import lower, stagger

    def say(stage):
        (folder / "stage").write_text(stage, encoding="utf-8")
    say("loading the model")
    model = keras.saving.load_model(folder / "model.keras", compile=False, safe_mode=True)
    with np.load(folder / "rows.npz", allow_pickle=False) as file:
        rows = {name: file[name] for name in file.files}
    for layer in model.layers:  # one at a time, so that a layer which kills the process has been named
        say(f"converting layer {layer.name!r} ({type(layer).__name__}) alone")
        _convert_layer(layer)
    lowered = lower(model)
    say("converting the whole model to float32")
    (folder / "float32.tflite").write_bytes(_convert(lowered, rows, int8=False))
    say("converting the whole model to int8")
    staggered = stagger(lowered, np.asarray(model(rows, training=False)))
    (folder / "int8.tflite").write_bytes(_convert(staggered, rows, int8=True))


def _convert(model, rows, *, int8):
    """The bytes of a TFLite file, batch 1, inputs by their names."""
    import tensorflow as tf
    from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2
    names = list(rows)
    specs = [tf.TensorSpec((1, *rows[name].shape[1:]), rows[name].dtype, name=name) for name in names]
    call = tf.function(lambda *tensors: model(dict(zip(names, tensors, strict=True)), training=False))
    # Keras 3 variables stay unfrozen in from_concrete_functions: no error, then NaN at run time. Constants cannot.
    frozen = convert_variables_to_constants_v2(call.get_concrete_function(*specs))
    converter = tf.lite.TFLiteConverter.from_concrete_functions([frozen])
    if int8:
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
        converter.representative_dataset = lambda: ([rows[name][place:place + 1] for name in names]
                                                    for place in range(len(rows[names[0]])))
        converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
        converter.inference_input_type = converter.inference_output_type = tf.int8
    content = converter.convert()
    if b"Flex" in content:
        raise RuntimeError("the file holds Flex operators, which no device runtime has")
    return content


# Layers that were seen to convert in every form; only others are worth the second that a trial costs.
_PLAIN_LAYERS = ("InputLayer", "Dense", "BatchNormalization", "Activation", "ReLU", "Dropout", "Add", "Concatenate",
                 "Flatten", "Reshape", "Identity", "Embedding", "Average")


def _convert_layer(layer):
    """Converts one layer alone to int8 on random rows."""
    import keras
    if type(layer).__name__ in _PLAIN_LAYERS:
        return
    tensors = layer.input if isinstance(layer.input, list) else [layer.input]
    inputs = {f"input{place}": keras.Input(tensor.shape[1:], name=f"input{place}")
              for place, tensor in enumerate(tensors)}
    alone = keras.Model(inputs, layer(list(inputs.values()) if len(inputs) > 1 else inputs["input0"]))
    generator = np.random.default_rng(0)
    rows = {name: generator.normal(size=(4, *each.shape[1:])).astype(np.float32) for name, each in inputs.items()}
    _convert(alone, rows, int8=True)


if __name__ == "__main__":
    _child(Path(sys.argv[1]))
