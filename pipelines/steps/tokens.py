"""Steps that turn texts into ids of words, characters or subwords. What is counted is counted on
training rows only.
"""

import unicodedata
from collections import Counter
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from ..device.cells import TEXT
from ..device.primitives.texts import (
    MAX_KEY_BYTES,
    WHITE_SPACE,
    Bigrams,
    Characters,
    Subwords,
    Words,
)
from ..device.units import PAIR_ID, TOKEN_ID
from ..errors import StepError
from ..rows.sketch import PAIRS, TOKENS
from ..spec import knob
from .step import ColumnStep, FittedStep, is_text, is_tokens

MAX_WINDOW = 4096
# Spelled whether training rows hold them or not: ASCII, Latin, combining accents, punctuation,
# full-width forms.
_BLOCKS = (
    range(0, 0x250),
    range(0x2B0, 0x370),
    range(0x2000, 0x2070),
    range(0x20A0, 0x2150),
    range(0x3000, 0x3040),
    range(0xFE00, 0xFE10),
    range(0xFF00, 0xFFF0),
)
_ACCENTS = range(0x300, 0x370)


def spelling(texts: np.ndarray, *, punctuation: bool = False) -> tuple[tuple[int, str], ...]:
    """(code point, what stands for it) of the characters in texts, and of common ones, that do not
    stand for themselves.

    Letters are taken apart and folded (NFKD and casefold, Unicode Standard Annex 15), and lose
    their accents; digits stay; white space, control characters and punctuation separate words; a
    symbol, an emoji too, is a word of its own, and with `punctuation` so is each mark. As a regular
    expression of the outcome: `[^\\W_]+|[symbols]`.
    """
    codes = {ord(letter) for text in texts for letter in set(text)} | {
        code for block in _BLOCKS for code in block
    }
    spelled = {
        code: _spell(chr(code), punctuation) for code in codes if not 0xD800 <= code <= 0xDFFF
    }
    spelled |= dict.fromkeys(WHITE_SPACE, " ")
    return tuple((code, text) for code, text in sorted(spelled.items()) if text != chr(code))


def _spell(letter, punctuation):
    is_hangul = 0xAC00 <= ord(letter) <= 0xD7A3  # whose parts are no letters that one writes alone
    plain = unicodedata.normalize("NFKC" if is_hangul else "NFKD", letter).casefold()
    return "".join(
        _piece(each, punctuation)
        for each in unicodedata.normalize("NFKC" if is_hangul else "NFKD", plain)
    )


def _piece(letter, punctuation):
    if (
        ord(letter) in _ACCENTS
        or letter in "\u200b\u200c\u200d\u2060\ufeff"
        or 0xFE00 <= ord(letter) < 0xFE10
    ):
        return ""  # accents, joiners, variation selectors
    kind = unicodedata.category(letter)
    if kind[0] == "S" or (kind[0] == "P" and punctuation):
        return f" {letter} "
    if kind[0] in "ZP" or kind == "Cc":
        return " "
    return letter


@dataclass(frozen=True)
class TokenizeWords(ColumnStep):
    """Turns texts into word ids. How characters become words: see `spelling`.

    Attributes:
        min_count: How often a token must stand in training rows to get an id of its own.
        max_tokens: Most tokens with an id of their own, the most frequent ones.
        num_buckets: How many ids all other tokens share by their hash.
        window: How many tokens of a text are read, from its start.
        punctuation: Whether a punctuation mark is a word of its own; else it separates words.
    """

    reads: ClassVar[tuple[str, ...]] = (TEXT,)
    replaces: ClassVar[tuple[str, ...]] = (TEXT,)
    makes: ClassVar[tuple[str, ...]] = (TOKENS,)

    min_count: int = knob(2, 1, 2**31)
    max_tokens: int = knob(8192, 1, 65_536)
    num_buckets: int = knob(256, 1, 65_536)
    window: int = knob(64, 1, MAX_WINDOW, unit="tokens")
    punctuation: bool = False

    _primitive = Words

    def _suits(self, x):
        return is_text(x)

    def _fit(self, train):
        names = self.chosen(train)
        if not names:
            return FittedStep(type(self).__name__, ())
        texts = np.concatenate([train.x[name] for name in names]).tolist()
        letters = spelling(texts, punctuation=self.punctuation)
        learned = self._learn(texts, letters)
        if not learned["keys"]:
            raise StepError(
                f"the texts of {', '.join(map(repr, names))} hold no token {self.min_count} times "
                f"in {len(train):,} training rows",
                expected="words that come again",
                fix="lower min_count, set punctuation=True, or choose another column",
            )
        primitives = tuple(
            self._primitive(
                name, letters, num_buckets=self.num_buckets, window=self.window, **learned
            )
            for name in names
        )
        return FittedStep(
            type(self).__name__, primitives, unit=TOKEN_ID, num_ids=primitives[0].num_ids()
        )

    def _learn(self, texts, letters):
        """The fields of the primitive that are learned."""
        reader = self._primitive("", letters, (), 1, 1)
        counts = Counter(
            token
            for text in texts
            for token in reader.tokens(text)
            if len(token.encode("utf-8")) < MAX_KEY_BYTES
        )
        common = sorted(counts.items(), key=lambda item: (-item[1], item[0]))[: self.max_tokens]
        return {"keys": _by_bytes(key for key, count in common if count >= self.min_count)}


@dataclass(frozen=True)
class TokenizeCharacters(TokenizeWords):
    """Turns texts into character ids, after the same spelling as `TokenizeWords`; a space between
    words is a character too.
    """

    num_buckets: int = knob(16, 1, 65_536)
    window: int = knob(256, 1, MAX_WINDOW, unit="tokens")
    punctuation: bool = True

    _primitive = Characters


@dataclass(frozen=True)
class TokenizeSubwords(TokenizeWords):
    """Turns texts into ids of parts of words by byte-pair encoding, which the package
    `sentencepiece` trains (Kudo and Richardson 2018, https://arxiv.org/abs/1808.06226).

    Attributes:
        min_count: How often a character must stand in training rows to get an id of its own.
        max_tokens: Most parts of words that are learned, in addition to the characters.
        num_buckets: How many ids all other characters share by their hash.
    """

    max_tokens: int = knob(2048, 16, 65_536)
    num_buckets: int = knob(16, 1, 65_536)
    window: int = knob(96, 1, MAX_WINDOW, unit="tokens")

    _primitive = Subwords

    def _learn(self, texts, letters):
        reader = Words("", letters, (), 1, 1)
        words = [reader.tokens(text) for text in texts]
        counts = Counter(letter for each in words for word in each for letter in word)
        kept = {letter for letter, count in counts.items() if count >= self.min_count}
        if kept:
            pieces = _train_pieces(words, kept, self.max_tokens)
        else:
            pieces = []
        keys = _by_bytes([Subwords.START, *kept, *pieces])
        ids = {key: place for place, key in enumerate(keys, start=1)}
        # Any two neighbours that make a piece are joined, in the order in which the pieces were
        # learned.
        merges = [
            (ids[piece[:cut]], ids[piece[cut:]], ids[piece])
            for piece in pieces
            for cut in range(1, len(piece))
            if piece[:cut] in ids and piece[cut:] in ids
        ]
        return {"keys": keys, "merges": tuple(merges)}


def _by_bytes(keys):
    return tuple(sorted(set(keys), key=lambda key: key.encode("utf-8")))


def _train_pieces(words, letters, max_tokens):
    """The parts of words that the package learns, the first learned first."""
    import io

    import sentencepiece

    model = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=(" ".join(each) for each in words if each),
        model_writer=model,
        model_type="bpe",
        vocab_size=max_tokens + len(letters) + 4,
        hard_vocab_limit=False,
        character_coverage=1.0,
        normalization_rule_name="identity",
        max_sentencepiece_length=MAX_KEY_BYTES // 4 - 1,
        max_sentence_length=2**30,
        num_threads=1,
        minloglevel=2,
    )
    read = sentencepiece.SentencePieceProcessor(model_proto=model.getvalue())
    scored = sorted(
        (-read.get_score(place), read.id_to_piece(place))
        for place in range(len(read))
        if not (read.is_control(place) or read.is_unknown(place))
    )
    return [
        piece for _, piece in scored if len(piece) > 1 and set(piece) <= letters | {Subwords.START}
    ]


@dataclass(frozen=True)
class PairTokens(ColumnStep):
    """Adds to each token its pair with the token before it, hashed to `num_buckets` ids: word order
    for nets that average (Joulin et al. 2016, https://arxiv.org/abs/1607.01759).

    Attributes:
        num_buckets: How many ids the pairs share by their hash.
    """

    reads: ClassVar[tuple[str, ...]] = (TOKENS,)
    makes: ClassVar[tuple[str, ...]] = (PAIRS,)

    num_buckets: int = knob(4096, 1, 1_000_000)

    def _suits(self, x):
        return is_tokens(x)

    def _fit(self, train):
        primitives = tuple(
            Bigrams(name, f"{name} pairs", self.num_buckets) for name in self.chosen(train)
        )
        return FittedStep(
            "PairTokens",
            primitives,
            unit=PAIR_ID,
            num_ids=primitives[0].num_ids() if primitives else 0,
        )
