"""Row numbers, ids, give-aways and columns that hardly differ are named with what to type; ordinary
columns are not.
"""

import time

import numpy as np
import pandas as pd
import pytest

from pipelines.catalog import RECIPES
from pipelines.device.cells import Column
from pipelines.device.target import Target
from pipelines.errors import LeakError
from pipelines.report.single_column import ColumnScorer
from pipelines.report.suspects import find_suspects, is_id_name
from pipelines.report.terminal import MAX_LINES, first_lines, print_columns, print_suspects
from pipelines.rows.parts import ColumnNote, Dataset, Schema
from pipelines.rows.split import SplitByTime, SplitGrouped, SplitRandom, split
from pipelines.steps import (
    EncodeBins,
    ScaleByItself,
    ScaleMinMax,
    ScaleRobust,
    ScaleSeries,
    ScaleStandard,
)
from pipelines.tabular import LoadTable, load_table
from pipelines.timeseries import LoadSeries
from pipelines.timeseries.windows import CutWindows

NUM_ROWS = 400


def table_of(seed=0, num_rows=NUM_ROWS, **columns):
    """Two ordinary measurements and a target that they tell a little of; and more columns."""
    random = np.random.default_rng(seed)
    weight = random.normal(70, 12, num_rows)
    y = np.where(weight + random.normal(0, 20, num_rows) > 70, "ill", "well")
    return {"weight": weight, "income": random.integers(8_000, 90_000, num_rows), "y": y, **columns}


def suspects_of(table, target="y", **knobs):
    if knobs.get("group"):
        how = SplitGrouped()
    else:
        how = SplitRandom()
    dataset, _ = load_table(LoadTable("", target, **knobs), table)
    return {each.column: each for each in find_suspects(split(dataset, how))}


def test_ordinary_columns_are_not_named():
    random = np.random.default_rng(1)
    table = table_of(
        city=random.choice(list("abcdefgh"), NUM_ROWS),
        price_cents=random.integers(0, 10**7, NUM_ROWS),
        humid=random.normal(size=NUM_ROWS),
        valid=random.choice(["yes", "no"], NUM_ROWS),
        born=np.datetime64("1950-01-01", "s") + random.integers(0, 10**9, NUM_ROWS),
    )
    assert suspects_of(table) == {}


@pytest.mark.parametrize("name", ["birds_mlp", "credit_mlp", "storms_mlp", "penguins_mlp"])
def test_the_bundled_tables_are_not_suspected(name):
    dataset, _ = RECIPES[name].load.read(None)
    assert find_suspects(split(dataset, RECIPES[name].split)) == []


@pytest.mark.parametrize(
    "numbers",
    [
        np.arange(NUM_ROWS),
        np.arange(1, NUM_ROWS + 1),
        7 + 3 * np.arange(NUM_ROWS),
        np.cumsum(np.random.default_rng(2).integers(1, 9, NUM_ROWS)),
        np.arange(NUM_ROWS)[::-1],
        np.arange(NUM_ROWS) / 8,
    ],
)
def test_numbers_that_rise_row_by_row_are_named(numbers):
    found = suspects_of(table_of(nr=numbers))
    assert list(found) == ["nr"] and "from row to row of the file" in found["nr"].reason
    assert "--drop 'nr'" in found["nr"].fix


def test_a_column_sorted_by_class_is_named_once_with_both_reasons():
    table = pd.DataFrame(table_of()).sort_values("y", ignore_index=True)
    table["nr"] = np.arange(NUM_ROWS)
    found = suspects_of({name: table[name].to_numpy() for name in table})
    assert "alone nearly gives the target away (ROC-AUC 1.000" in found["nr"].reason
    assert "as row numbers do" in found["nr"].reason and found["nr"].fix.startswith("--drop 'nr'")


def test_dates_in_the_order_of_the_file_suggest_a_split_by_time():
    days = np.datetime64("2020-01-01", "s") + 86_400 * np.arange(NUM_ROWS)
    found = suspects_of(table_of(day=days))
    assert found["day"].fix == "--time 'day'"
    assert suspects_of(table_of(day=days), time="day") == {}


@pytest.mark.parametrize(
    "ids",
    [
        np.random.default_rng(3).permutation(NUM_ROWS),
        np.random.default_rng(3).permutation(5 * NUM_ROWS)[:NUM_ROWS],
        pd.Series(np.random.default_rng(3).permutation(NUM_ROWS)).astype(str).tolist(),
    ],
)
def test_whole_numbers_that_never_repeat_are_ids_whatever_their_name(ids):
    found = suspects_of(table_of(x=ids))
    assert (
        list(found) == ["x"] and "as ids do" in found["x"].reason and found["x"].fix == "--drop 'x'"
    )


def test_ids_from_a_wide_range_are_named_by_their_name():
    ids = np.random.default_rng(4).integers(1, 10**7, NUM_ROWS)
    assert suspects_of(table_of(x=ids)) == {}
    for name in ("case.id", "patientId", "UUID", "customerid"):
        found = suspects_of(table_of(**{name: ids}))
        assert found[name].fix == f"--drop '{name}'"


def test_categories_given_as_such_that_never_repeat_are_ids():
    codes = [f"K{number}" for number in np.random.default_rng(5).permutation(NUM_ROWS)]
    found = suspects_of(table_of(code=codes), kinds={"code": "categorical"})
    assert "values that differ in 100.0% of the training rows" in found["code"].reason


@pytest.mark.parametrize("text", [True, False])
def test_ids_that_repeat_suggest_groups(text):
    subjects = np.random.default_rng(6).integers(0, 60, NUM_ROWS)
    if text:
        cells = [f"S{subject}" for subject in subjects]
    else:
        cells = subjects
    found = suspects_of(table_of(subject_id=cells))
    assert "training rows for each of 60 values" in found["subject_id"].reason
    assert found["subject_id"].fix == "--group 'subject_id', or --drop 'subject_id'"
    assert suspects_of(table_of(subject_id=cells), group=("subject_id",)) == {}


def test_very_many_categories_are_named():
    names = [f"name {number}" for number in np.random.default_rng(7).integers(0, 831, 4000)]
    found = suspects_of(table_of(num_rows=4000, owner=names))
    assert (
        "different values with" in found["owner"].reason and "--group 'owner'" in found["owner"].fix
    )


@pytest.mark.parametrize(
    "make",
    [
        lambda sick, random: sick + random.normal(0, 0.1, NUM_ROWS),  # a number that rises with it
        lambda sick, random: -5 * sick,
        lambda sick, random: np.where(
            sick, 0.5, random.choice([0.0, 1.0], NUM_ROWS)
        ),  # in the middle
        lambda sick, random: np.where(
            sick, np.nan, 1.0 + random.random(NUM_ROWS)
        ),  # missing where it is
        lambda sick, random: np.where(sick, "ward 7", random.choice(["home", "work"], NUM_ROWS)),
    ],
)
def test_columns_that_alone_tell_a_class_are_named(make):
    table = table_of()
    table["leak"] = make(table["y"] == "ill", np.random.default_rng(8))
    found = suspects_of(table)
    assert (
        list(found) == ["leak"]
        and "alone nearly gives the target away (ROC-AUC" in found["leak"].reason
    )
    assert found["leak"].fix == "--drop 'leak'"


def test_columns_that_alone_tell_a_number_or_many_classes_are_named():
    table = table_of()
    table["twice"] = 2 * table["weight"] ** 3
    found = suspects_of(table, "weight")
    assert list(found) == ["twice"] and "rank correlation 1.000" in found["twice"].reason
    table = table_of()
    table["stage"] = np.random.default_rng(9).choice(["one", "two", "three", "four"], NUM_ROWS)
    table["code"] = np.array(
        [{"one": "a", "two": "b", "three": "c", "four": "d"}[each] for each in table["stage"]]
    )
    assert "mean ROC-AUC of the classes 1.000" in suspects_of(table, "stage")["code"].reason


def test_chance_is_not_taken_for_a_give_away():
    random = np.random.default_rng(10)
    columns = {f"noise {place}": random.normal(size=24) for place in range(300)}
    columns |= {f"word {place}": random.choice(["p", "q", "r"], 24) for place in range(20)}
    found = suspects_of({"y": np.arange(24) % 2, **columns})
    assert not [each for each in found.values() if "alone" in each.reason]


def test_rows_of_a_group_do_not_tell_of_each_other():
    random = np.random.default_rng(11)
    person = random.integers(0, 40, NUM_ROWS)
    table = {
        "weight": random.normal(size=NUM_ROWS),
        "y": np.array(["no", "yes"])[random.integers(0, 2, 40)[person]],
        "room": np.array([f"room {number}" for number in person]),
        "person": person,
    }
    assert "alone" in suspects_of(table, drop=("person",))["room"].reason
    assert "alone" not in str(suspects_of(table, group=("person",)))


def test_held_out_rows_change_no_suspect():
    table = table_of(nr=np.arange(NUM_ROWS))
    parts = split(load_table(LoadTable("", "y"), table)[0], SplitRandom())
    before = find_suspects(parts)
    for part in (parts.valid, parts.test):
        for x in part.x.values():
            x[:] = x[::-1].copy()
        part.y[:] = 0
    assert find_suspects(parts) == before
    with pytest.raises(LeakError):
        ColumnScorer(parts.test)


@pytest.mark.parametrize(
    "others,named", [(0, "all training rows"), (2, "% of the training rows"), (40, "")]
)
def test_nearly_constant_columns_are_named(others, named):
    flag = np.zeros(4000)
    flag[np.random.default_rng(12).choice(4000, others, replace=False)] = 1 + np.arange(others)
    found = suspects_of(
        table_of(num_rows=4000, flag=flag, word=np.where(flag > 0, "rare", "plain"))
    )
    assert [name for name in found] == (["flag", "word"] if named else [])
    if named:
        assert "the same value, 0, in" in found["flag"].reason and named in found["flag"].reason
        assert "the same value, 'plain', in" in found["word"].reason


def test_nearly_constant_steps_of_series_are_named():
    steps = 600
    table = {
        "t": np.datetime64("2024-01-01", "s") + 3600 * np.arange(steps),
        "kwh": np.sin(np.arange(steps) / 4),
        "alarm": np.where(np.arange(steps) == 5, 1.0, 0.0),
        "Unnamed: 0": np.arange(steps),
    }
    dataset, inferred = LoadSeries("", "t", "kwh").read(table)
    assert ("Unnamed: 0", "ignored") in [(each.name, each.kind) for each in inferred]
    parts = CutWindows(window=24, horizon=4).cut(split(dataset, SplitByTime()))
    assert [each.column for each in find_suspects(parts)] == ["alarm"]
    table["kwh"] = np.where(np.arange(steps) == 90, 1e7, table["kwh"])
    parts = CutWindows(window=24, horizon=4).cut(
        split(LoadSeries("", "t", "kwh").read(table)[0], SplitByTime())
    )
    assert [each.column for each in find_suspects(parts, (ScaleSeries(),))] == ["kwh", "alarm"]
    steps_for_others = (ScaleByItself(), ScaleSeries(columns=("alarm",)))
    assert [each.column for each in find_suspects(parts, steps_for_others)] == ["alarm"]


@pytest.mark.parametrize(
    "step,named",
    [
        (ScaleStandard(), True),
        (ScaleMinMax(), True),
        (ScaleRobust(), False),
        (EncodeBins(), False),
        (ScaleStandard(columns=("weight",)), False),
    ],
)
def test_values_far_away_that_flatten_a_scale_are_named(step, named):
    table = table_of(num_rows=4000)
    level = np.random.default_rng(14).normal(size=4000)
    level[::50] = np.nan
    level[7::1000] = 1e6
    parts = split(load_table(LoadTable("", "y"), {**table, "level": level})[0], SplitRandom())
    found = find_suspects(parts, (step,))
    assert [each.column for each in found] == (["level"] if named else [])
    if named:
        assert "values such as 1e+06 stretch its scale" in found[0].reason


def test_the_time_taken_hardly_grows_with_the_rows():
    random = np.random.default_rng(13)
    num_rows = 300_000
    table = {f"x{place}": random.normal(size=num_rows).astype(np.float32) for place in range(20)}
    parts = split(
        load_table(LoadTable("", "y"), {**table, "y": random.integers(0, 2, num_rows)})[0],
        SplitRandom(),
    )
    start = time.perf_counter()
    assert find_suspects(parts) == []
    assert time.perf_counter() - start < 10


@pytest.mark.parametrize(
    "name,expected",
    [
        ("id", True),
        ("ID", True),
        ("case.id", True),
        ("subject_id", True),
        ("patientId", True),
        ("PatientID", True),
        ("uuid", True),
        ("customerid", True),
        ("row index", True),
        ("humid", False),
        ("valid", False),
        ("grid", False),
        ("acid", False),
        ("price", False),
        ("Identity", False),
        ("", False),
    ],
)
def test_names_of_ids(name, expected):
    assert is_id_name(name) is expected


def test_long_schemas_are_printed_in_part(capsys):
    lines = [
        ColumnNote(
            f"gene {place}", "ignored" if place == 700 else "numeric", "every value is a number"
        )
        for place in range(1000)
    ]
    shown, hidden = first_lines(lines)
    assert len(shown) < MAX_LINES and lines[700] in shown and len(shown) + len(hidden) == 1000
    assert first_lines(lines[:MAX_LINES]) == (lines[:MAX_LINES], [])
    table = table_of()
    dataset, inferred = load_table(LoadTable("", "y"), table)
    print_columns([*inferred, *lines], dataset)
    printed = capsys.readouterr().out
    assert "gene 700" in printed and "gene 999" not in printed and "more (" in printed


def test_suspects_are_printed_with_what_to_type(capsys):
    found = suspects_of(table_of(**{"case.id": np.arange(NUM_ROWS), "[red]'x": np.zeros(NUM_ROWS)}))
    print_suspects(list(found.values()))
    printed = capsys.readouterr().out
    assert "--drop 'case.id'" in printed and "[red]'x" in printed and "'[red]'\\''x'" in printed
    print_suspects([])
    assert capsys.readouterr().out == ""


def test_a_column_that_tells_one_of_several_labels_is_named():
    generator = np.random.default_rng(0)
    has = (generator.random((400, 3)) < 0.3).astype(np.int64)
    x = {
        "fine": generator.normal(size=400).astype(np.float32),
        "leak": (has[:, 1] + 0.3 * generator.random(400)).astype(np.float32),
    }
    target = Target("what", "multilabel", ("a", "b", "c"), separator="|")
    schema = Schema(tuple(Column(name, "numeric") for name in x), target)
    parts = split(Dataset(x=x, y=has, ids=np.arange(400), schema=schema), SplitRandom())
    (suspect,) = find_suspects(parts)
    assert suspect.column == "leak" and "ROC-AUC of the label 'b' 1.000" in suspect.reason
