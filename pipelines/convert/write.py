"""A lowered Keras model → the bytes of one TFLite file, by TensorFlow's converter."""

import tempfile

import numpy as np

from .ai_edge import FORMS as AI_EDGE_FORMS
from .ai_edge import quantize_file
from .operators import flex_operators
from .own_ranges import with_own_ranges
from .quantize import Quantize


def tflite_bytes(model, rows, *, form: str, quantize: Quantize = Quantize()) -> bytes:
    """Converts a lowered model, with batch 1 and its inputs by their names.

    Args:
        model: The Keras model.
        rows: Input → array [rows, ...] that int8 takes its ranges from.
        form: "float32", "float16", "dynamic", "web_float32" or "int8".
        quantize: How it becomes int8.

    Raises:
        RuntimeError: The file holds Flex operators.
    """
    if quantize.quantizer == "ai_edge" and form in AI_EDGE_FORMS:
        content = tflite_bytes(model, rows, form="float32")
        return quantize_file(content, rows, form=form, quantize=quantize)
    content = _through_saved_model(model, rows, form, quantize)
    if b"Flex" in content:
        raise RuntimeError(
            f"the file holds the Flex operators {', '.join(flex_operators(content))}, which no "
            "device runtime has"
        )
    return content


def _through_saved_model(model, rows, form, quantize):
    """Converts a saved model: of functions that came inlined no fused LSTM is made."""
    import tensorflow as tf

    call = _with_constants(model)
    with tempfile.TemporaryDirectory(prefix="saved_") as folder:
        module = tf.Module()
        module.call = tf.function(call).get_concrete_function(**_specs(rows))
        tf.saved_model.save(module, folder, signatures=module.call)
        converter = tf.lite.TFLiteConverter.from_saved_model(folder)
        content = _configured(converter, rows, form, quantize).convert()
    if form != "int8":
        return content
    return _quantized(with_own_ranges(content, _one_by_one(rows)), quantize)


def _quantized(content, quantize):
    """Returns int8 of a calibrated file."""
    import tensorflow as tf
    from tensorflow.lite.python.convert import mlir_quantize

    return mlir_quantize(
        content,
        input_data_type=tf.int8,
        output_data_type=tf.int8,
        disable_per_channel_for_dense_layers=quantize.dense_weights == "per_tensor",
    )


def _with_constants(model):
    """Returns a function of the inputs by name that gives the outputs by name.

    Keras 3 variables stay unfrozen in a conversion: no error, then NaN at run time. Constants
    cannot.
    """
    import tensorflow as tf

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

    return call


def _specs(rows):
    import tensorflow as tf

    specs = {}
    for name, x in rows.items():
        dtype = x.dtype
        if dtype == np.uint8:
            dtype = np.float32
        specs[name] = tf.TensorSpec((1, *x.shape[1:]), dtype, name=name)
    return specs


def _configured(converter, rows, form, quantize):
    import tensorflow as tf

    if form != "float32":
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
        converter._experimental_disable_per_channel_quantization_for_dense_layers = (
            quantize.dense_weights == "per_tensor"
        )
    if form == "float16":
        converter.target_spec.supported_types = [tf.float16]
    if form == "int8":
        converter.representative_dataset = lambda: _one_by_one(rows)
        converter._experimental_calibrate_only = True  # see with_own_ranges
        converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
        converter.inference_input_type = tf.int8
        converter.inference_output_type = tf.int8
    return converter


def _one_by_one(rows):
    num_rows = len(next(iter(rows.values())))
    for place in range(num_rows):
        yield {name: x[place : place + 1] for name, x in rows.items()}
