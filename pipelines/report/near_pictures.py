"""Pictures of one part of a split that are nearly one of another part: copies that were resized,
compressed again, brightened or cut a little.
"""

import numpy as np

from ..device.cells import PICTURE
from ..rows.columns import read_rows
from ..rows.parts import HeldOut, Splits, TrainSet
from .doubtful_rows import MAX_SHOWN, DoubtfulRows, doubt

SIDE = 16  # of the thumbnails that are compared
MOST_HELD_OUT = 2_000
MOST_TRAINING = 10_000
PIECE_ROWS = 256
# Of two thumbnails. Copies that were compressed again, brightened or resized have .99 and more;
# other pictures of a set reach it too where all are alike, so that a copy must also stand out:
# by a tenth of the distance that half of the held-out rows have to their nearest.
LEAST_CORRELATION = 0.99
SHARE_OF_DISTANCE = 0.1


def find_near_pictures(splits: Splits) -> list[DoubtfulRows]:
    """Finds test and validation pictures that are nearly a training picture, by the correlation of
    thumbnails. Of large sets evenly spaced rows are looked at. Equal pictures are counted as
    duplicates and not named here.
    """
    names = [column.name for column in splits.train.schema.columns if column.kind == PICTURE]
    found = []
    for name in names:
        known, known_places = _thumbnails(splits.train, name, MOST_TRAINING)
        for part, rows in (("test", splits.test), ("validation", splits.valid)):
            near = _near(rows, splits.train, name, (known, known_places))
            if near:
                found.append(_named(part, near))
    return found


def _near(rows, train, name, known):
    """Returns [id of a held-out row, id of the training row that it nearly is], a list."""
    thumbnails, places = _thumbnails(rows, name, MOST_HELD_OUT)
    known_thumbnails, known_places = known
    if len(places) < 2 or not len(known_places):
        return []
    nearest = np.zeros(len(places), np.int64)
    largest = np.zeros(len(places), np.float32)
    for start in range(0, len(places), PIECE_ROWS):
        piece = slice(start, start + PIECE_ROWS)
        correlations = thumbnails[piece] @ known_thumbnails.T
        nearest[piece] = correlations.argmax(axis=1)
        largest[piece] = correlations.max(axis=1)
    distance = 1 - largest
    is_near = largest >= LEAST_CORRELATION
    is_near &= distance <= SHARE_OF_DISTANCE * np.median(distance)
    pairs = []
    for place in np.flatnonzero(is_near):
        one = places[place]
        other = known_places[nearest[place]]
        if not _are_equal(rows.x[name], one, train.x[name], other):
            pairs.append((int(rows.ids[one]), int(train.ids[other])))
    return pairs


def _are_equal(column, one, others, other):
    first = read_rows(column, np.array([one]))
    second = read_rows(others, np.array([other]))
    return np.array_equal(first, second)


def _thumbnails(rows: TrainSet | HeldOut, name: str, most: int) -> tuple[np.ndarray, np.ndarray]:
    """Returns thumbnails of mean 0 and norm 1, float32 [rows, SIDE * SIDE * channels], and the
    places of the rows. Pictures of one colour are left out.
    """
    evenly = np.linspace(0, len(rows) - 1, min(most, len(rows)))
    places = np.unique(evenly.astype(np.int64))
    pieces = []
    for start in range(0, len(places), PIECE_ROWS):
        pixels = read_rows(rows.x[name], places[start : start + PIECE_ROWS])
        pieces.append(_small(pixels))
    if not pieces:
        return np.zeros((0, 1), np.float32), places
    thumbnails = np.concatenate(pieces)
    thumbnails -= thumbnails.mean(axis=1, keepdims=True)
    norms = np.linalg.norm(thumbnails, axis=1)
    has_content = norms > SIDE  # a step of grey each
    return thumbnails[has_content] / norms[has_content, None], places[has_content]


def _small(pixels):
    """Returns the mean colour of SIDE x SIDE fields, float32 [rows, SIDE * SIDE * channels]."""
    small = pixels.astype(np.float32)
    for axis in (1, 2):
        edges = np.linspace(0, small.shape[axis], SIDE + 1)
        starts = np.minimum(edges[:-1].astype(np.int64), small.shape[axis] - 1)
        sizes = np.maximum(np.diff(np.append(starts, small.shape[axis])), 1)
        sums = np.add.reduceat(small, starts, axis=axis)
        shape = [1, 1, 1, 1]
        shape[axis] = SIDE
        small = sums / sizes.reshape(shape)
    return small.reshape(len(small), -1)


def _named(part, pairs):
    shown = [f"rows {one:,} and {other:,}" for one, other in pairs[:MAX_SHOWN]]
    if len(pairs) > MAX_SHOWN:
        shown.append(f"and {len(pairs) - MAX_SHOWN:,} more")
    verb = "is nearly a training picture"
    if len(pairs) > 1:
        verb = "are nearly training pictures"
    return doubt(
        f"{len(pairs):,} {part} {'picture' if len(pairs) == 1 else 'pictures'} {verb}: "
        f"{', '.join(shown)}; the scores may be too good",
        "look at these pairs; keep copies in one part by a column that names their origin "
        "(--group), or remove them in the source; nothing was left out",
        np.array(pairs).ravel(),
    )
