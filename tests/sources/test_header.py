"""Files without a line of names: what the printed schema and the errors state."""

import pytest

from pipelines.errors import LoadError
from pipelines.sources.header import ADD_NAMES, describe_names
from pipelines.tabular import LoadTable, load_table
from pipelines.text import LoadTexts
from pipelines.timeseries import LoadSeries

NUMBERS = ["7.0", "6.3", "8.1", "7.2", "7.0", "6.1"]
SEXES = ["M", "F", "M", "I", "F", "M"]


def note(table, separator=","):
    return describe_names(table, separator, frozenset({"NA", ""}))


@pytest.mark.parametrize(
    "table",
    [
        {"7.5": NUMBERS, "0.2": NUMBERS},
        {"M": SEXES, "0.2": ["NA", *NUMBERS]},
        {"M": SEXES, "what somebody wrote": ["a", "b", "c", "d", "e", "f"]},
    ],
    ids=["numbers", "a category and a number with holes", "a class and its text"],
)
def test_names_that_may_be_cells_are_pointed_out(table):
    (line,) = note(table)
    assert ADD_NAMES in line.why
    assert not note(table, separator=""), "rows that came with names, such as Parquet"


@pytest.mark.parametrize(
    "table",
    [
        {"age": NUMBERS, "0.2": NUMBERS},
        {"sex": SEXES, "0.2": NUMBERS},
        {"1990": NUMBERS, "1995": NUMBERS, "2000": NUMBERS},
        {"label": SEXES, "text": ["a", "b", "c", "d", "e", "f"]},
    ],
    ids=["one word above numbers", "one word above classes", "years", "texts"],
)
def test_names_are_taken_as_they_are(table):
    assert not note(table)


def test_every_loader_of_a_table_points_it_out(tmp_path):
    rows = [f"2024-01-{n + 1:02d},{n % 7}.5,{'ab'[n % 2]},words {n}" for n in range(30)]
    path = tmp_path / "rows.csv"
    path.write_text("\n".join(rows) + "\n")
    loads = [
        LoadTable(str(path), "a"),
        LoadTexts(str(path), "words 0", "a"),
        LoadSeries(str(path), "2024-01-01", "0.5"),
    ]
    for load in loads:
        _, lines = load.read()
        assert any(ADD_NAMES in line.why for line in lines), type(load)


def test_numbers_that_stand_twice_in_the_first_line(tmp_path):
    path = tmp_path / "rows.csv"
    path.write_text("25,0,0,no\n38,0,1,yes\n")
    with pytest.raises(LoadError, match=ADD_NAMES):
        load_table(LoadTable(str(path), "no"))
