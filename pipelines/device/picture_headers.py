"""What a file of a picture is, by its beginning: its format, and how large it is.

Pillow is imported where a header is read.
"""

import struct
import zlib
from functools import cache
from pathlib import Path
from typing import Any, BinaryIO

from .regular import open_regular
from .sixteen_bits import RefusedPicture

# What a file of each format begins with.
_BEGINNINGS = {
    "JPEG": b"\xff\xd8\xff",
    "PNG": b"\x89PNG\r\n\x1a\n",
    "GIF": b"GIF8",
    "WEBP": b"RIFF",
    "BMP": b"BM",
}
# What other files that stand where a picture should begin with, in lower case, spaces cut.
_OTHERS = {
    b"<!doctype html": "a web page",
    b"<html": "a web page",
    b"<svg": "an SVG drawing",
    b"<?xml": "XML",
    b"%pdf": "a PDF",
    b"ii*\0": "a TIFF",
    b"mm\0*": "a TIFF",
    b"version https://git-lfs": "a Git LFS pointer",
    b"\x93numpy": "a NumPy array",
    b"pk\x03\x04": "a ZIP archive",
}
_MEDIA = {b"heic": "HEIC", b"heix": "HEIC", b"mif1": "HEIF", b"avif": "AVIF"}
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
# What Pillow raises for a file that is broken, by where its decoders notice it.
BROKEN = (
    OSError,
    SyntaxError,
    ValueError,
    EOFError,
    IndexError,
    TypeError,
    KeyError,
    AttributeError,
    OverflowError,
    struct.error,
    zlib.error,
)


def picture_format(beginning: bytes) -> str:
    """Returns "JPEG", "PNG", "GIF", "WEBP" or "BMP", or "" for a file that is none of them.

    Args:
        beginning: At least the first 12 bytes of the file.
    """
    for name, mark in _BEGINNINGS.items():
        if beginning.startswith(mark):
            is_other_riff = name == "WEBP" and beginning[8:12] != b"WEBP"
            if not is_other_riff:
                return name
    return ""


def picture_size(path: str | Path) -> tuple[int, int]:
    """Returns the height and the width of a file, in pixels, by its header.

    Raises:
        ValueError: It has no header of a picture that can be read.
        OSError: It is no regular file, or may not be read.
    """
    with open_regular(path) as file:
        try:
            width, height = open_picture(file).size
        except BROKEN as error:
            raise RefusedPicture(str(error)) from None
    return height, width


@cache
def _readers():
    """Returns Pillow's class for each format.

    Not Image.open: its warnings about large pictures could only be turned off for all threads
    together.
    """
    from PIL import (
        BmpImagePlugin,
        GifImagePlugin,
        Image,
        JpegImagePlugin,
        PngImagePlugin,
        WebPImagePlugin,
    )

    class Jpeg(JpegImagePlugin.JpegImageFile):
        # The plugin looks for the resolution in it, and warns where it is damaged.
        def getexif(self):
            return Image.Exif()

    return {
        "JPEG": Jpeg,
        "PNG": PngImagePlugin.PngImageFile,
        "GIF": GifImagePlugin.GifImageFile,
        "WEBP": WebPImagePlugin.WebPImageFile,
        "BMP": BmpImagePlugin.BmpImageFile,
    }


def open_picture(file: BinaryIO) -> Any:
    """Returns a PIL image of which only the header has been read.

    Args:
        file: Open, at its beginning.

    Raises:
        RefusedPicture: It is none of the formats.
    """
    beginning = file.read(64)
    name = picture_format(beginning)
    if not name:
        _refuse_format(beginning)
    file.seek(0)
    reader = _readers()[name]
    return reader(file)


def _refuse_format(beginning):
    """Raises RefusedPicture for a file that is no picture, and names what it is if it is known."""
    problem = "not a JPEG, PNG, GIF, WebP or BMP picture"
    other = _other_format(beginning)
    if other:
        problem = f"{problem}, but {other}"
    raise RefusedPicture(problem)


def _other_format(beginning):
    """Returns what a file that is no picture is, in words, or ""."""
    brand = beginning[8:12]
    if beginning[4:8] == b"ftyp" and brand in _MEDIA:
        return f"a picture of the format {_MEDIA[brand]}"
    text = beginning.removeprefix(_BYTE_ORDER_MARK)
    start = text.lstrip().lower()
    for mark, words in _OTHERS.items():
        if start.startswith(mark):
            return words
    return ""
