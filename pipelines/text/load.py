"""Texts to a Dataset: a column of a table, a folder of classes, tensorflow-datasets.

Nothing is learned here but the names of the classes: a vocabulary is learned by a step, on training
rows.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..device.cells import TEXT, Column, is_missing, read_column, shorten
from ..errors import LoadError
from ..rows.parts import Dataset, Inferred, Schema, Unlabelled
from ..rows.sketch import DataSketch
from ..sources.csv_files import OTHER_ENCODING
from ..sources.files import describe_memory, fingerprint
from ..sources.folders import describe_folder, found_in_folder, names_parts
from ..sources.label_sets import target_names, target_title
from ..sources.labelled_files import (
    num_files,
)
from ..sources.labels import group_codes
from ..sources.spellings import describe_groups
from ..sources.table import Reading, check_names, find_table, marks_of, read_source
from ..sources.target_column import (
    check_target,
    labelled_rows,
    read_target,
    tasks_of_kind,
)
from ..sources.tfds import (
    count_examples,
    describe_prepared,
    feature_of,
    found_in_splits,
    names_train_and_test,
    open_builder,
)
from ..spec import check_knobs
from .decode import check_bytes, check_folder_bytes, read_text
from .draw import TextLoader
from .usable import (
    decoded,
    finish_texts,
    first_of_each,
    first_of_equal,
    from_memory,
    in_words,
    is_blank,
)

SUFFIXES = (".txt", ".text", ".md")


def sketch_texts(spec, target_kind: str, *, may_name_parts: bool) -> DataSketch:
    """Returns what the knobs of a loader of texts alone show of them."""
    return DataSketch(
        tasks_of_kind(target_kind),
        frozenset({TEXT}),
        has_groups=spec.has_groups(),
        has_times=False,
        may_name_parts=may_name_parts,
    )


@dataclass(frozen=True)
class LoadTexts(TextLoader):
    """A table with a column of texts and one to predict.

    source: a .csv, .csv.gz, .parquet or .jsonl file. text, target: its columns. distinct: whether
    of texts that are equal but for case only the first is kept. group: columns of which rows with
    the same values stay together. The other knobs are those of LoadTable.
    """

    source: str
    text: str
    target: str | tuple[str, ...]
    target_kind: str = ""
    label_separator: str = ""
    empty_class: str = ""
    positive: str = ""
    distinct: bool = False
    group: tuple[str, ...] = ()
    reading: Reading = Reading()

    def sketch(self) -> DataSketch:
        """Returns what the knobs alone show of the texts."""
        return sketch_texts(self, self.target_kind, may_name_parts=False)

    def has_groups(self) -> bool:
        """Returns whether texts are grouped."""
        return bool(self.group)

    def read(self, source: object = None) -> tuple[Dataset, tuple[Inferred, ...]]:
        """The Dataset, and what was found. `source`, a DataFrame or a dict of arrays, stands in for
        the file. Raises LoadError. Rows without a text are left out; those with a text and no
        target are its `unlabelled`.
        """
        check_target(self)
        self.reading.check()
        table, found = read_source(self.source, self.reading, source)
        notes = [*found]
        self._check_names(table)
        missing = frozenset(self.reading.missing_words)
        whole = table
        marks = marks_of(table, self.source, self.reading, source)
        table, ids, left_out = labelled_rows(table, self, missing)
        texts = self._read_texts(table[self.text])
        kept = self._kept(texts, notes)
        targets = {
            name: [table[name][place] for place in kept] for name in target_names(self.target)
        }
        y, target, target_notes = read_target(targets, self, missing, marks, noun=TEXT)
        notes += target_notes
        texts = texts[kept]
        without, more_texts = self._unlabelled(whole, ids, missing)
        if left_out:
            notes.append(self._left_out(left_out, len(without)))
        group, more_group = self._groups(whole, ids[kept], without, missing)
        notes += describe_groups({name: whole[name] for name in self.group})
        notes.insert(0, Inferred(self.text, TEXT, in_words(texts)))
        unlabelled = None
        if len(without):
            unlabelled = Unlabelled({self.text: more_texts}, more_group)
        dataset = Dataset(
            x={self.text: texts},
            y=y,
            ids=ids[kept],
            schema=Schema((Column(self.text, TEXT),), target, self.reading.missing_words),
            group=group,
            unlabelled=unlabelled,
        )
        return dataset, tuple(notes)

    def _left_out(self, left_out, num_unlabelled):
        """The line of the schema about rows without a target."""
        count, words = left_out
        if num_unlabelled:
            count += f"; MaskedPretraining() can learn from the texts of {num_unlabelled:,}"
        return Inferred(target_title(self.target), "target", f"{count} {words}")

    def _groups(self, table, places, more_places, missing):
        """The groups of rows with a label and of those without, or None and None. One code for a
        group, whether its rows have a label or not.
        """
        if not self.group:
            return None, None
        every = (*places, *more_places)
        cells = {name: [table[name][place] for place in every] for name in self.group}
        codes = group_codes(cells, missing)
        if codes is None:
            return None, None
        return np.split(codes, [len(places)])

    def names_parts(self) -> bool:
        """No column of a table of texts holds train, valid or test."""
        return False

    def describe(self, source: object = None) -> dict[str, str]:
        """The source's name and sha256, for the report."""
        if source is not None:
            return describe_memory(source)
        return {"name": Path(self.source).name, "sha256": fingerprint(find_table(self.source))}

    def _check_names(self, table):
        check_names(
            table,
            {
                "load.text": (self.text,),
                "load.target": target_names(self.target),
                "load.group": self.group,
            },
        )
        if self.text in target_names(self.target):
            raise LoadError(
                f"the column {shorten(self.text)} is both the text and the target",
                expected="one role a column",
                fix="name another one",
            )

    def _read_texts(self, cells):
        texts, bad = read_column(
            cells, Column(self.text, TEXT), frozenset(self.reading.missing_words)
        )
        if bad:
            raise LoadError(
                f"the column {shorten(self.text)}, row {bad[0].row}: {bad[0].reason}: "
                f"{bad[0].value}" + (f" (and {len(bad) - 1:,} more cells)" if len(bad) > 1 else ""),
                expected="texts",
                fix="shorten the text, or split it into rows",
            )
        return texts

    def _unlabelled(self, table, labelled, missing):
        """(the source rows, their texts) of what has no target, but a text and a group."""
        places = np.setdiff1d(np.arange(len(table[self.text])), labelled)
        places = np.array(
            [
                place
                for place in places.tolist()
                if not any(is_missing(table[name][place], missing) for name in self.group)
            ],
            np.int64,
        )
        texts, _ = read_column(
            [table[self.text][place] for place in places], Column(self.text, TEXT), missing
        )
        kept = np.flatnonzero(~is_blank(texts))
        if self.distinct:
            kept = first_of_each(texts, kept)
        return places[kept], texts[kept]

    def _kept(self, texts, notes):
        """The places int64 of the rows that have a text, and with `distinct` one that did not stand
        before.
        """
        filled = np.flatnonzero(~is_blank(texts))
        if len(filled) < len(texts):
            notes.append(
                Inferred(
                    self.text,
                    TEXT,
                    f"{len(texts) - len(filled):,} rows without a text are left out",
                )
            )
        if not len(filled):
            raise LoadError(
                f"the column {shorten(self.text)} is empty in all {len(texts):,} rows",
                expected="rows with a text",
                fix="choose another column",
            )
        if self.distinct:
            return first_of_equal(texts, filled, notes, self.text)
        return filled


@dataclass(frozen=True)
class LoadTextFolder(TextLoader):
    """A folder of class folders, folder/<class>/**/*.txt, or of parts,
    folder/{train,valid,test}/<class>/... .

    source: the folder; files are recognized by their names, .txt, .text and .md. encoding: of all
    files; if empty each is UTF-8, UTF-16 if it begins with a mark, else cp1252. distinct: as in
    LoadTexts. group: a regular expression with one group, found in the file's relative name: texts
    of one group (an author, a thread) stay together. positive: of two classes the one that scores
    are about. spelling: of class folders whose names differ in case alone: "join", "keep", or "" to
    refuse them.
    """

    source: str
    encoding: str = ""
    distinct: bool = False
    group: str = ""
    positive: str = ""
    spelling: str = ""

    def sketch(self) -> DataSketch:
        """Returns what the knobs alone show of the texts."""
        return sketch_texts(self, "classes", may_name_parts=True)

    def has_groups(self) -> bool:
        """Returns whether texts are grouped."""
        return bool(self.group)

    def read(self, source: object = None) -> tuple[Dataset, tuple[Inferred, ...]]:
        """The Dataset, and what was found. `source`, a dict {"text": list, "label": list}, stands
        in for the folder. Raises LoadError.
        """
        check_knobs(self, "load.")
        Reading(encoding=self.encoding, spelling=self.spelling).check()
        if source is not None:
            return from_memory(self, source, "label", self.spelling)
        root, found = found_in_folder(self, TEXT, SUFFIXES)
        check_folder_bytes(root, found.names)
        return finish_texts(self, found, self._read_files(root, found), "label")

    def names_parts(self) -> bool:
        """Whether the folders in it are parts, train among them, rather than classes."""
        return names_parts(self.source)

    def describe(self, source: object = None) -> dict[str, str]:
        """The source's name, and the sha256 of what `sha256sum` prints for its texts in sorted
        order.
        """
        if source is not None:
            return describe_memory(source)
        return describe_folder(self.source, TEXT, SUFFIXES)

    def _read_files(self, root, found):
        from tqdm import tqdm

        texts = []
        guessed = []
        for name in tqdm(found.names, desc="read", unit="text"):
            text = ""
            reason = ""
            try:
                text, encoding = read_text(root, name, self.encoding)
                guessed += [name] * (encoding == OTHER_ENCODING != self.encoding)
            except ValueError as error:
                reason = str(error)
            texts.append(text)
            found.reasons.append(reason)
        if guessed:
            found.notes.append(
                Inferred(
                    num_files(len(guessed)),
                    OTHER_ENCODING,
                    "not UTF-8, so read as Western "
                    f"Windows text, such as {shorten(guessed[0], 80)}; --read encoding=NAME",
                )
            )
        return texts


@dataclass(frozen=True)
class LoadTextTfds(TextLoader):
    """A data set that tensorflow-datasets has prepared on disk; nothing is downloaded.

    name: as in tfds.load ("imdb_reviews", "ag_news_subset:1.0.0"). data_dir: where tfds prepares
    (empty: ~/tensorflow_datasets), or the folder of the one data set. splits: as tfds names them
    ("train", "train[:10%]"); if empty, train, validation and test where they are there. text,
    label: names of the features. distinct, positive: as in LoadTextFolder.
    """

    name: str
    data_dir: str = ""
    splits: tuple[str, ...] = ()
    text: str = "text"
    label: str = "label"
    distinct: bool = False
    positive: str = ""

    def sketch(self) -> DataSketch:
        """Returns what the knobs alone show of the texts."""
        return sketch_texts(self, "classes", may_name_parts=True)

    def read(self, source: object = None) -> tuple[Dataset, tuple[Inferred, ...]]:
        """As LoadTextFolder.read."""
        check_knobs(self, "load.")
        if source is not None:
            return from_memory(self, source, self.label)
        builder = open_builder(self.name, self.data_dir)
        counts = count_examples(builder, self)
        feature = feature_of(builder, self, "text")
        if feature.shape != () or feature.np_dtype != np.object_:
            raise LoadError(
                f"the feature {shorten(self.text)} of {builder.info.full_name} is of type "
                f"{type(feature).__name__}",
                expected="one text an example",
                fix="name the feature with the texts: load.text",
            )
        check_bytes(
            sum(builder.info.splits[split].num_bytes for split in counts), builder.info.full_name
        )
        texts = []

        def put(row, cell):
            text, reason = decoded(cell)
            texts.append(text)
            return reason

        return finish_texts(
            self, found_in_splits(self, builder, counts, knob="text", put=put), texts, self.label
        )

    def names_parts(self) -> bool:
        """Whether the splits are train and test rather than rows still to be split."""
        return names_train_and_test(self)

    def describe(self, source: object = None) -> dict[str, str]:
        """The data set's name with its version, and the sha256 of what `sha256sum` prints for its
        files.
        """
        if source is not None:
            return describe_memory(source)
        return describe_prepared(self)
