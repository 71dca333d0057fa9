"""Augmentation of texts: specs that alter the token ids of a training batch anew each time.

Every draw comes from the batch's seed and from nothing else, as in `vision.augment`. Nets for texts
drop tokens themselves, too: `token_dropout`.
"""

from abc import abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from ..device.cells import TEXT, shorten
from ..device.ports import Port
from ..device.primitives.texts import Bigrams, Words
from ..device.regular import read_regular
from ..device.signature import Signature
from ..device.units import MIX_SHARE, PAIR_ID, PARTNER_ID, TOKEN_ID
from ..errors import LoadError, RecipeError
from ..rows.sketch import TOKENS, DataSketch
from ..slots import Augmentation
from ..sources.files import find_file
from ..spec import Refusal, knob
from ..training.feed import fold_seed

MAX_SYNONYMS = 16
MAX_SYNONYM_BYTES = 16 * 2**20
# columns {port: tensor [rows, ...]}, labels {name: float32 [rows, outputs]}, seed int [2] →
# columns, labels
Alter = Callable


@dataclass(frozen=True)
class AugmentText(Augmentation):
    """One alteration of texts."""

    def suits(self, sketch: DataSketch) -> str:
        """Returns why there is nothing to alter, or ""."""
        if not sketch.may_have(TEXT, TOKENS):
            return Refusal(
                f"augment holds {self!r} for rows without texts",
                expected="texts to alter",
                fix="--set 'augment=()'",
            )
        return ""

    @abstractmethod
    def alter(self, signature: Signature) -> Alter:
        """The callable (ids int32 [rows, window], seed) → ids; padding stays before the text."""

    @staticmethod
    def compose(specs: Sequence["AugmentText"], signature: Signature) -> Alter:
        """`text_augmenter`, for a feed that imports no modality."""
        return text_augmenter(specs, signature)

    @staticmethod
    def training_ports(specs: Sequence["AugmentText"], signature: Signature) -> tuple[Port, ...]:
        """Inputs that only training has: where texts are mixed, of each port of ids the partner's,
        and the share.
        """
        if not any(isinstance(spec, AugmentMixUpEmbeddings) for spec in specs):
            return ()
        partners = [
            Port(partner_of(port.name), port.shape, "int32", PARTNER_ID, num_ids=port.num_ids)
            for port in signature.inputs
        ]
        return (*partners, Port("mix_share", (1,), "float32", MIX_SHARE))

    @staticmethod
    def unmixed(columns: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        """The columns with those of `training_ports` that leave them as they are."""
        rows = len(next(iter(columns.values())))
        return {
            **columns,
            **{partner_of(name): ids for name, ids in columns.items()},
            "mix_share": np.ones((rows, 1), np.float32),
        }


def partner_of(name: str) -> str:
    """The name of the port that holds the partner's ids."""
    return f"{name}_partner"


def text_augmenter(specs: Sequence[AugmentText], signature: Signature) -> Alter:
    """All specs in their order as one callable for tf.data's map: (columns, labels, seed) →
    (columns, labels); ids of pairs are made anew. Raises RecipeError where a spec does not suit the
    signature.
    """
    import tensorflow as tf

    for spec in specs:
        if not isinstance(spec, AugmentText):
            raise RecipeError(
                f"augment holds {spec!r}",
                expected="a tuple of specs from pipelines.text.augment",
                fix="--set 'augment=(AugmentDelete(),)'",
            )
    mixers = [spec for spec in specs if isinstance(spec, AugmentMixUpEmbeddings)]
    steps = [spec.alter(signature) for spec in specs if spec not in mixers]
    tokens = next(port.name for port in signature.inputs if port.unit == TOKEN_ID)
    pairs = [port for port in signature.inputs if port.unit == PAIR_ID]
    bigrams = [each for each in signature.primitives if isinstance(each, Bigrams)]

    def alter(columns, labels, seed):
        ids = columns[tokens]
        for number, step in enumerate(steps):
            ids = step(ids, fold_seed(seed, number))
        columns = {**columns, tokens: tf.ensure_shape(ids, columns[tokens].shape)}
        for port, primitive in zip(pairs, bigrams, strict=True):
            made = tf.numpy_function(_paired(primitive), [ids], tf.int32, stateful=False)
            columns[port.name] = tf.ensure_shape(made, columns[port.name].shape)
        for mixer in mixers[:1]:
            columns, labels = mixer.mix(columns, labels, fold_seed(seed, len(steps)))
        return columns, labels

    return alter


def _paired(primitive):
    def pair(ids):
        columns = {primitive.column: ids}
        primitive.run(columns)
        return columns[primitive.into]

    return pair


@dataclass(frozen=True)
class AugmentDelete(AugmentText):
    """Leaves out tokens; a text that would lose all stays whole (Wei and Zou 2019,
    https://arxiv.org/abs/1901.11196).

    Attributes:
        share: The chance of each token to be left out.
    """

    share: float = knob(0.1, 0, 0.95)

    def alter(self, signature):
        import tensorflow as tf

        def alter(ids, seed):
            kept = (ids > 0) & (tf.random.stateless_uniform(tf.shape(ids), seed) >= self.share)
            kept |= (ids > 0) & ~tf.reduce_any(kept, axis=1, keepdims=True)
            order = tf.argsort(tf.cast(kept, tf.int32), axis=1, stable=True)
            return tf.gather(tf.where(kept, ids, 0), order, batch_dims=1)

        return alter


@dataclass(frozen=True)
class AugmentSwap(AugmentText):
    """Lets chosen tokens change places with one another (after the random swap of Wei and Zou 2019,
    https://arxiv.org/abs/1901.11196).

    Attributes:
        share: The chance of each token to be chosen.
    """

    share: float = knob(0.1, 0, 1)

    def alter(self, signature):
        import tensorflow as tf

        def alter(ids, seed):
            shape = tf.shape(ids)
            chosen = (ids > 0) & (
                tf.random.stateless_uniform(shape, fold_seed(seed, 0)) < self.share
            )
            # The chosen places first, once in their order and once in a drawn one; the others
            # behind, both times alike.
            place = tf.broadcast_to(tf.range(shape[1], dtype=tf.float32), shape)
            drawn = tf.random.stateless_uniform(shape, fold_seed(seed, 1))
            others = place + tf.cast(shape[1], tf.float32)
            in_order = tf.argsort(tf.where(chosen, place, others), axis=1, stable=True)
            mixed = tf.argsort(tf.where(chosen, drawn, others), axis=1, stable=True)
            back = tf.argsort(in_order, axis=1, stable=True)
            return tf.gather(tf.gather(ids, mixed, batch_dims=1), back, batch_dims=1)

        return alter


@dataclass(frozen=True)
class AugmentSynonyms(AugmentText):
    """Replaces words by one of their synonyms (Zhang, Zhao and LeCun 2015,
    https://arxiv.org/abs/1509.01626).

    Attributes:
        source: A text file in UTF-8, on each line words of one meaning, parted by commas. They are
            spelled as the vocabulary is; what is not in it, or more than one word, is passed over.
        share: The chance of each word that has synonyms to be replaced.
    """

    source: str
    share: float = knob(0.1, 0, 1)

    def check(self) -> None:
        """Raises LoadError if there is no such file."""
        find_file(self.source, "a text file of synonyms")

    def alter(self, signature):
        import tensorflow as tf

        table = synonym_table(self.source, signature)
        counts = tf.constant((table > 0).sum(axis=1).astype(np.int32))
        table = tf.constant(table)

        def alter(ids, seed):
            many = tf.gather(counts, ids)
            drawn = tf.random.stateless_uniform(tf.shape(ids), fold_seed(seed, 0))
            which = tf.minimum(
                tf.cast(drawn * tf.cast(many, tf.float32), tf.int32), tf.maximum(many - 1, 0)
            )
            other = tf.gather_nd(table, tf.stack([ids, which], axis=-1))
            chosen = (many > 0) & (
                tf.random.stateless_uniform(tf.shape(ids), fold_seed(seed, 1)) < self.share
            )
            return tf.where(chosen, other, ids)

        return alter


def synonym_table(source: str, signature: Signature) -> np.ndarray:
    """int32 [ids, at most MAX_SYNONYMS]: the ids that may stand for each id, zeros behind them.
    Raises LoadError where the file cannot be read, RecipeError where tokens are no words or none of
    the file's is in the vocabulary.
    """
    path = find_file(source, "a text file of synonyms")
    if path.stat().st_size > MAX_SYNONYM_BYTES:
        raise LoadError(
            f"{path.name!r} of {path.stat().st_size:,} bytes",
            expected=f"at most {MAX_SYNONYM_BYTES:,}",
            fix="keep the words of your texts only",
        )
    reader = next(each for each in signature.primitives if isinstance(each, Words))
    if type(reader) is not Words:
        raise RecipeError(
            f"synonyms for {type(reader).__name__}",
            expected="tokens that are words",
            fix="--set 'encode=(TokenizeWords(),)'",
        )
    try:
        lines = read_regular(path, MAX_SYNONYM_BYTES).decode("utf-8-sig").splitlines()
    except UnicodeDecodeError as error:
        raise LoadError(
            f"{path.name!r} is not UTF-8: {error}",
            expected="words parted by commas, in UTF-8",
            fix="save it as UTF-8",
        ) from error
    ids = {key: place for place, key in enumerate(reader.keys, start=1)}
    found = {}
    for line in lines:
        words = [reader.tokens(word) for word in line.split(",")]
        group = list(
            dict.fromkeys(ids[word[0]] for word in words if len(word) == 1 and word[0] in ids)
        )
        for each in group:
            known = found.setdefault(each, [])
            known += [other for other in group if other != each and other not in known]
    if not any(found.values()):
        raise RecipeError(
            f"no two words on a line of {shorten(path.name)} are in the vocabulary",
            expected="on each line words of one meaning, parted by commas: bird, gull, goose",
            fix="check the file's separator, or lower TokenizeWords' min_count",
        )
    table = np.zeros((reader.num_ids(), min(max(map(len, found.values())), MAX_SYNONYMS)), np.int32)
    for each, others in found.items():
        table[each, : len(others)] = others[: table.shape[1]]
    return table


@dataclass(frozen=True)
class AugmentMixUpEmbeddings(AugmentText):
    """Blends each text's token vectors, place by place, and its label with those of another text of
    the batch (Guo, Mao and Zhang 2019, https://arxiv.org/abs/1905.08941).

    The feed gives the partner's ids and the weight as inputs that the net has while it trains and
    not afterwards.

    Attributes:
        alpha: Of Beta(alpha, alpha), from which each weight is drawn.
    """

    alpha: float = knob(0.2, 0.01, 10)

    def alter(self, signature):
        return lambda ids, seed: ids

    def mix(self, columns, labels, seed):
        """Columns with the partner's ids and the weight, mixed labels."""
        import tensorflow as tf

        rows = tf.shape(next(iter(columns.values())))[0]
        draws = [
            tf.random.stateless_gamma((rows, 1), fold_seed(seed, number), self.alpha)
            for number in range(2)
        ]
        share = tf.math.divide_no_nan(draws[0], draws[0] + draws[1])
        # Both draws can underflow where alpha is small.
        share = tf.ensure_shape(tf.where(draws[0] + draws[1] > 0, share, 1.0), (None, 1))
        partners = {partner_of(name): tf.roll(ids, 1, axis=0) for name, ids in columns.items()}
        labels = {
            name: share * each + (1 - share) * tf.roll(each, 1, axis=0)
            for name, each in labels.items()
        }
        return {**columns, **partners, "mix_share": share}, labels
