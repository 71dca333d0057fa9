"""Contrastive pretraining: a net learns which two altered forms come of one row."""

from dataclasses import dataclass
from typing import Any

from ..device.cells import PICTURE, SERIES
from ..device.signature import Signature
from ..errors import RecipeError
from ..rows.parts import TrainSet
from ..rows.sketch import DataSketch
from ..slots import Augmentation, Network
from ..spec import Refusal, knob
from ..training.blocks import last_features
from ..training.feed import fold_seed
from ..training.pretraining import PretextTask, Pretraining
from .augment import (
    AugmentBrightness,
    AugmentContrast,
    AugmentErasing,
    AugmentFlip,
    AugmentTranslation,
    AugmentZoom,
)
from .networks import Cnn

OTHER = "_other"  # ends the name of the input of a row's second form
# Alterations that no class of everyday things depends on, stronger than those of training.
VIEWS = (
    AugmentFlip(),
    AugmentZoom(share=0.3),
    AugmentTranslation(share=0.2),
    AugmentBrightness(share=0.3),
    AugmentContrast(share=0.4),
    AugmentErasing(share=0.2),
)


@dataclass(frozen=True)
class ContrastivePretraining(Pretraining):
    """SimCLR (Chen et al. 2020, https://arxiv.org/abs/2002.05709): of each row two forms are drawn,
    and the features of one must be nearer to those of the other than to those of any form of
    another row of the batch. Then the whole net is trained by `training`, from rows with a label.

    Attributes:
        net: A net for pictures; or one for whole series, with `views` of series.
        views: The alterations that make the forms; what they change, the net learns to ignore.
        temperature: Divides similarities; the lower, the more the nearest rows count.
        projection: Width of the two dense layers that only pretraining has.
        batch_size: Rows of a batch of pretraining, each of which is compared with all others.
    """

    net: Any = Cnn()
    views: tuple[Augmentation, ...] = VIEWS
    temperature: float = knob(0.2, 0.01, 10)
    projection: int = knob(64, 2, 4096)
    batch_size: int = knob(128, 2, 65_536, unit="rows")

    def check(self) -> None:
        """Raises RecipeError where the net cannot be built, or not be pretrained."""
        if not isinstance(self.net, Network) or isinstance(self.net, Pretraining):
            raise RecipeError(
                f"build.net={self.net!r}",
                expected="a net for pictures, or for whole series",
                fix="--set 'build.net=Cnn()'",
            )
        if self.net.solves or self.net.fits_members or self.net.warms_up:
            raise RecipeError(
                f"build.net={self.net!r}, which is not trained by epochs alone",
                expected="one net with all its layers drawn anew",
                fix="--set 'build.net=Cnn()'",
            )
        if not self.views:
            raise RecipeError(
                "build.views=()",
                expected="one alteration or more: without any, both forms of a row are alike",
                fix="--set 'build.views=(AugmentFlip(), AugmentCrop())'",
            )
        self.net.check()

    def suits(self, sketch: DataSketch) -> str:
        """Returns why the net cannot be pretrained on the columns, or ""."""
        if sketch.kinds and not sketch.may_have(PICTURE, SERIES):
            return Refusal(
                f"ContrastivePretraining() on columns of {sketch.kind_names()}",
                expected="pictures or whole series",
                fix="--set 'build=MaskedPretraining()' for texts, or --set 'build=Mlp()'",
            )
        reasons = [super().suits(sketch)]
        reasons += [view.suits(sketch) for view in self.views]
        return next(filter(None, reasons), "")

    def batch_rows(self, training) -> int:
        """Returns the rows of a batch of pretraining."""
        return self.batch_size

    def pretext(self, model, rows: TrainSet, *, signature: Signature, seed: int) -> PretextTask:
        """Returns the comparison of two forms of each row by the model's last features."""
        return PretextTask(
            self._comparer(model, seed),
            contrastive_loss(self.temperature),
            self._two_forms(signature, seed),
        )

    def _two_forms(self, signature, seed):
        """Draws two forms of each row of a batch, by the seed and the batch's number."""
        import tensorflow as tf

        alter = self.views[0].compose(self.views, signature)

        def one_batch(number, batch):
            columns, _, weight = batch
            batch_seed = tf.stack([tf.cast(seed, tf.int64), number])
            forms, _ = alter(columns, {}, fold_seed(batch_seed, 0))
            others, _ = alter(columns, {}, fold_seed(batch_seed, 1))
            both = dict(forms)
            for name, x in others.items():
                both[name + OTHER] = x
            nothing = tf.zeros_like(weight)[:, None]
            return both, nothing, weight

        return one_batch

    def _comparer(self, model, seed):
        """The model's layers up to its last features, of both forms; then two dense layers: →
        float32 [rows, 2 * members, projection], first form and second form of each member.
        """
        import keras

        names = [layer.name for layer in model.layers if layer.name.endswith("_logits")]
        features = [last_features(model, name) for name in names]
        encoder = keras.Model(model.input, features)
        inputs = {}
        stacked = {}
        for name, first in model.input.items():
            shape = first.shape[1:]
            inputs[name] = keras.Input(shape, name=name, dtype=first.dtype)
            inputs[name + OTHER] = keras.Input(shape, name=name + OTHER, dtype=first.dtype)
            # One batch of both forms, so that they share the statistics of a normalization.
            stacked[name] = keras.ops.concatenate([inputs[name], inputs[name + OTHER]], axis=0)
        vectors = []
        for place, x in enumerate(encoder(stacked)):
            x = self._dense(x, f"compared{place}_hidden", seed, activation="relu")
            x = self._dense(x, f"compared{place}", seed)
            first, second = keras.ops.split(x, 2, axis=0)
            vectors += [first, second]
        return keras.Model(inputs, keras.ops.stack(vectors, axis=1), name="comparer")

    def _dense(self, x, name, seed, activation=None):
        import keras

        start = keras.initializers.GlorotUniform(seed=seed)
        layer = keras.layers.Dense(self.projection, activation, kernel_initializer=start, name=name)
        return layer(x)


def contrastive_loss(temperature: float):
    """Returns the loss of SimCLR, NT-Xent (Chen et al. 2020, equation 1): the cross-entropy of
    finding a row's other form among all forms of the batch, by cosine similarity.

    It is called with anything and float32 [rows, 2 * members, width], and gives float32 [rows].

    Args:
        temperature: Divides similarities.
    """
    import keras

    ops = keras.ops

    def one_way(first, second):
        num_rows = ops.shape(first)[0]
        own = ops.eye(num_rows)
        across = ops.matmul(first, ops.transpose(second)) / temperature
        within = ops.matmul(first, ops.transpose(first)) / temperature
        within = within - 1e9 * own
        logits = ops.concatenate([across, within], axis=1)
        right = ops.sum(across * own, axis=1)
        return ops.logsumexp(logits, axis=1) - right

    def loss(_, vectors):
        unit = ops.normalize(vectors, axis=-1)
        num_members = vectors.shape[1] // 2
        total = 0.0
        for place in range(num_members):
            first = unit[:, 2 * place]
            second = unit[:, 2 * place + 1]
            total += one_way(first, second) + one_way(second, first)
        return total / (2 * num_members)

    return loss
