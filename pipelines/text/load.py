"""Texts to a Dataset: a column of a table, or a folder of classes.

Nothing is learned here but the names of the classes: a vocabulary is learned by a step, on training
rows.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..device.cells import TEXT, Column, is_missing, read_column, shorten
from ..device.visible import and_more
from ..engine.bars import progress_bar
from ..errors import LoadError
from ..rows.parts import ColumnNote, Dataset, Schema, UnlabelledRows
from ..rows.sketch import DataSketch
from ..sources.csv_files import OTHER_ENCODING
from ..sources.files import describe_memory, file_digest
from ..sources.folders import describe_folder, found_in_folder, names_parts
from ..sources.header import describe_names
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
)
from ..spec import check_knobs
from .decode import check_folder_bytes, read_text
from .draw import TextLoader
from .sketch import sketch_texts
from .usable import (
    finish_texts,
    first_of_each,
    first_of_equal,
    from_memory,
    in_words,
    is_blank,
)

SUFFIXES = (".txt", ".text", ".md")


@dataclass(frozen=True)
class LoadTexts(TextLoader):
    """Loads a table with a column of texts and one to predict.

    Attributes:
        source: Path of a .csv, .csv.gz, .parquet or .jsonl file.
        text: The column of texts.
        target: The column to predict; several columns are one label each.
        target_kind: "classes", "labels" (several in a cell), "number", "presence" (is the cell
            filled?), "characters" (a short text to spell), or "" to infer it.
        label_separator: What stands between the labels of a cell; if empty, it is found.
        empty_class: The class of rows without a target, of labels the word for none; if empty, such
            rows are left out.
        positive: Of two classes the one that scores are about; if empty, the one called true, yes
            or 1, else the rarer one.
        distinct: Whether of texts that are equal but for case only the first is kept.
        group: Columns of which rows with the same values stay together in one part.
        reading: How text is read.
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

    def read(self, source: object = None) -> tuple[Dataset, tuple[ColumnNote, ...]]:
        """The Dataset, and what was found. `source`, a DataFrame or a dict of arrays, stands in for
        the file. Raises LoadError. Rows without a text are left out; those with a text and no
        target are its `unlabelled`.
        """
        check_target(self)
        self.reading.check()
        table, found, settled = read_source(self.source, self.reading, source)
        notes = [*found]
        self._check_names(table)
        missing = frozenset(self.reading.missing_words)
        notes += describe_names(table, settled.separator, missing)
        whole = table
        marks = marks_of(table, settled)
        table, ids, left_out = labelled_rows(table, self, missing)
        texts = self._read_texts(table[self.text])
        kept = self._kept(texts, notes)
        targets = {
            name: [table[name][place] for place in kept] for name in target_names(self.target)
        }
        y, target, target_notes = read_target(
            targets, self, missing, marks, noun=TEXT, rows=ids[kept]
        )
        notes += target_notes
        texts = texts[kept]
        without, more_texts = self._unlabelled(whole, ids, missing)
        if left_out:
            notes.append(self._left_out(left_out, len(without)))
        group, more_group = self._groups(whole, ids[kept], without, missing)
        notes += describe_groups({name: whole[name] for name in self.group})
        notes.insert(0, ColumnNote(self.text, TEXT, in_words(texts)))
        unlabelled = None
        if len(without):
            unlabelled = UnlabelledRows({self.text: more_texts}, more_group)
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
        return ColumnNote(target_title(self.target), "target", f"{count} {words}")

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
        return {"name": Path(self.source).name, "sha256": file_digest(find_table(self.source))}

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
            first = bad[0]
            more = and_more(len(bad) - 1, "cell")
            raise LoadError(
                f"the column {shorten(self.text)}, row {first.row}: {first.reason}: "
                f"{first.value}{more}",
                expected="texts",
                fix="shorten the text, or split it into rows",
            )
        return texts

    def _unlabelled(self, table, labelled, missing):
        """Returns the source rows and the texts of what has no target, but a text and a group."""
        all_cells = table[self.text]
        without_target = np.setdiff1d(np.arange(len(all_cells)), labelled)
        places = []
        cells = []
        for place in without_target.tolist():
            groups = [table[name][place] for name in self.group]
            lacks_group = any(is_missing(cell, missing) for cell in groups)
            if not lacks_group:
                places.append(place)
                cells.append(all_cells[place])
        texts, _ = read_column(cells, Column(self.text, TEXT), missing)
        kept = np.flatnonzero(~is_blank(texts))
        if self.distinct:
            kept = first_of_each(texts, kept)
        rows = np.array(places, np.int64)
        return rows[kept], texts[kept]

    def _kept(self, texts, notes):
        """Returns the places of the rows that have a text, int64, and with `distinct` one that did
        not stand before.
        """
        filled = np.flatnonzero(~is_blank(texts))
        num_blank = len(texts) - len(filled)
        if num_blank:
            why = f"{num_blank:,} rows without a text are left out"
            notes.append(ColumnNote(self.text, TEXT, why))
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
    """Loads a folder of class folders, folder/<class>/**/*.txt, or of parts,
    folder/{train,valid,test}/<class>/... .

    Attributes:
        source: The folder; files are recognized by their names, .txt, .text and .md.
        encoding: Of all files; if empty, each is UTF-8, UTF-16 if it begins with a mark, else
            cp1252.
        distinct: Whether of texts that are equal but for case only the first is kept.
        group: A regular expression with one group, found in the file's relative name: texts of one
            group (an author, a thread) stay together in one part.
        positive: Of two classes the one that scores are about; if empty, the one called true, yes
            or 1, else the rarer one.
        spelling: What is done with class folders whose names differ in case alone: "join", "keep",
            or "" to refuse them.
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

    def read(self, source: object = None) -> tuple[Dataset, tuple[ColumnNote, ...]]:
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
        texts = []
        guessed = []
        for name in progress_bar(found.names, desc="read", unit="text"):
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
                ColumnNote(
                    num_files(len(guessed)),
                    OTHER_ENCODING,
                    "not UTF-8, so read as Western "
                    f"Windows text, such as {shorten(guessed[0], 80)}; --read encoding=NAME",
                )
            )
        return texts
