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
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from .primitive import MAX_KEYS, ColumnPrimitive, Columns, Flow, Flows, take

PADDING = 0
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


class _Ids(dict):
    """Token → id; a token that is no key gets its bucket's id, which is remembered for as long as
    few are.
    """

    def __init__(self, keys, num_buckets):
        super().__init__(zip(keys, range(1, len(keys) + 1), strict=True))
        self.first, self.num_buckets, self.most = len(keys) + 1, num_buckets, len(self) + 100_000

    def __missing__(self, token):
        place = self.first + zlib.crc32(token.encode("utf-8")) % self.num_buckets
        if len(self) < self.most:
            self[token] = place
        return place


@dataclass(frozen=True)
class Words(ColumnPrimitive):
    """Texts to the ids of their words: what stands between spaces. Text [rows] → int32 [rows,
    window].

    `letters`: (code point, text) in the order of the code points.
    """

    letters: tuple[tuple[int, str], ...]
    keys: tuple[str, ...]
    num_buckets: int
    window: int

    def num_ids(self) -> int:
        """How many ids there are, padding included."""
        return 1 + len(self.keys) + self.num_buckets

    def width(self) -> int:
        return self.window

    def check(self) -> None:
        """Raises ValueError where the fields do not fit together."""
        codes = [code for code, _ in self.letters]
        spaces = dict(self.letters)
        keys = [key.encode("utf-8") for key in self.keys]
        if codes != sorted(set(codes)) or not all(
            type(code) is int and 0 <= code < 0x110000 for code in codes
        ):
            raise ValueError("letters are not in the order of their code points")
        if any(spaces.get(code, "").strip() for code in WHITE_SPACE) or not all(
            code in spaces for code in WHITE_SPACE if code != 32
        ):
            raise ValueError("a white space is spelled as something else")
        if keys != sorted(set(keys)) or any(not 0 < len(key) < MAX_KEY_BYTES for key in keys):
            raise ValueError("keys are not in the order of their bytes, or too long")
        if not (
            type(self.window) is type(self.num_buckets) is int
            and self.window > 0
            and self.num_buckets > 0
        ):
            raise ValueError(f"window {self.window!r}, num_buckets {self.num_buckets!r}")

    @cached_property
    def _spelling(self):
        return dict(self.letters)

    @cached_property
    def _ids(self):
        return _Ids(self.keys, self.num_buckets)

    def tokens(self, text: str) -> list[str]:
        """The words of a text, whatever the window."""
        return text.translate(self._spelling).split()

    def run(self, columns: Columns) -> None:
        columns[self.column] = _right_aligned(
            map(self._row, columns[self.column].tolist()), len(columns[self.column]), self.window
        )

    def _row(self, text):
        words = text.translate(self._spelling).split(None, self.window)[: self.window]
        return [self._ids[word] for word in words]

    def follow(self, flows: Flows) -> None:
        take(flows, self.column, "string", (0,))
        if not 0 < self.num_ids() <= MAX_KEYS or any(
            len(text) > MAX_SPELLED for _, text in self.letters
        ):
            raise ValueError(f"{self.num_ids()} ids, or a letter that is spelled as a text")
        flows[self.column] = Flow("int32", (self.window,), self.num_ids())


@dataclass(frozen=True)
class Characters(Words):
    """Texts to the ids of their characters, spelled; runs of spaces are one, and none stands at an
    end.
    """

    def tokens(self, text: str) -> list[str]:
        return list(" ".join(super().tokens(text)))

    def _row(self, text):
        return [self._ids[letter] for letter in self.tokens(text)[: self.window]]


@dataclass(frozen=True)
class Subwords(Words):
    """Texts to the ids of parts of their words by byte-pair encoding (Sennrich et al. 2016,
    https://arxiv.org/abs/1508.07909): a word starts as "\\u2581" and its characters, at most
    MAX_SYMBOLS of both; of all neighbours that stand in `merges`, as (left id, right id, id of
    both), the first in that order are joined, the leftmost first, until none is left.
    """

    merges: tuple[tuple[int, int, int], ...] = ()

    MAX_SYMBOLS = 64
    START = "\u2581"

    @cached_property
    def _ranks(self):
        return {(left, right): (rank, both) for rank, (left, right, both) in enumerate(self.merges)}

    @cached_property
    def _parts(self):
        return {}

    def tokens(self, text: str) -> list[str]:
        """The parts of a text's words; what has no id of its own is "\\ufffd"."""
        names = dict(enumerate(self.keys, start=1))
        return [
            names.get(each, "\ufffd") for word in super().tokens(text) for each in self._split(word)
        ]

    def _row(self, text):
        found = []
        for word in super().tokens(text):
            found += self._split(word)
            if len(found) >= self.window:
                break
        return found[: self.window]

    def _split(self, word):
        parts = self._parts.get(word)
        if parts is None:
            parts = self._merge(
                [self._ids[symbol] for symbol in (self.START + word)[: self.MAX_SYMBOLS]]
            )
            if len(self._parts) < 100_000:
                self._parts[word] = parts
        return parts

    def _merge(self, ids):
        while len(ids) > 1:
            found = [
                (self._ranks[pair], place)
                for place, pair in enumerate(zip(ids, ids[1:], strict=False))
                if pair in self._ranks
            ]
            if not found:
                break
            (_, both), place = min(found)
            ids[place : place + 2] = [both]
        return ids

    def follow(self, flows: Flows) -> None:
        super().follow(flows)
        if not all(0 <= each < self.num_ids() for merge in self.merges for each in merge):
            raise ValueError("merges of ids that there are not")


@dataclass(frozen=True)
class Bigrams(ColumnPrimitive):
    """A new column `into`: at each token's place the id of the pair that it makes with the token
    before it, hashed to 1 to `num_buckets`; 0 where there is no such pair. int32 [rows, window] →
    int32 [rows, window].
    """

    into: str
    num_buckets: int

    def num_ids(self) -> int:
        """How many ids there are, padding included."""
        return 1 + self.num_buckets

    def run(self, columns: Columns) -> None:
        ids = columns[self.column]
        left = ids[:, :-1].astype(np.uint32)
        right = ids[:, 1:].astype(np.uint32)
        mixed = left * np.uint32(0x9E3779B1) + right * np.uint32(
            0x85EBCA6B
        )  # modulo 2**32, as in C
        mixed ^= mixed >> np.uint32(15)
        pairs = np.where(left == PADDING, 0, mixed % np.uint32(self.num_buckets) + 1)
        columns[self.into] = np.concatenate(
            [np.zeros((len(ids), 1), np.int32), pairs.astype(np.int32)], axis=1
        )

    def makes(self) -> tuple[str, ...]:
        return (self.into,)

    def follow(self, flows: Flows) -> None:
        flow = take(flows, self.column, "int32", (1,))
        if not 0 < self.num_buckets < MAX_KEYS:
            raise ValueError(f"{self.num_buckets} buckets")
        flows[self.into] = Flow("int32", flow.shape, self.num_ids())


def _right_aligned(rows, num_rows, window):
    """int32 [num_rows, window] of lists of at most `window` ids."""
    ids = np.zeros((num_rows, window), np.int32)
    for place, row in enumerate(rows):
        if row:
            ids[place, window - len(row) :] = row
    return ids
