"""Words in cells: classes called NA, spellings of one class, dates, words for missing, Excel's
first line.
"""

import codecs
from pathlib import Path

import numpy as np
from PIL import Image

from pipelines.rows.split import SplitRandom, split
from pipelines.sources.table import Reading, read_table
from pipelines.tabular import LoadTable, load_table
from pipelines.text import LoadTextFolder, LoadTexts
from pipelines.timeseries import LoadSeries, LoadTsFiles
from pipelines.vision import LoadFolder, LoadPaths
from tests.odd_files import OddFile, file_of

DAYS = [f"2024-01-{day:02d}" for day in range(1, 32)]


def table(header, *rows, times=1):
    """A CSV file of these rows, all of them so many times over."""
    return file_of("t.csv", "\n".join([header, *(list(rows) * times), ""]))


def column(cells, name="x"):
    """A CSV file with these cells in a column, and a number and a class in two others."""
    return table(
        f"{name},n,y", *(f"{cell},{place},{'ab'[place % 2]}" for place, cell in enumerate(cells))
    )


def counts(labels, y):
    return dict(zip(labels, np.bincount(y).tolist(), strict=True))


def classes(**spec):
    """Reads class → number of rows of a table with the target y."""

    def read(path):
        dataset, _ = load_table(LoadTable(str(path), "y", **spec))
        return counts(dataset.schema.target.labels, dataset.y)

    return read


def why(name, **spec):
    """Reads what the schema says of a column of a table with the target y."""

    def read(path):
        return [
            each.why
            for each in load_table(LoadTable(str(path), "y", **spec))[1]
            if each.name == name
        ]

    return read


def values(name, **spec):
    """Reads the first three different values of a column of a table with the target y."""

    def read(path):
        found = load_table(LoadTable(str(path), "y", **spec))[0].x[name]
        return list(dict.fromkeys(str(value) for value in found))[:3]

    return read


def groups(path):
    dataset, notes = load_table(LoadTable(str(path), "y", group=("who",)))
    return len(np.unique(dataset.group)), [each.why for each in notes if each.kind == "group"]


def parts(path):
    """The rows of each class in train, valid and test."""
    made = split(load_table(LoadTable(str(path), "y"))[0], SplitRandom())
    return [np.bincount(part.y).tolist() for part in (made.train, made.valid, made.test)]


def texts(**spec):
    def read(path):
        dataset, _ = LoadTexts(str(path), "x", "y", **spec).read()
        return counts(dataset.schema.target.labels, dataset.y)

    return read


def text_folder(*names):
    """Class folders with three texts each."""

    def write(folder: Path) -> Path:
        for name in names:
            (folder / name).mkdir()
            for place in range(3):
                (folder / name / f"{place}.txt").write_text(f"text {place} of {name}")
        return folder

    return write


def picture_folder(*names, suffix=""):
    """Class folders with three pictures each, and a table of their paths."""

    def write(folder: Path) -> Path:
        lines = ["path,label"]
        for name in names:
            (folder / name).mkdir()
            for place in range(3):
                Image.new("L", (4, 4), place * 40).save(folder / name / f"{place}.png")
                lines.append(f"{name}/{place}.png,{name}")
        (folder / "t.csv").write_text("\n".join([*lines, ""]), encoding="utf-8")
        return folder / suffix

    return write


def of_folder(loader, **spec):
    def read(path):
        dataset, notes = loader(str(path), **spec).read()
        said = [each.why for each in notes if each.kind == "target"]
        return counts(dataset.schema.target.labels, dataset.y), *said

    return read


def of_paths(**spec):
    def read(path):
        dataset, _ = LoadPaths(str(path), "label", height=4, width=4, **spec).read()
        return counts(dataset.schema.target.labels, dataset.y)

    return read


def series_names(**spec):
    def read(path):
        return sorted(set(LoadSeries(str(path), "t", "v", series="id", **spec).read()[0].series))

    return read


def ts_classes(path):
    dataset, _ = LoadTsFiles(str(path)).read()
    return counts(dataset.schema.target.labels, dataset.y)


def steps(*names):
    """A CSV file of twelve hours of each series."""
    return table(
        "t,id,v",
        *(f"2024-01-01T{hour:02d}:00,{name},{hour}" for name in names for hour in range(12)),
    )


TS = "@classLabel true NA up\n@data\n" + "1,2,3:NA\n3,2,1:up\n" * 4
NFC = "Caf\u00e9"
NFD = "Cafe\u0301"
NO_BREAK = "New\u00a0York"
NO_WIDTH = "New\u200b York"
ONE_WAY = [f"{month:02d}/{day:02d}/2024" for month in range(1, 13) for day in (1, 2, 3)]
SMALL = {"height": 4, "width": 4}

CLASSES = (
    OddFile(
        "a class called NA",
        table("x,y", "1,NA", "2,yes", times=5),
        classes(),
        error="the target 'y' has 5 cells 'NA', which read as missing: a class of that name, "
        "or none?",
    ),
    OddFile(
        "a class called None, and empty cells",
        table("x,y", "1,None", "2,yes", "3,", times=5),
        classes(),
        error="--read not_missing=None for a class 'None', "
        "--read missing=None to leave these rows out",
    ),
    OddFile(
        "a class called n/a",
        table("x,y", "1,n/a", "2,yes", "3,no", times=5),
        classes(),
        error="fix: --read not_missing='n/a'",
    ),
    OddFile(
        "a class called NA, as told",
        table("x,y", "1,NA", "2,yes", "3,", times=5),
        classes(reading=Reading(missing_words=("", "nan"))),
        {"NA": 5, "yes": 5},
    ),
    OddFile(
        "a class called NA, as load.empty_class",
        table("x,y", "1,NA", "2,yes", times=5),
        classes(empty_class="NA"),
        {"NA": 5, "yes": 5},
    ),
    OddFile(
        "NA is missing, as told",
        table("x,y", "1,NA", "2,yes", "3,no", times=5),
        classes(reading=Reading(missing_words=(*Reading().missing_words, "NA"))),
        {"no": 5, "yes": 5},
    ),
    OddFile(
        "NA is missing among numbers too",
        table("x,y", "1,NA", "NA,yes", "3,no", times=5),
        why("y"),
        [
            "5 rows without it are left out ('NA'); 'NA' is missing among numbers too: a class of "
            "that name is given by --set load.empty_class=NA"
        ],
    ),
    OddFile(
        "NA in a target of numbers",
        table("x,y", "1,NA", "2,1", "3,0", times=5),
        classes(),
        {"0": 5, "1": 5},
    ),
    OddFile(
        "NA in a target of decimal commas",
        file_of(
            "t.csv",
            "x;y\n" + "".join(f"{place % 5};{place},5\n{place % 5};NA\n" for place in range(30)),
        ),
        lambda path: len(load_table(LoadTable(str(path), "y", reading=Reading(decimal=",")))[0]),
        30,
    ),
    OddFile(
        "two cells NA are no class",
        table("x,y", "1,yes", "2,no", "3,yes", "4,no", "5,yes", "6,no", "7,NA", "8,NA"),
        classes(),
        {"no": 3, "yes": 3},
    ),
    OddFile(
        "presence where None is written",
        table("x,y", "1,None", "2,hail", times=5),
        why("y", target_kind="presence"),
        ["5 cells 'None' count as empty"],
    ),
    OddFile(
        "one class beside rows without one",
        table("x,y", "1,yes", "2,", times=5),
        classes(),
        error="has one class, 'yes', in all rows that have one",
    ),
    OddFile(
        "texts with a class called null",
        table("x,y", "a b,null", "c d,yes", times=5),
        texts(),
        error="5 cells 'null', which read as missing",
    ),
    OddFile(
        "texts with a class called null, as told",
        table("x,y", "a b,null", "c d,yes", times=5),
        texts(reading=Reading(missing_words=("",))),
        {"null": 5, "yes": 5},
    ),
    OddFile(
        "folders of texts called NA and None",
        text_folder("NA", "None"),
        of_folder(LoadTextFolder),
        ({"NA": 3, "None": 3},),
    ),
    OddFile(
        "folders of pictures called NA and nan",
        picture_folder("NA", "nan"),
        of_folder(LoadFolder, **SMALL),
        ({"NA": 3, "nan": 3},),
    ),
    OddFile(
        "a table of pictures with a class NA",
        picture_folder("NA", "up", suffix="t.csv"),
        of_paths(),
        error="the target 'label' has 3 cells 'NA'",
    ),
    OddFile(
        "a table of pictures with a class NA, as told",
        picture_folder("NA", "up", suffix="t.csv"),
        of_paths(reading=Reading(missing_words=("",))),
        {"NA": 3, "up": 3},
    ),
    OddFile(
        "a series of Namibia",
        steps("DE", "NA"),
        series_names(),
        error="the column 'id' has 12 cells 'NA', which read as missing: a series of that "
        "name, or none?",
    ),
    OddFile(
        "steps of no series",
        steps("DE", ""),
        lambda path: LoadSeries(str(path), "t", "v", series="id").read()[1][0].why,
        "12 rows without it are left out",
    ),
    OddFile(
        "a series of Namibia, as told",
        steps("DE", "NA"),
        series_names(reading=Reading(missing_words=("",))),
        ["DE", "NA"],
    ),
    OddFile(
        "whole series of a class NA that the header names",
        file_of("t.ts", TS),
        ts_classes,
        {"NA": 4, "up": 4},
    ),
    OddFile(
        "a group called NA",
        table("x,who,y", "1,NA,a", "2,b,b", times=5),
        groups,
        error="5 rows have none ('NA' read as missing)",
    ),
)

SPELLINGS = (
    OddFile(
        "classes Yes and yes",
        table("x,y", "1,Yes", "2,yes", "3,no", times=5),
        classes(),
        {"no": 5, "yes": 10},
    ),
    OddFile(
        "classes Yes and yes are said",
        table("x,y", "1,Yes", "2,yes", "3,no", "4,yes", times=5),
        why("y"),
        ["read as one class: 'Yes' (5) and 'yes' (10)"],
    ),
    OddFile(
        "classes True and TRUE",
        table("x,y", "1,TRUE", "2,True", "3,False", "3,True", times=5),
        classes(),
        {"False": 5, "True": 15},
    ),
    OddFile(
        "several words for true",
        table("x,y", "1,yes", "2,Y", "3,no", "4,y", times=5),
        classes(),
        error="the target 'y' has several words for true or false: ",
    ),
    OddFile(
        "several words for true, joined",
        table("x,y", "1,yes", "2,TRUE", "3,no", "4,yes", times=5),
        classes(reading=Reading(spelling="join")),
        {"no": 5, "yes": 15},
    ),
    OddFile(
        "classes Fish and fish",
        table("x,y", "1,Fish", "2,fish", "3,fowl", times=5),
        classes(),
        error="classes that differ in case alone: 'Fish' (5) and 'fish' (5)",
    ),
    OddFile(
        "classes Fish and fish, joined",
        table("x,y", "1,Fish", "2,fish", "3,fowl", "4,fish", times=5),
        classes(reading=Reading(spelling="join")),
        {"fish": 15, "fowl": 5},
    ),
    OddFile(
        "classes Fish and fish, kept",
        table("x,y", "1,Fish", "2,fish", times=5),
        classes(reading=Reading(spelling="keep")),
        {"Fish": 5, "fish": 5},
    ),
    OddFile(
        "a spelling that there is not",
        table("x,y", "1,a", "2,b", times=5),
        classes(reading=Reading(spelling="fold")),
        error="spelling 'fold'",
    ),
    OddFile(
        "a class in two Unicode forms",
        table("x,y", f"1,{NFC}", f"2,{NFD}", "3,bar", times=5),
        why("y"),
        ["read as one class: 'Cafe\\u0301' (5) and 'Caf\u00e9' (5)"],
    ),
    OddFile(
        "a class with a no-break space and one with none of a width",
        table("x,y", "1,New York", f"2,{NO_BREAK}", f"3,{NO_WIDTH}", "4,Rome", times=5),
        classes(),
        {"Rome": 5, "New York": 15},
    ),
    OddFile(
        "a class with a doubled space",
        table("x,y", "1,New  York", "2,New York", "3,Rome", times=5),
        classes(),
        {"Rome": 5, "New York": 10},
    ),
    OddFile(
        "texts with classes Fish and fish",
        table("x,y", "a b,Fish", "c d,fish", "e f,fowl", times=5),
        texts(),
        error="'Fish' (5) and 'fish' (5)",
    ),
    OddFile(
        "folders Fish and fish",
        text_folder("Fish", "fish", "fowl"),
        of_folder(LoadTextFolder),
        error="classes that differ in case alone: 'Fish' (3) and 'fish' (3)",
    ),
    OddFile(
        "folders Fish and fish, joined",
        text_folder("Fish", "fish", "fowl"),
        of_folder(LoadTextFolder, spelling="join"),
        ({"fowl": 3, "fish": 6}, "read as one class: 'Fish' (3) and 'fish' (3)"),
    ),
    OddFile(
        "folders of letters a and A",
        picture_folder("a", "A"),
        of_folder(LoadFolder, spelling="keep", **SMALL),
        (
            {"A": 3, "a": 3},
            "classes of their own though they differ in spelling alone: 'A' and 'a'",
        ),
    ),
    OddFile(
        "folders in two Unicode forms",
        picture_folder(NFC, NFD, "bar"),
        of_folder(LoadFolder, **SMALL),
        ({"bar": 3, NFC: 6}, f"one class, {NFC!r}: the folders 'Cafe\\u0301' (3) and {NFC!r} (3)"),
    ),
    OddFile(
        "a table of pictures with Fish and fish",
        picture_folder("Fish", "fish", suffix="t.csv"),
        of_paths(),
        error="'Fish' (3) and 'fish' (3)",
    ),
    OddFile(
        "groups A1 and a1",
        table("x,who,y", "1,A1,a", "2,a1,b", "3,B2,b", times=5),
        groups,
        (2, ["read as one group: 'A1' (5) and 'a1' (5)"]),
    ),
    OddFile(
        "series A1 and a1",
        steps("A1", "a1"),
        series_names(),
        error="the series of 'id' differ in spelling alone: 'A1' (12) and 'a1' (12)",
    ),
    OddFile(
        "categories that look the same",
        column(["New York", NO_BREAK, "Rome"] * 5),
        why("x"),
        ["3 different values; categories of their own: 'New York' (5) and 'New\\xa0York' (5)"],
    ),
)

DATES = (
    OddFile(
        "dates of both readings that a series has no use for",
        table(
            "t,id,v,seen",
            *(f"2024-01-01T{hour:02d}:00,a,{hour},0{hour % 9 + 1}/01/2024" for hour in range(12)),
        ),
        series_names(),
        ["a"],
    ),
    OddFile(
        "one unknown among dates",
        column([*DAYS, "unknown"]),
        values("x"),
        error="the column 'x' has dates: 31 of the format ISO8601, such as '2024-01-01' in row 0; "
        "and 1 other: 'unknown', the first in row 31",
    ),
    OddFile(
        "an unknown before all dates",
        column(["unknown", *DAYS]),
        values("x"),
        error="(--read missing='unknown')",
    ),
    OddFile(
        "one unknown, as told",
        column([*DAYS, "unknown"]),
        values("x", reading=Reading(missing_words=("", "unknown"))),
        ["2024-01-01T00:00:00", "2024-01-02T00:00:00", "2024-01-03T00:00:00"],
    ),
    OddFile(
        "dates of two formats",
        column([*DAYS, *(f"{day:02d}.02.2024" for day in range(1, 29))]),
        values("x"),
        error="28 of the format %d.%m.%Y, such as '01.02.2024' in row 31",
    ),
    OddFile(
        "0000-00-00",
        column([*DAYS, "0000-00-00"]),
        values("x"),
        error="1 other: '0000-00-00', the first in row 31",
    ),
    OddFile(
        "24:00",
        column([*DAYS, "2024-02-29 24:00"]),
        values("x", columns=("x",), kinds={"x": "date"}),
        ["2024-01-01T00:00:00", "2024-01-02T00:00:00", "2024-01-03T00:00:00"],
    ),
    OddFile("24:00 alone", column(["31.12.2023 24:00"] * 30), values("x"), ["2024-01-01T00:00:00"]),
    OddFile(
        "25:00",
        column([*DAYS, "2024-02-29 25:00"]),
        values("x"),
        error="1 other: '2024-02-29 25:00'",
    ),
    OddFile(
        "day first or month first",
        column(ONE_WAY),
        values("x"),
        error="the column 'x' has dates such as '01/02/2024', and no day after the 12th: is the "
        "day first, or the month?",
    ),
    OddFile(
        "day first or month first, in a file with decimal commas",
        file_of("t.csv", "x;n;y\n" + "03/04/2024;1,5;a\n05/06/2024;2,5;b\n" * 9),
        values("x"),
        error="--kind 'x=date:%d/%m/%Y' or --kind 'x=date:%m/%d/%Y'",
    ),
    OddFile(
        "stamps of months of both readings",
        table("t,id,v", *(f"01/{month:02d}/2024,a,{month}" for month in range(1, 13))),
        series_names(),
        error="the column 't' has dates such as '01/02/2024'",
    ),
    OddFile(
        "stamps of days, as told",
        table("t,id,v", *(f"{day:02d}/01/2024,a,{day}" for day in range(1, 13))),
        series_names(kinds={"t": "date:%d/%m/%Y"}),
        ["a"],
    ),
    OddFile(
        "day first, as told",
        column(ONE_WAY),
        values("x", kinds={"x": "date:%d/%m/%Y"}),
        ["2024-01-01T00:00:00", "2024-02-01T00:00:00", "2024-03-01T00:00:00"],
    ),
    OddFile(
        "the same day in both readings",
        column(["03/03/2024", "05/05/2024"] * 9),
        values("x"),
        ["2024-03-03T00:00:00", "2024-05-05T00:00:00"],
    ),
    OddFile(
        "a day after the 12th",
        column([*ONE_WAY, "01/13/2024"]),
        values("x"),
        ["2024-01-01T00:00:00", "2024-01-02T00:00:00", "2024-01-03T00:00:00"],
    ),
    OddFile(
        "times of both readings", column(ONE_WAY), values("n", time="x"), error="'x=date:%d/%m/%Y'"
    ),
    OddFile(
        "times of both readings, as told",
        column(ONE_WAY),
        values("n", time="x", kinds={"x": "date:%d/%m/%Y"}),
        ["0.0", "1.0", "2.0"],
    ),
    OddFile(
        "an unknown among times",
        column([*DAYS, "unknown"]),
        values("n", time="x"),
        error="1 other: 'unknown'",
    ),
    OddFile(
        "May before all other months",
        column(["May 01 2024", "Jan 02 2024", "Feb 03 2024"] * 9),
        values("x"),
        ["2024-05-01T00:00:00", "2024-01-02T00:00:00", "2024-02-03T00:00:00"],
    ),
    OddFile(
        "seasons among a few dates",
        column(["spring", "summer", "autumn"] * 20 + DAYS[:9]),
        why("x"),
        ["12 different values"],
    ),
)

MISSING = (
    OddFile(
        "a category None",
        column(["None", "gravel", "paved", "None"] * 9),
        why("x"),
        [
            "2 different values; 18 cells 'None' read as missing "
            "(--read not_missing=None keeps them)"
        ],
    ),
    OddFile(
        "nothing but None",
        column(["None", ""] * 9),
        why("x"),
        ["all missing: 9 cells 'None' (--read not_missing=WORD)"],
    ),
    OddFile(
        "a category None, as told",
        column(["None", "gravel", "paved"] * 9),
        values("x", reading=Reading(missing_words=("",))),
        ["None", "gravel", "paved"],
    ),
    OddFile(
        "a question mark in half of a column",
        column(["?", "red", "?", "blue"] * 9),
        why("x"),
        [
            "3 different values; 18 cells '?' are a category "
            "(--read missing='?' reads them as missing)"
        ],
    ),
    OddFile(
        "a spreadsheet's error",
        column(["#DIV/0!", "red", "blue"] * 9),
        why("x"),
        [
            "3 different values; 9 cells '#DIV/0!' are a category (--read missing='#DIV/0!' reads "
            "them as missing)"
        ],
    ),
    OddFile(
        "one question mark among thousands",
        column(["red", "blue"] * 400 + ["?"]),
        why("x"),
        ["3 different values"],
    ),
    OddFile(
        "-999 among numbers",
        column(["-999", "12.5", "7.5"] * 9),
        why("x"),
        [
            "every value is a number; 9 cells are -999, the only negative number "
            "(--read missing=-999 reads them as missing)"
        ],
    ),
    OddFile(
        "-999 among negative numbers",
        column(["-999", "-12.5", "7.5"] * 9),
        why("x"),
        ["every value is a number"],
    ),
    OddFile(
        "-999 in a target of numbers",
        table("x,y", *(f"{place},{place}.5" for place in range(40)), "1,-999", "2,-999", "3,-999"),
        why("y"),
        ["3 cells are -999, the only negative number (--read missing=-999 reads them as missing)"],
    ),
    OddFile(
        "-999 in a series",
        table("t,id,v", *(f"2024-01-01T{hour:02d}:00,a,{hour % 5 or -999}" for hour in range(24))),
        lambda path: [
            each.why for each in LoadSeries(str(path), "t", "v").read()[1] if each.name == "v"
        ],
        [
            "the target; 5 cells are -999, the only negative number "
            "(--read missing=-999 reads them as missing)"
        ],
    ),
    OddFile(
        "question marks among texts",
        table("x,y", "a b,no", "?,yes", "c d,yes", times=9),
        lambda path: LoadTexts(str(path), "x", "y").read()[1][0].why,
        "27 texts of 3 characters (median), at most 3; 9 are '?' and nothing else: empty cells "
        "are texts that are missing",
    ),
    OddFile(
        "a class of question marks",
        table("x,y", "1,?", "2,yes", "3,no", times=5),
        why("y"),
        ["'?' is a class of 5 rows (--read missing='?' leaves them out)"],
    ),
)

FIRST_LINES = (
    OddFile(
        "Excel's sep=;",
        file_of("t.csv", "sep=;\r\nx;y\r\n" + "1,5;a\r\n2,5;b\r\n" * 5),
        values("x"),
        ["1.5", "2.5"],
    ),
    OddFile(
        "sep=| and commas in cells",
        file_of("t.csv", "SEP=|\nx|y|z\n" + "1|a|b,c,d\n2|b|b,c,d\n" * 5),
        values("z"),
        ["b,c,d"],
    ),
    OddFile(
        "sep=; in UTF-16",
        file_of(
            "t.csv", codecs.BOM_UTF16_LE + ("sep=;\nx;y\n" + "1;a\n2;b\n" * 5).encode("utf-16-le")
        ),
        values("x"),
        ["1.0", "2.0"],
    ),
    OddFile(
        "a mark and sep=;",
        file_of("t.csv", "\ufeffsep=;\nx;y\n" + "1;a\n2;b\n" * 5),
        values("x"),
        ["1.0", "2.0"],
    ),
    OddFile(
        "sep=; and another separator told",
        file_of("t.csv", "sep=;\nx|y\n1|a\n2|b\n"),
        lambda path: read_table(str(path), Reading(separator="|")),
        {"x": ["1", "2"], "y": ["a", "b"]},
    ),
    OddFile(
        "a column called sep",
        file_of("t.csv", "sep=;,y\n" + "1,a\n2,b\n" * 5),
        values("sep=;"),
        ["1.0", "2.0"],
    ),
)

SMALL_CLASSES = (
    OddFile(
        "four rows of one class and three of the other",
        table("x,y", *(f"{place},{'aab'[place % 3]}" for place in range(5)), "6,b", "7,b"),
        parts,
        [[2, 1], [1, 1], [1, 1]],
    ),
    OddFile(
        "three rows of each of four classes",
        table("x,y", "1,a", "2,b", "3,c", "4,d", times=3),
        parts,
        [[1] * 4, [1] * 4, [1] * 4],
    ),
)

ODD_FILES = (*CLASSES, *SPELLINGS, *DATES, *MISSING, *FIRST_LINES, *SMALL_CLASSES)
