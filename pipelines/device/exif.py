"""The orientation of a picture, from its EXIF block (CIPA DC-008)."""

import struct

# The tag of the orientation, its type, the bytes of an entry, and what a block begins with.
_ORIENTATION = 0x0112
_SHORT = 3
_ENTRY_BYTES = 12
_BYTE_ORDERS = {b"II*\0": "<", b"MM\0*": ">"}


def upright_turn(exif: object):
    """Returns what sets a picture upright, one of Pillow's `Transpose`, or None.

    Args:
        exif: The EXIF block of the picture, bytes; anything else is none.
    """
    from PIL.Image import Transpose

    turns = {
        2: Transpose.FLIP_LEFT_RIGHT,
        3: Transpose.ROTATE_180,
        4: Transpose.FLIP_TOP_BOTTOM,
        5: Transpose.TRANSPOSE,
        6: Transpose.ROTATE_270,
        7: Transpose.TRANSVERSE,
        8: Transpose.ROTATE_90,
    }
    return turns.get(_orientation(exif))


def _orientation(exif):
    """Returns 1 to 8 of an EXIF block; 0 if it holds none.

    Pillow's own reader warns of blocks that are damaged.
    """
    if not isinstance(exif, bytes):
        return 0
    block = exif.removeprefix(b"Exif\0\0")
    byte_order = _BYTE_ORDERS.get(block[:4])
    if byte_order is None:
        return 0
    entry = struct.Struct(f"{byte_order}HHIH")
    try:
        (start,) = struct.unpack_from(f"{byte_order}I", block, 4)
        (num_entries,) = struct.unpack_from(f"{byte_order}H", block, start)
        first = start + 2
        for number in range(num_entries):
            place = first + number * _ENTRY_BYTES
            tag, kind, _, value = entry.unpack_from(block, place)
            if tag == _ORIENTATION and kind == _SHORT:
                return value
    except struct.error:
        return 0
    return 0
