"""Rows of rare classes that a generative model draws, of pictures, of series and of tables."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from ..device.cells import TEXT
from ..errors import BalanceError
from ..rows.columns import read_rows
from ..rows.parts import BalancedSet, TrainSet, require_train_set
from ..rows.sketch import TOKENS, DataSketch
from ..slots import Balancer
from ..spec import Refusal, knob
from .samplers import require_two_classes
from .table import NumberTable
from .vae import ConditionalVae

MAX_VALUES = 2**14  # of a row: the first layer has `width` weights for each


@dataclass(frozen=True)
class Generate(Balancer):
    """Draws rows of the rare classes, until all are as frequent as the most frequent, from a
    variational autoencoder (Kingma and Welling 2014, https://arxiv.org/abs/1312.6114) that knows
    the class (Sohn et al. 2015, https://papers.nips.cc/paper/5775) and learns from training rows
    alone. A row is drawn from a code between that of a training row and that of a neighbour of its
    class (DeepSMOTE, Dablain et al. 2021, https://arxiv.org/abs/2105.02340). The spread of what it
    gives back is measured rather than set (Rybkin et al. 2021, https://arxiv.org/abs/2006.13202).

    Works on one column of pictures, and on numbers, series and categories without gaps.

    Attributes:
        width: Units of the hidden layer of the encoder, and of the decoder.
        code: How many numbers the code of a row has.
        num_batches: So many batches of 128 rows are learned from.
        learning_rate: Of Adam, falling to a twentieth.
        seed: Of weights, batches and codes.
    """

    width: int = knob(256, 1, 4096)
    code: int = knob(16, 1, 1024)
    num_batches: int = knob(2_000, 1, 10**6)
    learning_rate: float = knob(1e-3, 1e-6, 1)
    seed: int = knob(0, 0, 2**31 - 1)

    def suits(self, sketch: DataSketch) -> str:
        """Returns why no rows can be drawn, or ""."""
        if sketch.surely_has(TEXT, TOKENS):
            return Refusal(
                f"{type(self).__name__} on texts",
                expected="pictures, numbers or categories: a text is no row of numbers",
                fix="use OversampleRandom() or WeightByClass(), or 'build=BalancedHead()', which "
                "draws between a net's features of them",
            )
        return super().suits(sketch)

    def resample(self, train: TrainSet) -> BalancedSet:
        """Returns the training rows, then those that were drawn; each has the id of the training
        row of its class whose code is nearest to its own.

        Raises:
            LeakError: The rows are no TrainSet.
            BalanceError: Columns or counts do not suit.
        """
        counts = self._counts(train)
        lacking = np.where(counts > 0, counts.max() - counts, 0)
        classes = np.repeat(np.arange(len(counts)), lacking)
        return self._with_drawn(train, classes)

    def draw(self, train: TrainSet, classes: np.ndarray) -> BalancedSet:
        """Returns rows of any classes that training rows have, and none of the training rows.

        Args:
            train: Rows to learn from.
            classes: int64 [rows], of each row that is drawn.

        Raises:
            LeakError: The rows are no TrainSet.
            BalanceError: Columns or counts do not suit, or a class has no training row.
        """
        counts = self._counts(train)
        if len(classes) and not counts[classes].all():
            raise BalanceError(
                f"{type(self).__name__} for classes without a training row",
                expected="classes to learn from",
                fix=f"draw of {np.flatnonzero(counts).tolist()}",
            )
        both = self._with_drawn(train, classes)
        return both.take(np.arange(len(train), len(both)))

    def decoder(self, train: TrainSet) -> Any:
        """Returns what draws rows as a keras.Model, which `export_model` takes to int8: "code"
        float32 [rows, code] and "label" one-hot float32 [rows, classes] → pixels 0..255 float32
        [rows, height, width, channels], or the numbers of a row, then its categories one-hot,
        float32 [rows, values].

        Raises:
            LeakError: The rows are no TrainSet.
            BalanceError: Columns or counts do not suit.
        """
        counts = self._counts(train)
        form = _form_of(train)
        model = self._fitted(form, train.y, len(counts))
        return model.to_keras(
            form.factor,
            form.offset,
            form.shape,
        )

    def _counts(self, train):
        train = require_train_set(train, "balance")
        return require_two_classes(train, type(self).__name__)

    def _with_drawn(self, train, classes):
        """Training rows, and rows of these classes after them."""
        form = _form_of(train)
        num_classes = len(train.schema.target.labels)
        drawn, nearer = self._fitted(
            form,
            train.y,
            num_classes,
        ).draw(
            classes,
            self.seed,
        )
        values = np.concatenate([form.values, drawn])
        y = np.concatenate([train.y, classes])
        parents = np.concatenate([np.arange(len(train)), nearer])
        return form.to_rows(
            values,
            y,
            parents,
            np.arange(len(y)),
        )

    def _fitted(self, form, y, num_classes):
        num_values = form.values.shape[1]
        if num_values > MAX_VALUES:
            raise BalanceError(
                f"{type(self).__name__} on rows of {num_values:,} values",
                expected=f"at most {MAX_VALUES:,}",
                fix="load smaller pictures or shorter series, or use OversampleRandom()",
            )
        model = ConditionalVae(
            form.values, y, num_classes, width=self.width, code=self.code, seed=self.seed
        )
        model.learn(self.num_batches, self.learning_rate)
        return model


def _form_of(train):
    """Returns training rows as numbers, and the way back."""
    if [x.ndim for x in train.x.values()] == [4]:
        return _PictureForm(train)
    return _NumberForm(train)


class _PictureForm:
    """Pictures as rows of numbers.

    Attributes:
        values: float32 [rows, pixels], less the mean picture, by one spread for all pixels.
        factor: float32 [pixels], of a value in a pixel.
        offset: float32 [pixels], the mean picture.
        shape: Height, width and channels.
    """

    def __init__(self, train):
        self.train = train
        self.name, column = next(iter(train.x.items()))
        self._pixels = read_rows(column)
        self.shape = self._pixels.shape[1:]
        flat = self._pixels.reshape(
            len(train),
            -1,
        ).astype(np.float32)
        self.offset = flat.mean(axis=0)
        self.factor = np.full_like(
            self.offset,
            max(
                flat.std(),
                1.0,
            ),
        )
        self.values = (flat - self.offset) / self.factor

    def to_rows(self, values, y, parents, origin):
        """As `NumberTable.to_rows`."""
        train = self.train
        made = values[len(train) :] * self.factor + self.offset
        pixels = np.rint(made).clip(0, 255).astype(np.uint8)
        pixels = pixels.reshape(-1, *self.shape)
        rows = train.take(parents)
        x = {self.name: np.concatenate([self._pixels, pixels])}
        return BalancedSet(
            x=x,
            y=y,
            ids=rows.ids,
            schema=train.schema,
            weight=rows.weight,
            group=rows.group,
            time=rows.time,
        )


class _NumberForm:
    """Numbers, series and categories as rows of numbers.

    Attributes:
        values: float32 [rows, values], numbers standardized, then categories one-hot.
        factor: float32 [values], of a value in a number.
        offset: float32 [values], the mean of numbers.
        shape: How many values a row has.
    """

    def __init__(self, train):
        self._table = NumberTable(train, "Generate")
        matrix = self._table.matrix()
        self._places = self._table.nominal_places
        self._categories = [np.unique(matrix[:, place]) for place in self._places]
        parts = [self._table.scaled(matrix)]
        for place, known in zip(
            self._places,
            self._categories,
            strict=True,
        ):
            parts.append(matrix[:, place, None] == known)
        self.values = np.concatenate(
            parts,
            axis=1,
        ).astype(np.float32)
        self.shape = self.values.shape[1:]
        num_more = self.shape[0] - parts[0].shape[1]
        factor = np.delete(self._table.spread, self._places)
        offset = np.delete(self._table.mean, self._places)
        self.factor = np.append(
            factor,
            np.ones(num_more),
        ).astype(np.float32)
        self.offset = np.append(
            offset,
            np.zeros(num_more),
        ).astype(np.float32)

    def to_rows(self, values, y, parents, origin):
        """As `NumberTable.to_rows`; a category is the one that was given most."""
        num_columns = len(self._table.names)
        numbers = np.setdiff1d(
            np.arange(num_columns),
            self._places,
        )
        matrix = np.empty((len(values), num_columns))
        matrix[:, numbers] = values[:, : len(numbers)]
        first = len(numbers)
        for place, known in zip(
            self._places,
            self._categories,
            strict=True,
        ):
            shares = values[:, first : first + len(known)]
            matrix[:, place] = known[shares.argmax(axis=1)]
            first += len(known)
        return self._table.to_rows(matrix, y, parents, origin)
