"""A picture, however it comes, to the pixels that a model takes: one reading for training and
devices.

numpy, and Pillow where something is to be decoded or resized: a device without Pillow may pass
arrays of the right size.
"""

import hashlib
import os
import stat
import struct
import zlib
from collections.abc import Callable
from functools import cache
from io import BytesIO

import numpy as np

from .regular import open_regular
from .sixteen_bits import MAX_WHITE, RefusedPicture, colours_of, to_bytes

MAX_PIXELS, MAX_SIDE = 64_000_000, 30_000  # a resize takes memory by the side as well
MAX_FILE_BYTES = 256 * 2**20
# What a file of each format begins with.
_BEGINNINGS = {
    "JPEG": b"\xff\xd8\xff",
    "PNG": b"\x89PNG\r\n\x1a\n",
    "GIF": b"GIF8",
    "WEBP": b"RIFF",
    "BMP": b"BM",
}
_NO_FORMAT = "not a JPEG, PNG, GIF, WebP or BMP picture"
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
_ORIENTATION = 0x0112
# What Pillow raises for a file that is broken, by where its decoders notice it.
_BROKEN = (
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


def read_picture(cell: object, shape: tuple[int, ...], *, white: int = MAX_WHITE) -> np.ndarray:
    """The pixels uint8 [height, width, channels] of a picture, for shape = (height, width,
    channels), channels 1 or 3.

    A cell is a path, the bytes of a file (JPEG, PNG, GIF, WebP, BMP), a PIL image or an array:
    uint8, uint16 or bool [height, width] or [height, width, 1, 3 or 4]. Upright by its EXIF
    orientation, the first frame, over white where it is transparent, then grey or RGB, then
    stretched to the size with an antialiased bilinear filter. What has the shape already keeps its
    pixels bit for bit. `white`: the white point of 16-bit pixels, see `sixteen_bits.to_bytes`.
    Raises ValueError with the reason in words.
    """
    return decode_picture(cell, shape, white=white)[0]


def decode_picture(
    cell: object, shape: tuple[int, ...], *, white: int = MAX_WHITE
) -> tuple[np.ndarray, int | None]:
    """(pixels, largest): as `read_picture`, and the largest value of a 16-bit picture; None of any
    other.
    """
    if isinstance(cell, np.ndarray):
        pixels, largest = _eight_bit(cell, white)
        if pixels.shape == shape:
            return pixels, largest
        if (*pixels.shape, 1) == shape:
            return pixels[:, :, None], largest
        return _to_shape(lambda: _image_of(pixels), shape, white)[0], largest
    if isinstance(cell, (bytes, bytearray, memoryview)):
        _check_size(len(cell))
        return _to_shape(lambda: _open(BytesIO(cell)), shape, white)
    if isinstance(cell, (str, os.PathLike)):
        check_file(cell)
        try:
            with open_regular(cell) as file:
                return _to_shape(lambda: _open(file), shape, white)
        except PermissionError:
            raise RefusedPicture("may not be read") from None
    if type(cell).__module__.startswith("PIL."):
        return _to_shape(lambda: cell, shape, white)
    if cell is None:
        raise RefusedPicture("no picture")
    raise RefusedPicture(
        f"not a picture but a {type(cell).__name__}: pass a path, the bytes of a file, or an array"
    )


def picture_format(beginning: bytes) -> str:
    """ "JPEG", "PNG", "GIF", "WEBP" or "BMP" by a file's first 12 bytes, or "" where it is none of
    them.
    """
    name = next((name for name, mark in _BEGINNINGS.items() if beginning.startswith(mark)), "")
    if name == "WEBP" and beginning[8:12] != b"WEBP":
        return ""
    return name


def picture_digest(pixels: np.ndarray) -> bytes:
    """16 bytes (BLAKE2b) that two pictures share where their shapes and pixels are the same."""
    pixels = np.ascontiguousarray(pixels)
    return hashlib.blake2b(
        repr(pixels.shape).encode() + pixels.data,
        digest_size=16,
    ).digest()


def _eight_bit(array, white):
    """(uint8 [height, width] or [height, width, 3 or 4] of an array, the largest of 16-bit values
    or None); one channel stays where it stands.
    """
    if (
        array.ndim not in (2, 3)
        or (array.ndim == 3 and array.shape[2] not in (1, 3, 4))
        or not array.size
    ):
        raise RefusedPicture(
            f"an array of shape {array.shape}: a picture has [height, width] or [height, "
            "width, 1, 3, 4]"
        )
    _check_pixels(array.shape[1], array.shape[0])
    if array.dtype == np.bool_:
        return array.astype(np.uint8) * np.uint8(255), None
    if array.dtype.kind == "u" and array.dtype.itemsize == 2:
        return to_bytes(array, white), int(array.max())
    if array.dtype != np.uint8:
        raise RefusedPicture(
            f"an array of {array.dtype}: pass uint8, 0 to 255, so that the scale is sure"
        )
    return array, None


def _image_of(pixels):
    from PIL import Image

    return Image.fromarray(
        np.ascontiguousarray(pixels[:, :, 0] if pixels.shape[2:] == (1,) else pixels)
    )


def _check_size(num_bytes, max_bytes=MAX_FILE_BYTES):
    if num_bytes == 0:
        raise RefusedPicture("zero bytes")
    if num_bytes > max_bytes:
        raise RefusedPicture(f"{num_bytes:,} bytes, at most {max_bytes:,}")


def _check_pixels(width, height):
    if max(width, height) > MAX_SIDE:
        raise RefusedPicture(f"{width:,} × {height:,} pixels, at most {MAX_SIDE:,} a side")
    if width * height > MAX_PIXELS:
        raise RefusedPicture(f"{width:,} × {height:,} pixels, at most {MAX_PIXELS:,} together")


def check_file(path: str | os.PathLike, max_bytes: int = MAX_FILE_BYTES) -> None:
    """Raises ValueError with the reason in words for what is no regular file of 1 to `max_bytes`
    bytes.
    """
    try:
        found = os.stat(path)
    except PermissionError:
        raise RefusedPicture("may not be read") from None
    except (OSError, ValueError):  # ValueError: a name that no file can have
        raise RefusedPicture("no such file") from None
    if not stat.S_ISREG(found.st_mode):
        raise RefusedPicture(
            "a folder, not a file" if stat.S_ISDIR(found.st_mode) else "not a regular file"
        )
    _check_size(found.st_size, max_bytes)


@cache
def _readers():
    """Pillow's class for each format. Not Image.open: its warnings about large pictures could only
    be turned off for all threads together.
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
        def getexif(
            self,
        ):  # the plugin looks for the resolution in it, and warns where it is damaged
            return Image.Exif()

    return {
        "JPEG": Jpeg,
        "PNG": PngImagePlugin.PngImageFile,
        "GIF": GifImagePlugin.GifImageFile,
        "WEBP": WebPImagePlugin.WebPImageFile,
        "BMP": BmpImagePlugin.BmpImageFile,
    }


def _open(file):
    """A PIL image of which only the header has been read."""
    beginning = file.read(64)
    kind = picture_format(beginning)
    if not kind:
        other = _other_format(beginning)
        raise RefusedPicture(f"{_NO_FORMAT}, but {other}" if other else _NO_FORMAT)
    file.seek(0)
    return _readers()[kind](file)


def _other_format(beginning):
    """What a file that is no picture is, in words, or ""."""
    if beginning[4:8] == b"ftyp" and beginning[8:12] in _MEDIA:
        return f"a picture of the format {_MEDIA[beginning[8:12]]}"
    start = beginning.removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    return next((words for mark, words in _OTHERS.items() if start.startswith(mark)), "")


def _to_shape(opened: Callable, shape, white):
    """(pixels, the largest of 16-bit values or None) of the PIL image that `opened` gives."""
    try:
        from PIL import Image
    except ImportError:
        raise RefusedPicture(
            f"reading it needs Pillow; without it pass a uint8 array of shape {shape}"
        ) from None
    height, width, channels = shape
    try:
        image = opened()
        _check_pixels(*image.size)
        image, largest = colours_of(image, white)
        image.load()
        turn = _turn(image.info.get("exif"))
        if image.mode.startswith("I"):
            image, largest = _from_sixteen_bit(image, white)
        image = _opaque(image).convert("L" if channels == 1 else "RGB")
    except RefusedPicture:
        raise
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise RefusedPicture(f"more than {MAX_PIXELS:,} pixels") from None
    except _BROKEN as error:
        problem = " ".join(str(error).split())[:80] or type(error).__name__
        raise RefusedPicture(
            "truncated" if "truncated" in problem.lower() else f"broken ({problem})"
        ) from None
    if turn is not None:
        image = image.transpose(turn)
    if image.size != (width, height):
        image = image.resize((width, height), Image.Resampling.BILINEAR)
    return np.array(image).reshape(shape), largest


def _opaque(image):
    """The image in a mode that Pillow converts to grey and RGB; over white where it is
    transparent.
    """
    from PIL import Image

    if image.mode == "F":
        raise RefusedPicture(
            "its pixels are real numbers: pass whole numbers, so that the scale is sure"
        )
    if not image.has_transparency_data:
        return image
    image = image.convert("RGBA")
    return Image.alpha_composite(
        Image.new("RGBA", image.size, "white"),
        image,
    ).convert("RGB")


def _from_sixteen_bit(image, white):
    """(the grey image of 8 bits, the largest value) of one of 16 bits."""
    from PIL import Image

    pixels = np.asarray(image)
    if pixels.min() < 0 or pixels.max() > 65_535:
        raise RefusedPicture("its pixels lie outside 0 to 65,535")
    through = image.info.get("transparency")
    if through is None:
        seen = pixels.astype(np.uint16)
    else:
        seen = np.where(pixels == through, 0, pixels).astype(np.uint16)
    grey = to_bytes(seen, white)
    if through is not None:
        grey = np.where(pixels == through, np.uint8(255), grey)
    return Image.fromarray(grey), int(seen.max())


def _turn(exif):
    """What sets a picture upright by its EXIF block, or None."""
    from PIL.Image import Transpose

    return {
        2: Transpose.FLIP_LEFT_RIGHT,
        3: Transpose.ROTATE_180,
        4: Transpose.FLIP_TOP_BOTTOM,
        5: Transpose.TRANSPOSE,
        6: Transpose.ROTATE_270,
        7: Transpose.TRANSVERSE,
        8: Transpose.ROTATE_90,
    }.get(_orientation(exif))


def _orientation(exif):
    """1 to 8, of an EXIF block; 0 if it holds none. Pillow's own reader warns of blocks that are
    damaged.
    """
    if not isinstance(exif, bytes):
        return 0
    block = exif.removeprefix(b"Exif\0\0")
    order = {b"II*\0": "<", b"MM\0*": ">"}.get(block[:4])
    try:
        (start,) = struct.unpack_from(f"{order}I", block, 4)
        (count,) = struct.unpack_from(f"{order}H", block, start)
        for place in range(start + 2, start + 2 + 12 * count, 12):
            tag, kind, _, value = struct.unpack_from(f"{order}HHIH", block, place)
            if tag == _ORIENTATION and kind == 3:
                return value
    except struct.error:
        return 0
    return 0
