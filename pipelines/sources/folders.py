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
from ..errors import LoadError
from ..rows.parts import ColumnNote
from .files import find_folder, fingerprint_files
from .labelled_files import NUM_SHOWN, LabelledSource, num_files
from .labels import PARTS, read_classes
from .spellings import show


@dataclass
class Listing:
    """The files of a folder by their relative names: those that suffixes tell, what is passed over,
    and what is skipped (name, reason). kind: what a file is called, "picture" or "text".
    """

    kind: str
    suffixes: tuple[str, ...]
    names: list[str] = field(default_factory=list)
    ignored: list[str] = field(default_factory=list)
    skipped: list[tuple[str, str]] = field(default_factory=list)


def found_in_folder(spec, kind: str, suffixes: Iterable[str]) -> tuple[Path, LabelledSource]:
    """The folder `spec.source`, links resolved, and what it holds: names of files, and what these
    tell. Raises LoadError.
    """
    root = _find(spec.source, kind)
    listing = _list(root, kind, suffixes)
    names, labels, parts = _parted(listing, spec.source)
    found = LabelledSource(
        labels,
        names,
        parts=parts,
        skipped=listing.skipped,
        where=spec.source,
        spelling=spec.spelling,
    )
    found.notes += _joined_folders(names, labels, depth=0 if parts is None else 1)
    if spec.group:
        found.groups = {"load.group": _groups_by_name(spec.group, names)}
    if listing.ignored:
        shown = ", ".join(map(shorten, listing.ignored[:NUM_SHOWN]))
        found.notes.append(
            ColumnNote(
                "ignored",
                num_files(len(listing.ignored)),
                f"hidden, or no {kind}s in a class folder: {shown}",
            )
        )
    return root, found


def describe_folder(source: str, kind: str, suffixes: Iterable[str]) -> dict[str, str]:
    """The folder's name, and the sha256 of what `sha256sum` prints for its files with these
    suffixes in sorted order.
    """
    root = _find(source, kind)
    return {"name": root.name, "sha256": fingerprint_files(root, _list(root, kind, suffixes).names)}


def names_parts(source: str) -> bool:
    """Whether the folders in a folder are parts, train among them, rather than classes."""
    try:
        parts = [
            PARTS.get(path.name.lower())
            for path in Path(source).iterdir()
            if path.is_dir() and not _is_hidden(path.name)
        ]
    except (OSError, ValueError):  # whoever reads the folder reports what is wrong with it
        return False
    return "train" in parts and None not in parts


def path_inside(root: Path, name: str) -> str:
    """The path, links resolved, of a file below a folder (a resolved path). Raises ValueError where
    it leads out.
    """
    try:
        path = os.path.realpath(os.path.join(root, name))
    except ValueError:
        raise ValueError("no such file") from None
    if os.path.isabs(name) or ".." in Path(name).parts or not Path(path).is_relative_to(root):
        raise ValueError(
            "leads out of the folder" + (": it is absolute" if os.path.isabs(name) else "")
        )
    return path


def _find(source, kind):
    return find_folder(source, f"a folder of class folders with {kind}s")


def _list(root, kind, suffixes):
    """What lies below a folder, sorted. Links to folders are not followed. Raises LoadError for a
    folder that may not be read.
    """

    def refuse(error):
        raise LoadError(
            f"the folder {shorten(os.path.relpath(error.filename, root), 120)} cannot be read: "
            f"{error.strerror}",
            expected="folders that may be read",
            fix="change its rights, or remove it",
        )

    found = Listing(kind, tuple(suffixes))
    for folder, folders, files in os.walk(root, onerror=refuse):
        inside = os.path.relpath(folder, root)
        if inside == ".":
            inside = ""
        else:
            inside = inside.replace(os.sep, "/") + "/"
        links = [name for name in folders if os.path.islink(os.path.join(folder, name))]
        found.skipped += [
            (inside + name, "a link to a folder") for name in sorted(links) if not _is_hidden(name)
        ]
        found.ignored += [inside + name for name in folders if _is_hidden(name)]
        folders[:] = sorted(name for name in folders if name not in links and not _is_hidden(name))
        for name in sorted(files):
            is_wanted = not _is_hidden(name) and Path(name).suffix.lower() in found.suffixes
            (found.names if is_wanted else found.ignored).append(inside + name)
    found.names.sort()
    return found


def _is_hidden(name):
    return name.startswith(".") and not name.startswith(
        ".."
    )  # so that a class called "..." is not lost


def _parted(listing, source):
    """(names, labels, parts or None) of the files that lie in class folders; the others are ignored
    from then on. Raises LoadError where the folders' roles are not sure, or a class folder's name
    is none for a class.
    """
    files = f"<class>/*{listing.suffixes[0]}"
    layout = f"folder/{files}, or folder/train/{files} with folder/test next to it"
    tops = {name.split("/")[0] for name in listing.names if "/" in name}
    parts = {top: PARTS[top.lower()] for top in tops if top.lower() in PARTS}
    if "train" in parts.values() and len(set(parts.values())) > 1 and len(parts) < len(tops):
        raise LoadError(
            f"{shorten(source, 120)} holds {', '.join(map(shorten, sorted(parts)))} and next to "
            f"them {', '.join(map(shorten, sorted(tops - set(parts))[:5]))}",
            expected=layout,
            fix="move what is not a part out of the folder",
        )
    if tops and len(parts) == len(tops):
        depth = 1
    else:
        depth = 0
    names = [name for name in listing.names if name.count("/") > depth]
    outside = [name for name in listing.names if name.count("/") <= depth]
    if not names:
        if outside:
            detail = (
                f", but for {len(outside):,} outside class folders, such as {shorten(outside[0])}"
            )
        else:
            detail = ""
        if listing.skipped:
            detail += f"; {shorten(listing.skipped[0][0])} is {listing.skipped[0][1]}"
        raise LoadError(
            f"no {listing.kind}s in the folder {shorten(source, 120)}{detail}",
            expected=layout,
            fix=f"check the path; {listing.kind}s are recognized by their names: "
            + ", ".join(listing.suffixes),
        )
    listing.ignored += outside
    labels = _class_names([name.split("/")[depth] for name in names])
    return names, labels, [parts[name.split("/")[0]] for name in names] if depth else None


def _class_names(folders):
    names = {}
    for folder in dict.fromkeys(folders):
        try:
            (text,) = read_classes([unicodedata.normalize("NFC", folder)], "label", frozenset({""}))
        except LoadError as error:
            raise LoadError(
                f"the class folder {shorten(folder)} has a name that no class can have",
                expected="short text in UTF-8",
                fix="rename the folder",
            ) from error
        if text is None:
            raise LoadError(
                f"the class folder {shorten(folder)} has a name of white space",
                expected="a class's name",
                fix="rename the folder",
            )
        names[folder] = text
    return [names[folder] for folder in folders]


def _joined_folders(names, labels, depth):
    """What to say of class folders that are one class: their names look the same."""
    folders: dict[str, Counter] = {}
    for name, label in zip(names, labels, strict=True):
        folders.setdefault(label, Counter())[name.split("/")[depth]] += 1
    for label, counts in folders.items():
        if len(counts) > 1:
            detail = " and ".join(
                f"{show(folder)} ({count:,})" for folder, count in sorted(counts.items())
            )
            yield ColumnNote(
                "label", "target", f"one class, {shorten(label)}: the folders {detail}"
            )


def _groups_by_name(pattern, names):
    """What the one group of a regular expression finds in each name. Raises LoadError where it
    finds nothing.
    """
    fix = r"load.group='patient(\d+)' for patient12/left.png, for example"
    try:
        compiled = re.compile(pattern)
    except re.error as error:
        raise LoadError(
            f"load.group={pattern!r}: {error}", expected="a regular expression", fix=fix
        ) from error
    if compiled.groups != 1:
        raise LoadError(
            f"load.group={pattern!r} has {compiled.groups} groups",
            expected="one group in parentheses",
            fix=fix,
        )
    found = [match and match.group(1) for match in map(compiled.search, names)]
    without = [name for name, group in zip(names, found, strict=True) if group is None]
    if without:
        raise LoadError(
            f"load.group={pattern!r} finds no group in {len(without):,} names, such as "
            f"{shorten(without[0], 120)}",
            expected="a group in every name",
            fix=fix,
        )
    return found
