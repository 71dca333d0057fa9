"""Words for missing, spellings and dates: invariants, and the sources that no file of
tests/odd_files is of.
"""

import unicodedata
from datetime import datetime, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.cli.reading import reading_of
from pipelines.device.cells import MISSING_WORDS, Column, read_column
from pipelines.device.dates import split_end_of_day
from pipelines.errors import LoadError, RecipeError
from pipelines.rows.split import SplitGrouped, split
from pipelines.sources.dates import date_format, find_dates
from pipelines.sources.spellings import folded, join_classes, join_groups, plain
from pipelines.sources.table import Reading
from pipelines.sources.words import describe_words
from pipelines.tabular import LoadTable, load_table
from pipelines.text import LoadTextFolder
from pipelines.timeseries import LoadSeriesArrays
from pipelines.vision import LoadArrays, LoadFolder

NAMES = st.text("aAbBéÉe\u0301ßẞ \u00a0\u200b1", min_size=1, max_size=5).filter(
    lambda text: plain(text)
)


def as_texts(names):
    out = np.empty(len(names), object)
    out[:] = names
    return out


@settings(max_examples=200, deadline=None)
@given(st.lists(NAMES, min_size=1, max_size=12))
def test_joining_classes_makes_one_of_what_looks_the_same(names):
    texts, joined, notes = join_classes(as_texts(names), "y", "join")
    assert set(texts) <= set(names) and all(
        joined.get(name, name) == text for name, text in zip(names, texts, strict=True)
    )
    assert (
        len(set(texts))
        == len({folded(name) for name in names})
        == len({folded(text) for text in texts})
    )
    assert bool(notes) == bool(joined) == (len(set(texts)) < len(set(names)))
    kept, joined, _ = join_classes(as_texts(names), "y", "keep")
    assert kept.tolist() == names and not joined
    try:
        texts, joined, _ = join_classes(as_texts(names), "y", "")
    except LoadError as error:
        assert "differ in case alone" in str(error) and len({plain(name) for name in names}) > len(
            {folded(name) for name in names}
        )
    else:
        assert len(set(texts)) == len({plain(name) for name in names})


@settings(max_examples=100, deadline=None)
@given(NAMES)
def test_plain_and_folded_are_the_same_twice(name):
    assert plain(plain(name)) == plain(name) and folded(folded(name)) == folded(name)
    assert folded(unicodedata.normalize("NFD", name)) == folded(name)


def test_classes_that_the_source_declares_are_kept_and_said():
    texts, joined, (note,) = join_classes(
        as_texts(["A", "a", "b"]), "y", "", declared=("A", "a", "b")
    )
    assert texts.tolist() == ["A", "a", "b"] and not joined and "'A' and 'a'" in note.why


@settings(max_examples=60, deadline=None)
@given(st.lists(NAMES, min_size=1, max_size=12))
def test_groups_keep_their_order_where_nothing_is_joined(names):
    texts = join_groups(as_texts(names))
    assert len(set(texts)) == len({folded(name) for name in names})
    if len(set(texts)) == len(set(names)):
        assert texts.tolist() == names


def test_spellings_of_a_patient_stay_on_one_side():
    names = [f"{'Aa'[row % 2]}{row // 6}" for row in range(60)]
    table = {"who": names, "x": np.arange(60.0), "y": ["yes", "no", "no"] * 20}
    parts = split(load_table(LoadTable("", "y", group=("who",)), table)[0], SplitGrouped(valid=0.3))
    sides = [
        {names[row].lower() for row in part.ids} for part in (parts.train, parts.valid, parts.test)
    ]
    assert not (sides[0] & sides[1] or sides[0] & sides[2] or sides[1] & sides[2])


def test_the_positive_class_may_be_named_in_any_spelling_that_is_joined():
    table = {"x": np.arange(9.0), "y": ["Yes", "yes", "no"] * 3}
    for positive in ("Yes", "yes"):
        dataset, _ = load_table(LoadTable("", "y", positive=positive), table)
        assert dataset.schema.target.labels[1] in ("Yes", "yes") and dataset.y.sum() == 6


def test_options_for_words():
    read = reading_of(["spelling=join", "missing=k.A.", "missing=NA", "not_missing=None"])
    assert (
        set(read.missing_words) == {*MISSING_WORDS, "k.A."} - {"None"} and read.spelling == "join"
    )
    assert read.named_words() == {"k.A.", "NA"}
    assert not Reading().named_words() and Reading(missing_words=("", "NA")).named_words() == {
        "",
        "NA",
    }
    with pytest.raises(RecipeError, match="--read not_missing=abc"):
        reading_of(["not_missing=abc"])


@pytest.mark.parametrize(
    "labels, classes",
    [
        (["NA", "None"] * 3, {"NA", "None"}),
        (np.array(["NA", "null"] * 3), {"NA", "null"}),
        (["a", float("nan"), "b"] * 3, {"a", "b"}),
        (["a", None, "b"] * 3, {"a", "b"}),
    ],
)
def test_labels_in_memory(labels, classes):
    """A word is a class, wherever no list of words for missing is asked for; NaN and None
    are none.
    """
    cells = {
        "text": [f"t {row}" for row in range(len(labels))],
        "series": np.random.default_rng(0).normal(size=(len(labels), 5)),
        "picture": np.zeros((len(labels), 4, 4), np.uint8),
    }
    for kind, load in (
        ("text", LoadTextFolder("")),
        ("series", LoadSeriesArrays("")),
        ("picture", LoadArrays("")),
        ("picture", LoadFolder("", height=4, width=4, channels=1)),
    ):
        dataset, _ = load.read({kind: cells[kind], "label": labels})
        assert set(dataset.schema.target.labels) == classes


def test_spellings_in_memory():
    source = {"text": [f"t {row}" for row in range(9)], "label": ["Fish", "fish", "fowl"] * 3}
    with pytest.raises(LoadError, match="'Fish' \\(3\\) and 'fish' \\(3\\)"):
        LoadTextFolder("").read(source)
    dataset, _ = LoadTextFolder("", spelling="join").read(source)
    assert len(dataset.schema.target.labels) == 2


@settings(max_examples=100, deadline=None)
@given(
    st.datetimes(datetime(1, 1, 1), datetime(9999, 12, 30)),
    st.sampled_from(["T", " "]),
    st.sampled_from(["24:00", "24:00:00", "24:00:00.000"]),
)
def test_the_end_of_a_day_is_the_next(day, mark, end):
    text = f"{day:%Y}".zfill(4) + f"{day:-%m-%d}{mark}{end}"
    (read,), bad = read_column([text], Column("x", "date"), frozenset())
    assert not bad and read == np.datetime64(day.date() + timedelta(days=1), "s")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "24:00",
        "2024-01-01 24:01",
        "2024-01-01 24:00:30",
        "2024-01-01+24:00",
        "2024-01-01 124:00",
        "2024-01-01 24:000",
    ],
)
def test_no_other_text_is_the_end_of_a_day(text):
    assert split_end_of_day(text) == (text, 0)


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.datetimes(datetime(1990, 1, 1), datetime(2030, 1, 1)), min_size=30, max_size=40),
    st.sampled_from(
        ["%Y-%m-%d", "%d.%m.%Y", "%d.%m.%Y %H:%M", "%d/%m/%Y", "%m/%d/%Y", "%b %d, %Y"]
    ),
)
def test_dates_are_read_as_written_or_refused(days, form):
    """No date is read as another one: where day and month could change places, the user is
    asked.
    """
    cells = [day.strftime(form) for day in days]
    try:
        found = (
            date_format("x", cells, frozenset())
            if form != "%b %d, %Y"
            # May is short and whole
            else find_dates("x", cells, frozenset(), "")
        )[0]
    except LoadError as error:
        assert (
            "is the day first, or the month?" in str(error) and max(day.day for day in days) <= 12
        )
    else:
        wanted = [np.datetime64(datetime.strptime(cell, form), "s") for cell in cells]
        assert (
            read_column(cells, Column("x", "date", found), frozenset())[0].tolist()
            == np.array(wanted).tolist()
        )
    with pytest.raises(LoadError, match="dates"):
        find_dates("x", [*cells, "unknown"], frozenset(), "")


def test_free_text_with_digits_is_no_mixture_of_dates():
    cells = [f"flight {row} of 2024-01-{row % 28 + 1:02d}" for row in range(200)]
    assert find_dates("x", cells, frozenset(), "") == ("", "")
    codes = [f"{row % 90 + 10}-{row * 7 % 90 + 10}-{row * 13 % 90 + 10}" for row in range(300)]
    assert find_dates("x", codes, frozenset(), "") == ("", "")


def test_rare_words_are_not_worth_a_line():
    column = Column("x", "categorical")
    assert describe_words(["NA"] * 3 + ["a"] * 400, column, frozenset(MISSING_WORDS)) == ""
    assert "5 cells 'NA' read as missing" in describe_words(
        ["NA"] * 5 + ["a"] * 400, column, frozenset(MISSING_WORDS)
    )
    assert describe_words(np.arange(5), Column("x", "numeric"), frozenset(MISSING_WORDS)) == ""


@settings(max_examples=150, deadline=None)
@given(
    st.lists(
        st.sampled_from(["yes", "no", "maybe", "NA", "None", "n/a", "", " "]),
        min_size=1,
        max_size=40,
    )
)
def test_no_row_is_left_out_in_silence(cells):
    """Whatever words fill a target: they are refused, or every row is a row of a class or is
    counted.
    """
    try:
        dataset, notes = load_table(
            LoadTable("", "y"), {"x": [float(row) for row in range(len(cells))], "y": cells}
        )
    except LoadError as error:
        assert "rows" in str(error) or "one row" in str(error) or "read as missing" in str(error)
        return
    words = {cell for cell in cells if cell in MISSING_WORDS and cell}
    assert all(cells.count(word) < 3 for word in words)
    left_out = [row for row, cell in enumerate(cells) if cell.strip() in MISSING_WORDS]
    assert sorted([*dataset.ids, *left_out]) == list(range(len(cells)))
    said = [each.why for each in notes if each.kind == "target"]
    assert (
        said == [] if not left_out else f"{len(left_out)} rows without it are left out" in said[0]
    )
