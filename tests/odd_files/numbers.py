"""Numbers as people write them: the values that are read, or why they are refused."""

import json
from functools import partial

from pipelines.tabular import LoadTable, Reading, load_table
from pipelines.timeseries import LoadSeries
from tests.odd_files import OddFile, file_of

NUM_ROWS = 12


def column_file(cells, separator=",", others=None):
    """A CSV file of the column x with the cells again and again, columns `others`, and the target y
    of two classes.
    """
    others = others or {}
    lines = [separator.join(["x", *others, "y"])]
    for row in range(NUM_ROWS):
        values = [every[row % len(every)] for every in (cells, *others.values())]
        quoted = [f'"{value}"' if separator in value else value for value in values]
        lines.append(separator.join([*quoted, "ab"[row % 2]]))
    return file_of("t.csv", "\n".join(lines) + "\n")


def first_values(path, num=2, **reading):
    """The first values of x, rounded to float32's six digits."""
    dataset, _ = load_table(LoadTable(str(path), "y", reading=Reading(**reading)))
    return [
        value if isinstance(value, str) else float(f"{value:.6g}")
        for value in dataset.x["x"][:num].tolist()
    ]


def kind_and_why(path):
    """The kind of x and why it is that."""
    inferred = load_table(LoadTable(str(path), "y"))[1][0]
    return inferred.kind, inferred.why


def target_values(path, **spec):
    """The first two values of the target x, of which y is a feature."""
    dataset, _ = load_table(LoadTable(str(path), "x", **spec))
    return [float(f"{value:.9g}") for value in dataset.y[:2].tolist()]


def target_labels(path):
    """The labels of the target x."""
    return load_table(LoadTable(str(path), "x"))[0].schema.target.labels


def read_of(what, cells, *values, **reading):
    """The column is read as the values."""
    return OddFile(
        what, column_file(cells), partial(first_values, num=len(values), **reading), list(values)
    )


def refused(what, cells, error, separator=",", others=None):
    """The column is refused."""
    return OddFile(what, column_file(cells, separator, others), first_values, error=error)


GERMAN = file_of("t.csv", "x;l;y\n" + "950;0,5;a\n1.250;0,7;b\n2.100;0,2;a\n" * 4)
PRICES = ["950", "1.250", "2.100"]


def json_lines(cells):
    rows = [
        json.dumps({"x": cells[row % len(cells)], "y": "ab"[row % 2]}) for row in range(NUM_ROWS)
    ]
    return file_of("t.jsonl", "\n".join(rows) + "\n")


def series_file(cells, separator=","):
    lines = [f"t{separator}x"]
    for row in range(24):
        cell = cells[row % len(cells)]
        lines.append(
            f"2024-01-02 {row:02d}:00{separator}" + (f'"{cell}"' if separator in cell else cell)
        )
    return file_of("s.csv", "\n".join(lines) + "\n")


def series_values(path, **reading):
    """The first two values of the target x of a series."""
    dataset, _ = LoadSeries(str(path), "t", "x", reading=Reading(**reading)).read()
    return [float(f"{value:.6g}") for value in dataset.y[:2].tolist()]


def whole(first):
    return [str(first + place) for place in range(NUM_ROWS)]


GROUPS = "or one that parts thousands?"
UNITS = "numbers with different units, or with none in some cells"
ODD_FILES = (
    OddFile(
        "points among decimal commas",
        GERMAN,
        first_values,
        error="'1.250': a decimal point, " + GROUPS,
    ),
    OddFile(
        "points among decimal commas, the fix",
        GERMAN,
        first_values,
        error="--read thousands=. for 1250; --read decimal=.",
    ),
    OddFile(
        "points that part thousands, as given",
        GERMAN,
        partial(first_values, thousands="."),
        [950.0, 1250.0],
    ),
    OddFile(
        "points that are decimal, as given",
        GERMAN,
        partial(first_values, decimal="."),
        [950.0, 1.25],
    ),
    refused(
        "points in a file of semicolons", PRICES, "the cells of the file are parted by ';'", ";"
    ),
    read_of("points in a file of commas", PRICES, 950.0, 1.25),
    OddFile(
        "a decimal point that another column proves",
        column_file(PRICES, ";", {"z": ["0.5"]}),
        first_values,
        [950.0, 1.25],
    ),
    OddFile(
        "points that part thousands, as another column proves",
        column_file(PRICES, ";", {"z": ["1.234,5"]}),
        first_values,
        [950.0, 1250.0],
    ),
    read_of("points that part thousands twice", ["1.250", "1.234.567"], 1250.0, 1234570.0),
    OddFile(
        "a decimal point that a leading zero proves",
        column_file(["0.125", "1.250"], ";"),
        first_values,
        [0.125, 1.25],
    ),
    OddFile(
        "points and a decimal comma",
        column_file(["1.234,50", "0,5"], ";"),
        first_values,
        [1234.5, 0.5],
    ),
    refused(
        "commas that may part thousands", ["1,250", "950"], "'1,250': a decimal comma, " + GROUPS
    ),
    read_of("commas that part thousands, as given", ["1,250", "950"], 1250.0, 950.0, thousands=","),
    read_of("commas that are decimal, as given", ["1,250", "950"], 1.25, 950.0, decimal=","),
    read_of("commas that part thousands twice", ["1,234,567", "1,250"], 1234570.0, 1250.0),
    read_of("a space that parts thousands", ["1 234", "950"], 1234.0, 950.0),
    read_of("a no-break space that parts thousands", ["1\u00a0234,5", "9,5"], 1234.5, 9.5),
    read_of("a narrow no-break space that parts thousands", ["1\u202f234", "950"], 1234.0, 950.0),
    read_of("a thin space that parts thousands", ["12\u2009345.5", "950"], 12345.5, 950.0),
    read_of("an apostrophe that parts thousands", ["1'234", "950"], 1234.0, 950.0),
    read_of(
        "a typographic apostrophe that parts thousands", ["1\u2019234.5", "950"], 1234.5, 950.0
    ),
    refused(
        "groups of two digits",
        ["12,34,567", "1,23,456"],
        "badly formed groups of thousands: '12,34,567'",
    ),
    refused(
        "a badly formed group among numbers",
        ["1.23.456", "5"],
        "badly formed groups of thousands: '1.23.456'",
    ),
    refused(
        "a badly formed group among spaces", ["1 234", "2 345", "23 45"], "4 other values: '23 45'"
    ),
    read_of("versions are categories", ["1.2.3", "1.10.2"], "1.2.3", "1.10.2"),
    read_of(
        "addresses are categories", ["192.168.100.100", "10.0.0.1"], "192.168.100.100", "10.0.0.1"
    ),
    read_of("percent", ["6.9%", "10%"], 6.9, 10.0),
    OddFile(
        "percent is named",
        column_file(["6.9%", "10 %"]),
        kind_and_why,
        ("numeric", "every value is a number, in %"),
    ),
    read_of("dollars", ["$1,234.50", "-$3.20"], 1234.5, -3.2),
    read_of("euros behind", ["12.3 €", "5 €"], 12.3, 5.0),
    read_of("a currency code in front", ["EUR 12.3", "EUR 5"], 12.3, 5.0),
    read_of("k and M", ["1.3k", "900", "2M"], 1300.0, 900.0, 2e6),
    read_of("thousands of dollars", ["$1.3k", "$5"], 1300.0, 5.0),
    read_of("Kelvin is no thousand", ["293 K", "280 K"], 293.0, 280.0),
    read_of("a minus behind", ["0.45-", "3"], -0.45, 3.0),
    read_of("U+2212 as minus", ["\u22125", "3"], -5.0, 3.0),
    read_of("negative in parentheses", ["(1,234)", "5", "0.5"], -1234.0, 5.0, 0.5, thousands=","),
    refused(
        "parentheses in every cell",
        ["(5)", "(6)"],
        "parentheses in every cell, such as '(5)': negative, or not?",
    ),
    refused("percent in some cells", ["5 %", "5"], f"{UNITS}: '5 %', '5'"),
    refused("two currencies", ["$5", "€5"], f"{UNITS}: '$5', '€5'"),
    refused("kilograms and grams", ["5 kg", "500 g"], f"{UNITS}: '5 kg', '500 g'"),
    refused("a word among units", ["12.3 €", "5 €", "n.a."], "4 other values: 'n.a.'"),
    refused("both decimal marks", ["1.5", "2,5"], "6 other values: '2,5'"),
    read_of("a word behind a space in every cell", ["36 months", "60 months"], 36.0, 60.0),
    read_of("seats are categories", ["12A", "3B"], "12A", "3B"),
    OddFile(
        "leading zeros",
        column_file(["02134", "10001"]),
        kind_and_why,
        ("categorical", "'02134' is a code, and no number: 2 different values"),
    ),
    read_of("leading zeros stay", ["02134", "10001"], "02134", "10001"),
    read_of("leading zeros of decimals are numbers", ["007.5", "1.5"], 7.5, 1.5),
    OddFile(
        "a target of codes",
        column_file([f"{place:05d}" for place in range(3)]),
        target_labels,
        ("00000", "00001", "00002"),
    ),
    OddFile(
        "a target with points among decimal commas",
        GERMAN,
        target_values,
        error="'1.250': a decimal point",
    ),
    OddFile(
        "a target with points, as given",
        GERMAN,
        partial(target_values, reading=Reading(thousands="."), target_kind="number"),
        [950.0, 1250.0],
    ),
    OddFile("a target in percent", column_file(["6.9%", "7.1%"]), target_values, [6.9, 7.1]),
    OddFile("JSON lines of percent", json_lines(["6.9%", "7%"]), first_values, [6.9, 7.0]),
    OddFile(
        "JSON lines with commas",
        json_lines(["1,250", "950"]),
        first_values,
        error="'1,250': a decimal comma",
    ),
    OddFile(
        "a series with decimal commas and points",
        series_file(["1.234,5", "0,5"], ";"),
        series_values,
        [1234.5, 0.5],
    ),
    OddFile(
        "a series with points in a file of semicolons",
        series_file(PRICES, ";"),
        series_values,
        error="'1.250': a decimal point",
    ),
    OddFile(
        "a series with points that part thousands",
        series_file(PRICES, ";"),
        partial(series_values, thousands="."),
        [950.0, 1250.0],
    ),
    OddFile("a series in euros", series_file(["12.3 €", "5 €"]), series_values, [12.3, 5.0]),
    OddFile(
        "one mark for both",
        column_file(["1", "2"]),
        partial(first_values, decimal=",", thousands=","),
        error="',' as the decimal mark and the thousands mark",
    ),
    OddFile(
        "an unknown thousands mark",
        column_file(["1", "2"]),
        partial(first_values, thousands="_"),
        error="thousands mark '_'",
    ),
    refused(
        "seconds since 1970", whole(1_700_000_000), "--kind 'x=date:unix' for seconds since 1970"
    ),
    refused("ids beyond 2^24", whole(2**24), "16777216 and 16777217 become 16777216"),
    refused(
        "ids beyond 2^53", whole(2**53), "12 different numbers, of which 1 are left in float32"
    ),
    refused(
        "ids that float64 merges too",
        whole(2**60),
        "12 different numbers, of which 1 are left in float32",
    ),
    refused(
        "thousandths beyond a thousand million",
        [f"{1e9 + 0.001 * place:.3f}" for place in range(NUM_ROWS)],
        "1000000000 and 1000000000.001 become 1000000000",
    ),
    OddFile(
        "a target of seconds since 1970",
        column_file(whole(1_700_000_000)),
        partial(target_values, target_kind="number"),
        error="subtract a constant from it",
    ),
    OddFile(
        "a series of seconds since 1970",
        series_file(whole(1_700_000_000)),
        series_values,
        error="1700000000 and 1700000001 become 1700000000",
    ),
    read_of("large numbers that are apart", ["1700000000", "1600000000"], 1.7e9, 1.6e9),
    read_of("last digits that round", ["0.1234567890123", "0.9876543210987"], 0.123457, 0.987654),
    read_of("the rounding of float64", ["0.3", "0.30000000000000004"], 0.3, 0.3),
)
