"""Folders of class folders: which files they hold, the classes, parts and groups that the names
tell, and the path of a file that stays inside its folder.
"""

import os
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from ..device.cells import shorten
from ..device.regular import is_hidden
from ..errors import LoadError
from ..rows.parts import ColumnNote
from .files import find_folder, fingerprint_files
from .labelled_files import NUM_SHOWN, LabelledSource, num_files
from .labels import GROUP_EXAMPLE, PARTS, check_name_groups, read_classes
from .spellings import show


@dataclass
class Listing:
    """The files of a folder by their relative names.

    Attributes:
        kind: What a file is called, "picture" or "text".
        suffixes: Which files are wanted, by the ends of their names.
        names: Of the files that are wanted.
        ignored: What is passed over.
        skipped: What is left out: (name, reason).
    """

    kind: str
    suffixes: tuple[str, ...]
    names: list[str] = field(default_factory=list)
    ignored: list[str] = field(default_factory=list)
    skipped: list[tuple[str, str]] = field(default_factory=list)


def found_in_folder(spec, kind: str, suffixes: Iterable[str]) -> tuple[Path, LabelledSource]:
    """Finds the files of a folder of class folders.

    Args:
        spec: A load spec with the knobs source, spelling and group.
        kind: What a file is called, "picture" or "text".
        suffixes: The ends of the files' names.

    Returns:
        The folder `spec.source`, links resolved, and what it holds: names of files, and what these
        tell.

    Raises:
        LoadError: For a folder without such files, or that cannot be read.
    """
    root = _find(spec.source, kind)
    listing = _list(root, kind, suffixes)
    names, labels, parts = _parted(listing, spec.source)
    found = LabelledSource(labels, names, parts=parts, where=spec.source)
    found.skipped = listing.skipped
    found.spelling = spec.spelling
    depth = 0
    if parts is not None:
        depth = 1
    found.notes += _joined_folders(names, labels, depth)
    if spec.group:
        found.group_pattern = spec.group
        found.groups = {"load.group": _groups_by_name(spec.group, names)}
    if listing.ignored:
        shown = ", ".join(map(shorten, listing.ignored[:NUM_SHOWN]))
        why = f"hidden, or no {kind}s in a class folder: {shown}"
        note = ColumnNote("ignored", num_files(len(listing.ignored)), why)
        found.notes.append(note)
    return root, found


def describe_folder(source: str, kind: str, suffixes: Iterable[str]) -> dict[str, str]:
    """Returns the folder's name, and the sha256 of what `sha256sum` prints for its files with these
    suffixes in sorted order.
    """
    root = _find(source, kind)
    listing = _list(root, kind, suffixes)
    return {"name": root.name, "sha256": fingerprint_files(root, listing.names)}


def names_parts(source: str) -> bool:
    """Tests whether the folders in a folder are parts, train among them, rather than classes."""
    parts = []
    try:
        for path in Path(source).iterdir():
            if path.is_dir() and not is_hidden(path.name):
                part = PARTS.get(path.name.lower())
                parts.append(part)
    except (OSError, ValueError):  # whoever reads the folder reports what is wrong with it
        return False
    return "train" in parts and None not in parts


def path_inside(root: Path, name: str) -> str:
    """Returns the path, links resolved, of a file below a folder.

    Args:
        root: The folder, a resolved path.
        name: Of the file, relative to the folder.

    Raises:
        ValueError: If the name leads out of the folder.
    """
    try:
        path = os.path.realpath(os.path.join(root, name))
    except ValueError:
        raise ValueError("no such file") from None
    if os.path.isabs(name):
        raise ValueError("leads out of the folder: it is absolute")
    goes_up = ".." in Path(name).parts
    if goes_up or not Path(path).is_relative_to(root):
        raise ValueError("leads out of the folder")
    return path


def _find(source, kind):
    return find_folder(source, f"a folder of class folders with {kind}s")


def _list(root, kind, suffixes):
    """Lists what lies below a folder, sorted. Links to folders are not followed. Raises LoadError
    for a folder that may not be read.
    """

    def refuse(error):
        folder = os.path.relpath(error.filename, root)
        raise LoadError(
            f"the folder {shorten(folder, 120)} cannot be read: {error.strerror}",
            expected="folders that may be read",
            fix="change its rights, or remove it",
        )

    listing = Listing(kind, tuple(suffixes))
    for folder, folders, files in os.walk(root, onerror=refuse):
        inside = _prefix(folder, root)
        # What is left in `folders` is walked through.
        folders[:] = _folders_to_enter(listing, folder, inside, folders)
        for name in sorted(files):
            if _is_wanted(name, listing.suffixes):
                listing.names.append(inside + name)
            else:
                listing.ignored.append(inside + name)
    listing.names.sort()
    return listing


def _prefix(folder, root):
    """Returns what the relative names of a folder's files begin with."""
    inside = os.path.relpath(folder, root)
    if inside == ".":
        return ""
    return inside.replace(os.sep, "/") + "/"


def _folders_to_enter(listing, folder, inside, names):
    """Returns those of a folder's folders that are looked into, and lists the others."""
    hidden = [name for name in names if is_hidden(name)]
    seen = sorted(name for name in names if not is_hidden(name))
    listing.ignored += [inside + name for name in hidden]
    entered = []
    for name in seen:
        if os.path.islink(os.path.join(folder, name)):
            listing.skipped.append((inside + name, "a link to a folder"))
        else:
            entered.append(name)
    return entered


def _is_wanted(name, suffixes):
    if is_hidden(name):
        return False
    return Path(name).suffix.lower() in suffixes


def _parted(listing, source):
    """Parts the files into those of class folders and the rest.

    Args:
        listing: The files; those outside class folders are added to what is ignored.
        source: The folder's name, for errors.

    Returns:
        The names of the files in class folders; their classes; "train", "valid" or "test" of each,
        or None if the folders are not parted.

    Raises:
        LoadError: For a folder without class folders, or with other folders next to its parts.
    """
    files = f"<class>/*{listing.suffixes[0]}"
    layout = f"folder/{files}, or folder/train/{files} with folder/test next to it"
    tops = {_top(name) for name in listing.names if "/" in name}
    parts = {top: PARTS[top.lower()] for top in tops if top.lower() in PARTS}
    found_parts = set(parts.values())
    others = tops - set(parts)
    if "train" in found_parts and len(found_parts) > 1 and others:
        raise LoadError(
            f"{shorten(source, 120)} holds {', '.join(map(shorten, sorted(parts)))} and next to "
            f"them {', '.join(map(shorten, sorted(others)[:5]))}",
            expected=layout,
            fix="move what is not a part out of the folder",
        )
    # The place of the class in a name: folder/<class>/... or folder/<part>/<class>/...
    depth = 0
    if tops and not others:
        depth = 1
    names = [name for name in listing.names if name.count("/") > depth]
    outside = [name for name in listing.names if name.count("/") <= depth]
    if not names:
        _refuse_empty(listing, source, outside, layout)
    listing.ignored += outside
    labels = _class_names([name.split("/")[depth] for name in names])
    if depth == 0:
        return names, labels, None
    return names, labels, [parts[_top(name)] for name in names]


def _top(name):
    """Returns the first folder of a relative name."""
    return name.split("/")[0]


def _refuse_empty(listing, source, outside, layout):
    """Raises LoadError for a folder without files in class folders."""
    detail = ""
    if outside:
        detail = f", but for {len(outside):,} outside class folders, such as {shorten(outside[0])}"
    if listing.skipped:
        name, reason = listing.skipped[0]
        detail += f"; {shorten(name)} is {reason}"
    suffixes = ", ".join(listing.suffixes)
    raise LoadError(
        f"no {listing.kind}s in the folder {shorten(source, 120)}{detail}",
        expected=layout,
        fix=f"check the path; {listing.kind}s are recognized by their names: {suffixes}",
    )


def _class_names(folders):
    """Returns the class of each folder name. Raises LoadError for a name that no class can have."""
    classes = {}
    for folder in folders:
        if folder not in classes:
            classes[folder] = _class_name(folder)
    return [classes[folder] for folder in folders]


def _class_name(folder):
    composed = unicodedata.normalize("NFC", folder)
    try:
        texts = read_classes([composed], "label", frozenset({""}))
    except LoadError as error:
        raise LoadError(
            f"the class folder {shorten(folder)} has a name that no class can have",
            expected="short text in UTF-8",
            fix="rename the folder",
        ) from error
    text = texts[0]
    if text is None:
        raise LoadError(
            f"the class folder {shorten(folder)} has a name of white space",
            expected="a class's name",
            fix="rename the folder",
        )
    return text


def _joined_folders(names, labels, depth):
    """Yields a note on each class of several folders: their names look the same."""
    folders: dict[str, Counter] = {}
    for name, label in zip(names, labels, strict=True):
        counts = folders.setdefault(label, Counter())
        folder = name.split("/")[depth]
        counts[folder] += 1
    for label, counts in folders.items():
        if len(counts) < 2:
            continue
        shown = [f"{show(folder)} ({count:,})" for folder, count in sorted(counts.items())]
        why = f"one class, {shorten(label)}: the folders {' and '.join(shown)}"
        yield ColumnNote("label", "target", why)


def _groups_by_name(pattern, names):
    """Returns what the one group of a regular expression finds in each name, None for nothing.

    Raises:
        LoadError: If it finds nothing in most names. A few may be of files that cannot be read, and
            that are skipped: `check_name_groups` looks at the others.
    """
    compiled = _compile(pattern)
    groups = []
    for name in names:
        match = compiled.search(name)
        group = None
        if match:
            group = match.group(1)
        groups.append(group)
    if 2 * groups.count(None) > len(groups):
        check_name_groups(pattern, names, groups)
    return groups


def _compile(pattern):
    """Returns a regular expression with one group. Raises LoadError for any other."""
    try:
        compiled = re.compile(pattern)
    except re.error as error:
        raise LoadError(
            f"load.group={pattern!r}: {error}",
            expected="a regular expression",
            fix=GROUP_EXAMPLE,
        ) from error
    if compiled.groups != 1:
        raise LoadError(
            f"load.group={pattern!r} has {compiled.groups} groups",
            expected="one group in parentheses",
            fix=GROUP_EXAMPLE,
        )
    return compiled
