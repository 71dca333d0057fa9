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
from ..rows.parts import Inferred
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
        self.is_read, self.is_grey = np.zeros(num_rows, bool), np.zeros(num_rows, bool)
        self.largest, self.brightest = np.full(num_rows, -1, np.int64), np.zeros(num_rows, np.uint8)
        self.misnamed: dict[int, str] = {}

    def read(self, row: int, cell: object, shape: tuple[int, ...], white: int) -> np.ndarray:
        """The pixels of a cell, as `read_picture` gives them, and its facts recorded. `white`: 0
        where it is not known. Raises ValueError with the reason where it cannot be read.
        """
        pixels, largest = decode_picture(cell, shape, white=white or MAX_WHITE)
        if largest is None:
            self.largest[row] = -1
        else:
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
        if pixels.size:
            self.brightest[:] = pixels.max()
        else:
            self.brightest[:] = 0
        self.is_grey[:] = pixels.ndim == 3 or all(
            are_grey(pixels[start : start + _CHUNK_ROWS])
            for start in range(0, len(pixels), _CHUNK_ROWS)
        )

    def all_grey(self) -> bool:
        """Whether there are pictures, and all are grey."""
        return bool(self.is_read.any() and self.is_grey[self.is_read].all())

    def white(self, given: int) -> int:
        """The white point of the column, for the knob `given`: 0 where no 16-bit picture has a
        pixel above 0. Raises LoadError where the knob is 0 and all 16-bit pictures would be nearly
        black.
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
    ) -> list[Inferred]:
        """What is reported of the pictures. `names`: of the rows, where they are files; `channels`:
        as they are read, by a knob or as stored, or found.
        """
        notes = []
        if found_channels:
            if channels == 1:
                why = "every picture is grey"
            else:
                why = "not every picture is grey"
            other = f"--set load.channels={4 - channels} reads {4 - channels}"
            notes.append(Inferred("channels", str(channels), f"{why}; {other}"))
        elif channels == 3 and self.all_grey():
            notes.append(
                Inferred("channels", "3", "equal in every picture: --set load.channels=1 reads one")
            )
        sixteen = self.largest >= 0
        if sixteen.any():
            notes.append(self._depth_note(self.largest[sixteen], white))
        eight = self.is_read & ~sixteen
        brightest = int(self.brightest[eight].max(initial=0))
        if eight.any() and brightest < MIN_BRIGHT_BYTE:
            notes.append(
                Inferred(
                    "brightness",
                    f"at most {brightest} of 255",
                    "8-bit pictures that look black; if they are not that dark, multiply them by "
                    f"{255 // max(brightest, 1)} and write them again",
                )
            )
        if self.misnamed:
            shown = "; ".join(
                f"{shorten(names[row], 80)}: a {kind}"
                for row, kind in sorted(self.misnamed.items())[:NUM_SHOWN]
            )
            if len(self.misnamed) > NUM_SHOWN:
                more = "; ..."
            else:
                more = ""
            notes.append(
                Inferred(
                    "named otherwise",
                    num_files(len(self.misnamed)),
                    f"read by content: {shown}{more}",
                )
            )
        return notes

    def _depth_note(self, largest, white):
        why = f"{len(largest):,} pictures, the largest value is {int(largest.max()):,}"
        num_dark = int((largest < MIN_BRIGHT).sum())
        if white in (0, MAX_WHITE) and num_dark:
            why += f"; {num_dark:,} stay below {MIN_BRIGHT:,}, dark or of fewer bits"
        elif white < MAX_WHITE and likely_white(int(largest.max())) < white:
            why += f": they may use fewer bits, white at {likely_white(int(largest.max())):,}"
        return Inferred("16-bit pictures", f"white {white or MAX_WHITE:,}", why)


def are_grey(pixels: np.ndarray) -> bool:
    """Whether the colour channels of pixels [..., channels] are equal."""
    return all(
        np.array_equal(pixels[..., 0], pixels[..., place])
        for place in range(1, min(pixels.shape[-1], 3))
    )
