"""Columns in memory and on disk are read alike."""

import numpy as np

from pipelines.rows.columns import StoredColumn, is_stored, joined, read_rows


class Squares(StoredColumn):
    """Row n holds n squared; what was read is noted."""

    dtype = np.dtype(np.int64)
    ndim = 1

    def __init__(self, rows, done):
        self.rows, self.done = rows, done

    @property
    def shape(self):
        return (len(self.rows),)

    def take(self, places):
        return Squares(self.rows[places], self.done)

    def read(self, places=None):
        rows = self.rows if places is None else self.rows[places]
        self.done.extend(rows.tolist())
        return rows**2

    def join(self, other):
        return Squares(np.concatenate([self.rows, other.rows]), self.done)

    def row_digests(self):
        return np.stack([self.rows, self.rows], axis=1).astype(np.uint64)


def test_a_stored_column_is_read_as_the_array_it_stands_for():
    done = []
    stored = Squares(np.arange(6), done)
    array = np.arange(6) ** 2
    assert is_stored(stored) and not is_stored(array)
    assert len(stored) == 6 and stored.shape == array.shape and stored.dtype == array.dtype
    for places in (slice(1, 4), np.array([5, 0, 0]), array > 4):
        part = stored[places]
        assert done == [] and is_stored(part)
        np.testing.assert_array_equal(read_rows(part), array[places])
        np.testing.assert_array_equal(read_rows(stored, places), read_rows(array, places))
        done.clear()
    assert stored[3] == 9 and done == [3]


def test_parts_are_joined_unread():
    done = []
    whole = joined(Squares(np.arange(3), done), Squares(np.arange(3, 6), done))
    assert done == [] and is_stored(whole)
    np.testing.assert_array_equal(read_rows(whole), np.arange(6) ** 2)
    np.testing.assert_array_equal(joined(np.arange(2), np.arange(2, 4)), np.arange(4))
