"""A user's Keras model to one that the converter, the runner and the ladder know: flat, float32, of
fresh layers.

What would be converted to something else, or kill the converter, is rewritten to an equal form or
refused by the name of its layer, before anything is converted. The arithmetic stays: `own_model`
compares both on rows.
"""

import itertools

import numpy as np

from ..errors import ExportError

# Layers that only training has; RandomCrop is not among them: it cuts the middle out of every
# picture.
_TRAINING_ONLY = (
    "Dropout",
    "SpatialDropout1D",
    "SpatialDropout2D",
    "SpatialDropout3D",
    "AlphaDropout",
    "GaussianDropout",
    "GaussianNoise",
    "ActivityRegularization",
    "RandomFlip",
    "RandomRotation",
    "RandomZoom",
    "RandomTranslation",
    "RandomContrast",
    "RandomBrightness",
    "RandomShear",
    "RandomHue",
    "RandomSaturation",
    "RandomSharpness",
    "RandomGrayscale",
    "RandomColorJitter",
    "RandomInvert",
    "RandomPosterization",
    "RandomPerspective",
    "RandomGaussianBlur",
    "RandomElasticTransform",
    "RandomErasing",
    "RandomColorDegeneration",
    "RandAugment",
    "AugMix",
)
_LOOKUPS = (
    "TextVectorization",
    "StringLookup",
    "IntegerLookup",
    "Hashing",
    "HashedCrossing",
    "CategoryEncoding",
    "Discretization",
)
_RECURRENT = ("LSTM", "GRU", "SimpleRNN")
_UNCONVERTED = ("RNN", "ConvLSTM1D", "ConvLSTM2D", "ConvLSTM3D", "StackedRNNCells")


def refuse(what: str, *, expected: str, fix: str) -> None:
    """Raises ExportError."""
    raise ExportError(what, expected=expected, fix=fix)


def flatten(model):
    """A Functional or Sequential model as a Functional one without models inside it, of fresh
    float32 layers that are each called once; layers that only training has are gone, recurrent ones
    give every step. Raises ExportError for subclassed models and for layers that have no form on a
    device.
    """
    import keras

    check_kind(model)
    if isinstance(model, keras.Sequential):
        model = keras.Model(model.inputs, model.outputs)
    while any(isinstance(layer, keras.Model) for layer in model.layers):
        model = keras.models.clone_model(
            model, clone_function=lambda layer: layer, call_function=_inside
        )
    for layer in model.layers:
        _check(layer)
    return rebuild(
        rebuild(model, unchanged), _plain_form
    )  # first names of their own: new ones are made of them


def check_kind(model) -> None:
    """Raises ExportError for what is no built Functional or Sequential model of one output."""
    import keras

    if not isinstance(model, keras.Sequential) and type(model).__name__ != "Functional":
        refuse(
            f"the model {model.name!r} is a subclass of keras.Model ({type(model).__name__})",
            expected="a Functional or Sequential model: of any other the graph is code",
            fix="build it with keras.Model(inputs, outputs)",
        )
    if not model.built:
        refuse(
            f"the model {model.name!r} was never built",
            expected="known input shapes",
            fix="start it with keras.Input(shape)",
        )
    if len(model.outputs) != 1:
        refuse(
            f"{len(model.outputs)} outputs",
            expected="one",
            fix="export a keras.Model(inputs, output) of each, or concatenate them",
        )


def _inside(layer, *args, **kwargs):
    """A model inside another is gone through: its layers become layers of the outer one."""
    import keras

    if not isinstance(layer, keras.Model):
        return layer(*args, **kwargs)
    if not isinstance(layer, keras.Sequential) and type(layer).__name__ != "Functional":
        refuse(
            f"the layer {layer.name!r} is a subclass of keras.Model ({type(layer).__name__})",
            expected="built-in layers",
            fix="build it with keras.Model(inputs, outputs)",
        )
    return layer.call(*args)


def rebuild(model, change):
    """A copy of a Functional model of fresh layers with the same weights in float32, each called
    once, whatever the original shares. `change(layer, *tensors)` → the tensor that stands for the
    layer's output, or None where it is to be copied.
    """
    import keras

    names = set()

    def call(layer, *args, **kwargs):
        if type(layer).__name__ == "ConvertToTensor":  # left by a model that was gone through
            return args[0]
        changed = change(layer, *args)
        if changed is not None:
            return changed
        if not isinstance(layer, keras.layers.Layer):  # one of keras.ops
            return layer.__class__.from_config(layer.get_config())(*args, **kwargs)
        name = next(
            name
            for name in itertools.chain(
                [layer.name], (f"{layer.name}_{place}" for place in itertools.count(1))
            )
            if name not in names
        )
        names.add(name)
        copy = _copied(layer, name=name)
        return _applied(
            copy,
            layer,
            *args,
            **{key: value for key, value in kwargs.items() if key not in ("mask", "training")},
        )

    return keras.models.clone_model(model, clone_function=lambda layer: layer, call_function=call)


def _copied(layer, **changes):
    return layer.__class__.from_config({**layer.get_config(), "dtype": "float32", **changes})


def _applied(new, old, *args, **kwargs):
    """The output of a layer that gets the weights of another, as float32."""
    output = new(*args, **kwargs)
    if old.weights:
        new.set_weights(
            [
                array.astype(np.float32) if array.dtype.kind not in "iub" else array
                for array in map(np.asarray, old.get_weights())
            ]
        )
    if hasattr(
        new, "finalize_state"
    ):  # a Normalization layer computes with what it derives from its weights
        new.finalize_state()
    return output


def _check(layer):
    """Raises ExportError for a layer that has no form on a device."""
    kind = type(layer).__name__
    named = f"the layer {layer.name!r} ({type(layer).__name__})"
    if not type(layer).__module__.startswith("keras."):
        refuse(
            f"{named} is not one of Keras",
            expected="built-in layers",
            fix="write it with built-in layers: no code travels to a device",
        )
    if kind == "Lambda":
        refuse(
            f"{named} holds code",
            expected="built-in layers",
            fix="write it with built-in layers or keras.ops",
        )
    if kind in _LOOKUPS:
        refuse(
            f"{named} looks things up outside the graph",
            expected="a model of numbers or token ids",
            fix="cut the model after it, and hand over its ids as rows",
        )
    if kind in _UNCONVERTED:
        refuse(
            f"{named} kills the converter: it is a loop",
            expected="LSTM, GRU or SimpleRNN, which have a device form",
            fix="use one of them",
        )
    if kind == "Masking" or (kind == "Embedding" and layer.mask_zero):
        refuse(
            f"{named} hides steps from the layers after it",
            expected="a model without masks: no device runtime has them",
            fix="build it without the mask (mask_zero=False), and train it on padded rows",
        )
    if getattr(layer, "quantization_mode", None):
        refuse(
            f"{named} is quantized already ({layer.quantization_mode})",
            expected="float weights",
            fix="hand over the model from before model.quantize()",
        )
    if kind == "Bidirectional":
        inner = [layer.forward_layer, layer.backward_layer]
    else:
        inner = [layer]
    for each in inner if kind in (*_RECURRENT, "Bidirectional") else []:
        _check_recurrent(each, named)


def _check_recurrent(layer, named):
    if type(layer).__name__ not in _RECURRENT:
        refuse(
            f"{named} holds a {type(layer).__name__}",
            expected=" or ".join(_RECURRENT),
            fix="use one of them",
        )
    if layer.stateful or layer.return_state:
        refuse(
            f"{named} keeps or gives its state",
            expected="a layer that begins each row anew",
            fix="stateful=False, return_state=False",
        )
    names = [layer.activation.__name__] + (
        [layer.recurrent_activation.__name__] if hasattr(layer, "recurrent_activation") else []
    )
    if type(layer).__name__ == "LSTM" and names != ["tanh", "sigmoid"]:
        refuse(
            f"{named} with the activations {' and '.join(names)}",
            expected="tanh and sigmoid, which the device's LSTM has",
            fix="train it with these, or use a GRU, which is unrolled",
        )


def _plain_form(layer, *tensors):
    """What a layer becomes, or None."""
    import keras

    kind = type(layer).__name__
    if kind in _TRAINING_ONLY:
        return tensors[0]
    if kind == "Normalization":
        return _normalized(layer, tensors[0])
    if kind == "Bidirectional":
        forward, backward = (
            _every_step(each, tensors[0], name=f"{layer.name}_{way}")
            for each, way in ((layer.forward_layer, "forward"), (layer.backward_layer, "backward"))
        )
        if layer.return_sequences:
            backward = keras.ops.flip(backward, axis=1)
        else:
            forward, backward = (
                _last_step(each, name=f"{layer.name}_{way}")
                for each, way in ((forward, "forward"), (backward, "backward"))
            )
        merge = {
            "concat": keras.layers.Concatenate,
            "sum": keras.layers.Add,
            "mul": keras.layers.Multiply,
            "ave": keras.layers.Average,
        }.get(layer.merge_mode)
        if merge is None:
            refuse(
                f"the layer {layer.name!r} (Bidirectional) gives two outputs",
                expected="merge_mode 'concat', 'sum', 'mul' or 'ave'",
                fix="merge them",
            )
        return merge(name=layer.name)([forward, backward])
    if kind in _RECURRENT and not layer.return_sequences:
        return _last_step(_every_step(layer, tensors[0], name=layer.name), name=layer.name)
    if (
        kind == "TimeDistributed" and type(layer.layer).__name__ == "Dense"
    ):  # a Dense layer does that by itself
        return _applied(_copied(layer.layer, name=layer.name), layer.layer, tensors[0])
    return None


def _every_step(layer, steps, *, name):
    return _applied(_copied(layer, name=name, return_sequences=True), layer, steps)


def _last_step(steps, *, name):
    import keras

    if steps.shape[1] > 1:
        last = keras.layers.Cropping1D((steps.shape[1] - 1, 0), name=f"{name}_last")(steps)
    else:
        last = steps
    return keras.layers.Reshape((steps.shape[2],), name=f"{name}_flat")(last)


def _normalized(layer, x):
    """The same as batch normalization or rescaling, which convert and can be copied; a copy of a
    Normalization layer forgets what it learned.
    """
    import keras

    offset, factor = normalization_of(layer)
    if offset.size == 1:
        return keras.layers.Rescaling(
            float(factor.item()), float(-(offset * factor).item()), name=layer.name
        )(x)
    if offset.size != x.shape[-1]:
        refuse(
            f"the layer {layer.name!r} (Normalization) over axes {layer.axis}",
            expected="the last axis, or all",
            fix="Normalization(axis=-1)",
        )
    scaled = keras.layers.BatchNormalization(
        epsilon=1e-12, center=True, scale=True, name=layer.name
    )
    output = scaled(x)
    scaled.set_weights([factor, -offset * factor, np.zeros_like(offset), np.ones_like(offset)])
    return output


def normalization_of(layer) -> tuple[np.ndarray, np.ndarray]:
    """(offset, factor) float32 of a Normalization layer: (x - offset) * factor."""
    mean, variance = (np.asarray(each, np.float32).ravel() for each in (layer.mean, layer.variance))
    if layer.invert:
        refuse(
            f"the layer {layer.name!r} (Normalization) is inverted",
            expected="invert=False",
            fix="use a Rescaling layer",
        )
    return mean, 1 / np.maximum(np.sqrt(variance), np.float32(1e-7))


def without_last_activation(model):
    """(model, name): a copy of a flat model without the softmax or sigmoid that it ends with, and
    its name, "" where it ends with none.
    """
    import keras

    last = model.operations[-1]
    if type(last).__name__ in ("Softmax", "Sigmoid") and not isinstance(last, keras.layers.Layer):
        return rebuild(keras.Model(model.input, last.input), unchanged), type(last).__name__.lower()
    kind = {"Softmax": "softmax"}.get(type(last).__name__) or getattr(
        getattr(last, "activation", None), "__name__", ""
    )
    if kind not in ("softmax", "sigmoid"):
        return model, ""

    def change(layer, *tensors):
        if layer is not last:
            return None
        if type(layer).__name__ in ("Softmax", "Activation"):
            return tensors[0]
        return _applied(_copied(layer, activation="linear"), layer, *tensors)

    return rebuild(model, change), kind


def unchanged(layer, *tensors):
    """The change of `rebuild` that is none."""


def consumers(model, tensor) -> list:
    """The layers and operations of a flat model that take a tensor."""
    import keras

    found = []
    for operation in model.operations:
        if type(operation).__name__ == "InputLayer":
            continue
        if any(each is tensor for each in keras.tree.flatten(operation.input)):
            found.append(operation)
    return found
