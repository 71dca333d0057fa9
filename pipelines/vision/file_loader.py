"""What folders and tables of picture files show before a pixel is read: the size in which the
pictures are learned, and whether a class is rare.
"""

import statistics
from abc import abstractmethod
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Self

import numpy as np

from ..device.picture_headers import picture_size
from ..sources.folders import path_inside
from ..sources.labelled_files import LabelledSource
from .draw import PictureLoader

# Larger pictures are made smaller: training takes time by the pixel.
MOST_SIDE = 64
_NUM_READ = 400
# The most frequent class is so many times as frequent as the rarest.
LONG_TAIL = 10


class FileLoader(PictureLoader):
    """A loader of files of pictures, each in a size of its own."""

    height: int
    width: int

    @abstractmethod
    def found(self) -> tuple[Path, LabelledSource]:
        """Returns the folder of the files, a resolved path, and their names and labels.

        Raises:
            LoadError: there is none, or it cannot be read.
        """

    def sized(self, root: Path, names: Sequence[str | None]) -> Self:
        """Returns the same with the usual size of its files where a knob is 0; see `usual_size`."""
        if self.height and self.width:
            return self
        height, width = usual_size(root, names)
        return replace(self, height=self.height or height, width=self.width or width)


def has_long_tail(found: LabelledSource) -> bool:
    """Tests whether one class has at least ten times as many pictures as another, where each has
    one class.
    """
    counts = Counter(label for label in found.labels if label not in found.missing)
    return bool(counts) and max(counts.values()) >= LONG_TAIL * min(counts.values())


def usual_size(root: Path, names: Sequence[str | None]) -> tuple[int, int]:
    """Returns the size that most files have, in pixels, or a smaller one of the same shape.

    Of at most 400 files, evenly spread over their names, the headers are read, no pixels.

    Args:
        root: The folder of the files, a resolved path.
        names: Of the files, relative to the folder; None of a row without one.

    Returns:
        The median height and the median width, both made smaller alike where one is more than 64;
        64 and 64 where no file can be read.
    """
    places = np.unique(np.linspace(0, len(names) - 1, _NUM_READ).astype(int))
    found = [_size_of(root, names[place]) for place in places]
    sizes = [size for size in found if size is not None]
    if not sizes:
        return MOST_SIDE, MOST_SIDE
    height = statistics.median(size[0] for size in sizes)
    width = statistics.median(size[1] for size in sizes)
    share = min(1.0, MOST_SIDE / max(height, width))
    return max(round(share * height), 1), max(round(share * width), 1)


def _size_of(root, name):
    """Returns height and width, or None where there is no header to read: whoever reads the pixels
    reports it.
    """
    if not name:
        return None
    try:
        return picture_size(path_inside(root, name))
    except (OSError, ValueError):
        return None
