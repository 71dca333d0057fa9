"""Steps that turn texts into ids of words, characters or subwords. What is counted is counted on
training rows only.
"""

import unicodedata
from collections import Counter
from dataclasses import dataclass, replace
from typing import ClassVar, Literal, Self

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
# What a window holds that is learned: of long texts with a rare class, more than 64 tokens gave
# .12 of average precision.
LEARNED_PERCENTILE = 95
MOST_LEARNED = 2048
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
_VARIATION_SELECTORS = range(0xFE00, 0xFE10)
# Zero-width space, non-joiner and joiner, word joiner, mark of byte order.
_JOINERS = "\u200b\u200c\u200d\u2060\ufeff"
_HANGUL = range(0xAC00, 0xD7A4)
_SURROGATES = range(0xD800, 0xE000)


def spelling(texts: np.ndarray, *, punctuation: bool = False) -> tuple[tuple[int, str], ...]:
    """Spells out the characters in texts, and common ones, that do not stand for themselves.

    Letters are taken apart and folded (NFKD and casefold, Unicode Standard Annex 15), and lose
    their accents; digits stay; white space, control characters and punctuation separate words; a
    symbol, an emoji too, is a word of its own, and with `punctuation` so is each mark. As a regular
    expression of the outcome: `[^\\W_]+|[symbols]`.

    Args:
        texts: Text [rows].
        punctuation: Whether a mark is a word.

    Returns:
        (code point, what stands for it), in the order of the code points.
    """
    codes: set[int] = set()
    for block in _BLOCKS:
        codes.update(block)
    for text in texts:
        codes.update(map(ord, text))
    spelled = {}
    for code in codes:
        if code not in _SURROGATES:
            spelled[code] = _spell(chr(code), punctuation)
    spelled.update(dict.fromkeys(WHITE_SPACE, " "))
    changed = []
    for code, text in sorted(spelled.items()):
        if text != chr(code):
            changed.append((code, text))
    return tuple(changed)


def _spell(letter, punctuation):
    """Returns what stands for a letter, which is taken apart, folded and without accents."""
    form: Literal["NFKC", "NFKD"] = "NFKD"
    if ord(letter) in _HANGUL:
        # Its parts are no letters that one writes alone.
        form = "NFKC"
    plain = unicodedata.normalize(form, letter).casefold()
    parts = unicodedata.normalize(form, plain)
    return "".join(_piece(part, punctuation) for part in parts)


def _piece(letter, punctuation):
    code = ord(letter)
    if code in _ACCENTS or code in _VARIATION_SELECTORS or letter in _JOINERS:
        return ""
    category = unicodedata.category(letter)
    kind = category[0]
    if kind == "S" or (kind == "P" and punctuation):
        return f" {letter} "
    if kind in "ZP" or category == "Cc":
        return " "
    return letter


@dataclass(frozen=True)
class TokenizeWords(ColumnStep):
    """Turns texts into word ids. How characters become words: see `spelling`. A net that learns
    from rows without a label too, such as `MaskedPretraining`, has the words of these.

    Attributes:
        min_count: How often a word stands in training rows to get an id of its own.
        max_tokens: How many words, the most frequent, get an id of their own.
        num_buckets: How many ids the other words share, by hash.
        window: How many words of a text are read; 0 is as many as 95 % of the training texts have,
            at most 2,048.
        punctuation: Whether a punctuation mark is a word.
    """

    reads: ClassVar[tuple[str, ...]] = (TEXT,)
    replaces: ClassVar[tuple[str, ...]] = (TEXT,)
    makes: ClassVar[tuple[str, ...]] = (TOKENS,)

    min_count: int = knob(2, 1, 2**31, unit="occurrences")
    max_tokens: int = knob(8192, 1, 65_536, unit="ids")
    num_buckets: int = knob(256, 1, 65_536, unit="ids")
    window: int = knob(64, 0, MAX_WINDOW, unit="tokens")
    punctuation: bool = False

    _primitive = Words

    def with_window(self, window: int) -> Self:
        """Returns the step that reads `window` tokens of each text."""
        return replace(self, window=window)

    def _suits(self, x):
        return is_text(x)

    def _fit(self, train):
        step_name = type(self).__name__
        names = self.chosen(train)
        if not names:
            return FittedStep(step_name, ())
        texts = _texts_of(train, names)
        letters = spelling(texts, punctuation=self.punctuation)
        learned = self._learn(texts, letters)
        if not learned["keys"]:
            raise StepError(
                f"the texts of {', '.join(map(repr, names))} hold no token {self.min_count} times "
                f"in {len(train):,} training rows",
                expected="words that come again",
                fix="lower min_count, set punctuation=True, or choose another column",
            )
        reader = self._primitive(
            names[0], letters, num_buckets=self.num_buckets, window=self.window or 1, **learned
        )
        if not self.window:
            reader = replace(reader, window=_usual_length(reader, texts))
        primitives = [replace(reader, column=name) for name in names]
        num_ids = reader.num_ids()
        return FittedStep(
            step_name,
            tuple(primitives),
            unit=TOKEN_ID,
            num_ids=num_ids,
        )

    def _learn(self, texts, letters):
        """Returns the fields of the primitive that are learned."""
        reader = self._primitive("", letters, (), 1, 1)
        counts: Counter[str] = Counter()
        for text in texts:
            counts.update(token for token in reader.tokens(text) if _fits_key(token))
        most_frequent = sorted(counts.items(), key=_by_frequency)[: self.max_tokens]
        keys = [token for token, count in most_frequent if count >= self.min_count]
        return {"keys": _by_bytes(keys)}


def _texts_of(train, names):
    """Returns the texts of the columns, those of rows without a label last."""
    columns = [train.x[name] for name in names]
    if train.unlabelled is not None:
        columns += [train.unlabelled.x[name] for name in names]
    return np.concatenate(columns).tolist()


def _usual_length(reader, texts):
    """Returns how many tokens hold 95 % of the texts whole, 1 to 2,048."""
    lengths = [len(reader.tokens(text)) for text in texts]
    most = int(np.ceil(np.percentile(lengths, LEARNED_PERCENTILE)))
    return int(np.clip(most, 1, MOST_LEARNED))


def _fits_key(token):
    return len(token.encode("utf-8")) < MAX_KEY_BYTES


def _by_frequency(item):
    """Sorts (token, count) by falling count, of equal ones by the token."""
    token, count = item
    return -count, token


@dataclass(frozen=True)
class TokenizeCharacters(TokenizeWords):
    """Turns texts into character ids, after the same spelling; a space between words is a character
    too.

    Attributes:
        min_count: How often a character stands in training rows to get an id of its own.
        max_tokens: How many characters, the most frequent, get an id of their own.
        num_buckets: How many ids the other characters share, by hash.
        window: How many characters of a text are read; 0 is as many as 95 % of the training texts
            have, at most 2,048.
        punctuation: Whether a punctuation mark is kept; if not, it separates words.
    """

    num_buckets: int = knob(16, 1, 65_536, unit="ids")
    window: int = knob(256, 0, MAX_WINDOW, unit="tokens")
    punctuation: bool = True

    _primitive = Characters


@dataclass(frozen=True)
class TokenizeSubwords(TokenizeWords):
    """Turns texts into ids of parts of words by byte-pair encoding, which the package
    `sentencepiece` trains (Kudo and Richardson 2018, https://arxiv.org/abs/1808.06226).

    Attributes:
        min_count: How often a character stands in training rows to get an id of its own.
        max_tokens: Most parts of words that are learned, in addition to the characters.
        num_buckets: How many ids the rarer characters share, by hash.
        window: How many parts of words of a text are read; 0 is as many as 95 % of the training
            texts have, at most 2,048.
        punctuation: Whether a punctuation mark is a word.
    """

    max_tokens: int = knob(2048, 16, 65_536, unit="ids")
    num_buckets: int = knob(16, 1, 65_536, unit="ids")
    window: int = knob(96, 0, MAX_WINDOW, unit="tokens")

    _primitive = Subwords

    def _learn(self, texts, letters):
        reader = Words("", letters, (), 1, 1)
        texts_in_words = [reader.tokens(text) for text in texts]
        counts: Counter[str] = Counter()
        for words in texts_in_words:
            for word in words:
                counts.update(word)
        common = {letter for letter, count in counts.items() if count >= self.min_count}
        pieces = []
        if common:
            pieces = _train_pieces(texts_in_words, common, self.max_tokens)
        keys = _by_bytes([Subwords.START, *common, *pieces])
        return {"keys": keys, "merges": _merges(keys, pieces)}


def _merges(keys, pieces):
    """Returns (id, id, id of both together) of any two neighbours that make a piece.

    They are joined in this order, which is that in which the pieces were learned.
    """
    ids = {key: place for place, key in enumerate(keys, start=1)}
    merges = []
    for piece in pieces:
        for cut in range(1, len(piece)):
            left = piece[:cut]
            right = piece[cut:]
            if left in ids and right in ids:
                merges.append((ids[left], ids[right], ids[piece]))
    return tuple(merges)


def _by_bytes(keys):
    return tuple(sorted(set(keys), key=lambda key: key.encode("utf-8")))


def _train_pieces(texts_in_words, letters, max_tokens):
    """Returns the parts of words that the package learns, the first learned first."""
    import io

    import sentencepiece

    model = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=(" ".join(words) for words in texts_in_words if words),
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
    processor = sentencepiece.SentencePieceProcessor(model_proto=model.getvalue())
    scored = []
    for place in range(len(processor)):
        if not (processor.is_control(place) or processor.is_unknown(place)):
            # The score falls with every piece that is learned.
            scored.append((-processor.get_score(place), processor.id_to_piece(place)))
    allowed = letters | {Subwords.START}
    pieces = []
    for _, piece in sorted(scored):
        if len(piece) > 1 and set(piece) <= allowed:
            pieces.append(piece)
    return pieces


@dataclass(frozen=True)
class PairTokens(ColumnStep):
    """Adds to each token its pair with the token before it, by hash: word order for nets that
    average (Joulin et al. 2016, https://arxiv.org/abs/1607.01759).

    Attributes:
        num_buckets: How many ids the pairs share.
    """

    reads: ClassVar[tuple[str, ...]] = (TOKENS,)
    makes: ClassVar[tuple[str, ...]] = (PAIRS,)

    num_buckets: int = knob(4096, 1, 1_000_000, unit="ids")

    def _suits(self, x):
        return is_tokens(x)

    def _fit(self, train):
        primitives = []
        for name in self.chosen(train):
            primitives.append(Bigrams(name, f"{name} pairs", self.num_buckets))
        num_ids = 0
        if primitives:
            num_ids = primitives[0].num_ids()
        return FittedStep(
            "PairTokens",
            tuple(primitives),
            unit=PAIR_ID,
            num_ids=num_ids,
        )
