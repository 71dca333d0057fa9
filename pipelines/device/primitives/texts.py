"""Text to token ids: the primitives that a tokenizing step becomes, the same in Python and in the
generated C.

A text is first spelled: each character that stands in `letters` is replaced by its text there, any
other stays. `letters` is a table and not a rule of Unicode, because a microcontroller has no tables
of Unicode and two Pythons have different ones. It turns every white space and all that separates
tokens into a space; spaces then separate the tokens.

Ids: 0 is padding, 1 to len(keys) the keys in the order of their UTF-8 bytes, then `num_buckets` ids
that all other tokens share by their CRC-32. Texts stand at the right end of the window, padding
before them; of a longer text the first `window` tokens are kept.
"""

import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import numpy as np

from .primitive import MAX_KEYS, DerivingPrimitive, Flow, MappingPrimitive

PADDING = 0
SPACE = 32
NUM_CODE_POINTS = 0x110000
# What pairs of tokens are hashed by.
_LEFT_FACTOR = np.uint32(0x9E3779B1)
_RIGHT_FACTOR = np.uint32(0x85EBCA6B)
_SHIFT = np.uint32(15)
MAX_SPELLED = 64  # characters that one character may be spelled as
MAX_KEY_BYTES = 64  # of a token that has an id of its own: C compares in a buffer of this size
MAX_CHARACTERS = 1_000_000  # of a text
# str.split() would split at these; so every `letters` makes a space of them.
WHITE_SPACE = tuple(
    [
        *range(9, 14),
        *range(28, 33),
        0x85,
        0xA0,
        0x1680,
        *range(0x2000, 0x200B),
        0x2028,
        0x2029,
        0x202F,
        0x205F,
        0x3000,
    ]
)
MAX_REMEMBERED = 100_000  # tokens, and split words, that are not looked up again


class _Ids(dict):
    """Maps tokens to ids; a token that is no key gets its bucket's id.

    A bucket's id is remembered until there are MAX_REMEMBERED of them.
    """

    def __init__(self, keys, num_buckets):
        num_keys = len(keys)
        key_ids = range(1, num_keys + 1)
        super().__init__(zip(keys, key_ids, strict=True))
        self.first_bucket = num_keys + 1
        self.num_buckets = num_buckets
        self.most = len(self) + MAX_REMEMBERED

    def __missing__(self, token):
        content = token.encode("utf-8")
        bucket = zlib.crc32(content) % self.num_buckets
        token_id = self.first_bucket + bucket
        if len(self) < self.most:
            self[token] = token_id
        return token_id


@dataclass(frozen=True)
class Words(MappingPrimitive):
    """Reads texts as the ids of their words: what stands between spaces.

    Text [rows] → int32 [rows, window].

    Attributes:
        letters: (code point, text) in the order of the code points.
        keys: The tokens that have ids of their own, in the order of their UTF-8 bytes.
        num_buckets: How many ids all other tokens share.
        window: Tokens of a row.
    """

    letters: tuple[tuple[int, str], ...]
    keys: tuple[str, ...]
    num_buckets: int
    window: int

    def num_ids(self) -> int:
        """Returns how many ids there are, padding included."""
        return 1 + len(self.keys) + self.num_buckets

    def width(self) -> int:
        return self.window

    def check(self) -> None:
        """Raises ValueError if the fields do not fit together."""
        _check_letters(self.letters)
        _check_white_space(self._spelling)
        _check_keys(self.keys)
        for size in (self.window, self.num_buckets):
            if type(size) is not int or size <= 0:
                raise ValueError(f"window {self.window!r}, num_buckets {self.num_buckets!r}")

    @cached_property
    def _spelling(self):
        return dict(self.letters)

    @cached_property
    def _ids(self):
        return _Ids(self.keys, self.num_buckets)

    def tokens(self, text: str) -> list[str]:
        """Returns the words of a text, whatever the window."""
        spelled = text.translate(self._spelling)
        return spelled.split()

    def compute(self, x: np.ndarray) -> np.ndarray:
        texts = x.tolist()
        rows = map(self._row, texts)
        return _right_aligned(rows, len(texts), self.window)

    def _row(self, text):
        """Returns the ids of a text, at most `window`."""
        spelled = text.translate(self._spelling)
        # What stands behind the window is not split further.
        words = spelled.split(None, self.window)
        ids = self._ids
        return [ids[word] for word in words[: self.window]]

    def flow_of(self, flow: Flow) -> Flow:
        self.expect(flow, "string", (0,))
        num_ids = self.num_ids()
        if not 0 < num_ids <= MAX_KEYS:
            raise ValueError(f"{num_ids} ids")
        for _, text in self.letters:
            if len(text) > MAX_SPELLED:
                raise ValueError("a letter is spelled as a text")
        return Flow("int32", (self.window,), num_ids)


@dataclass(frozen=True)
class Characters(Words):
    """Reads texts as the ids of their characters, spelled.

    Runs of spaces are one, and none stands at an end.
    """

    def tokens(self, text: str) -> list[str]:
        words = super().tokens(text)
        return list(" ".join(words))

    def _row(self, text):
        letters = self.tokens(text)
        ids = self._ids
        return [ids[letter] for letter in letters[: self.window]]


@dataclass(frozen=True)
class Subwords(Words):
    """Reads texts as the ids of parts of their words, by byte-pair encoding.

    A word starts as "\\u2581" and its characters, at most MAX_SYMBOLS of both. Of all neighbours
    that stand in `merges` the first in its order are joined, the leftmost first, until none is
    left (Sennrich et al. 2016, https://arxiv.org/abs/1508.07909).

    Attributes:
        merges: (left id, right id, id of both).
    """

    merges: tuple[tuple[int, int, int], ...] = ()

    MAX_SYMBOLS = 64
    START = "\u2581"

    @cached_property
    def _ranks(self):
        """(left id, right id) → (its place among the merges, id of both)."""
        ranks = {}
        for rank, (left, right, both) in enumerate(self.merges):
            ranks[left, right] = (rank, both)
        return ranks

    @cached_property
    def _parts(self):
        """Word → ids of its parts, of words that were split before."""
        return {}

    def tokens(self, text: str) -> list[str]:
        """Returns the parts of a text's words; what has no id of its own is "\\ufffd"."""
        names = dict(enumerate(self.keys, start=1))
        parts = []
        for word in super().tokens(text):
            for token_id in self._split(word):
                part = names.get(token_id, "\ufffd")
                parts.append(part)
        return parts

    def _row(self, text):
        ids = []
        for word in super().tokens(text):
            ids += self._split(word)
            if len(ids) >= self.window:
                break
        return ids[: self.window]

    def _split(self, word):
        """Returns the ids of the parts of a word."""
        known_parts = self._parts.get(word)
        if known_parts is not None:
            return known_parts
        symbols = self.START + word
        ids = []
        for symbol in symbols[: self.MAX_SYMBOLS]:
            ids.append(self._ids[symbol])
        parts = self._merge(ids)
        if len(self._parts) < MAX_REMEMBERED:
            self._parts[word] = parts
        return parts

    def _merge(self, ids):
        """Joins neighbours in place, until no two of them are to be joined."""
        while True:
            pairs = self._known_pairs(ids)
            if not pairs:
                return ids
            (_, both), place = min(pairs)
            ids[place : place + 2] = [both]

    def _known_pairs(self, ids):
        """Returns (rank and id of both, place) of each two neighbours that may be joined."""
        found = []
        for place, pair in enumerate(pairwise(ids)):
            if pair in self._ranks:
                found.append((self._ranks[pair], place))
        return found

    def flow_of(self, flow: Flow) -> Flow:
        made = super().flow_of(flow)
        for merge in self.merges:
            if not 0 <= min(merge) <= max(merge) < made.num_ids:
                raise ValueError("merges of ids that there are not")
        return made


@dataclass(frozen=True)
class Bigrams(DerivingPrimitive):
    """Makes a column of pairs: at each token's place the id of it and the token before it, hashed.

    int32 [rows, window] → int32 [rows, window]; 0 where there is no such pair.

    Attributes:
        num_buckets: Pairs are hashed to 1 to this number.
    """

    num_buckets: int

    def num_ids(self) -> int:
        """Returns how many ids there are, padding included."""
        return 1 + self.num_buckets

    def compute(self, x: np.ndarray) -> np.ndarray:
        ids = x.astype(np.uint32)
        left = ids[:, :-1]
        right = ids[:, 1:]
        # Products and sums are modulo 2**32, as in C.
        mixed = left * _LEFT_FACTOR + right * _RIGHT_FACTOR
        mixed ^= mixed >> _SHIFT
        buckets = mixed % np.uint32(self.num_buckets)
        is_pair = left != PADDING
        pairs = np.zeros(ids.shape, np.int32)
        pairs[:, 1:] = np.where(is_pair, buckets + 1, 0)  # the first token has none before it
        return pairs

    def flow_of(self, flow: Flow) -> Flow:
        self.expect(flow, "int32", (1,))
        if not 0 < self.num_buckets < MAX_KEYS:
            raise ValueError(f"{self.num_buckets} buckets")
        return Flow("int32", flow.shape, self.num_ids())


def _check_letters(letters):
    """Raises ValueError for letters that are not in the order of their code points."""
    before = -1
    for code, _ in letters:
        is_next = type(code) is int and before < code < NUM_CODE_POINTS
        if not is_next:
            raise ValueError("letters are not in the order of their code points")
        before = code


def _check_white_space(spelling):
    """Raises ValueError for a white space that does not become spaces."""
    for code in WHITE_SPACE:
        spelled = spelling.get(code)
        if spelled is None:
            is_space = code == SPACE
        else:
            is_space = not spelled.strip()
        if not is_space:
            raise ValueError("a white space is spelled as something else")


def _check_keys(keys):
    """Raises ValueError for keys that C could not search: it compares bytes, in a buffer."""
    before = b""
    for key in keys:
        content = key.encode("utf-8")
        if content <= before or len(content) >= MAX_KEY_BYTES:
            raise ValueError("keys are not in the order of their bytes, or too long")
        before = content


def _right_aligned(rows: Iterable[list[int]], num_rows: int, window: int) -> np.ndarray:
    """Returns lists of at most `window` ids as int32 [num_rows, window], padding before them."""
    ids = np.zeros((num_rows, window), np.int32)
    for place, row in enumerate(rows):
        if row:
            first = window - len(row)
            ids[place, first:] = row
    return ids
