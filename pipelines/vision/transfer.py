"""Learning from fewer pictures: a net that was trained on others, a new head, then as much of the
net as one likes.
"""

import warnings
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from ..device.signature import Signature
from ..errors import BundleError, RecipeError, TrainError
from ..rows.parts import HeldOut, TrainSet
from ..rows.sketch import DataSketch
from ..slots import Balancer, Network
from ..spec import Refusal, knob
from ..training.blocks import Blocks, last_features, with_logits
from ..training.heads import Head, fit_head
from ..training.keras_file import read_keras
from .features import compute_features, feature_function
from .mobile import EfficientNetLite0
from .networks import picture_port, refuse_others

WEIGHTS = ("none", "imagenet")
# Nets of keras.applications, by what their weights want: pixels from -1 to 1; those of ImageNet's
# mean and deviation of each channel in units of 0..1 (as torch's models); or blue, green, red less
# their mean (as Caffe's).
_MINUS_ONE_TO_ONE = (
    "MobileNet",
    "MobileNetV2",
    "MobileNetV3Small",
    "MobileNetV3Large",
    "ResNet50V2",
    "InceptionV3",
    "Xception",
)
_STANDARDIZED = (
    "DenseNet121",
    "DenseNet169",
    "EfficientNetV2B0",
    "EfficientNetV2B1",
    "EfficientNetV2B2",
    "EfficientNetV2B3",
)
_BLUE_GREEN_RED = ("ResNet50", "VGG16", "VGG19")
APPLICATIONS = _MINUS_ONE_TO_ONE + _STANDARDIZED + _BLUE_GREEN_RED
_PREPARE_INSIDE = ("MobileNetV3", "EfficientNetV2")  # they would rescale once more


@dataclass(frozen=True)
class Transfer(Network):
    """A trained net with a new head, fitted in two steps: the head on the frozen net's features,
    which are computed once; then head and net together, by `training`.

    Every batch normalization keeps the statistics it came with (Yosinski et al. 2014,
    https://arxiv.org/abs/1411.1792).

    Attributes:
        backbone: A build spec with weights to start from: EfficientNetLite0(weights="imagenet"),
            KerasApplication() or EarlierModel().
        head: The new last layer.
        head_epochs: Of the head's own step.
        head_learning_rate: Of the head's own step.
        head_balance: A balancer for the features, such as Smote(), or None.
        mirrored: Whether the head sees each training picture's mirror image too.
        fine_tune_layers: How many of the backbone's last layers are trained in the second step; -1
            is all of them, 0 none.
    """

    warms_up: ClassVar[bool] = True

    backbone: Any = EfficientNetLite0(weights="imagenet")
    head: Head = Head()
    head_epochs: int = knob(30, 1, 100_000)
    head_learning_rate: float = knob(1e-3, 1e-9, 10)
    head_balance: Any = None
    mirrored: bool = False
    fine_tune_layers: int = knob(-1, -1, 100_000)

    def check(self) -> None:
        """Raises RecipeError where the net cannot be built."""
        is_network = isinstance(self.backbone, Network)
        if not is_network or isinstance(self.backbone, (Transfer, Head)):
            raise RecipeError(
                f"build.backbone={self.backbone!r}",
                expected="a net for pictures",
                fix="--set \"build.backbone=EfficientNetLite0(weights='imagenet')\"",
            )
        if self.head_balance is not None and not isinstance(self.head_balance, Balancer):
            raise RecipeError(
                f"build.head_balance={self.head_balance!r}",
                expected="a balancer, or None",
                fix="--set 'build.head_balance=Smote()'",
            )
        self.backbone.check()
        self.head.check()

    def suits(self, sketch: DataSketch) -> str:
        """Returns why the backbone or the balancer of the head cannot work, or ""."""
        if self.head_balance is not None and not sketch.may_have_classes():
            return self.head_balance.suits(replace(sketch, kinds=frozenset()))
        return self.backbone.suits(sketch)

    def tiny(self) -> "Transfer":
        """The same kind of net, small enough for a test."""
        return replace(self, backbone=self.backbone.tiny(), head_epochs=2)

    def build(self, signature: Signature, *, seed: int = 0, synchronized: bool = False):
        """Signature → keras.Model, uncompiled, the backbone frozen: pixels float32 [rows, height,
        width, channels], 0..255 → logits [rows, 1, outputs]. Raises as the backbone's own `build`
        does.
        """
        old = self.backbone.build(signature, seed=seed, synchronized=synchronized)
        for layer in old.layers:
            layer.trainable = False
        return with_logits(
            old.input, [last_features(old)], signature, blocks=Blocks(self.head, seed=seed)
        )

    def warm_up(
        self,
        model,
        train_set: TrainSet,
        valid: HeldOut,
        *,
        signature: Signature,
        training,
        deciding: str,
    ) -> None:
        """Fits the head on the frozen backbone's features, then thaws what is to be fine-tuned. To
        be called before the model is compiled.

        `train_set.x`, `valid.x`: pictures uint8 [rows, height, width, channels], or stored ones.
        Raises LeakError where `head_balance` meets rows that were balanced before.
        """
        import keras

        name = signature.inputs[0].name
        call = feature_function(model)
        if self.mirrored:
            copies = [False, True]
        else:
            copies = [False]
        features = np.concatenate(
            [compute_features(call, train_set.x[name], mirrored=each) for each in copies]
        )
        rows = train_set.take(np.tile(np.arange(len(train_set)), len(copies)))
        weights = fit_head(
            self.head,
            rows.with_columns({"features": features}),
            valid.with_columns({"features": compute_features(call, valid.x[name])}),
            balancer=self.head_balance,
            signature=signature,
            deciding=deciding,
            training=training.at(
                epochs=self.head_epochs,
                learning_rate=self.head_learning_rate,
            ),
        )
        model.get_layer("member0_logits").set_weights(weights)
        self.unfreeze(model)
        keras.utils.set_random_seed(training.seed)  # as if the head had not been fitted before

    def unfreeze(self, model) -> None:
        """Makes the last `fine_tune_layers` of the backbone trainable. Its batch normalizations
        stay frozen: in the few batches of a small set their statistics would drift.
        """
        layers = [
            layer
            for layer in model.layers
            if layer.weights
            and layer.name not in ("member0_logits", "channels")
            and type(layer).__name__ != "BatchNormalization"
        ]
        if self.fine_tune_layers < 0:
            first = 0
        else:
            first = max(len(layers) - self.fine_tune_layers, 0)
        for layer in layers[first:]:
            layer.trainable = True


@dataclass(frozen=True)
class EarlierModel(Network):
    """The net of an earlier bundle as a build spec: all but its last dense layer is kept.

    Attributes:
        folder: The bundle, saved_models/<name>.
    """

    folder: str

    def files_read(self) -> dict[str, str]:
        """Returns the path of the bundle's Keras model."""
        return {self.folder: str(Path(self.folder) / "model.keras")}

    def check(self) -> None:
        """Raises RecipeError where there is no bundle."""
        if not (Path(self.folder) / "model.keras").is_file():
            raise RecipeError(
                f"no model.keras in {self.folder!r}",
                expected="a bundle: saved_models/<name>/",
                fix="name the folder that `python -m pipelines run` wrote",
            )

    def suits(self, sketch: DataSketch) -> str:
        """Returns why the net cannot read the columns, or ""."""
        return refuse_others(self, sketch) or super().suits(sketch)

    def tiny(self) -> "EarlierModel":
        """The same."""
        return self

    def build(self, signature: Signature, *, seed: int = 0, synchronized: bool = False):
        """As every net for pictures. Raises TrainError where the bundle's model cannot be read or
        is not one of pictures, DeviceError where it was altered, RecipeError where it takes other
        pictures. Nothing that the file holds is run.
        """
        import keras

        port = picture_port(signature)
        old = self._load()
        shape = tuple(old.inputs[0].shape[1:])
        if len(old.inputs) != 1 or shape != tuple(port.shape):
            raise RecipeError(
                f"pictures of {port.shape} for the model in {self.folder!r}",
                expected=f"{shape}, as it was trained with",
                fix="load them in that size",
            )
        for layer in old.layers:  # it may have been frozen itself
            layer.trainable = True
        pixels = keras.Input(port.shape, name=port.name, dtype="float32")
        kept = keras.Model(old.inputs, last_features(old, "logits"))
        features = keras.models.clone_model(
            kept, input_tensors=[pixels], clone_function=lambda layer: layer
        ).output
        return with_logits(
            {port.name: pixels},
            [features],
            signature,
            blocks=Blocks(Head(dropout=0.0), seed=seed),
        )

    def _load(self):
        try:
            model = read_keras(self.folder)
            if model.get_layer("pixels").input is not model.inputs[0]:
                raise ValueError('its first layer is not "pixels"')
            model.get_layer("logits")
        except (BundleError, ValueError) as error:
            if isinstance(error, BundleError):
                reason = error.received
            else:
                reason = error
            raise TrainError(
                f"{self.folder!r} holds no model to start from: {reason}",
                expected="a bundle of pictures that this version wrote",
                fix="name another bundle",
            ) from error
        return model


@dataclass(frozen=True)
class KerasApplication(Network):
    """A net of keras.applications as a build spec (https://keras.io/api/applications/).

    Attributes:
        name: As the net is called there.
        weights: "imagenet" downloads them at the first time, "none" draws them anew.
    """

    name: str = "MobileNetV2"
    weights: str = "imagenet"

    def check(self) -> None:
        """Raises RecipeError where the net cannot be built."""
        if self.name not in APPLICATIONS:
            raise RecipeError(
                f"KerasApplication(name={self.name!r})",
                expected=", ".join(APPLICATIONS),
                fix="name one of these: the others prepare pixels in ways that int8 inputs "
                "cannot hold",
            )
        if self.weights not in WEIGHTS:
            raise RecipeError(
                f"weights={self.weights!r}", expected=" or ".join(WEIGHTS), fix="weights='imagenet'"
            )

    def suits(self, sketch: DataSketch) -> str:
        """Returns why the net cannot read the columns, or ""."""
        if sketch.channels == 1:
            return Refusal(
                f"{self.name} for pictures of 1 channels",
                expected="red, green and blue",
                fix="--set load.channels=3, grey ones too",
            )
        return refuse_others(self, sketch) or super().suits(sketch)

    def tiny(self) -> "KerasApplication":
        """The same net with weights that need no download."""
        return replace(self, weights="none")

    def build(self, signature: Signature, *, seed: int = 0, synchronized: bool = False):
        """As every net for pictures. Raises RecipeError for pictures that it cannot take,
        TrainError where its weights cannot be downloaded. `synchronized` has no effect: these nets
        have their own normalization.
        """
        import keras

        port = picture_port(signature)
        if port.shape[2] != 3:
            raise RecipeError(
                f"{self.name} for pictures of {port.shape[2]} channels",
                expected="red, green and blue",
                fix="--set load.channels=3, grey ones too",
            )
        keras.utils.set_random_seed(seed)  # the nets take no seed
        pixels = keras.Input(port.shape, name=port.name, dtype="float32")
        try:
            net = self._net(keras, _prepared(self.name, pixels))
        except ValueError as error:
            raise RecipeError(
                f"{self.name} for pictures of {port.shape}: {str(error)[:200]}",
                expected="pictures that it can take",
                fix="load them larger",
            ) from error
        except Exception as error:  # Keras raises nothing narrower where a download fails
            raise TrainError(
                f"the weights of {self.name} could not be downloaded: {str(error)[:200]}",
                expected="a network, or the file in Keras' cache",
                fix="download them where there is a network, or use "
                "EfficientNetLite0(weights='imagenet')",
            ) from error
        return with_logits(
            {port.name: pixels},
            [net.output],
            signature,
            blocks=Blocks(Head(dropout=0.0), seed=seed),
        )

    def _net(self, keras, prepared):
        if self.name.startswith(_PREPARE_INSIDE):
            inside = {"include_preprocessing": False}
        else:
            inside = {}
        with warnings.catch_warnings():
            # Of a size that the weights were not made for, which is what a backbone is for.
            warnings.filterwarnings("ignore", "`input_shape` is undefined or non-square")
            return getattr(keras.applications, self.name)(
                include_top=False,
                weights=None if self.weights == "none" else self.weights,
                pooling="avg",
                input_tensor=prepared,
                input_shape=tuple(prepared.shape[1:]),
                **inside,
            )


def _prepared(name, pixels):
    """What a net of keras.applications takes, of pixels 0..255: one Rescaling, then where channels
    differ a fixed convolution of 1 × 1.
    """
    import keras

    if name in _MINUS_ONE_TO_ONE:
        # -1.004 to 0.996: half a level from what they were trained with, so that 128 is an exact
        # zero in int8.
        return keras.layers.Rescaling(1 / 127.5, -128 / 127.5, name="pixels")(pixels)
    x = keras.layers.Rescaling(1 / 255, 0.0, name="pixels")(pixels)
    channels = keras.layers.Conv2D(3, 1, name="channels", trainable=False)
    x = channels(x)
    if name in _STANDARDIZED:
        deviation = np.array([0.229, 0.224, 0.225])
        kernel = np.diag(1 / deviation)
        bias = -np.array([0.485, 0.456, 0.406]) / deviation
    else:
        kernel = 255 * np.eye(3)[::-1]
        bias = -np.array([103.939, 116.779, 123.68])
    channels.set_weights([kernel[None, None], bias])
    return x
