"""Folders of pictures: which files they hold, and the reading of one file that stays inside its folder."""

import os
import re
import unicodedata
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from ..device.cells import shorten
from ..device.pictures import picture_format, read_picture
from ..errors import LoadError
from ..labels import PARTS, read_classes

SUFFIXES = {".jpg": "JPEG", ".jpeg": "JPEG", ".png": "PNG", ".gif": "GIF", ".webp": "WEBP", ".bmp": "BMP"}
_LAYOUT = "folder/<class>/*.png, or folder/train/<class>/*.png with folder/test beside it"


@dataclass
class Listing:
    """The files of a folder by their relative names: pictures by their suffix, what is passed over, and what is set
    aside (name, reason)."""

    pictures: list[str] = field(default_factory=list)
    ignored: list[str] = field(default_factory=list)
    aside: list[tuple[str, str]] = field(default_factory=list)


def list_folder(root: Path) -> Listing:
    """What lies below a folder, sorted. Links to folders are not followed. Raises LoadError for a folder that may not
    be read."""
    def refuse(error):
        raise LoadError(f"the folder {shorten(os.path.relpath(error.filename, root), 120)} cannot be read: "
                        f"{error.strerror}", expected="folders that may be read", fix="change its rights, or remove it")
    found = Listing()
    for folder, folders, files in os.walk(root, onerror=refuse):
        inside = os.path.relpath(folder, root)
        inside = "" if inside == "." else inside.replace(os.sep, "/") + "/"
        links = [name for name in folders if os.path.islink(os.path.join(folder, name))]
        found.aside += [(inside + name, "a link to a folder") for name in sorted(links) if not _is_hidden(name)]
        found.ignored += [inside + name for name in folders if _is_hidden(name)]
        folders[:] = sorted(name for name in folders if name not in links and not _is_hidden(name))
        for name in sorted(files):
            is_picture = not _is_hidden(name) and Path(name).suffix.lower() in SUFFIXES
            (found.pictures if is_picture else found.ignored).append(inside + name)
    found.pictures.sort()
    return found


def _is_hidden(name):
    return name.startswith(".") and not name.startswith("..")  # so that a class called "..." is not lost


def parted(listing: Listing, source: str) -> tuple[list[str], list[str], list[str] | None]:
    """(names, labels, parts or None) of the pictures that lie in class folders; the others are ignored from then on.
    Raises LoadError where the folders' roles are not sure, or a class folder's name is none for a class."""
    tops = {name.split("/")[0] for name in listing.pictures if "/" in name}
    parts = {top: PARTS[top.lower()] for top in tops if top.lower() in PARTS}
    if "train" in parts.values() and len(set(parts.values())) > 1 and len(parts) < len(tops):
        raise LoadError(f"{shorten(source, 120)} holds {', '.join(map(shorten, sorted(parts)))} and beside them "
                        f"{', '.join(map(shorten, sorted(tops - set(parts))[:5]))}", expected=_LAYOUT,
                        fix="move what is not a part out of the folder")
    depth = 1 if tops and len(parts) == len(tops) else 0
    names = [name for name in listing.pictures if name.count("/") > depth]
    outside = [name for name in listing.pictures if name.count("/") <= depth]
    if not names:
        said = f", but for {len(outside):,} outside class folders, such as {shorten(outside[0])}" if outside else ""
        said += f"; {shorten(listing.aside[0][0])} is {listing.aside[0][1]}" if listing.aside else ""
        raise LoadError(f"no pictures in the folder {shorten(source, 120)}{said}", expected=_LAYOUT,
                        fix="check the path; pictures are told by their names: " + ", ".join(SUFFIXES))
    listing.ignored += outside
    labels = _class_names([name.split("/")[depth] for name in names])
    return names, labels, [parts[name.split("/")[0]] for name in names] if depth else None


def _class_names(folders):
    names = {}
    for folder in dict.fromkeys(folders):
        try:
            text, = read_classes([unicodedata.normalize("NFC", folder)], "label", frozenset({""}))
        except LoadError as error:
            raise LoadError(f"the class folder {shorten(folder)} has a name that no class can have",
                            expected="short text in UTF-8", fix="rename the folder") from error
        if text is None:
            raise LoadError(f"the class folder {shorten(folder)} has a name of white space", expected="a class's name",
                            fix="rename the folder")
        names[folder] = text
    return [names[folder] for folder in folders]


def groups_by_name(pattern: str, names: list[str]) -> list[str]:
    """What the one group of a regular expression finds in each name. Raises LoadError where it finds nothing."""
    fix = r"load.group='patient(\d+)' for patient12/left.png, for example"
    try:
        compiled = re.compile(pattern)
    except re.error as error:
        raise LoadError(f"load.group={pattern!r}: {error}", expected="a regular expression", fix=fix) from error
    if compiled.groups != 1:
        raise LoadError(f"load.group={pattern!r} has {compiled.groups} groups", expected="one group in parentheses",
                        fix=fix)
    found = [match and match.group(1) for match in map(compiled.search, names)]
    without = [name for name, group in zip(names, found, strict=True) if group is None]
    if without:
        raise LoadError(f"load.group={pattern!r} finds no group in {len(without):,} names, such as "
                        f"{shorten(without[0], 120)}", expected="a group in every name", fix=fix)
    return found


def read_inside(root: Path, name: str, shape: tuple[int, ...]) -> np.ndarray:
    """The pixels of a file below a folder (a resolved path). Raises ValueError with the reason where it cannot be read,
    leads out of the folder, or is not the format that its name says."""
    try:
        path = os.path.realpath(os.path.join(root, name))
    except ValueError:
        raise ValueError("no such file") from None
    if os.path.isabs(name) or ".." in Path(name).parts or not Path(path).is_relative_to(root):
        raise ValueError("leads out of the folder" + (": it is absolute" if os.path.isabs(name) else ""))
    pixels = read_picture(path, shape)
    with open(path, "rb") as file:
        found = picture_format(file.read(12))
    suffix = Path(name).suffix.lower()
    if SUFFIXES.get(suffix, found) != found:
        raise ValueError(f"named {suffix}, but a {found}")
    return pixels
