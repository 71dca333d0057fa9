"""Texts to a Dataset: a column of a CSV, Parquet or JSON-lines file, a DataFrame or dict of arrays.

Nothing is learned here but the names of the classes: a vocabulary is learned by a step, on training rows.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..device.cells import TEXT, Column, is_missing, read_column, shorten
from ..errors import LoadError
from ..files import describe_memory, fingerprint
from ..labels import group_codes
from ..rows import Dataset, Inferred, Schema, Unlabelled
from ..table import OTHER_ENCODING, Reading, find_table, read_table, settle_reading, table_from_memory
from ..target import check_target, labelled_rows, read_target
from .draw import Drawn


@dataclass(frozen=True)
class LoadTexts(Drawn):
    """A table with a column of texts and one to predict.

    source: a .csv, .csv.gz, .parquet or .jsonl file. text, target: its columns. distinct: whether of texts that are
    equal but for case only the first is kept. group: columns of which rows with the same values stay together. The
    other knobs are those of LoadTable.
    """

    source: str
    text: str
    target: str
    target_kind: str = ""
    empty_class: str = ""
    positive: str = ""
    distinct: bool = False
    group: tuple[str, ...] = ()
    reading: Reading = Reading()

    def read(self, source: object = None) -> tuple[Dataset, tuple[Inferred, ...]]:
        """The Dataset, and what was found. `source`, a DataFrame or a dict of arrays, stands in for the file. Raises
        LoadError. Rows without a text are left out; those with a text and no target are its `unlabelled`."""
        check_target(self)
        self.reading.check()
        notes = []
        if source is None:
            reading = settle_reading(find_table(self.source), self.reading)
            table = read_table(self.source, reading)
            if reading.encoding == OTHER_ENCODING != self.reading.encoding:
                notes.append(Inferred("(the file)", "cp1252", "not UTF-8, so read as Western Windows text; --encoding "
                                      "NAME"))
        else:
            table = table_from_memory(source)
        self._check_names(table)
        missing = frozenset(self.reading.missing_words)
        whole = table
        table, ids, left_out = labelled_rows(table, self, missing)
        texts = self._read_texts(table[self.text])
        kept = self._kept(texts, notes)
        y, target = read_target([table[self.target][place] for place in kept], self, missing)
        texts = texts[kept]
        without, more_texts = self._unlabelled(whole, ids, missing)
        if left_out:
            notes.append(Inferred(self.target, "target", f"{len(left_out):,} rows without it are left out" + (
                f"; MaskedPretraining() can learn from the texts of {len(without):,}" if len(without) else "")))
        # One code for a group, whether its rows have a label or not.
        codes = group_codes({name: [whole[name][place] for place in (*ids[kept], *without)] for name in self.group},
                            missing) if self.group else None
        group, more_group = (None, None) if codes is None else np.split(codes, [len(kept)])
        lengths = np.strings.str_len(texts)
        notes.insert(0, Inferred(self.text, TEXT, f"{len(texts):,} texts of {int(np.median(lengths))} characters "
                                 f"(median), at most {lengths.max():,}"))
        schema = Schema((Column(self.text, TEXT),), target, self.reading.missing_words)
        unlabelled = Unlabelled({self.text: more_texts}, more_group) if len(without) else None
        return (Dataset(x={self.text: texts}, y=y, ids=ids[kept], schema=schema, group=group, unlabelled=unlabelled),
                tuple(notes))

    def describe(self, source: object = None) -> dict[str, str]:
        """The source's name and sha256, for the report."""
        if source is not None:
            return describe_memory(source)
        return {"name": Path(self.source).name, "sha256": fingerprint(find_table(self.source))}

    def _check_names(self, table):
        for knob, names in {"load.text": (self.text,), "load.target": (self.target,), "load.group": self.group}.items():
            for name in names:
                if name not in table:
                    raise LoadError(f"{knob} names the column {shorten(name)}, which is not there",
                                    expected=", ".join(shorten(each) for each in list(table)[:30]),
                                    fix="correct the name; it must be written as in the header")
        if self.text == self.target:
            raise LoadError(f"the column {shorten(self.text)} is both the text and the target",
                            expected="one role a column", fix="name another one")

    def _read_texts(self, cells):
        texts, bad = read_column(cells, Column(self.text, TEXT), frozenset(self.reading.missing_words))
        if bad:
            raise LoadError(f"the column {shorten(self.text)}, row {bad[0].row}: {bad[0].reason}: {bad[0].value}"
                            + (f" (and {len(bad) - 1:,} more cells)" if len(bad) > 1 else ""),
                            expected="texts", fix="shorten the text, or split it into rows")
        return texts

    def _unlabelled(self, table, labelled, missing):
        """(the source rows, their texts) of what has no target, but a text and a group."""
        places = np.setdiff1d(np.arange(len(table[self.target])), labelled)
        places = np.array([place for place in places.tolist()
                           if not any(is_missing(table[name][place], missing) for name in self.group)], np.int64)
        texts, _ = read_column([table[self.text][place] for place in places], Column(self.text, TEXT), missing)
        kept = np.flatnonzero(np.strings.str_len(np.strings.strip(texts)) > 0)
        kept = _first_of_each(texts, kept) if self.distinct else kept
        return places[kept], texts[kept]

    def _kept(self, texts, notes):
        """The places int64 of the rows that have a text, and with `distinct` one that did not stand before."""
        filled = np.flatnonzero(np.strings.str_len(np.strings.strip(texts)) > 0)
        if len(filled) < len(texts):
            notes.append(Inferred(self.text, TEXT, f"{len(texts) - len(filled):,} rows without a text are left out"))
        if not len(filled):
            raise LoadError(f"the column {shorten(self.text)} is empty in all {len(texts):,} rows",
                            expected="rows with a text", fix="choose another column")
        if not self.distinct:
            return filled
        first = _first_of_each(texts, filled)
        if len(first) < len(filled):
            notes.append(Inferred(self.text, TEXT, f"{len(filled) - len(first):,} rows with a text that stood before, "
                                  "in whatever case, are left out"))
        return first


def _first_of_each(texts, places):
    """Of the places int64 those of texts that did not stand before, in whatever case."""
    first = {}
    for place in places.tolist():
        first.setdefault(texts[place].lower(), place)
    return np.fromiter(first.values(), np.int64, len(first))
