"""Names of C with a prefix, so that several models can be in one program."""

from __future__ import annotations

import re
from collections.abc import Mapping

# What every header declares for others, by how C writes it.
_DECLARED = (
    re.compile(r"^(?:[\w ]+[ *])(\w+)\([^)]*\);", re.MULTILINE),
    re.compile(r"^} (\w+);", re.MULTILINE),
    re.compile(r"^extern [\w ]+ (\w+)(?:\[\w*\])?;", re.MULTILINE),
    re.compile(r"^#define (\w+)", re.MULTILINE),
)
# Targets of CMake are global too.
_OF_BUILD = ("model", "self_test")
_HEADER, _BUILD = ".h", "CMakeLists.txt"
_TEXTS = (_HEADER, ".c", ".cc", ".ino", ".md")


def is_prefix(word: str) -> bool:
    """Tests whether a word can stand before names of C."""
    return re.fullmatch(r"[a-z][a-z0-9_]*", word) is not None


def with_prefix(files: Mapping[str, bytes | str], prefix: str) -> dict[str, bytes | str]:
    """Returns files of C whose public names begin with a prefix; names of files stay.

    Args:
        files: Name → text: headers, what includes them, and how they are built.
        prefix: Lower case; "" changes nothing.
    """
    if not prefix:
        return dict(files)
    changes = {}
    for name in _public_names(files):
        written = prefix
        if name.isupper():
            written = prefix.upper()
        changes[name] = f"{written}_{name}"
    renamed: dict[str, bytes | str] = {}
    for name, text in files.items():
        renamed[name] = text
        if name.endswith(_TEXTS):
            renamed[name] = _replaced(str(text), changes)
        elif name == _BUILD:
            renamed[name] = _with_targets(str(text), prefix)
    return renamed


def without_prefix(files: Mapping[str, bytes | str], prefix: str) -> dict[str, bytes | str]:
    """Returns what `with_prefix` was given, of the C files: for what calls them by plain names."""
    if not prefix:
        return dict(files)
    changes = {}
    start = len(prefix) + 1
    for name in _public_names(files):
        changes[name] = name[start:]
    plain: dict[str, bytes | str] = {}
    for name, text in files.items():
        plain[name] = text
        if name.endswith(_TEXTS):
            plain[name] = _replaced(str(text), changes)
    return plain


def _public_names(files):
    """Returns what headers declare: functions, types, variables and macros."""
    found = set()
    for name, text in files.items():
        if not name.endswith(_HEADER):
            continue
        without_comments = re.sub(
            r"/\*.*?\*/",
            "",
            str(text),
            flags=re.DOTALL,
        )
        for pattern in _DECLARED:
            declared = pattern.findall(without_comments)
            found.update(declared)
    return found


def _replaced(text, changes):
    """Returns a text with whole words in place of others."""
    words = "|".join(sorted(changes))
    # prepare.c is the name of a file.
    pattern = re.compile(rf"\b({words})\b(?!\.[ch]\b)")
    return pattern.sub(
        lambda found: changes[found[1]],
        text,
    )


def _with_targets(text, prefix):
    """Returns a CMakeLists.txt with other names of its targets."""
    for name in _OF_BUILD:
        # project(model C) is no target.
        pattern = rf"(?<=[( ]){name}(?=[ )])(?! C\))"
        text = re.sub(
            pattern,
            f"{prefix}_{name}",
            text,
        )
    return text
