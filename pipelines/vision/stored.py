"""What the pictures of a source are stored as: bit depth, channels, formats that names contradict;
and what of that is read, reported or refused. No value is learned from rows: the white point is a
knob.
"""

from collections.abc import Sequence

import numpy as np

from ..device.cells import shorten
from ..device.pictures import decode_picture
from ..device.sixteen_bits import MAX_WHITE, MIN_BRIGHT, is_dark, likely_white
from ..errors import LoadError
from ..rows.parts import ColumnNote
from ..sources.labelled_files import NUM_SHOWN, num_files

# 8-bit pictures that all stay below this are reported.
MIN_BRIGHT_BYTE = 64
_CHUNK_ROWS = 1024


class PictureFacts:
    """Facts about the pictures of a source, one row each, recorded while they are read.

    Attributes:
        is_read: bool [rows].
        largest: int64 [rows], the largest value of a 16-bit picture; -1 of any other.
        brightest: uint8 [rows], the largest value of the pixels as they are read.
        is_grey: bool [rows], whether the channels of the pixels are equal.
        misnamed: row → its format, where the file's name states another.
    """

    def __init__(self, num_rows: int):
        self.is_read = np.zeros(num_rows, bool)
        self.is_grey = np.zeros(num_rows, bool)
        self.largest = np.full(num_rows, -1, np.int64)
        self.brightest = np.zeros(num_rows, np.uint8)
        self.misnamed: dict[int, str] = {}

    def read(self, row: int, cell: object, shape: tuple[int, ...], white: int) -> np.ndarray:
        """Reads the pixels of a cell, and records their facts.

        Args:
            row: Of the picture.
            cell: What `read_picture` takes.
            shape: Height, width and channels.
            white: The white point of 16-bit pictures, 0 if it is not known.

        Returns:
            uint8 [height, width, channels].

        Raises:
            ValueError: With the reason, if the cell cannot be read.
        """
        pixels, largest = decode_picture(cell, shape, white=white or MAX_WHITE)
        if largest is None:
            largest = -1
        self.largest[row] = largest
        self.brightest[row] = pixels.max()
        self.is_grey[row] = are_grey(pixels)
        self.is_read[row] = True
        return pixels

    def take_bytes(self, pixels: np.ndarray) -> None:
        """Records what an array uint8 [rows, height, width(, channels)] shows of all its rows
        together.
        """
        self.is_read[:] = True
        self.brightest[:] = pixels.max(initial=0)
        self.is_grey[:] = _all_are_grey(pixels)

    def all_grey(self) -> bool:
        """Returns whether there are pictures, and all are grey."""
        is_grey = self.is_grey[self.is_read]
        return len(is_grey) > 0 and bool(is_grey.all())

    def white(self, given: int) -> int:
        """Returns the white point of the column.

        Args:
            given: The knob, 0 if it is to be found.

        Returns:
            The value that is white, 0 if no 16-bit picture has a pixel above 0.

        Raises:
            LoadError: If the knob is 0 and all 16-bit pictures would be nearly black.
        """
        largest = int(self.largest.max(initial=-1))
        if given or largest <= 0:
            return given
        if is_dark(largest):
            likely = likely_white(largest)
            raise LoadError(
                f"16-bit pictures whose largest value is {largest:,}: with white at {MAX_WHITE:,} "
                "they would be nearly black",
                expected=f"the value that is white; {likely.bit_length()} bits have {likely:,}",
                fix=f"--set load.white={likely}; or load.white={MAX_WHITE}, if they are that dark",
            )
        return MAX_WHITE

    def notes(
        self, names: Sequence, *, channels: int, found_channels: bool, white: int
    ) -> list[ColumnNote]:
        """Returns what is reported of the pictures.

        Args:
            names: Of the rows, if they are files.
            channels: As they are read, by a knob or as stored, or found.
            found_channels: Whether they were found.
            white: The knob of the white point.
        """
        notes = []
        if found_channels:
            notes.append(_note_on_channels(channels))
        elif channels == 3 and self.all_grey():
            why = "equal in every picture: --set load.channels=1 reads one"
            notes.append(ColumnNote("channels", "3", why))
        is_sixteen_bit = self.largest >= 0
        if is_sixteen_bit.any():
            notes.append(_note_on_depth(self.largest[is_sixteen_bit], white))
        is_eight_bit = self.is_read & ~is_sixteen_bit
        brightest = int(self.brightest[is_eight_bit].max(initial=0))
        if is_eight_bit.any() and brightest < MIN_BRIGHT_BYTE:
            notes.append(_note_on_brightness(brightest))
        if self.misnamed:
            notes.append(self._note_on_names(names))
        return notes

    def _note_on_names(self, names):
        rows = sorted(self.misnamed)
        shown = []
        for row in rows[:NUM_SHOWN]:
            name = shorten(names[row], 80)
            shown.append(f"{name}: a {self.misnamed[row]}")
        if len(rows) > NUM_SHOWN:
            shown.append("...")
        listed = "; ".join(shown)
        return ColumnNote(
            "named otherwise",
            num_files(len(rows)),
            f"read by content: {listed}",
        )


def _note_on_channels(channels):
    why = "not every picture is grey"
    if channels == 1:
        why = "every picture is grey"
    other = 4 - channels  # 1 of 3, 3 of 1
    fix = f"--set load.channels={other} reads {other}"
    return ColumnNote("channels", str(channels), f"{why}; {fix}")


def _note_on_brightness(brightest):
    factor = 255 // max(brightest, 1)
    return ColumnNote(
        "brightness",
        f"at most {brightest} of 255",
        "8-bit pictures that look black; if they are not that dark, multiply them by "
        f"{factor} and write them again",
    )


def _note_on_depth(largest, white):
    most = int(largest.max())
    why = f"{len(largest):,} pictures, the largest value is {most:,}"
    is_dark_picture = largest < MIN_BRIGHT
    num_dark = int(is_dark_picture.sum())
    likely = likely_white(most)
    if white in (0, MAX_WHITE) and num_dark:
        why += f"; {num_dark:,} stay below {MIN_BRIGHT:,}, dark or of fewer bits"
    elif white < MAX_WHITE and likely < white:
        why += f": they may use fewer bits, white at {likely:,}"
    return ColumnNote("16-bit pictures", f"white {white or MAX_WHITE:,}", why)


def _all_are_grey(pixels):
    """Returns whether pixels [rows, height, width(, channels)] are grey, a chunk at a time."""
    if pixels.ndim == 3:
        return True
    for start in range(0, len(pixels), _CHUNK_ROWS):
        chunk = pixels[start : start + _CHUNK_ROWS]
        if not are_grey(chunk):
            return False
    return True


def are_grey(pixels: np.ndarray) -> bool:
    """Returns whether the colour channels of pixels [..., channels] are equal."""
    num_colours = min(pixels.shape[-1], 3)
    first = pixels[..., 0]
    for place in range(1, num_colours):
        if not np.array_equal(first, pixels[..., place]):
            return False
    return True
