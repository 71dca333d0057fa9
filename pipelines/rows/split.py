"""Who may learn: Dataset → Splits. scikit-learn draws; the types keep the parts apart."""

from dataclasses import dataclass, replace

import numpy as np

from ..device.cells import shorten
from ..errors import SplitError
from ..slots import Split
from ..spec import Refusal, check_knobs, knob, needs_all_rows
from .contents import refuse_streamed
from .folds import grouped_folds, random_folds
from .label_cuts import cut_each_label, first_with_each_label, missing_labels
from .parts import Dataset, HeldOut, Splits, TrainSet, _take
from .rare_classes import cut_each_class, refuse_lacking, with_each_class
from .sketch import DataSketch
from .split_by_time import SplitByTime as SplitByTime
from .streamed_split import HashedCut, split_stream
from .unlabelled import rows_without_label

# Cuts of groups that are tried, where every label should be in every part.
NUM_DRAWS = 20
_NAME_PARTS = "name the part of every row in the source, or split with SplitRandom()"


@dataclass(frozen=True)
class SplitRandom(Split):
    """Draws the parts at random; with classes, each part has the same share of every class, and
    with several labels a row, of every label (see `cut_each_label`).

    Attributes:
        test: Share of all rows that become test rows.
        valid: Share of the rows that `test` leaves that become validation rows.
        seed: Of the draw.
        labelled: Share of the training rows that keep their label; networks that pretrain learn
            from the others without it.
    """

    test: float = knob(0.2, 0.001, 0.9, unit="share of the rows")
    valid: float = knob(0.15, 0.001, 0.9, unit="share of the rows")
    seed: int = knob(0, 0, 2**31 - 1)
    labelled: float = knob(1.0, 0.0001, 1, unit="share of the training rows")

    def streamed_cut(self) -> HashedCut:
        """Returns the draw of each row by its number; no class keeps its share to the row."""
        return HashedCut(self.test, self.valid, self.seed)

    def refuses_stream(self) -> str:
        """Returns why rows that are streamed cannot be split so, or ""."""
        if self.labelled < 1:
            return needs_all_rows(self, "--set split.labelled=1")
        return super().refuses_stream()

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
        """Draws the parts. A class of three rows or more has one in each.

        Returns:
            Places int64 of train, valid and test rows.
        """
        everything = np.arange(len(dataset))
        rest, test = self._cut(dataset, everything, self.test, keep=2)
        train, valid = self.cut_valid(dataset, rest)
        return train, valid, test

    def cut_valid(self, dataset: Dataset, places: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Returns the places int64 of training and of validation rows among `places`."""
        return self._cut(dataset, places, self.valid, keep=1)

    def keep_labels(self, dataset: Dataset, places: np.ndarray) -> np.ndarray:
        """Draws the training rows that keep their label: each class its share, at least one."""
        if self.labelled == 1:
            return places
        kept, _ = self._cut(dataset, places, 1 - self.labelled, keep=1)
        return np.sort(kept)

    def cut_folds(
        self, dataset: Dataset, places: np.ndarray, num: int, *, repeat: int = 0
    ) -> list[tuple[np.ndarray, np.ndarray]]:
        """Draws folds; with classes or labels, each has its share of them."""
        refuse_streamed(dataset, "folds")
        return random_folds(dataset, places, num, seed=self.seed + repeat)

    def _cut(self, dataset, places, share, keep=1):
        """Returns (kept, held out) of `places`; of each class at least `keep` rows are kept, then
        at least one held out.
        """
        classes = dataset.schema.target.labels
        if not classes:
            return self._cut_plainly(places, share)
        y = dataset.y[places]
        if y.ndim == 2:
            kept, held_out = cut_each_label(
                y,
                share,
                labels=classes,
                keep=keep,
                seed=self.seed,
            )
        else:
            kept, held_out = self._cut_classes(y, share, classes, keep)
        return places[kept], places[held_out]

    def _cut_classes(self, y, share, classes, keep):
        """Returns the places in y, int64 class [rows], that are kept and that are held out."""
        from sklearn.model_selection import train_test_split

        try:
            kept, held_out = train_test_split(
                np.arange(len(y)), test_size=share, random_state=self.seed, stratify=y
            )
        except ValueError as error:
            # It wants as many rows in each part as there are classes.
            _refuse_rare_class(y, share, classes, keep, error)
            kept, held_out = cut_each_class(y, share, keep=keep, seed=self.seed)
        return with_each_class(y, kept, held_out, keep=keep, seed=self.seed)

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

    def streamed_cut(self) -> HashedCut:
        """Returns the draw of each group by its name."""
        return HashedCut(self.test, self.valid, self.seed, by_group=True)

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
        """Draws the parts.

        Returns:
            Places int64 of train, valid and test rows.

        Raises:
            SplitError: If there are fewer groups than parts.
        """
        num_groups = len(np.unique(_groups(dataset)))
        if num_groups < 3:
            raise SplitError(
                f"{num_groups} groups for three parts",
                expected="at least three groups",
                fix="check load.group, or split by row with SplitRandom()",
            )
        return super().parts(dataset)

    def cut_folds(
        self, dataset: Dataset, places: np.ndarray, num: int, *, repeat: int = 0
    ) -> list[tuple[np.ndarray, np.ndarray]]:
        """Draws folds of whole groups; with classes, each has about its share of them."""
        refuse_streamed(dataset, "folds")
        groups = _groups(dataset)[places]
        return grouped_folds(dataset, places, num, groups=groups, seed=self.seed + repeat)

    def _cut(self, dataset, places, share, keep=1):
        labels = dataset.schema.target.labels
        has_label_sets = bool(labels) and dataset.y.ndim == 2
        num_draws = 1
        if has_label_sets:
            num_draws = NUM_DRAWS
        drawn = self._draw_groups(_groups(dataset)[places], share, num_draws)
        kept, held_out = drawn[0]
        if has_label_sets:
            kept, held_out = first_with_each_label(dataset.y[places], drawn)
        return places[kept], places[held_out]

    def _draw_groups(self, groups, share, num_draws):
        """Returns (kept, held out), places in the groups [rows], of each draw."""
        from sklearn.model_selection import GroupShuffleSplit

        cut = GroupShuffleSplit(num_draws, test_size=share, random_state=self.seed)
        try:
            return list(cut.split(groups, groups=groups))
        except ValueError as error:
            raise SplitError(
                f"the groups cannot be split with a share of {share}: {error}",
                expected="groups enough for every part",
                fix="change split.test and split.valid, or provide more groups",
            ) from error


def _groups(dataset):
    """Returns the group of each row. Raises SplitError if there are none."""
    if dataset.group is None:
        raise SplitError(
            "SplitGrouped on a data set without groups",
            expected="load.group",
            fix="name the column(s) that tell the groups apart: load.group=('patient',)",
        )
    return dataset.group


def _refuse_rare_class(y, share, classes, keep, error):
    """Raises SplitError if the rarest class that is there has no row to hold out."""
    num_rows = len(y)
    counts = np.bincount(y, minlength=len(classes))
    counts_of_present = np.where(counts, counts, num_rows + 1)
    rarest = int(counts_of_present.argmin())
    count = counts[rarest]
    if count > keep:
        return
    raise SplitError(
        f"{num_rows} rows cannot be split with a share of {share}: "
        f"{shorten(classes[rarest])} has {count}",
        expected=f"rows enough for every part and class: at least {keep + 1} of each",
        fix="provide more rows, or merge rare classes",
    ) from error


@dataclass(frozen=True)
class SplitGiven(Split):
    """Takes the parts that the source names. If it names no validation rows, they are drawn from
    its training rows: groups are kept whole where there are groups, else classes keep their shares.

    Attributes:
        valid: Share of the training rows that become validation rows, if the source names none.
        seed: Of that draw.
        labelled: Share of the training rows that keep their label; networks that pretrain learn
            from the others without it.
    """

    valid: float = knob(0.1, 0.001, 0.9, unit="share of the rows")
    seed: int = knob(0, 0, 2**31 - 1)
    labelled: float = knob(1.0, 0.0001, 1, unit="share of the training rows")

    def suits(self, sketch: DataSketch) -> str:
        """Returns why the source cannot name parts, or ""."""
        if sketch.may_name_parts:
            return ""
        return Refusal(
            "SplitGiven on a data set without parts",
            expected="a source that names its parts",
            fix=_NAME_PARTS,
        )

    def parts(self, dataset: Dataset) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Takes the parts that the source names, and draws valid rows if it names none.

        Returns:
            Places int64 of train, valid and test rows.

        Raises:
            SplitError: If a row has no part, or a part no row.
        """
        part = _named_parts(dataset)
        train = np.flatnonzero(part == "train")
        valid = np.flatnonzero(part == "valid")
        test = np.flatnonzero(part == "test")
        unnamed = np.flatnonzero([each is None for each in part])
        if len(unnamed):
            first = dataset.ids[unnamed[0]]
            raise SplitError(
                f"{len(unnamed):,} rows have no part, such as row {first}",
                expected="a part for every row",
                fix=_NAME_PARTS,
            )
        _refuse_empty("train", train)
        _refuse_empty("test", test)
        if len(valid):
            return train, valid, test
        train, valid = self.cut_valid(dataset, train)
        return train, valid, test

    def cut_valid(self, dataset: Dataset, places: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Draws validation rows among `places`."""
        return self._draw(dataset).cut_valid(dataset, places)

    def keep_labels(self, dataset: Dataset, places: np.ndarray) -> np.ndarray:
        """Draws the training rows that keep their label."""
        return self._draw(dataset).keep_labels(dataset, places)

    def cut_folds(
        self, dataset: Dataset, places: np.ndarray, num: int, *, repeat: int = 0
    ) -> list[tuple[np.ndarray, np.ndarray]]:
        """Draws folds of rows that are no test rows.

        Raises:
            SplitError: Test rows are among `places`: who named them did not want them learned from.
        """
        if (_named_parts(dataset)[places] == "test").any():
            raise SplitError(
                "folds of all rows, where the source names the test rows",
                expected="folds of the other rows",
                fix="--inside, or draw the parts: --set 'split=SplitRandom()'",
            )
        return self._draw(dataset).cut_folds(dataset, places, num, repeat=repeat)

    def _draw(self, dataset):
        """Returns how rows of the training part are drawn."""
        if dataset.group is None:
            return SplitRandom(valid=self.valid, seed=self.seed, labelled=self.labelled)
        return SplitGrouped(valid=self.valid, seed=self.seed, labelled=self.labelled)


def _named_parts(dataset):
    """Returns the part of each row. Raises SplitError if the source names none."""
    if dataset.part is None:
        raise SplitError(
            "SplitGiven on a data set without parts",
            expected="a source that names its parts",
            fix=_NAME_PARTS,
        )
    return dataset.part


def _refuse_empty(name, places):
    """Raises SplitError if the source names no row of a part."""
    if not len(places):
        raise SplitError(
            f"the source names no {name} rows", expected="train and test rows", fix=_NAME_PARTS
        )


def split(dataset: Dataset, how: Split) -> Splits:
    """Splits a data set; unlabelled rows stay with the training rows.

    Args:
        dataset: The rows as loaded.
        how: Which rows become which part.

    Raises:
        SplitError: If a part would be empty or the training rows lack a class.
    """
    if not isinstance(dataset, Dataset):
        raise SplitError(
            f"a {type(dataset).__name__} was handed to split",
            expected="a Dataset",
            fix="split what a load function gives, once",
        )
    check_knobs(how, "split.")
    if dataset.whole is not None:
        return split_stream(dataset, how.streamed_cut(), how.redraw)
    train, valid, test = how.parts(dataset)
    learned = train
    train = how.keep_labels(dataset, learned)
    notes = _check_classes(dataset, {"train": train, "valid": valid, "test": test}, how.redraw)
    held_out = np.concatenate([valid, test])
    hidden = np.setdiff1d(learned, train)
    unlabelled = rows_without_label(dataset, held_out, hidden)
    if len(hidden):
        notes += (f"{len(train):,} of {len(learned):,} training rows keep their label.",)
    train_set = _take(dataset, TrainSet, train)
    return Splits(
        replace(train_set, unlabelled=unlabelled),
        _take(dataset, HeldOut, valid),
        _take(dataset, HeldOut, test),
        notes=notes,
    )


def _check_classes(dataset, parts, redraw):
    """Returns notes on the labels that a part lacks. Raises SplitError if nothing can be learned,
    or two classes not be scored.
    """
    labels = dataset.schema.target.labels
    if not labels:
        return ()
    if dataset.y.ndim == 2:
        return missing_labels(dataset.y, labels, parts, redraw)
    for name, places in parts.items():
        counts = np.bincount(dataset.y[places], minlength=len(labels))
        refuse_lacking(name, counts, labels, redraw)
    return ()
