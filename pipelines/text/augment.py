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
SHARE_PORT = "mix_share"
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
        """Returns the inputs that only training has.

        If texts are mixed, these are of each port of ids the partner's, and the share.
        """
        mixes = any(isinstance(spec, AugmentMixUpEmbeddings) for spec in specs)
        if not mixes:
            return ()
        ports = []
        for port in signature.inputs:
            name = partner_of(port.name)
            partner = Port(
                name,
                port.shape,
                "int32",
                PARTNER_ID,
                num_ids=port.num_ids,
            )
            ports.append(partner)
        ports.append(Port(SHARE_PORT, (1,), "float32", MIX_SHARE))
        return tuple(ports)

    @staticmethod
    def unmixed(columns: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        """Returns the columns with those of `training_ports` that leave them as they are."""
        all_columns = dict(columns)
        num_rows = 0
        for name, ids in columns.items():
            all_columns[partner_of(name)] = ids
            num_rows = len(ids)
        all_columns[SHARE_PORT] = np.ones((num_rows, 1), np.float32)
        return all_columns


def partner_of(name: str) -> str:
    """Returns the name of the port that holds the partner's ids."""
    return f"{name}_partner"


def token_port_name(signature: Signature) -> str:
    """Returns the name of the port that holds the ids of tokens."""
    names = [port.name for port in signature.inputs if port.unit == TOKEN_ID]
    return names[0]


def text_augmenter(specs: Sequence[AugmentText], signature: Signature) -> Alter:
    """Returns all specs in their order as one callable for tf.data's map.

    Args:
        specs: Of this module.
        signature: Of a model whose inputs are ids of tokens.

    Returns:
        A callable (columns, labels, seed) → (columns, labels); ids of pairs are made anew.

    Raises:
        RecipeError: If a spec does not suit the signature.
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
    tokens = token_port_name(signature)
    pairs = [port.name for port in signature.inputs if port.unit == PAIR_ID]
    bigrams = [each for each in signature.primitives if isinstance(each, Bigrams)]

    def alter(columns, labels, seed):
        altered = dict(columns)
        ids = columns[tokens]
        for number, step in enumerate(steps):
            ids = step(ids, fold_seed(seed, number))
        altered[tokens] = tf.ensure_shape(ids, columns[tokens].shape)
        for name, primitive in zip(pairs, bigrams, strict=True):
            pair_ids = tf.numpy_function(
                _paired(primitive),
                [ids],
                tf.int32,
                stateful=False,
            )
            altered[name] = tf.ensure_shape(pair_ids, columns[name].shape)
        if mixers:
            mix_seed = fold_seed(seed, len(steps))
            return mixers[0].mix(altered, labels, mix_seed)
        return altered, labels

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
            is_token = ids > 0
            drawn = tf.random.stateless_uniform(tf.shape(ids), seed)
            is_kept = is_token & (drawn >= self.share)
            keeps_some = tf.reduce_any(is_kept, axis=1, keepdims=True)
            is_kept |= is_token & ~keeps_some
            kept_ids = tf.where(is_kept, ids, 0)
            # What is left out becomes padding, which stands before the text.
            order = tf.argsort(tf.cast(is_kept, tf.int32), axis=1, stable=True)
            return tf.gather(kept_ids, order, batch_dims=1)

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
            chances = tf.random.stateless_uniform(shape, fold_seed(seed, 0))
            chosen = (ids > 0) & (chances < self.share)
            # The chosen places first, once in their order and once in a drawn one; the others
            # behind, both times alike.
            place = tf.broadcast_to(tf.range(shape[1], dtype=tf.float32), shape)
            drawn = tf.random.stateless_uniform(shape, fold_seed(seed, 1))
            others = place + tf.cast(shape[1], tf.float32)
            in_order = tf.argsort(tf.where(chosen, place, others), axis=1, stable=True)
            mixed = tf.argsort(tf.where(chosen, drawn, others), axis=1, stable=True)
            back = tf.argsort(in_order, axis=1, stable=True)
            mixed_ids = tf.gather(ids, mixed, batch_dims=1)
            return tf.gather(mixed_ids, back, batch_dims=1)

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
        num_synonyms = (table > 0).sum(axis=1)
        counts = tf.constant(num_synonyms.astype(np.int32))
        table = tf.constant(table)

        def alter(ids, seed):
            shape = tf.shape(ids)
            num_choices = tf.gather(counts, ids)
            drawn = tf.random.stateless_uniform(shape, fold_seed(seed, 0))
            which = tf.cast(drawn * tf.cast(num_choices, tf.float32), tf.int32)
            last = tf.maximum(num_choices - 1, 0)
            which = tf.minimum(which, last)
            other = tf.gather_nd(table, tf.stack([ids, which], axis=-1))
            chances = tf.random.stateless_uniform(shape, fold_seed(seed, 1))
            chosen = (num_choices > 0) & (chances < self.share)
            return tf.where(chosen, other, ids)

        return alter


def synonym_table(source: str, signature: Signature) -> np.ndarray:
    """Reads the ids that may stand for each id.

    Args:
        source: Path of a text file, see `AugmentSynonyms`.
        signature: Of a model that reads words.

    Returns:
        int32 [ids, at most MAX_SYNONYMS], zeros behind the ids.

    Raises:
        LoadError: If the file cannot be read.
        RecipeError: If tokens are no words, or none of the file's is in the vocabulary.
    """
    path = find_file(source, "a text file of synonyms")
    lines = _read_lines(path)
    readers = [each for each in signature.primitives if isinstance(each, Words)]
    reader = readers[0]
    if type(reader) is not Words:
        raise RecipeError(
            f"synonyms for {type(reader).__name__}",
            expected="tokens that are words",
            fix="--set 'encode=(TokenizeWords(),)'",
        )
    ids = {key: place for place, key in enumerate(reader.keys, start=1)}
    synonyms: dict[int, list[int]] = {}
    for line in lines:
        group = _ids_of_line(line, reader, ids)
        for each in group:
            known = synonyms.setdefault(each, [])
            known += [other for other in group if other != each and other not in known]
    most = max((len(others) for others in synonyms.values()), default=0)
    if not most:
        raise RecipeError(
            f"no two words on a line of {shorten(path.name)} are in the vocabulary",
            expected="on each line words of one meaning, parted by commas: bird, gull, goose",
            fix="check the file's separator, or lower TokenizeWords' min_count",
        )
    width = min(most, MAX_SYNONYMS)
    table = np.zeros((reader.num_ids(), width), np.int32)
    for each, others in synonyms.items():
        first = others[:width]
        table[each, : len(first)] = first
    return table


def _read_lines(path):
    size_bytes = path.stat().st_size
    if size_bytes > MAX_SYNONYM_BYTES:
        raise LoadError(
            f"{path.name!r} of {size_bytes:,} bytes",
            expected=f"at most {MAX_SYNONYM_BYTES:,}",
            fix="keep the words of your texts only",
        )
    content = read_regular(path, MAX_SYNONYM_BYTES)
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise LoadError(
            f"{path.name!r} is not UTF-8: {error}",
            expected="words parted by commas, in UTF-8",
            fix="save it as UTF-8",
        ) from error
    return text.splitlines()


def _ids_of_line(line, reader, ids):
    """Returns the ids of the words of a line that are one token of the vocabulary, each once."""
    group = []
    for text in line.split(","):
        tokens = reader.tokens(text)
        if len(tokens) != 1:
            continue
        word_id = ids.get(tokens[0])
        if word_id is not None and word_id not in group:
            group.append(word_id)
    return group


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
        """Returns columns with the partner's ids and the weight, and mixed labels."""
        import tensorflow as tf

        mixed_columns = dict(columns)
        for name, ids in columns.items():
            mixed_columns[partner_of(name)] = tf.roll(ids, 1, axis=0)
            num_rows = tf.shape(ids)[0]
        # Two gammas make a beta, by which the weight is drawn.
        one = tf.random.stateless_gamma((num_rows, 1), fold_seed(seed, 0), self.alpha)
        other = tf.random.stateless_gamma((num_rows, 1), fold_seed(seed, 1), self.alpha)
        both = one + other
        share = tf.math.divide_no_nan(one, both)
        # Both draws can underflow if alpha is small.
        share = tf.where(both > 0, share, 1.0)
        share = tf.ensure_shape(share, (None, 1))
        mixed_columns[SHARE_PORT] = share
        mixed_labels = {}
        for name, own in labels.items():
            partner = tf.roll(own, 1, axis=0)
            mixed_labels[name] = share * own + (1 - share) * partner
        return mixed_columns, mixed_labels
