"""What can be wrong with a table, and what the user is told."""

import gzip

import numpy as np
import pandas as pd
import pytest

from pipelines.errors import LoadError
from pipelines.tabular import LoadTable, Reading, load_table

ROWS = "height,kind,fault\n" + "".join(
    f"{n % 17},{'abc'[n % 3]},{'yes' if n % 5 == 0 else 'no'}\n" for n in range(60)
)


def load(tmp_path, text, name="t.csv", **spec):
    path = tmp_path / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return load_table(LoadTable(str(path), **{"target": "fault", **spec}))


def test_kinds_are_inferred_and_overridden(tmp_path):
    text = "n,flag,when,name,id,y\n" + "".join(
        f"{n}.5,{'yes' if n % 2 else 'no'},2024-01-{n % 28 + 1:02d},{'ab'[n % 2]},row{n},{n % 2}\n"
        for n in range(120)
    )
    dataset, inferred = load(tmp_path, text, target="y")
    assert {each.name: each.kind for each in inferred} == {
        "n": "numeric",
        "flag": "boolean",
        "when": "date",
        "name": "categorical",
        "id": "ignored",
    }
    assert dataset.x["n"].dtype == np.float32 and dataset.x["when"].dtype == np.dtype(
        "datetime64[s]"
    )
    dataset, _ = load(tmp_path, text, target="y", kinds={"id": "categorical", "n": "ignored"})
    assert "id" in dataset.x and "n" not in dataset.x


def test_rarer_class_is_the_positive_one(tmp_path):
    dataset, _ = load(tmp_path, ROWS)
    assert dataset.schema.target.labels == ("no", "yes") and dataset.y.mean() == pytest.approx(0.2)
    dataset, _ = load(tmp_path, ROWS, positive="no")
    assert dataset.schema.target.labels == ("yes", "no")


def test_every_source_gives_the_same_rows(tmp_path, birds):
    spec = LoadTable("", "effect", target_kind="presence", drop=("remarks", "opid"))
    from_frame, _ = load_table(spec, birds)
    from_dict, _ = load_table(spec, {name: list(birds[name]) for name in birds})
    birds.to_csv(tmp_path / "b.csv", index=False, sep=";")
    birds.to_csv(tmp_path / "b.csv.gz", index=False)
    birds.to_parquet(tmp_path / "b.parquet")
    for other in (
        from_dict,
        *(
            load_table(
                LoadTable(
                    str(tmp_path / name), "effect", target_kind="presence", drop=("remarks", "opid")
                )
            )[0]
            for name in ("b.csv", "b.csv.gz", "b.parquet")
        ),
    ):
        assert list(other.x) == list(from_frame.x) and (other.y == from_frame.y).all()
        for name, x in from_frame.x.items():
            np.testing.assert_array_equal(other.x[name], x)


def test_typed_frame(tmp_path):
    frame = pd.DataFrame(
        {
            "n": [1.0, np.nan, 3.0] * 5,
            "whole": pd.array([1, None, 3] * 5, "Int64"),
            "when": pd.to_datetime(["2024-01-01", None, "2024-03-01"] * 5),
            "flag": [True, False, True] * 5,
            "kind": pd.Categorical(["a", None, "b"] * 5),
            "y": [0.5, 1.5, 2.25] * 5,
        }
    )
    dataset, inferred = load_table(LoadTable("", "y", target_kind="number"), frame)
    assert [each.kind for each in inferred] == [
        "numeric",
        "numeric",
        "date",
        "boolean",
        "categorical",
    ]
    assert (
        np.isnan(dataset.x["whole"][1])
        and np.isnat(dataset.x["when"][1])
        and dataset.x["kind"][1] is None
    )
    assert (
        list(dataset.x["flag"][:3]) == ["true", "false", "true"]
        and dataset.schema.target.task == "regression"
    )


def test_separator_encoding_and_decimal_mark_are_found_or_given(tmp_path):
    text = "größe;fault\n" + "".join(f"{n},5;{'ja' if n % 3 else 'nein'}\n" for n in range(40))
    dataset, _ = load(
        tmp_path, text.encode("cp1252"), reading=Reading(decimal=",", encoding="cp1252")
    )
    assert dataset.x["größe"][1] == 1.5
    dataset, _ = load(tmp_path, text.encode("utf-16"), reading=Reading(decimal=","))
    assert dataset.x["größe"][2] == 2.5
    found, _ = load(tmp_path, text.encode("cp1252"), reading=Reading(decimal=","))
    assert len(found) == 40
    with_mark, _ = load(tmp_path, b"\xef\xbb\xbf" + ROWS.encode())
    assert list(with_mark.x) == ["height", "kind"]


def test_words_that_read_as_missing_are_a_list(tmp_path):
    text = ROWS.replace("\n3,", "\nbroken,")
    with pytest.raises(LoadError, match="'height' has 56 numbers and 4 other values: 'broken'"):
        load(tmp_path, text)
    dataset, _ = load(tmp_path, text, reading=Reading(missing_words=("broken",)))
    assert np.isnan(dataset.x["height"]).sum() == 4


def test_rows_without_a_target_are_left_out_and_said(tmp_path):
    dataset, inferred = load(tmp_path, ROWS + "5,a,\n6,b,NA\n")
    assert len(dataset) == 60 and inferred[0].why == "2 rows without it are left out ('', 'NA')"


def test_a_file_that_is_not_utf8_is_read_as_western_text_and_said(tmp_path):
    text = "stadt,fault\n" + "".join(
        f"{'Köln Zürich Ærø señor'.split()[n % 4]},{n % 2}\n" for n in range(80)
    )
    dataset, inferred = load(tmp_path, text.encode("latin-1"))
    assert set(dataset.x["stadt"]) == {"Köln", "Zürich", "Ærø", "señor"}
    assert inferred[0].kind == "cp1252" and "--read encoding=" in inferred[0].why
    late = b"a,1\n" * 40_000 + "é,0\n".encode("cp1252") * 3
    assert "é" in set(load(tmp_path, b"stadt,fault\n" + late)[0].x["stadt"])


def test_a_quote_that_never_closes_swallows_no_row(tmp_path):
    for text in (
        ROWS.replace("\n3,a,", '\n3,a,"x', 1),
        ROWS.replace("a,yes", 'a,"y"es', 1),
        ROWS.replace("\n3,a,", '\n3,"a,', 1),
    ):
        with pytest.raises(LoadError, match="cannot be read as CSV|cells, the header has"):
            load(tmp_path, text)
    whole, _ = load(tmp_path, ROWS.replace("\n3,a,", '\n3,"two\r\nlines, one cell",', 1))
    assert len(whole) == 60 and whole.x["kind"][3] == "two\r\nlines, one cell"


def test_a_header_over_several_lines_and_odd_line_ends(tmp_path):
    rows = "".join(f"0000{n % 7},{n},{n % 2}\r\n" for n in range(60))
    dataset, _ = load(
        tmp_path, '"z\nip","a\u2028b",fault\r\n' + rows, kinds={"z\nip": "categorical"}
    )
    assert list(dataset.x) == ["z\nip", "a\u2028b"] and dataset.x["z\nip"][5] == "00005"


def test_decimal_commas_are_found_and_thousands_are_asked_about(tmp_path):
    def table(cell):
        return "t;fault\n" + "".join(f"{cell(n)};{n % 2}\n" for n in range(60))

    dataset, inferred = load(tmp_path, table(lambda n: f"{n},{n % 90 + 10}"))
    assert dataset.x["t"][1] == np.float32(1.11) and "decimal comma" in inferred[0].why
    with pytest.raises(LoadError, match="a decimal comma, or one that parts thousands"):
        load(tmp_path, table(lambda n: f"{n},{n % 900 + 100}"))
    with pytest.raises(LoadError, match="numbers and .* other values: '1.097'"):
        load(
            tmp_path,
            table(lambda n: "1.097" if n % 9 == 0 else f"{n},5"),
            reading=Reading(decimal=","),
        )


def test_dates_with_points_are_day_first_and_two_ways_are_said(tmp_path):
    def kinds(cell, **spec):
        text = "when,fault\n" + "".join(f"{cell(n % 12 + 1)},{n % 2}\n" for n in range(60))
        dataset, inferred = load(tmp_path, text, **spec)
        return inferred[0].why, dataset.x["when"][1]

    assert kinds(lambda n: f"01.{n:02d}.2000") == (
        "dates of the format %d.%m.%Y, or else 'date:%m.%d.%Y'",
        np.datetime64("2000-02-01"),
    )
    assert "or else" not in kinds(lambda n: f"{n + 15:02d}.03.2001")[0]
    assert kinds(lambda n: f"{n:02d}/25/99")[1] == np.datetime64("1999-02-25")
    assert kinds(lambda n: f"{n:02d}.01.03", kinds={"when": "date:%y.%m.%d"})[1] == np.datetime64(
        "2002-01-03"
    )


def test_typed_and_written_categories_are_the_same(tmp_path):
    frame = pd.DataFrame(
        {
            "code": [0.0, 1.0, np.nan] * 20,
            "flag": [True, False, True] * 20,
            "fault": ["a", "b"] * 30,
        }
    )
    spec = {"code": "categorical", "flag": "categorical"}
    typed, _ = load_table(LoadTable("", "fault", kinds=spec), frame)
    frame.to_csv(tmp_path / "t.csv", index=False)
    written, _ = load_table(LoadTable(str(tmp_path / "t.csv"), "fault", kinds=spec))
    for name in spec:
        assert list(typed.x[name]) == list(written.x[name])
    assert set(typed.x["code"]) == {"0", "1", None}


def test_groups_are_read_like_cells(tmp_path):
    text = "who,x,fault\n" + "".join(
        f"p{n % 5}{' ' if n % 2 else ''},{n},{n % 2}\n" for n in range(60)
    )
    dataset, _ = load(tmp_path, text, group=("who",))
    assert len(np.unique(dataset.group)) == 5
    with pytest.raises(LoadError, match="group column 'who': 1 rows have none"):
        load(tmp_path, text + ",3,1\n", group=("who",))


def test_times_may_be_fractions_of_seconds(tmp_path):
    text = "t,x,fault\n" + "".join(f"{n / 100},{n},{n % 2}\n" for n in range(60))
    dataset, _ = load(tmp_path, text, time="t")
    assert len(np.unique(dataset.time)) == 60
    with pytest.raises(LoadError, match="numbers such as 1.7e\\+12"):
        load(tmp_path, text.replace("\n0.05,", "\n1700000000000,"), time="t")


def test_group_and_time_are_no_features(tmp_path):
    text = "day,who,x,y\n" + "".join(
        f"2024-02-{n % 28 + 1:02d},p{n % 4},{n},{n % 2}\n" for n in range(56)
    )
    dataset, _ = load(tmp_path, text, target="y", group=("who",), time="day")
    assert list(dataset.x) == ["x"] and len(np.unique(dataset.group)) == 4
    assert dataset.time[0] == np.datetime64("2024-02-01")


BIG_CELL = "x" * (10 * 2**20)

REFUSED = {
    "empty file": ("", {}, "is empty (0 bytes)"),
    "header only": ("a,fault\n", {}, "no rows"),
    "one column": ("fault\nyes\nno\n", {}, "has one column, 'fault'"),
    "wrong separator": (
        "height;fault\n1;yes\n2;no\n",
        {"reading": Reading(separator=",")},
        "has one column",
    ),
    "missing target column": (
        ROWS,
        {"target": "falt"},
        "load.target names the column 'falt', which is not there",
    ),
    "target all missing": ("a,fault\n1,\n2,NA\n", {}, "'fault' is missing in all 2 rows"),
    "target of one class": ("a,fault\n1,no\n2,no\n", {}, "has one class, 'no', in all rows"),
    "a class with two rows": ("a,fault\n1,no\n2,no\n3,no\n3,yes\n4,yes\n", {}, "has two rows"),
    "a word in a number target": (
        "a,fault\n" + "".join(f"{n},{n}.5\n" for n in range(60)) + "1,n.a.\n",
        {},
        "the target 'fault' has 60 numbers and 1 other values: 'n.a.'",
    ),
    "a sensor with many error words": (
        "a,fault\n" + "".join(f"{'ERR' if n % 4 == 0 else n},{n % 2}\n" for n in range(90)),
        {},
        "numbers and 23 other values: 'ERR'",
    ),
    "a kind for the target": (
        ROWS,
        {"kinds": {"fault": "numeric"}},
        "a kind for the target 'fault'",
    ),
    "a column twice": (ROWS, {"columns": ("kind", "kind")}, "load.columns=('kind', 'kind')"),
    "truncated gzip": (
        gzip.compress(ROWS.encode() * 50)[:-20],
        {"name": "t.csv.gz"},
        "is not a whole gzip file",
    ),
    "a class with one row": (
        "a,fault\n1,no\n2,no\n3,yes\n",
        {},
        "class 'yes' of the target 'fault' has one row",
    ),
    "few whole numbers": (
        "a,fault\n" + "".join(f"{n},{150 + n % 9}\n" for n in range(20)),
        {},
        "--set load.target_kind=number",
    ),
    "two targets of numbers": (
        "a,fault,b\n" + "".join(f"{n},{150 + n},{n % 2}\n" for n in range(20)),
        {"target": ("b", "fault")},
        "a column of numbers, or of more classes, is learned alone",
    ),
    "infinite": (ROWS.replace("\n16,", "\ninf,"), {}, "'height', row 16: infinite: 'inf'"),
    "10 MB of text in one cell": (
        ROWS + f"1,{BIG_CELL},no\n",
        {},
        "10,485,760 characters, at most 10,000",
    ),
    "duplicate column names": ("a,a,fault\n1,2,no\n", {}, "the column name 'a' stands twice"),
    "ragged rows": (ROWS + "1,a\n", {}, "row 60: 2 cells, the header has 3"),
    "null bytes": (ROWS.encode() + b"\0\0", {}, "holds null bytes"),
    "not gzip": (ROWS, {"name": "t.csv.gz"}, "is not a whole gzip file"),
    "no such file": (None, {}, "no file"),
    "unknown kind": (ROWS, {"kinds": {"height": "float"}}, "kind 'float' for column 'height'"),
    "text in a number column": (
        ROWS,
        {"kinds": {"kind": "numeric"}},
        "'kind', row 0: not a number: 'a'",
    ),
    "nothing left": (ROWS, {"drop": ("height", "kind")}, "no feature column is left"),
    "target as feature": (ROWS, {"columns": ("fault", "kind")}, "a feature and the target"),
    "too many classes": (
        "a,fault\n" + "".join(f"{n},c{n % 1500}\n" for n in range(3000)),
        {},
        "has 1,500 classes",
    ),
    "constant number": ("a,fault\n1,2.5\n2,2.5\n", {"target_kind": "number"}, "is 2.5 in all rows"),
    "wrong positive": (ROWS, {"positive": "maybe"}, "load.positive='maybe'"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_refused_with_a_clear_error(tmp_path, case):
    text, spec, words = REFUSED[case]
    spec = dict(spec)
    with pytest.raises(LoadError) as caught:
        if text is None:
            load_table(LoadTable(str(tmp_path / "none.csv"), "fault"))
        else:
            load(tmp_path, text, spec.pop("name", "t.csv"), **spec)
    message = str(caught.value)
    assert (
        words in message
        and message.startswith("[load] ")
        and "\n  expected: " in message
        and "\n  fix: " in message
    )
    assert len(message) < 2000


def test_odd_names_are_only_names(tmp_path):
    names = ["a b", 'quo"te', "../../etc/passwd", "naïve ☃", "*/ int x; /*", "a=b", "%s{0}"]
    frame = pd.DataFrame({name: np.arange(60) % (7 + place) for place, name in enumerate(names)})
    frame["fault"] = np.where(np.arange(60) % 4 == 0, "yes", "no")
    frame.to_csv(tmp_path / "odd.csv", index=False)
    dataset, _ = load_table(LoadTable(str(tmp_path / "odd.csv"), "fault"))
    assert list(dataset.x) == names


def test_a_hundred_thousand_categories_are_one_column(tmp_path):
    frame = pd.DataFrame(
        {
            "id": [f"k{n}" for n in range(100_000)] * 2,
            "x": np.arange(200_000) % 9,
            "fault": np.where(np.arange(200_000) % 4 == 0, "yes", "no"),
        }
    )
    with gzip.open(tmp_path / "many.csv.gz", "wt") as file:
        frame.to_csv(file, index=False)
    dataset, inferred = load_table(
        LoadTable(str(tmp_path / "many.csv.gz"), "fault", kinds={"id": "categorical"})
    )
    assert len(set(dataset.x["id"])) == 100_000
    from pipelines.rows.split import SplitRandom, split
    from pipelines.steps import EncodeOnehot

    train = split(dataset, SplitRandom()).train
    lookup, onehot = EncodeOnehot(min_count=1, columns=("id",)).fit(train).primitives
    assert len(lookup.keys) == 255 and onehot.depth == 257
    _, inferred = load_table(LoadTable(str(tmp_path / "many.csv.gz"), "fault"))
    assert inferred[0].kind == "categorical" or "different values" in inferred[0].why
