"""A picture, however it comes, to the pixels that a model takes: one reading for training and
devices.

numpy, and Pillow where something is to be decoded or resized: a device without Pillow may pass
arrays of the right size.
"""

import hashlib
import os
import stat
from collections.abc import Callable
from io import BytesIO

import numpy as np

from .exif import upright_turn
from .picture_headers import BROKEN, open_picture
from .regular import open_regular
from .sixteen_bits import MAX_WHITE, RefusedPicture, colours_of, to_bytes

MAX_PIXELS = 64_000_000
MAX_SIDE = 30_000  # a resize takes memory by the side as well
MAX_FILE_BYTES = 256 * 2**20


def read_picture(cell: object, shape: tuple[int, ...], *, white: int = MAX_WHITE) -> np.ndarray:
    """Reads a picture as the pixels that a model takes.

    It is set upright by its EXIF orientation, the first frame, over white where it is transparent,
    then grey or RGB, then stretched to the size with an antialiased bilinear filter. A picture that
    has the shape already keeps its pixels bit for bit.

    Args:
        cell: A path, the bytes of a file (JPEG, PNG, GIF, WebP, BMP), a PIL image or an array:
            uint8, uint16 or bool [height, width] or [height, width, 1, 3 or 4].
        shape: (height, width, channels), channels 1 or 3.
        white: The white point of 16-bit pixels, see `sixteen_bits.to_bytes`.

    Returns:
        uint8 [height, width, channels].

    Raises:
        ValueError: With the reason in words.
    """
    pixels, _ = decode_picture(cell, shape, white=white)
    return pixels


def decode_picture(
    cell: object, shape: tuple[int, ...], *, white: int = MAX_WHITE
) -> tuple[np.ndarray, int | None]:
    """Reads a picture as `read_picture` does.

    Args:
        cell: As there.
        shape: As there.
        white: As there.

    Returns:
        The pixels, and the largest value of a 16-bit picture; None of any other.
    """
    if isinstance(cell, np.ndarray):
        return _from_array(cell, shape, white)
    if isinstance(cell, (bytes, bytearray, memoryview)):
        _check_size(len(cell))
        return _to_shape(lambda: open_picture(BytesIO(cell)), shape, white)
    if isinstance(cell, (str, os.PathLike)):
        return _from_file(cell, shape, white)
    if type(cell).__module__.startswith("PIL."):
        return _to_shape(lambda: cell, shape, white)
    if cell is None:
        raise RefusedPicture("no picture")
    raise RefusedPicture(
        f"not a picture but a {type(cell).__name__}: pass a path, the bytes of a file, or an array"
    )


def _from_array(array, shape, white):
    """Returns the pixels of an array, and the largest of 16-bit values or None."""
    pixels, largest = _eight_bit(array, white)
    if pixels.shape == shape:
        return pixels, largest
    if (*pixels.shape, 1) == shape:
        return pixels[:, :, None], largest
    stretched, _ = _to_shape(lambda: _image_of(pixels), shape, white)
    return stretched, largest


def _from_file(path, shape, white):
    """Returns the pixels of a file, and the largest of 16-bit values or None."""
    check_file(path)
    try:
        with open_regular(path) as file:
            return _to_shape(lambda: open_picture(file), shape, white)
    except PermissionError:
        raise RefusedPicture("may not be read") from None


def picture_digest(pixels: np.ndarray) -> bytes:
    """Returns 16 bytes (BLAKE2b) that two pictures share if their shapes and pixels are the same.

    Args:
        pixels: uint8 [height, width, channels].
    """
    pixels = np.ascontiguousarray(pixels)
    shape = repr(pixels.shape).encode()
    digest = hashlib.blake2b(shape + pixels.data, digest_size=16)
    return digest.digest()


def _eight_bit(array, white):
    """Returns an array of pixels as bytes, and the largest of 16-bit values or None.

    It stays [height, width] or [height, width, 1, 3 or 4].
    """
    if not _has_picture_shape(array):
        raise RefusedPicture(
            f"an array of shape {array.shape}: a picture has [height, width] or [height, "
            "width, 1, 3, 4]"
        )
    height, width = array.shape[:2]
    _check_pixels(width, height)
    dtype = array.dtype
    if dtype == np.uint8:
        return array, None
    if dtype == np.bool_:
        return array.astype(np.uint8) * np.uint8(255), None
    if dtype.kind == "u" and dtype.itemsize == 2:
        return to_bytes(array, white), int(array.max())
    raise RefusedPicture(f"an array of {dtype}: pass uint8, 0 to 255, so that the scale is sure")


def _has_picture_shape(array):
    if array.size == 0:
        return False
    if array.ndim == 3:
        return array.shape[2] in (1, 3, 4)
    return array.ndim == 2


def _image_of(pixels):
    """Returns a PIL image of bytes [height, width] or [height, width, channels]."""
    from PIL import Image

    if pixels.shape[2:] == (1,):
        pixels = pixels[:, :, 0]
    return Image.fromarray(np.ascontiguousarray(pixels))


def _check_size(num_bytes, max_bytes=MAX_FILE_BYTES):
    if num_bytes == 0:
        raise RefusedPicture("zero bytes")
    if num_bytes > max_bytes:
        raise RefusedPicture(f"{num_bytes:,} bytes, at most {max_bytes:,}")


def _check_pixels(width, height):
    size = f"{width:,} × {height:,} pixels"
    if max(width, height) > MAX_SIDE:
        raise RefusedPicture(f"{size}, at most {MAX_SIDE:,} a side")
    if width * height > MAX_PIXELS:
        raise RefusedPicture(f"{size}, at most {MAX_PIXELS:,} together")


def check_file(path: str | os.PathLike, max_bytes: int = MAX_FILE_BYTES) -> None:
    """Checks that a path is of a regular file that is not empty.

    Args:
        path: Of the file; links are followed.
        max_bytes: That it may have.

    Raises:
        ValueError: With the reason in words.
    """
    try:
        status = os.stat(path)
    except PermissionError:
        raise RefusedPicture("may not be read") from None
    except (OSError, ValueError):  # ValueError: a name that no file can have
        raise RefusedPicture("no such file") from None
    if stat.S_ISDIR(status.st_mode):
        raise RefusedPicture("a folder, not a file")
    if not stat.S_ISREG(status.st_mode):
        raise RefusedPicture("not a regular file")
    _check_size(status.st_size, max_bytes)


def _to_shape(opened: Callable, shape, white):
    """Decodes a PIL image and stretches it.

    Args:
        opened: Opens the image.
        shape: (height, width, channels).
        white: The white point.

    Returns:
        The pixels, and the largest of 16-bit values or None.
    """
    try:
        from PIL import Image
    except ImportError:
        raise RefusedPicture(
            f"reading it needs Pillow; without it pass a uint8 array of shape {shape}"
        ) from None
    height, width, channels = shape
    try:
        image, largest = _decoded(opened(), channels, white)
    except RefusedPicture:
        raise
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise RefusedPicture(f"more than {MAX_PIXELS:,} pixels") from None
    except BROKEN as error:
        raise RefusedPicture(_broken_in_words(error)) from None
    if image.size != (width, height):
        image = image.resize((width, height), Image.Resampling.BILINEAR)
    return np.array(image).reshape(shape), largest


def _decoded(image, channels, white):
    """Returns a PIL image upright, grey or RGB, and the largest of 16-bit values or None."""
    _check_pixels(*image.size)
    image, largest = colours_of(image, white)
    image.load()
    turn = upright_turn(image.info.get("exif"))
    if image.mode.startswith("I"):
        image, largest = _from_sixteen_bit(image, white)
    mode = "RGB"
    if channels == 1:
        mode = "L"
    image = _opaque(image).convert(mode)
    if turn is not None:
        image = image.transpose(turn)
    return image, largest


def _broken_in_words(error):
    """Returns in one line what Pillow found of a broken file."""
    words = " ".join(str(error).split())
    problem = words[:80] or type(error).__name__
    if "truncated" in problem.lower():
        return "truncated"
    return f"broken ({problem})"


def _opaque(image):
    """Returns an image in a mode that Pillow converts to grey and RGB, over white where it is
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
    white = Image.new("RGBA", image.size, "white")
    opaque = Image.alpha_composite(white, image)
    return opaque.convert("RGB")


def _from_sixteen_bit(image, white):
    """Returns the grey image of 8 bits of one of 16 bits, and its largest value."""
    from PIL import Image

    pixels = np.asarray(image)
    if pixels.min() < 0 or pixels.max() > MAX_WHITE:
        raise RefusedPicture("its pixels lie outside 0 to 65,535")
    transparent = image.info.get("transparency")
    if transparent is None:
        values = pixels.astype(np.uint16)
        grey = to_bytes(values, white)
    else:
        is_transparent = pixels == transparent
        # What is not seen does not count for the white point.
        values = np.where(is_transparent, 0, pixels).astype(np.uint16)
        grey = to_bytes(values, white)
        grey[is_transparent] = 255
    largest = int(values.max())
    return Image.fromarray(grey), largest
