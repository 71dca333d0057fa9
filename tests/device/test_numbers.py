"""Numbers are read as they were written, whatever the marks, and by Python and the page alike."""

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.device.cells import Column, read_column, read_numbers
from pipelines.device.history import as_cells
from pipelines.device.numbers import MARKS, THOUSANDS, check_style, read_number
from pipelines.device.ports import Port
from pipelines.device.primitives import Pack
from pipelines.device.signature import Signature
from pipelines.device.target import Target
from pipelines.errors import LoadError
from pipelines.sources.precision import MIN_LEVELS, refuse_merged
from pipelines.tabular import LoadTable, Reading, load_table
from pipelines.text import LoadTexts
from pipelines.timeseries import LoadSeries
from pipelines.timeseries.load_classes import LoadSeriesArrays

DECIMAL_COMMA = Column("c", "numeric", decimal=",", thousands=".")
UNITS = ("", "%", "€", "$", "EUR", "kg", "US$", "k€", "°C")


def grouped(digits, mark):
    """Digits in threes from the right."""
    head = len(digits) % 3 or 3
    return mark.join(
        [digits[:head], *(digits[place : place + 3] for place in range(head, len(digits), 3))]
    )


@st.composite
def written_numbers(draw):
    """(a column, the text of a cell in its style, the number that was written)."""
    decimal = draw(st.sampled_from(".,"))
    thousands = draw(st.sampled_from([mark for mark in THOUSANDS if mark != decimal]))
    unit = draw(st.sampled_from(UNITS))
    marks = "".join(draw(st.sets(st.sampled_from(MARKS))))
    column = Column("c", "numeric", decimal=decimal, thousands=thousands, unit=unit, marks=marks)
    whole = draw(st.integers(0, 10**11))
    places = draw(st.integers(0, 4))
    fraction = "".join(str(draw(st.integers(0, 9))) for _ in range(places))
    digits = str(whole)
    if thousands and draw(st.booleans()):
        digits = grouped(digits, draw(st.sampled_from(THOUSANDS[thousands])))
    text = digits + (decimal + fraction if fraction else "")
    if "k" in marks:
        power = draw(st.sampled_from(["", "k", "K", "M"]))
    else:
        power = ""
    value = float(f"{whole}.{fraction or 0}{ {'': '', 'M': 'e6'}.get(power, 'e3') }")
    sign = draw(st.sampled_from(["", "+", "-", "\u2212", *marks.replace("k", "")]))
    if sign == "-" and "-" in marks and draw(st.booleans()):
        behind = "-"
    else:
        behind = ""
    if behind or sign == "(":
        front = ""
    else:
        front = sign
    text = text + power
    gap = draw(st.sampled_from(["", " ", "\u00a0", "\u202f"]))
    if unit:
        if draw(st.booleans()):
            text = unit + gap + front + text + behind
        else:
            text = front + text + behind + gap + unit
    else:
        text = front + text + behind
    return (
        column,
        f"({text})" if sign == "(" else text,
        -value if sign in ("-", "\u2212", "(") else value,
    )


@settings(max_examples=400, deadline=None)
@given(written_numbers())
def test_a_number_reads_back_whatever_its_style(written):
    column, text, value = written
    check_style(column)
    assert read_number(text, column) == value


@settings(max_examples=200, deadline=None)
@given(
    st.lists(st.integers(-(10**9), 10**9), min_size=4, max_size=30).filter(
        lambda each: max(map(abs, each)) >= 1000
    ),
    st.sampled_from([(",", "."), (".", ","), (".", " "), (",", "'")]),
    st.sampled_from(["", " €", "%"]),
)
def test_marks_of_a_whole_source_are_found(numbers, marks, unit):
    decimal, thousands = marks
    cells = [
        ("-" if each < 0 else "") + grouped(str(abs(each)), thousands) + f"{decimal}25{unit}"
        for each in numbers
    ]
    table = {"x": cells, "y": [place % 2 for place in range(len(cells))]}
    try:
        dataset, _ = load_table(LoadTable("", "x", target_kind="number"), table)
    except LoadError as error:  # numbers that are equal, or that float32 cannot tell apart
        assert "float32" in str(error) or "in all rows" in str(error)
        return
    assert dataset.y.tolist() == [each - 0.25 if each < 0 else each + 0.25 for each in numbers]


@pytest.mark.parametrize(
    "text",
    [
        "1.23",
        "12.34.567",
        ".123",
        "0.125",
        "1.2345",
        "1234.567",
        "1..234",
        "1.234.",
        "--5",
        "5-",
        "(5)",
        "1.3k",
        "1,2,3",
        "1_000",
        "١٢",
        "",
        "€",
        "5 €",
        "1.234,5,6",
        "1 234",
    ],
)
def test_what_is_written_otherwise_is_no_number(text):
    with pytest.raises(ValueError):
        read_number(text, DECIMAL_COMMA)


def test_a_unit_is_in_every_cell_or_the_cell_is_refused():
    column = Column("price", "numeric", unit="€")
    values, bad = read_column(["5 €", "€ 6", "7", "8 $", 9.5, None, "€ 5 €"], column, frozenset())
    assert values[[0, 1, 4]].tolist() == [5, 6, 9.5] and [each.row for each in bad] == [2, 3, 6]
    assert bad[0].reason == "not a number with the unit €"


def test_steps_of_a_series_in_one_cell():
    for column, cell, wanted in (
        (Column("s", "series", decimal=",", shape=(3,)), "1,5 2,5", [1.5, 2.5]),
        (replace(DECIMAL_COMMA, kind="series", shape=(3,)), "1.250 2,5;3", [1250, 2.5, 3]),
        (Column("s", "series", shape=(3,), thousands=" "), "1 234;5", [1234, 5]),
        (Column("s", "series", shape=(3,), unit="%"), "5% 6.5%", [5, 6.5]),
    ):
        values, bad = read_column([cell], column, frozenset())
        assert not bad and values[0, -len(wanted) :].tolist() == wanted
        assert as_cells(column) == replace(column, kind="numeric", shape=())
    _, bad = read_column(["1.250 2"], Column("s", "series", decimal=",", shape=(3,)), frozenset())
    assert bad[0].reason == "step 1: not a number"


@pytest.mark.parametrize(
    "altered",
    [
        {"decimal": ";"},
        {"thousands": "."},
        {"thousands": "  "},
        {"unit": "5"},
        {"unit": "a b"},
        {"unit": "x" * 20},
        {"unit": "("},
        {"unit": "\ud800"},
        {"marks": "x"},
    ],
)
def test_a_signature_states_a_style_that_can_be_read(altered):
    with pytest.raises(ValueError, match="column 'c': the"):
        check_style(replace(Column("c", "numeric"), **altered))


def test_a_signature_keeps_the_style_of_its_columns():
    columns = (Column("x", "numeric", decimal=",", thousands=" ", unit="€", marks="(k"),)
    signature = Signature(
        columns,
        Target("y", "binary", ("no", "yes")),
        (Pack(("x",), "x_in"),),
        (Port("x_in", (1,), "float32", ""),),
        Port("output", (1,), "float32", ""),
    )
    assert Signature.from_json(json.loads(json.dumps(signature.to_json()))) == signature
    with pytest.raises(ValueError, match="thousands mark ','"):
        replace(signature, columns=(replace(columns[0], thousands=","),)).check()


def test_a_column_without_marks_has_those_of_its_file():
    table = {"whole": ["1", "2", "3"] * 4, "x": ["0,5", "1.234,5", "3,25"] * 4, "y": ["a", "b"] * 6}
    dataset, _ = load_table(LoadTable("", "y"), table)
    column = dataset.schema.columns[0]
    assert (column.name, column.decimal, column.thousands) == ("whole", ",", ".")
    assert read_column(["1.250", "2,5"], column, frozenset())[0].tolist() == [1250, 2.5]


def test_numbers_in_a_data_frame_of_texts_are_read_alike():
    frame = pd.DataFrame({"x": ["1.234,5 €", "0,5 €", None] * 4, "y": ["a", "b", "a"] * 4})
    for source in (frame, frame.astype("string"), {"x": list(frame.x), "y": list(frame.y)}):
        dataset, inferred = load_table(LoadTable("", "y"), source)
        np.testing.assert_array_equal(
            dataset.x["x"][:3], np.array([1234.5, 0.5, np.nan], np.float32)
        )
        assert inferred[0].why.endswith("with a decimal comma, thousands parted by a point, in €")


def test_the_unit_of_a_target_is_stated():
    table = {"x": list(range(30)), "y": [f"{place / 2} %" for place in range(30)]}
    dataset, inferred = load_table(LoadTable("", "y"), table)
    assert dataset.y[1] == 0.5 and inferred[0].why == "every value is a number, in %"
    series = {"t": [f"2024-01-{day:02d}" for day in range(1, 31)], "v": table["y"], "w": table["x"]}
    _, inferred = LoadSeries("", "t", "v").read(series)
    assert [each.why for each in inferred if each.name == "v"] == [
        "the target; every value is a number, in %"
    ]


def test_the_target_of_texts_is_read_alike(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text(
        "body;z;x\n" + "".join(f"word {place};0,5;{place + 1}.250\n" for place in range(30))
    )
    with pytest.raises(
        LoadError, match="the target 'x' has numbers such as '1.250': a decimal point, or one that"
    ):
        LoadTexts(str(path), "body", "x").read()
    dataset, inferred = LoadTexts(str(path), "body", "x", reading=Reading(thousands=".")).read()
    assert dataset.y[:2].tolist() == [1250, 2250]
    assert any("thousands parted by a point" in each.why for each in inferred)


def test_zip_codes_are_not_predicted_as_numbers():
    table = {"x": list(range(90)), "y": [f"{place % 30:05d}" for place in range(90)]}
    dataset, inferred = load_table(LoadTable("", "y"), table)
    assert dataset.schema.target.labels[1] == "00001" and "is a code: classes" in inferred[0].why


@pytest.mark.parametrize(
    "values",
    [
        1_700_000_000 + np.arange(120),
        2**24 + np.arange(120),
        2**53 + np.arange(120),
        2**60 + np.arange(120),
        1e9 + 0.001 * np.arange(120),
    ],
    ids=["seconds", "2^24", "2^53", "2^60", "thousandths"],
)
def test_what_float32_merges_is_refused_in_every_form(values):
    rest = {"z": np.arange(len(values)), "y": ["a", "b"] * (len(values) // 2)}
    forms = [
        values,
        values.astype(object),
        [repr(each) for each in values.tolist()],
        pd.Series(values),
    ]
    for cells in forms:
        with pytest.raises(
            LoadError, match="'x' has 120 different numbers, of which [0-9]+ are left in float32"
        ):
            load_table(LoadTable("", "y"), {"x": cells, **rest})
    for kind, name in (("categorical", "x"), ("ignored", "z")):
        dataset, _ = load_table(LoadTable("", "y", kinds={"x": kind}), {"x": forms[2], **rest})
        assert name in dataset.x
    with pytest.raises(LoadError, match="the target 'x' has 120 different numbers"):
        load_table(LoadTable("", "x", target_kind="number"), {"x": values, **rest})


def test_whole_series_that_float32_merges_are_refused():
    rows = np.stack([1_700_000_000 + np.arange(40)] * 6)
    with pytest.raises(
        LoadError, match="row 0 of .* has 40 different numbers, of which 1 are left in float32"
    ):
        LoadSeriesArrays("").read({"series": rows, "label": ["a", "b"] * 3})
    dataset, _ = LoadSeriesArrays("").read({"series": rows - rows[0, 0], "label": ["a", "b"] * 3})
    assert len(dataset) == 6


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 2**31), st.floats(-6, 6), st.floats(-3, 4))
def test_measurements_are_not_refused_for_digits_that_round(seed, power, center):
    """Whatever their size, numbers that spread over thousands of float32 pass, though float64 has
    more digits.
    """
    random = np.random.default_rng(seed)
    values = random.normal(size=3000) * 10**power
    values += center * np.abs(values).max()
    refuse_merged("the column", values, values, "")
    level = np.spacing(np.float32(1e9))
    with pytest.raises(LoadError):
        refuse_merged("the column", values, 1e9 + random.random(3000) * level * MIN_LEVELS / 2, "")


def test_large_amounts_are_not_refused_for_a_few_that_fall_together():
    values = np.random.default_rng(0).integers(0, 10**9, 10_000).astype(np.float64)
    assert len(np.unique(values.astype(np.float32))) < len(np.unique(values))
    refuse_merged("the column", values, values, "")


def test_numbers_are_exact_until_they_become_float32():
    values, bad = read_numbers(["1700000001", "16777217"], Column("c", "numeric"), frozenset())
    assert not bad and values.dtype == np.float64 and values.tolist() == [1_700_000_001, 16_777_217]
