"""Tables of steps that people have: the steps that are found in them, or why they are refused."""

import pandas as pd

from pipelines.sources.table import read_table
from pipelines.timeseries import LoadSeries
from tests.odd_files import OddFile, file_of

DAYS = pd.date_range("2020-01-01", periods=84)


def table_of(stamps, *, y=None, **columns):
    """Writes a table of the time `at`, the target `y` and other columns."""
    if y is None:
        values = [str(place % 7) for place in range(len(stamps))]
    else:
        values = y
    names = ["at", "y", *columns]
    rows = zip(stamps, values, *columns.values(), strict=True)
    return file_of(
        "t.csv", "\n".join([",".join(names), *(",".join(map(str, row)) for row in rows)]) + "\n"
    )


def steps(**knobs):
    """Reads (how many steps, the date of the first, that of the one after the last)."""

    def read(path):
        dataset, _ = LoadSeries(str(path), "at", "y", **knobs).read()
        frame = dataset.schema.frame
        following = frame.dates(frame.numbers(dataset.time[-1:]) + 1)[0]
        return len(dataset), str(dataset.time[0]), str(following)

    return read


def words(**knobs):
    """Reads what the printed schema has to say of the steps."""

    def read(path):
        return LoadSeries(str(path), "at", "y", **knobs).read()[1][0].why

    return read


def dates(start, number, freq, written="%Y-%m-%d"):
    return pd.date_range(start, periods=number, freq=freq).strftime(written).tolist()


def jittered(number):
    """A stamp every 15 minutes, up to 40 seconds early or late."""
    return [
        str(
            pd.Timestamp("2020-01-01")
            + pd.Timedelta(minutes=15 * place, seconds=(place * 29) % 81 - 40)
        )
        for place in range(number)
    ]


def on_days(*weekdays):
    return [day for day in DAYS.strftime("%Y-%m-%d") if pd.Timestamp(day).weekday() in weekdays]


BERLIN_DAYS = [
    day.isoformat() for day in pd.date_range("2024-03-20", periods=20, tz="Europe/Berlin")
]
BERLIN_HOURS = [
    hour.isoformat()[:19]
    for hour in pd.date_range("2024-03-30", periods=60, freq="h", tz="Europe/Berlin")
]
FIVE_SHOPS = [day for day in dates("2020-01-01", 20, "D") for _ in range(5)]
SHOPS = [f"shop {place % 5}" for place in range(100)]
UNIX = [1_700_000_000 + 3600 * place for place in range(30)]
EVENTS = [
    str(pd.Timestamp("2020-01-01") + pd.Timedelta(seconds=place * 600 + (place * place * 37) % 997))
    for place in range(200)
]

SLOW_CLOCK = [
    str(pd.Timestamp("2020-01-01") + pd.Timedelta(seconds=306 * place + (place * 7) % 5))
    for place in range(120)
]

ODD_FILES = (
    OddFile(
        "240 months",
        table_of(dates("2000-01-01", 240, "MS")),
        steps(),
        (240, "2000-01-01T00:00:00", "2020-01-01T00:00:00"),
    ),
    OddFile(
        "ends of months",
        table_of(dates("2000-01-31", 37, "ME")),
        steps(),
        (37, "2000-01-31T00:00:00", "2003-02-28T00:00:00"),
    ),
    OddFile(
        "the 30th of each month",
        table_of(
            [
                str((pd.Timestamp("2000-01-30") + pd.DateOffset(months=place)).date())
                for place in range(24)
            ]
        ),
        steps(),
        (24, "2000-01-30T00:00:00", "2002-01-30T00:00:00"),
    ),
    OddFile(
        "the last weekday of each month",
        table_of(dates("2000-01-31", 48, "BME")),
        steps(),
        (48, "2000-01-31T00:00:00", "2004-01-30T00:00:00"),
    ),
    OddFile(
        "the first weekday of each month",
        table_of(dates("2000-01-01", 48, "BMS")),
        steps(),
        (48, "2000-01-03T00:00:00", "2004-01-01T00:00:00"),
    ),
    OddFile(
        "months that are missing",
        table_of(
            [day for place, day in enumerate(dates("2000-01-01", 24, "MS")) if place % 5 != 1]
        ),
        words(),
        "24 steps of 1 month, 2000-01-01T00:00:00 to 2001-12-01T00:00:00 UTC; "
        "5 steps without a row",
    ),
    OddFile(
        "quarters of a fiscal year",
        table_of(dates("2000-02-01", 20, "QS-FEB")),
        steps(),
        (20, "2000-02-01T00:00:00", "2005-02-01T00:00:00"),
    ),
    OddFile(
        "ends of quarters",
        table_of(dates("2000-03-31", 20, "QE")),
        steps(),
        (20, "2000-03-31T00:00:00", "2005-03-31T00:00:00"),
    ),
    OddFile(
        "years as four digits",
        table_of(range(1990, 2020)),
        steps(),
        (30, "1990-01-01T00:00:00", "2020-01-01T00:00:00"),
    ),
    OddFile(
        "months with a decimal-point date",
        table_of(dates("2000-01-31", 24, "ME", "%d.%m.%Y")),
        steps(),
        (24, "2000-01-31T00:00:00", "2002-01-31T00:00:00"),
    ),
    OddFile(
        "days as months",
        table_of(dates("2020-01-01", 366, "D")),
        steps(step="1M"),
        (12, "2020-01-01T00:00:00", "2021-01-01T00:00:00"),
    ),
    OddFile(
        "days as quarters",
        table_of(dates("2015-01-01", 1096, "D")),
        steps(step="quarter"),
        (12, "2015-01-01T00:00:00", "2018-01-01T00:00:00"),
    ),
    OddFile(
        "days as weeks",
        table_of(dates("2020-01-01", 89, "D")),
        steps(step="week"),
        (13, "2019-12-30T00:00:00", "2020-03-30T00:00:00"),
    ),
    OddFile(
        "meter readings about once a month",
        table_of(
            [
                str(
                    (
                        pd.Timestamp("2020-01-03")
                        + pd.DateOffset(months=place, days=(place * 7) % 20)
                    ).date()
                )
                for place in range(24)
            ]
        ),
        steps(),
        error="--set load.step=month",
    ),
    OddFile(
        "meter readings as months",
        table_of(
            [
                str(
                    (
                        pd.Timestamp("2020-01-03")
                        + pd.DateOffset(months=place, days=(place * 7) % 20)
                    ).date()
                )
                for place in range(24)
            ]
        ),
        steps(step="month"),
        (24, "2020-01-01T00:00:00", "2022-01-01T00:00:00"),
    ),
    OddFile(
        "weeks of Sundays",
        table_of(dates("2020-01-05", 30, "7D")),
        steps(),
        (30, "2020-01-05T00:00:00", "2020-08-02T00:00:00"),
    ),
    OddFile(
        "hours at half past",
        table_of(dates("2020-01-05 00:30", 48, "h", "%Y-%m-%d %H:%M")),
        steps(),
        (48, "2020-01-05T00:30:00", "2020-01-07T00:30:00"),
    ),
    OddFile(
        "days at 17:00",
        table_of(dates("2020-01-05 17:00", 48, "D", "%Y-%m-%d %H:%M")),
        steps(),
        (48, "2020-01-05T17:00:00", "2020-02-22T17:00:00"),
    ),
    OddFile(
        "Monday to Friday",
        table_of(on_days(0, 1, 2, 3, 4)),
        steps(),
        (60, "2020-01-01T00:00:00", "2020-03-25T00:00:00"),
    ),
    OddFile(
        "Sunday to Thursday",
        table_of(on_days(6, 0, 1, 2, 3)),
        words(),
        "60 steps of a day, on Monday, Tuesday, Wednesday, Thursday, Sunday, 2020-01-01T00:00:00 "
        "to 2020-03-24T00:00:00 UTC",
    ),
    OddFile(
        "Mondays and Thursdays",
        table_of(on_days(0, 3)),
        steps(),
        (24, "2020-01-02T00:00:00", "2020-03-26T00:00:00"),
    ),
    OddFile(
        "every day as weekdays",
        table_of(dates("2020-01-01", 40, "D")),
        steps(step="weekday"),
        error="12 rows of 'at' lie on a Saturday or Sunday",
    ),
    OddFile(
        "stamps with jitter",
        table_of(jittered(200)),
        steps(),
        (200, "2020-01-01T00:00:00", "2020-01-03T02:00:00"),
    ),
    OddFile(
        "stamps with jitter, half of them missing",
        table_of(
            [stamp for place, stamp in enumerate(jittered(200)) if place % 4 < 2 or place == 199]
        ),
        steps(),
        (200, "2020-01-01T00:00:00", "2020-01-03T02:00:00"),
    ),
    OddFile(
        "a clock that runs 6 seconds late every 5 minutes",
        table_of(SLOW_CLOCK),
        words(),
        "122 steps of 5 minutes, 2020-01-01T00:00:00 to 2020-01-01T10:05:00 UTC; 2 steps without "
        "a row; stamps vary by up to 8 s",
    ),
    OddFile(
        "a step that is not round",
        table_of(dates("2020-01-01", 50, "902s", "%Y-%m-%d %H:%M:%S")),
        words(),
        "50 steps of 902 s, 2020-01-01T00:00:00 to 2020-01-01T12:16:38 UTC",
    ),
    OddFile("events at any time", table_of(EVENTS), steps(), error="'at' has no regular step"),
    OddFile(
        "events by the hour",
        table_of(EVENTS),
        steps(step="1h"),
        (34, "2020-01-01T00:00:00", "2020-01-02T10:00:00"),
    ),
    OddFile(
        "five shops without an id",
        table_of(FIVE_SHOPS, shop=SHOPS),
        steps(),
        error="80 of 100 rows share their step of 86,400 s with another row of the same series",
    ),
    OddFile(
        "five shops, their id found",
        table_of(FIVE_SHOPS, shop=SHOPS, kind=["a", "b"] * 50),
        steps(),
        error="--id 'shop', whose 5 values tell them apart",
    ),
    OddFile(
        "five shops and a given step",
        table_of(FIVE_SHOPS, shop=SHOPS),
        steps(step="1D"),
        error="80 of 100 rows share their time",
    ),
    OddFile(
        "five shops as their mean",
        table_of(FIVE_SHOPS, shop=SHOPS),
        steps(shared="mean"),
        (20, "2020-01-01T00:00:00", "2020-01-21T00:00:00"),
    ),
    OddFile(
        "five shops by id",
        table_of(FIVE_SHOPS, shop=SHOPS),
        steps(series="shop"),
        (100, "2020-01-01T00:00:00", "2020-01-21T00:00:00"),
    ),
    OddFile(
        "another word for shared",
        table_of(FIVE_SHOPS),
        steps(shared="sum"),
        error="load.shared='sum'",
    ),
    OddFile(
        "two series of two phases",
        table_of(
            dates("2020-01-05", 20, "7D") + dates("2020-01-07", 20, "7D"),
            site=["a"] * 20 + ["b"] * 20,
        ),
        steps(series="site"),
        error="'a' at 2020-01-05T00:00:00, 'b' at 2020-01-07T00:00:00",
    ),
    OddFile("row numbers as time", table_of(range(50)), steps(), error="numbers such as '0'"),
    OddFile(
        "row numbers of four digits as time",
        table_of(range(1000, 1050)),
        steps(),
        error="numbers such as '1000'",
    ),
    OddFile(
        "seconds since 1970, not given as such",
        table_of(UNIX),
        steps(),
        error="--kind 'at=date:unix'",
    ),
    OddFile(
        "seconds since 1970",
        table_of(UNIX),
        steps(kinds={"at": "date:unix"}),
        (30, "2023-11-14T22:13:20", "2023-11-16T04:13:20"),
    ),
    OddFile(
        "milliseconds since 1970",
        table_of([1000 * each for each in UNIX]),
        steps(kinds={"at": "date:unix"}),
        error="row 0: not a date of the format unix: '1700000000000'",
    ),
    OddFile(
        "a format that names a part twice",
        table_of(UNIX),
        steps(kinds={"at": "date:%Y%Y"}),
        error="kind 'date:%Y%Y' for column 'at'",
    ),
    OddFile(
        "a time of another kind",
        table_of(UNIX),
        steps(kinds={"at": "numeric"}),
        error="the kind 'numeric'",
    ),
    OddFile(
        "days over a change of the clock, with offsets",
        table_of(BERLIN_DAYS),
        words(),
        "20 steps of 1 day, 2024-03-19T23:00:00 to 2024-04-07T23:00:00 UTC",
    ),
    OddFile(
        "days over a change of the clock, in local time",
        table_of([day[:19] for day in BERLIN_DAYS]),
        words(zone="Europe/Berlin"),
        "20 steps of 1 day, 2024-03-20T00:00:00 to 2024-04-08T00:00:00 local time",
    ),
    OddFile(
        "hours over a change of the clock, in local time",
        table_of(BERLIN_HOURS),
        words(zone="Europe/Berlin"),
        "60 steps of 1 hour, 2024-03-29T23:00:00 to 2024-04-01T10:00:00 UTC, which `predict` "
        "takes and gives too: give it UTC, not local time",
    ),
    OddFile(
        "a step that is no length",
        table_of(dates("2020-01-01", 20, "D")),
        steps(step="M1"),
        error="load.step='M1'",
    ),
    OddFile(
        "whole series with classes",
        file_of("x_TRAIN.ts", "@data\n1,2,3:a\n"),
        lambda path: read_table(str(path)),
        error="LoadTsFiles",
    ),
)
