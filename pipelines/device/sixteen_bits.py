"""16-bit pixels to bytes, by a white point.

Cameras and scanners of 10, 12 or 14 bits write 16-bit files of which they use a part alone: a file
of 12 bits whose white were taken to stand at 65,535 would be nearly black.
"""

import numpy as np

MAX_WHITE = 65_535
# Of a picture that uses all 16 bits some pixel is at least so bright.
MIN_BRIGHT = 16_384


class RefusedPicture(ValueError):
    """A reason in words why a picture cannot be read, as opposed to what Pillow raises."""


def to_bytes(values: np.ndarray, white: int) -> np.ndarray:
    """Rounds 16-bit values to bytes.

    Args:
        values: uint16 of any shape.
        white: What becomes 255, 1 to 65,535. 0 is an unknown white point: 65,535, and what is too
            dark for it is refused.

    Returns:
        uint8 of the same shape.

    Raises:
        ValueError: For values above a known white point, or too dark for an unknown one.
    """
    _check_range(int(values.max()), white)
    most = np.uint32(white or MAX_WHITE)
    half = most // np.uint32(2)
    scaled = values.astype(np.uint32) * np.uint32(255)
    rounded = (scaled + half) // most
    return rounded.astype(np.uint8)


def likely_white(largest: int) -> int:
    """Returns the largest value of as many bits as `largest` takes, at least 8: 4,095 for 3,900."""
    num_bits = max(largest.bit_length(), 8)
    return 2**num_bits - 1


def is_dark(largest: int) -> bool:
    """Returns whether a picture's largest 16-bit value, which is not zero, is far below 65,535."""
    return 0 < largest < MIN_BRIGHT


def _check_range(largest, white):
    if white and largest > white:
        raise RefusedPicture(
            f"its 16-bit pixels go up to {largest:,}, and the white point is {white:,}"
        )
    if not white and is_dark(largest):
        raise RefusedPicture(
            f"its 16-bit pixels go up to {largest:,} of {MAX_WHITE:,}, which would be nearly "
            "black: scale them to 8 bits"
        )


def colours_of(image, white: int) -> tuple[object, int | None]:
    """Reads a PNG of 16-bit colours as one of 8 bits.

    Pillow keeps the high byte of such colours alone, of 12 bits no more than four.

    Args:
        image: A PIL image that has not been loaded.
        white: The white point, see `to_bytes`.

    Returns:
        The image, and the largest value of its colours. Any other image comes back as it is, with
        None.
    """
    raw_mode = _sixteen_bit_colours(image)
    if not raw_mode:
        return image, None
    if raw_mode == "LA;16B":
        return _grey_with_alpha(image, white)
    from PIL import Image

    low = _low_bytes(image)
    image.load()
    high = np.asarray(image)
    values = high.astype(np.uint16) * np.uint16(256)
    values += np.asarray(low)
    values_of_colours = values[:, :, :3]
    largest = int(values_of_colours.max())
    if white in (0, MAX_WHITE):
        _check_range(largest, white)
        colours = high[:, :, :3]  # not rounded: so it was before there was a white point
    else:
        colours = to_bytes(values_of_colours, white)
    colours = _with_transparency(colours, values, image)
    alpha = high[:, :, 3:]
    pixels = np.concatenate([colours, alpha], axis=2)
    eight_bits = Image.fromarray(pixels)
    eight_bits.info = {}
    if "exif" in image.info:
        eight_bits.info["exif"] = image.info["exif"]
    return eight_bits, largest


def _with_transparency(colours, values, image):
    """Returns colours with white in the place of the one that an image states as transparent."""
    transparent = image.info.get("transparency")
    if not isinstance(transparent, tuple):
        return colours
    is_colour = values == np.array(transparent)
    is_transparent = is_colour.all(axis=2, keepdims=True)
    return np.where(is_transparent, np.uint8(255), colours)


def _sixteen_bit_colours(image):
    """Returns "RGB;16B", "RGBA;16B" or "LA;16B" of an unloaded PNG of these, else ""."""
    if image.format != "PNG" or image.mode not in ("RGB", "RGBA", "LA"):
        return ""
    if not image.tile:
        return ""
    raw_mode = str(image.tile[0][3])
    if raw_mode.endswith(";16B"):
        return raw_mode
    return ""


def _low_bytes(image):
    """Returns the same file read as if the low byte stood first.

    So the bytes that Pillow keeps are the low ones.
    """
    file = image.fp
    position = file.tell()
    file.seek(0)
    low = type(image)(file)
    tiles = []
    for tile in low.tile:
        raw_mode = str(tile[3]).replace(";16B", ";16L")
        tiles.append(tile[:3] + (raw_mode,))
    low.tile = tiles
    low.load()
    file.seek(position)
    return low


def _grey_with_alpha(image, white):
    """Returns an image of grey with transparency, and its largest value."""
    image.load()
    pixels = np.asarray(image)
    # Pillow reads the high byte alone.
    largest_byte = pixels[:, :, 0].max()
    largest = int(largest_byte) * 257
    if white in (0, MAX_WHITE):
        _check_range(largest, white)
        return image, largest
    raise RefusedPicture(
        "16-bit grey with transparency is read with the white point 65,535 alone: save it without "
        "transparency"
    )
