"""Rows of rare classes that a generative model draws, of pictures, of series and of tables."""

from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any

import numpy as np

from ..device.cells import TEXT
from ..errors import BalanceError
from ..rows.columns import read_rows
from ..rows.parts import BalancedSet, TrainSet, require_train_set
from ..rows.sketch import TOKENS, DataSketch
from ..slots import Balancer, Generator
from ..spec import Refusal, knob
from .generators.rows import ClassRows, LearnedGenerator
from .generators.vae import VariationalAutoencoder
from .samplers import require_two_classes
from .table import NumberTable

MAX_VALUES = 2**14  # of a row: the first layer has `width` weights for each


@dataclass(frozen=True)
class Generate(Balancer):
    """Draws rows of the rare classes, until all are as frequent as the most frequent, from a
    generator that learns from training rows alone.

    Works on one column of pictures, and on numbers, series and categories without gaps.

    Attributes:
        by: What learns and draws.
        seed: Of weights, batches and codes.
    """

    MOVED = MappingProxyType(
        {
            name: f"by.{name}={{}}"
            for name in (
                "width",
                "code",
                "num_batches",
                "learning_rate",
            )
        }
    )

    by: Generator = VariationalAutoencoder()
    seed: int = knob(0, 0, 2**31 - 1)

    def check(self) -> None:
        """Raises RecipeError where the generator's knobs do not go together."""
        self.by.check()

    def tiny(self) -> "Generate":
        return replace(self, by=self.by.tiny())

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
        """Returns the training rows, then those that were drawn; each has the id of a training row
        of its class: of the one that it was drawn from, or that it is most like.

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

    def learn(self, train: TrainSet) -> LearnedGenerator:
        """Returns what the generator has learned, in numbers of about unit spread.

        Args:
            train: Rows to learn from.

        Raises:
            LeakError: The rows are no TrainSet.
            BalanceError: Columns or counts do not suit.
        """
        counts = self._counts(train)
        return self._fitted(_form_of(train), train.y, len(counts))

    def decoder(self, train: TrainSet) -> Any:
        """Returns the net that draws rows as a keras.Model, which `export_model` takes to int8: of
        an autoencoder or an adversarial net, "code" float32 [rows, code] and "label" one-hot
        float32 [rows, classes] → pixels 0..255 float32 [rows, height, width, channels], or the
        numbers of a row, then its categories one-hot, float32 [rows, values]; of `Diffusion` the
        net of one step.

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
        rows = ClassRows(
            form.values,
            y,
            num_classes,
            form.layout,
        )
        return self.by.learn(rows, seed=self.seed)


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
        layout: The same.
    """

    def __init__(self, train):
        self.train = train
        self.name, column = next(iter(train.x.items()))
        self._pixels = read_rows(column)
        self.shape = self._pixels.shape[1:]
        self.layout = self.shape
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
        values: float32 [rows, values], numbers standardized (series by one spread for all steps),
            then categories one-hot.
        factor: float32 [values], of a value in a number.
        offset: float32 [values], the mean of numbers.
        shape: How many values a row has.
        layout: Channels and steps where all columns are series of one length; else `shape`.
    """

    def __init__(self, train):
        self._table = NumberTable(train, "Generate")
        matrix = self._table.matrix()
        self._places = self._table.nominal_places
        self._categories = [np.unique(matrix[:, place]) for place in self._places]
        spread = np.delete(self._table.spread, self._places)
        lengths = {x.shape[1:] for x in train.x.values()}
        [*_, length] = lengths
        is_series = len(lengths) == 1 and length != () and not self._places
        factor = spread
        if is_series:
            by_series = spread.reshape(-1, *length)
            means = np.sqrt(np.mean(by_series**2, axis=1))
            factor = np.repeat(means, length)
        self._widening = spread / factor
        parts = [self._table.scaled(matrix) * self._widening]
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
        self.layout = self.shape
        if is_series:
            self.layout = (len(train.x), *length)
        num_more = self.shape[0] - len(factor)
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
        matrix[:, numbers] = values[:, : len(numbers)] / self._widening
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
