"""Spellings of one name: in another case, Unicode form, or with other white space.

What looks the same is the same: composed and decomposed letters, a no-break or a doubled space,
characters without a width. Words of truth (Yes, yes; TRUE, True) are the same in any case. Other
names that differ in case may well be two (A and a, Co and CO), so a target's are refused until the
user decides.
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from ..device.cells import FALSE_WORDS, TRUE_WORDS
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
    """The text in the composed form, without characters that have no width, with single spaces."""
    return " ".join(unicodedata.normalize("NFC", _NO_WIDTH.sub("", text)).split())


def folded(text: str) -> str:
    """`plain` without case."""
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
        name: of the target.
        spelling: "" joins what looks the same and refuses what differs in case, "join" joins both,
            "keep" neither.
        declared: classes that the source lists in an order of its own; these are kept.

    Returns:
        The texts, spelling → class of those that are joined, and what to say of it.

    Raises:
        LoadError: where names differ in case only, and `spelling` is "".
    """
    counts = Counter(texts)
    if spelling == KEEP or declared:
        return texts, {}, _say_kept(name, groups_of(counts, folded))
    joined = {each: _chosen(group, counts) for group in groups_of(counts, plain) for each in group}
    merged = _merged(joined, counts)
    twins = groups_of(
        merged, _truth if all(_truth(text) in ("true", "false") for text in merged) else folded
    )
    if spelling != JOIN:
        _refuse_doubtful(name, twins, merged)
    for group in twins:
        chosen = max(group, key=lambda each: (merged[each], each))
        joined |= {text: chosen for text in counts if joined.get(text, text) in group}
    if not joined:
        return texts, {}, ()
    every = groups_of(counts, lambda text: joined.get(text, text))
    out = np.empty(len(texts), object)
    out[:] = [joined.get(text, text) for text in texts]
    return (
        out,
        joined,
        (ColumnNote(name, "target", f"read as one class: {_in_words(every, counts)}"),),
    )


def describe_spellings(texts: Iterable[str | None]) -> str:
    """What the schema states of categories that differ in spelling alone, after a semicolon; ""
    where none do.
    """
    counts = Counter(text for text in texts if text is not None)
    twins = groups_of(counts, folded)
    if twins:
        return f"; categories of their own: {_in_words(twins, counts)}"
    return ""


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
    """Object [rows]: the first spelling, in sorted order, of groups that differ in spelling alone.
    A group that is too large is harmless; two halves of one could stand on both sides of the split.
    """
    first = {text: group[0] for group in groups_of(Counter(texts), folded) for text in group}
    out = np.empty(len(texts), object)
    out[:] = [first.get(text, text) for text in texts]
    return out


def describe_groups(columns: Mapping[str, Sequence]) -> tuple[ColumnNote, ...]:
    """What to say of groups that `join_groups` joined, of column → cells."""
    notes = []
    for name, cells in columns.items():
        counts = Counter(str(cell).strip() for cell in cells)
        twins = groups_of(counts, folded)
        if twins:
            notes.append(
                ColumnNote(name, "group", f"read as one group: {_in_words(twins, counts)}")
            )
    return tuple(notes)


def _truth(text):
    """ "true" or "false" of a word for it, else the folded text."""
    word = folded(text)
    if word in TRUE_WORDS:
        return "true"
    if word in FALSE_WORDS:
        return "false"
    return word


def groups_of(counts: Counter[str], key) -> list[list[str]]:
    """Lists of two or more texts that have one key, the most frequent list first."""
    by_key: dict[str, list[str]] = {}
    for text in counts:
        by_key.setdefault(key(text), []).append(text)
    twins = [sorted(group) for group in by_key.values() if len(group) > 1]
    return sorted(twins, key=lambda group: -sum(counts[text] for text in group))


def _chosen(group, counts):
    """The plain one of spellings that look the same, or else the most frequent one."""
    return next(
        (text for text in group if text == plain(text)), max(group, key=lambda text: counts[text])
    )


def _merged(joined, counts):
    """How often each class stands in the source."""
    merged: Counter[str] = Counter()
    for text, count in counts.items():
        merged[joined.get(text, text)] += count
    return merged


def _refuse_doubtful(name, twins, counts):
    truths = [group for group in twins if len({folded(text) for text in group}) > 1]
    if truths:
        raise LoadError(
            f"the target {name!r} has several words for true or false: {_in_words(truths, counts)}",
            expected="one word for each",
            fix="--read spelling=join if they are the same class, --read spelling=keep "
            "if they are not; or write them alike",
        )
    doubtful = [group for group in twins if folded(group[0]) not in TRUE_WORDS | FALSE_WORDS]
    if doubtful:
        raise LoadError(
            f"the target {name!r} has classes that differ in case alone: "
            f"{_in_words(doubtful, counts)}",
            expected="one spelling of each class",
            fix="--read spelling=join if they are the same class, "
            "--read spelling=keep if they are not; or write them alike",
        )


def _say_kept(name, twins):
    if not twins:
        return ()
    detail = "; ".join(" and ".join(map(show, group)) for group in twins[:MAX_PAIRS])
    return (
        ColumnNote(
            name, "target", f"classes of their own though they differ in spelling alone: {detail}"
        ),
    )


def _in_words(twins, counts):
    shown = [
        " and ".join(f"{show(text)} ({counts[text]:,})" for text in group[:4])
        for group in twins[:MAX_PAIRS]
    ]
    return "; ".join(shown) + (
        f"; and {len(twins) - MAX_PAIRS:,} more" if len(twins) > MAX_PAIRS else ""
    )


def show(text: str) -> str:
    """The text in quotes, at most 40 characters; what cannot be distinguished by eye is written as
    escapes.
    """
    if len(text) <= 40:
        short = text
    else:
        short = f"{text[:40]}..."
    is_plain = plain(text) == text and text.isprintable()
    if is_plain:
        return repr(short)
    return ascii(short)
