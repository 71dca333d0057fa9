"""16-bit pixels to bytes, by a white point.

Cameras and scanners of 10, 12 or 14 bits write 16-bit files of which they use a part alone: a file
of 12 bits whose white were taken to stand at 65,535 would be nearly black.
"""

import numpy as np

MAX_WHITE = 65_535
# Of a picture that uses all 16 bits some pixel is at least so bright.
MIN_BRIGHT = 16_384


class _Refused(ValueError):
    """A reason in words why a picture cannot be read, as opposed to what Pillow raises."""


def to_bytes(values: np.ndarray, white: int) -> np.ndarray:
    """uint8, rounded, of uint16 values of any shape; `white` (1 to 65,535) becomes 255.

    0 is an unknown white point: 65,535, and what is too dark for it is refused. Raises ValueError
    for that, and for values above a known white point.
    """
    _check_range(int(values.max()), white)
    most = white or MAX_WHITE
    return (
        (values.astype(np.uint32) * np.uint32(255) + np.uint32(most // 2)) // np.uint32(most)
    ).astype(np.uint8)


def likely_white(largest: int) -> int:
    """The largest value of as many bits as `largest` takes, at least 8: 4,095 for 3,900."""
    return 2 ** max(largest.bit_length(), 8) - 1


def is_dark(largest: int) -> bool:
    """Whether a picture's largest 16-bit value, which is not zero, is far below 65,535."""
    return 0 < largest < MIN_BRIGHT


def _check_range(largest, white):
    if white and largest > white:
        raise _Refused(f"its 16-bit pixels go up to {largest:,}, and the white point is {white:,}")
    if not white and is_dark(largest):
        raise _Refused(
            f"its 16-bit pixels go up to {largest:,} of {MAX_WHITE:,}, which would be nearly "
            "black: scale them to 8 bits"
        )


def colours_of(image, white: int) -> tuple[object, int | None]:
    """(image, largest) of a PIL image that has not been loaded: a PNG of 16-bit colours as one of 8
    bits by the white point, with the largest value of its colours. Any other image comes back as it
    is, with None.

    Pillow keeps the high byte of such colours alone, of 12 bits no more than four.
    """
    raw_mode = _sixteen_bit_colours(image)
    if not raw_mode:
        return image, None
    from PIL import Image

    if raw_mode == "LA;16B":
        return _grey_with_alpha(image, white)
    low = _low_bytes(image)
    image.load()
    high = np.asarray(image)
    values = high.astype(np.uint16) * np.uint16(256) + np.asarray(low)
    largest = int(values[:, :, :3].max())
    if white in (0, MAX_WHITE):
        _check_range(largest, white)
        colours = high[:, :, :3]  # not rounded: so it was before there was a white point
    else:
        colours = to_bytes(values[:, :, :3], white)
    through = image.info.get("transparency")
    if isinstance(through, tuple):
        colours = np.where(
            (values == np.array(through)).all(axis=2, keepdims=True), np.uint8(255), colours
        )
    made = Image.fromarray(np.concatenate([colours, high[:, :, 3:]], axis=2))
    if "exif" in image.info:
        made.info = {"exif": image.info["exif"]}
    else:
        made.info = {}
    return made, largest


def _sixteen_bit_colours(image):
    """ "RGB;16B", "RGBA;16B" or "LA;16B" of a PNG of these that has not been loaded, else ""."""
    if image.format != "PNG" or image.mode not in ("RGB", "RGBA", "LA"):
        return ""
    raw_modes = [str(tile[3]) for tile in image.tile]
    if raw_modes and raw_modes[0].endswith(";16B"):
        return raw_modes[0]
    return ""


def _low_bytes(image):
    """The same file read as if the low byte stood first, so that the bytes that Pillow keeps are
    the low ones.
    """
    place = image.fp.tell()
    image.fp.seek(0)
    low = type(image)(image.fp)
    low.tile = [tile[:3] + (str(tile[3]).replace(";16B", ";16L"),) for tile in low.tile]
    low.load()
    image.fp.seek(place)
    return low


def _grey_with_alpha(image, white):
    image.load()
    largest = (
        int(np.asarray(image)[:, :, 0].max()) * 257
    )  # of the high byte, which is all that Pillow reads
    if white in (0, MAX_WHITE):
        _check_range(largest, white)
        return image, largest
    raise _Refused(
        "16-bit grey with transparency is read with the white point 65,535 alone: save it without "
        "transparency"
    )
