"""Who may learn: Dataset → Splits. scikit-learn draws; the types keep the parts apart."""

from dataclasses import dataclass, replace

import numpy as np

from ..device.cells import shorten
from ..device.pictures import picture_digest
from ..errors import SplitError
from ..slots import Split
from ..spec import Refusal, check_knobs, knob
from .columns import is_stored
from .label_cuts import cut_each_label, lacks_labels, missing_labels
from .parts import Dataset, HeldOut, Splits, TrainSet, _take
from .rare_classes import cut_each_class, with_each_class
from .sketch import DataSketch

# Cuts of groups that are tried, where every label should be in every part.
NUM_DRAWS = 20


@dataclass(frozen=True)
class SplitRandom(Split):
    """Draws the parts at random; with classes, each part has the same share of every class, and
    with several labels a row, of every label (see `cut_each_label`).

    Attributes:
        test: Share of all rows that become test rows.
        valid: Share of the rows that `test` leaves that become validation rows.
        seed: Of the draw.
    """

    test: float = knob(0.2, 0.001, 0.9)
    valid: float = knob(0.15, 0.001, 0.9)
    seed: int = knob(0, 0, 2**31 - 1)

    def suits(self, sketch: DataSketch) -> str:
        """Returns why rows must not be drawn at random, or ""."""
        if not sketch.is_steps:
            return ""
        return Refusal(
            f"{type(self).__name__} on steps in time",
            expected="training steps before held-out ones",
            fix="--set 'split=SplitByTime()'",
        )

    def parts(self, dataset: Dataset) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Places int64 of train, valid and test rows. A class of three rows or more has one in
        each.
        """
        rest, test = self._cut(dataset, np.arange(len(dataset)), self.test, keep=2)
        train, valid = self._cut(dataset, rest, self.valid, keep=1)
        return train, valid, test

    def _cut(self, dataset, places, share, keep=1):
        """(kept, held out) of `places`; of each class at least `keep` rows are kept, then at least
        one held out.
        """
        from sklearn.model_selection import train_test_split

        classes = dataset.schema.target.labels
        if not classes:
            return self._cut_plainly(places, share)
        y = dataset.y[places]
        if y.ndim == 2:
            kept, held_out = cut_each_label(y, share, labels=classes, keep=keep, seed=self.seed)
            return places[kept], places[held_out]
        try:
            kept, held_out = train_test_split(
                np.arange(len(places)), test_size=share, random_state=self.seed, stratify=y
            )
        except ValueError as error:  # it wants as many rows in each part as there are classes
            counts = np.bincount(y, minlength=len(classes))
            rarest = int(np.where(counts, counts, len(y) + 1).argmin())
            if counts[rarest] <= keep:
                raise SplitError(
                    f"{len(places)} rows cannot be split with a share of {share}: "
                    f"{shorten(classes[rarest])} has {counts[rarest]}",
                    expected=f"rows enough for every part and class: at least {keep + 1} of each",
                    fix="provide more rows, or merge rare classes",
                ) from error
            kept, held_out = cut_each_class(y, share, keep=keep, seed=self.seed)
        kept, held_out = with_each_class(y, kept, held_out, keep=keep, seed=self.seed)
        return places[kept], places[held_out]

    def _cut_plainly(self, places, share):
        from sklearn.model_selection import train_test_split

        try:
            return train_test_split(places, test_size=share, random_state=self.seed)
        except ValueError as error:
            raise SplitError(
                f"{len(places)} rows cannot be split with a share of {share}: {error}",
                expected="rows enough for every part",
                fix="provide more rows, or change split.test and split.valid",
            ) from error


@dataclass(frozen=True)
class SplitGrouped(SplitRandom):
    """Random parts that keep each group (`load.group`: a patient, a storm) whole in one part. With
    several labels a row, of 20 draws the first that has every label on both sides, if one has.
    """

    def suits(self, sketch: DataSketch) -> str:
        """Returns why there are no groups, or ""."""
        if sketch.has_groups:
            return super().suits(sketch)
        return Refusal(
            "SplitGrouped on a data set without groups",
            expected="load.group",
            fix="name the column(s) that identify the groups: load.group=('patient',), or "
            "--set 'split=SplitRandom()'",
        )

    def parts(self, dataset: Dataset) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Places int64 of train, valid and test rows."""
        if dataset.group is None:
            raise SplitError(
                "SplitGrouped on a data set without groups",
                expected="load.group",
                fix="name the column(s) that tell the groups apart: load.group=('patient',)",
            )
        num_groups = len(np.unique(dataset.group))
        if num_groups < 3:
            raise SplitError(
                f"{num_groups} groups for three parts",
                expected="at least three groups",
                fix="check load.group, or split by row with SplitRandom()",
            )
        return super().parts(dataset)

    def _cut(self, dataset, places, share, keep=1):
        from sklearn.model_selection import GroupShuffleSplit

        several = bool(dataset.schema.target.labels) and dataset.y.ndim == 2
        num_draws = NUM_DRAWS if several else 1
        cut = GroupShuffleSplit(num_draws, test_size=share, random_state=self.seed)
        try:
            drawn = list(cut.split(places, groups=dataset.group[places]))
            kept, held_out = drawn[0]
            if several:
                kept, held_out = _first_with_each_label(dataset.y[places], drawn)
        except ValueError as error:
            raise SplitError(
                f"the groups cannot be split with a share of {share}: {error}",
                expected="groups enough for every part",
                fix="change split.test and split.valid, or provide more groups",
            ) from error
        return places[kept], places[held_out]


def _first_with_each_label(has, drawn):
    """The first of (kept, held out) in which both sides have each label, or else the first."""
    for kept, held_out in drawn:
        is_held_out = np.zeros(len(has), bool)
        is_held_out[held_out] = True
        if not lacks_labels(has, is_held_out):
            return kept, held_out
    return drawn[0]


@dataclass(frozen=True)
class SplitByTime(Split):
    """Cuts rows in the order of time: the first are training rows, then come validation rows, and
    the last are test rows.

    Attributes:
        test: Share of all rows that become test rows, the latest ones.
        valid: Share of the rows that `test` leaves that become validation rows, the latest of them.
        gap: Rows that follow the end of a part by less than this are left out, so that what the
            part knows cannot reach into the next.
    """

    test: float = knob(0.2, 0.001, 0.9)
    valid: float = knob(0.15, 0.001, 0.9)
    gap: float = knob(0.0, 0, 1e12, unit="seconds")

    def suits(self, sketch: DataSketch) -> str:
        """Returns why there are no times, or ""."""
        if sketch.has_times:
            return ""
        return Refusal(
            "SplitByTime on a data set without times",
            expected="load.time",
            fix="name the column with the time: load.time='date', or --set 'split=SplitRandom()'",
        )

    def parts(self, dataset: Dataset) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Places int64 of train, valid and test rows, each in the order of time."""
        if dataset.time is None:
            raise SplitError(
                "SplitByTime on a data set without times",
                expected="load.time",
                fix="name the column with the time: load.time='date'",
            )
        unknown = int(np.isnat(dataset.time).sum())
        if unknown:
            raise SplitError(
                f"{unknown} rows have no time",
                expected="a time in every row",
                fix="remove these rows, or split with SplitRandom()",
            )
        rest, test = self._cut(dataset.time, np.argsort(dataset.time, kind="stable"), self.test)
        train, valid = self._cut(dataset.time, rest, self.valid)
        return train, valid, test

    def _cut(self, time, places, share):
        first = len(places) - round(len(places) * share)
        before = places[:first]
        after = places[first:]
        if not len(before) or not len(after):
            raise SplitError(
                f"{len(places)} rows cannot be split by time with a share of {share}",
                expected="rows in every part",
                fix="provide more rows, or change the share",
            )
        # Rows of the same second never lie on both sides.
        after = after[time[after] > time[before[-1]]]
        after = after[(time[after] - time[before[-1]]) / np.timedelta64(1, "s") >= self.gap]
        if not len(after):
            raise SplitError(
                f"no row is left after a gap of {self.gap:g} seconds",
                expected="rows in every part",
                fix="shorten split.gap, or provide rows over a longer time",
            )
        return before, after


@dataclass(frozen=True)
class SplitGiven(Split):
    """Takes the parts that the source names. If it names no validation rows, they are drawn from
    its training rows: groups are kept whole where there are groups, else classes keep their shares.

    Attributes:
        valid: Share of the training rows that become validation rows, if the source names none.
        seed: Of that draw.
    """

    valid: float = knob(0.1, 0.001, 0.9)
    seed: int = knob(0, 0, 2**31 - 1)

    def suits(self, sketch: DataSketch) -> str:
        """Returns why the source cannot name parts, or ""."""
        if sketch.may_name_parts:
            return ""
        return Refusal(
            "SplitGiven on a data set without parts",
            expected="a source that names its parts",
            fix="name the part of every row in the source, or split with SplitRandom()",
        )

    def parts(self, dataset: Dataset) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Places int64 of train, valid and test rows."""
        fix = "name the part of every row in the source, or split with SplitRandom()"
        if dataset.part is None:
            raise SplitError(
                "SplitGiven on a data set without parts",
                expected="a source that names its parts",
                fix=fix,
            )
        train, valid, test, unnamed = (
            np.flatnonzero(dataset.part == part) for part in ("train", "valid", "test", None)
        )
        if len(unnamed):
            raise SplitError(
                f"{len(unnamed):,} rows have no part, such as row {dataset.ids[unnamed[0]]}",
                expected="a part for every row",
                fix=fix,
            )
        for name, places in (("train", train), ("test", test)):
            if not len(places):
                raise SplitError(
                    f"the source names no {name} rows", expected="train and test rows", fix=fix
                )
        if len(valid):
            return train, valid, test
        if dataset.group is None:
            drawn = SplitRandom(seed=self.seed)
        else:
            drawn = SplitGrouped(seed=self.seed)
        return *drawn._cut(dataset, train, self.valid), test


def split(dataset: Dataset, how: Split) -> Splits:
    """Dataset → Splits; unlabelled rows stay with the training rows. Raises SplitError where a
    part would be empty or the training rows lack a class.
    """
    if not isinstance(dataset, Dataset):
        raise SplitError(
            f"a {type(dataset).__name__} was handed to split",
            expected="a Dataset",
            fix="split what a load function gives, once",
        )
    check_knobs(how, "split.")
    train, valid, test = how.parts(dataset)
    notes = _check_classes(dataset, {"train": train, "valid": valid, "test": test})
    if dataset.unlabelled is None:
        unlabelled = None
    else:
        unlabelled = _to_learn_from(dataset, np.concatenate([valid, test]))
    return Splits(
        replace(_take(dataset, TrainSet, train), unlabelled=unlabelled),
        _take(dataset, HeldOut, valid),
        _take(dataset, HeldOut, test),
        notes=notes,
    )


def _to_learn_from(dataset, held_out):
    """The unlabelled rows without those that hold what a held-out row holds, or are of its group:
    its own text must not be learned from, label or none.
    """
    rows = dataset.unlabelled
    known = set(_plain_rows({name: x[held_out] for name, x in dataset.x.items()}))
    kept = np.array([row not in known for row in _plain_rows(rows.x)], bool)
    if rows.group is not None:
        kept &= ~np.isin(rows.group, dataset.group[held_out])
    return rows.take(kept)


def _plain_rows(columns):
    """Tuples of each row's values; of texts without their case and their white space."""
    plain = [
        [
            " ".join(value.casefold().split()) if isinstance(value, str) else value
            for value in x.tolist()
        ]
        for x in columns.values()
    ]
    return zip(*plain, strict=True)


def _check_classes(dataset, parts):
    """What to know of classes that a part lacks. Raises SplitError where nothing can be learned."""
    labels = dataset.schema.target.labels
    if not labels:
        return ()
    if dataset.y.ndim == 2:
        return missing_labels(dataset.y, labels, parts)
    for name, places in parts.items():
        counts = np.bincount(dataset.y[places], minlength=len(labels))
        lacking = [labels[each] for each in np.flatnonzero(counts == 0)]
        if lacking and (name == "train" or len(labels) == 2):
            raise SplitError(
                f"the {name} part has no row of class {', '.join(map(shorten, lacking))}",
                expected=f"every class in the {name} part",
                fix="provide rows of it, merge it with another class, "
                "or draw with another split.seed",
            )
    return ()


def find_duplicates(splits: Splits) -> dict:
    """Rows of one part whose whole content (every column; labels are not counted) stands in another
    part too.

    {"test_in_train": rows of test that are in train, "valid_in_train": ..., "test_in_valid": ...,
    "examples": at most five [id of such a row, id of its twin]}. Two missing values are the same.
    """
    parts = {"train": splits.train, "valid": splits.valid, "test": splits.test}
    contents = dict(zip(parts, _contents(list(parts.values())), strict=True))
    found = {}
    examples: list[list[int]] = []
    for one, other in (("test", "train"), ("valid", "train"), ("test", "valid")):
        twins = np.flatnonzero(np.isin(contents[one], contents[other]))
        found[f"{one}_in_{other}"] = len(twins)
        for place in twins[: 5 - len(examples)]:
            twin = np.flatnonzero(contents[other] == contents[one][place])[0]
            examples.append([int(parts[one].ids[place]), int(parts[other].ids[twin])])
    return {**found, "examples": examples}


def _contents(parts):
    """int64 [rows] of each part: one number for all rows with the same content."""
    import pandas as pd

    together = np.zeros(sum(map(len, parts)), np.int64)
    for name in parts[0].x:
        columns = [_comparable(part.x[name]) for part in parts]
        for values in np.concatenate(columns).T:
            # A missing value is a code of its own, -1; two codes make one number, which is numbered
            # anew.
            codes = pd.factorize(values)[0].astype(np.int64) + 1
            together = pd.factorize(together * (codes.max(initial=0) + 1) + codes)[0].astype(
                np.int64
            )
    return np.split(together, np.cumsum([len(part) for part in parts])[:-1])


def _comparable(column):
    """[rows, values] of a column; of wide ones, such as pictures, a digest of each row."""
    if is_stored(column):
        return column.row_digests()
    if column.ndim == 1:
        return (column.astype(object) if column.dtype.kind == "T" else column)[:, None]
    if column.dtype.kind == "f":
        column = np.where(np.isnan(column), np.nan, column) + 0.0  # one NaN, one zero
    digests = b"".join(picture_digest(row) for row in column)
    return np.frombuffer(digests, np.uint64).reshape(len(column), 2)
