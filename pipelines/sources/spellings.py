"""Spellings of one name: in another case, Unicode form, or with other white space.

What looks the same is the same: composed and decomposed letters, a no-break or a doubled space,
characters without a width. Words of truth (Yes, yes; TRUE, True) are the same in any case. Other
names that differ in case may well be two (A and a, Co and CO), so a target's are refused until the
user decides.
"""

import itertools
import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence

import numpy as np

from ..device.cells import FALSE_WORDS, TRUE_WORDS, Column, read_column
from ..device.packed import PackedCells
from ..errors import LoadError
from ..rows.parts import ColumnNote

JOIN = "join"
KEEP = "keep"
SPELLINGS = ("", JOIN, KEEP)
MAX_PAIRS = 3
# The soft hyphen, the zero-width space and non-joiner, the word joiner and the mark of byte order.
# Not the zero-width joiner, which makes one emoji of two.
_NO_WIDTH = re.compile("[\u00ad\u200b\u200c\u2060\ufeff]")


def plain(text: str) -> str:
    """Returns the text in the composed form, without characters that have no width, with single
    spaces.
    """
    visible = _NO_WIDTH.sub("", text)
    composed = unicodedata.normalize("NFC", visible)
    return " ".join(composed.split())


def folded(text: str) -> str:
    """Returns `plain` without case."""
    return unicodedata.normalize("NFC", plain(text).casefold())


def check_spelling(spelling: str) -> None:
    """Raises LoadError for a value that the knob does not have."""
    if spelling not in SPELLINGS:
        raise LoadError(
            f"spelling {spelling!r}",
            expected="join, keep, or empty: refuse names that differ in case",
            fix="--read spelling=join",
        )


def join_classes(
    texts: np.ndarray, name: str, spelling: str, *, declared: Sequence[str] = ()
) -> tuple[np.ndarray, dict[str, str], tuple[ColumnNote, ...]]:
    """Gives all spellings of a class one name.

    Args:
        texts: object [rows], the class names, as `read_classes` gives them.
        name: Of the target.
        spelling: "" joins what looks the same and refuses what differs in case, "join" joins both,
            "keep" neither.
        declared: Classes that the source lists in an order of its own; these are kept.

    Returns:
        The texts, spelling → class of those that are joined, and notes on it.

    Raises:
        LoadError: If names differ in case only, and `spelling` is "".
    """
    counts = Counter(texts)
    if spelling == KEEP or declared:
        return texts, {}, _note_kept(name, groups_of(counts, folded))
    joined = _join_look_alikes(counts)
    merged = _merged(joined, counts)
    twins = groups_of(merged, _key_of_case(merged))
    if spelling != JOIN:
        _refuse_doubtful(name, twins, merged)
    for group in twins:
        chosen = max(group, key=lambda each: (merged[each], each))
        for text in counts:
            if joined.get(text, text) in group:
                joined[text] = chosen
    if not joined:
        return texts, {}, ()
    every = groups_of(counts, lambda text: joined.get(text, text))
    why = f"read as one class: {_in_words(every, counts)}"
    return _replaced(texts, joined), joined, (ColumnNote(name, "target", why),)


def _join_look_alikes(counts):
    """Returns spelling → class of the texts that look the same."""
    joined = {}
    for group in groups_of(counts, plain):
        chosen = _chosen(group, counts)
        for text in group:
            joined[text] = chosen
    return joined


def _key_of_case(texts):
    """Returns what is equal for texts that differ in case alone; among words of truth alone, for
    all words of one truth.
    """
    if all(_truth(text) in ("true", "false") for text in texts):
        return _truth
    return folded


def _replaced(texts, names):
    """Returns object [rows]: the texts, those in `names` by their name."""
    replaced = np.empty(len(texts), object)
    replaced[:] = [names.get(text, text) for text in texts]
    return replaced


def describe_spellings(cells: Sequence, column: Column, missing: frozenset[str]) -> str:
    """Returns what the schema states of categories that differ in spelling alone, after a
    semicolon; "" if none do.

    Args:
        cells: Raw, one a row.
        column: Of categories.
        missing: The words that read as missing.
    """
    counts = _count_categories(cells, column, missing)
    twins = groups_of(counts, folded)
    if not twins:
        return ""
    return f"; categories of their own: {_in_words(twins, counts)}"


def _count_categories(cells, column, missing):
    """Counts how often each category stands in a column."""
    numbers: Iterable[int] = itertools.repeat(1)
    if isinstance(cells, PackedCells):
        of_cells = cells.counts()
        cells = list(of_cells)
        numbers = of_cells.values()
    texts, _ = read_column(cells, column, missing)
    counts: Counter[str] = Counter()
    for text, number in zip(texts, numbers, strict=False):
        if text is not None:
            counts[text] += number
    return counts


def refuse_spellings(name: str, texts: Sequence[str], spelling: str) -> None:
    """Raises LoadError where names of series differ in spelling alone: a device distinguishes them,
    so training must not join them.
    """
    counts = Counter(texts)
    twins = groups_of(counts, folded)
    if twins and spelling != KEEP:
        raise LoadError(
            f"the series of {name!r} differ in spelling alone: {_in_words(twins, counts)}",
            expected="one spelling of each series",
            fix="write them alike, in training and on the device; "
            "or --read spelling=keep if they are series of their own",
        )


def join_groups(texts: np.ndarray) -> np.ndarray:
    """Joins groups that differ in spelling alone. A group that is too large is harmless; two halves
    of one could stand on both sides of the split.

    Args:
        texts: object [rows].

    Returns:
        object [rows], the first spelling, in sorted order, of each group.
    """
    names = {}
    for group in groups_of(Counter(texts), folded):
        for text in group:
            names[text] = group[0]
    return _replaced(texts, names)


def describe_groups(columns: Mapping[str, Sequence]) -> tuple[ColumnNote, ...]:
    """Returns notes on the groups that `join_groups` joined.

    Args:
        columns: Column → cells.
    """
    notes = []
    for name, cells in columns.items():
        counts = Counter(str(cell).strip() for cell in cells)
        twins = groups_of(counts, folded)
        if not twins:
            continue
        why = f"read as one group: {_in_words(twins, counts)}"
        notes.append(ColumnNote(name, "group", why))
    return tuple(notes)


def _truth(text):
    """Returns "true" or "false" of a word for it, else the folded text."""
    word = folded(text)
    if word in TRUE_WORDS:
        return "true"
    if word in FALSE_WORDS:
        return "false"
    return word


def groups_of(counts: Counter[str], key: Callable[[str], str]) -> list[list[str]]:
    """Returns lists of two or more texts that have one key, the most frequent list first.

    Args:
        counts: Text → how often it stands in the source.
        key: Gives the key of a text.
    """
    by_key: dict[str, list[str]] = {}
    for text in counts:
        group = by_key.setdefault(key(text), [])
        group.append(text)
    twins = [sorted(group) for group in by_key.values() if len(group) > 1]

    def frequency(group):
        return sum(counts[text] for text in group)

    # Sorted by the negative, so that equally frequent ones keep their order.
    return sorted(twins, key=lambda group: -frequency(group))


def _chosen(group, counts):
    """Returns the plain one of spellings that look the same, or else the most frequent one."""
    for text in group:
        if text == plain(text):
            return text
    return max(group, key=lambda text: counts[text])


def _merged(joined, counts):
    """Counts how often each class stands in the source."""
    merged: Counter[str] = Counter()
    for text, count in counts.items():
        name = joined.get(text, text)
        merged[name] += count
    return merged


def _refuse_doubtful(name, twins, counts):
    """Raises LoadError for classes that may be one, or several."""
    truths = [group for group in twins if len(set(map(folded, group))) > 1]
    if truths:
        raise LoadError(
            f"the target {name!r} has several words for true or false: {_in_words(truths, counts)}",
            expected="one word for each",
            fix="--read spelling=join if they are the same class, --read spelling=keep "
            "if they are not; or write them alike",
        )
    words_of_truth = TRUE_WORDS | FALSE_WORDS
    doubtful = [group for group in twins if folded(group[0]) not in words_of_truth]
    if doubtful:
        raise LoadError(
            f"the target {name!r} has classes that differ in case alone: "
            f"{_in_words(doubtful, counts)}",
            expected="one spelling of each class",
            fix="--read spelling=join if they are the same class, "
            "--read spelling=keep if they are not; or write them alike",
        )


def _note_kept(name, twins):
    if not twins:
        return ()
    pairs = []
    for group in twins[:MAX_PAIRS]:
        shown = map(show, group)
        pairs.append(" and ".join(shown))
    why = f"classes of their own though they differ in spelling alone: {'; '.join(pairs)}"
    return (ColumnNote(name, "target", why),)


def _in_words(twins, counts):
    pairs = []
    for group in twins[:MAX_PAIRS]:
        shown = [f"{show(text)} ({counts[text]:,})" for text in group[:4]]
        pairs.append(" and ".join(shown))
    num_more = len(twins) - MAX_PAIRS
    if num_more > 0:
        pairs.append(f"and {num_more:,} more")
    return "; ".join(pairs)


def show(text: str) -> str:
    """Returns the text in quotes, at most 40 characters; what cannot be distinguished by eye is
    written as escapes.
    """
    short = text
    if len(text) > 40:
        short = f"{text[:40]}..."
    is_plain = plain(text) == text and text.isprintable()
    if is_plain:
        return repr(short)
    return ascii(short)
