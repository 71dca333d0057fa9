"""Every step: fitted on training rows, the same rows out, the numbers that the method says."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines import steps
from pipelines.device.calendar import Calendar
from pipelines.device.cells import Column
from pipelines.device.target import Target
from pipelines.errors import LeakError, StepError
from pipelines.rows.parts import BalancedSet, Dataset, HeldOut, Schema, TrainSet

STEPS = (
    steps.DropColumns(),
    steps.FlagMissing(),
    steps.ImputeMedian(),
    steps.ImputeMean(),
    steps.ImputeConstant(),
    steps.ImputeMostFrequent(),
    steps.ImputePrevious(),
    steps.ScaleStandard(),
    steps.ScaleMinMax(),
    steps.ScaleRobust(),
    steps.EncodeBins(),
    steps.EncodeOnehot(min_count=1),
    steps.EncodeIds(min_count=1),
    steps.EncodeDate(),
)
SCHEMA = Schema(
    (
        Column("n", "numeric"),
        Column("m", "numeric"),
        Column("c", "categorical"),
        Column("d", "date"),
    ),
    Target("y", "binary", ("no", "yes")),
)


def make(kind=TrainSet, num_rows=40, seed=0):
    random = np.random.default_rng(seed)
    n = random.normal(5, 3, num_rows).astype(np.float32)
    n[::7] = np.nan
    c = np.array([None if k == 3 else "abc"[k] for k in random.integers(0, 4, num_rows)], object)
    d = np.datetime64("2024-01-31T23:59:59", "s") + random.integers(0, 10**8, num_rows)
    d[::11] = np.datetime64("NaT")
    return kind(
        x={"n": n, "m": np.arange(num_rows, dtype=np.float32), "c": c, "d": d},
        y=np.arange(num_rows) % 2,
        ids=np.arange(num_rows),
        schema=SCHEMA,
    )


@pytest.mark.parametrize("step", STEPS, ids=lambda step: type(step).__name__)
def test_contract(step):
    train = make()
    held_out = make(HeldOut, 13, seed=1)
    fitted = step.fit(train)
    assert (
        not hasattr(step, "apply")
        and not hasattr(fitted, "fit")
        and not hasattr(step, "fit_transform")
    )
    before = {name: x.copy() for name, x in held_out.x.items()}
    applied = fitted.apply(held_out)
    assert type(applied) is HeldOut and len(applied) == 13 and (applied.ids == held_out.ids).all()
    for name, x in before.items():
        np.testing.assert_array_equal(held_out.x[name], x)
    one_by_one = [
        fitted.apply_columns({name: x[row : row + 1] for name, x in held_out.x.items()})
        for row in range(13)
    ]
    if not isinstance(step, steps.ImputePrevious):
        for name, x in applied.x.items():
            np.testing.assert_array_equal(np.concatenate([each[name] for each in one_by_one]), x)
    for rows in (held_out, make(Dataset), make(BalancedSet), [1, 2]):
        with pytest.raises(LeakError, match=f"handed to {type(step).__name__}.fit"):
            step.fit(rows)
    with pytest.raises(StepError, match="'nope', which is not there"):
        type(step)(columns=("nope",)).fit(train)


def test_imputers_fill_with_what_they_say():
    train = make()
    there = train.x["n"][~np.isnan(train.x["n"])]
    for step, value in (
        (steps.ImputeMedian(), np.median(there)),
        (steps.ImputeMean(), there.astype(float).mean()),
        (steps.ImputeConstant(number=-1.0), -1.0),
    ):
        filled = step.fit(train).apply(train).x["n"]
        assert filled[0] == np.float32(value) and (filled[1:7] == train.x["n"][1:7]).all()
    most = steps.ImputeMostFrequent().fit(train).apply(train).x["c"]
    assert None not in most
    previous = steps.ImputePrevious().fit(train).apply(train).x["n"]
    assert previous[7] == train.x["n"][6] and previous[0] == np.float32(np.median(there))


def test_flags_tell_filled_from_measured():
    train = make()
    flagged = steps.FlagMissing().fit(train).apply(train)
    assert list(flagged.x) == ["n", "m", "c", "d", "n is missing"]
    np.testing.assert_array_equal(flagged.x["n is missing"], np.isnan(train.x["n"]))


def test_drop_columns_and_rows():
    train = make()
    held_out = make(HeldOut)
    for part in (train, held_out):
        rows = len(part)
        part.x.update(empty=np.full(rows, np.nan, np.float32), same=np.ones(rows, np.float32))
    fitted = steps.DropColumns().fit(train)
    assert fitted.dropped == ("empty", "same")
    for part in (train, held_out):
        assert list(fitted.apply(part).x) == list(make().x)
    kept = steps.DropRowsWithMissing(("n",)).filter_rows(make())
    assert len(kept) == 34 and not np.isnan(kept.x["n"]).any()
    assert not hasattr(steps.DropRowsWithMissing(), "fit")
    with pytest.raises(LeakError):
        steps.DropRowsWithMissing().filter_rows(make(HeldOut))
    with pytest.raises(StepError, match="a class would be lost"):
        only = make()
        only.x["n"][::2] = np.nan
        steps.DropRowsWithMissing(("n",)).filter_rows(only)


def test_a_column_without_values_is_refused_by_name():
    train = make()
    train.x["n"][:] = np.nan
    for step in (
        steps.ImputeMedian(),
        steps.EncodeBins(),
        steps.ScaleStandard(),
        steps.ImputeMostFrequent(),
    ):
        with pytest.raises(StepError, match="column 'n' has no value in the 40 training rows"):
            step.fit(train)


def test_scalers():
    train = steps.ImputeMedian().fit(make()).apply(make())
    standard = steps.ScaleStandard().fit(train).apply(train).x["m"]
    assert standard.mean() == pytest.approx(0, abs=1e-6) and standard.std() == pytest.approx(
        1, abs=1e-5
    )
    minmax = steps.ScaleMinMax().fit(train).apply(train).x["m"]
    assert minmax.min() == 0 and minmax.max() == 1
    robust = steps.ScaleRobust().fit(train).apply(train).x["m"]
    assert np.median(robust) == pytest.approx(0, abs=1e-6)
    constant = make()
    constant.x["m"][:] = 7
    assert (steps.ScaleStandard().fit(constant).apply(constant).x["m"] == 0).all()


@settings(max_examples=100, deadline=None)
@given(
    st.lists(st.floats(-(2.0**100), 2.0**100, width=32), min_size=1, max_size=50),
    st.integers(1, 20),
    st.lists(st.floats(-(2.0**127), 2.0**127, width=32), min_size=1, max_size=20),
)
def test_bins_stay_in_the_unit_interval_and_rise(values, num_bins, held_out):
    num_rows = len(values)
    train = TrainSet(
        x={"n": np.array(values, np.float32)},
        y=np.zeros(num_rows, int),
        ids=np.arange(num_rows),
        schema=SCHEMA,
    )
    fitted = steps.EncodeBins(num_bins=num_bins).fit(train)
    x = fitted.apply_columns({"n": np.sort(np.array(held_out, np.float32))})["n"]
    assert x.shape[1] <= num_bins and np.isfinite(x).all() and x.min() >= 0 and x.max() <= 1
    assert (np.diff(x, axis=0) >= 0).all()  # a larger number never fills a bin less


def test_onehot_has_places_for_rare_unknown_and_missing():
    train = make()
    train.x["c"] = np.array(["a"] * 20 + ["b"] * 18 + ["rare", None], object)
    fitted = steps.EncodeOnehot(min_count=2).fit(train)
    rows = fitted.apply_columns({"c": np.array(["a", "b", "rare", "new", None], object)})["c"]
    assert rows.argmax(axis=1).tolist() == [2, 3, 0, 0, 1] and (rows.sum(axis=1) == 1).all()
    ids = steps.EncodeIds(min_count=2).fit(train)
    assert ids.apply_columns({"c": np.array(["a", "new", None], object)})["c"].tolist() == [2, 0, 1]
    assert ids.num_ids == 4


def test_dates_go_round():
    train = make()
    fitted = steps.EncodeDate(parts=("month", "hour")).fit(train)
    days = np.array(
        ["2024-12-15T12:00:00", "2025-01-15T12:00:00", "2024-06-15T12:00:00", "NaT"],
        "datetime64[s]",
    )
    x = fitted.apply_columns({"d": days})["d month"]
    assert np.linalg.norm(x[0] - x[1]) < np.linalg.norm(x[0] - x[2]) and x[3].tolist() == [0.5, 0.5]
    with pytest.raises(StepError, match="has no part 'decade'"):
        steps.EncodeDate(parts=("decade",)).fit(train)


def dated(*days):
    """Training rows of these days, in turns."""
    train = make()
    return replace(
        train, x={**train.x, "d": np.resize(np.array(days, "datetime64[s]"), len(train))}
    )


def test_the_year_is_one_number_between_those_of_training_rows():
    fitted = steps.EncodeDate(parts=("year",)).fit(dated("1990-12-31", "1994-01-01", "NaT"))
    days = np.array(["1990-01-01", "1991-07-01", "1994-12-31", "NaT"], "datetime64[s]")
    made = fitted.apply_columns({"d": days})["d year"]
    np.testing.assert_array_equal(made, np.array([[0], [0.25], [1], [0.5]], np.float32))
    # A trend does not go on by itself, and rows before 1900 and after 2155 are dates too.
    outside = np.array(["1850-01-01", "1989-12-31", "1995-01-01", "3000-01-01"], "datetime64[s]")
    made = fitted.apply_columns({"d": outside})["d year"]
    np.testing.assert_array_equal(made, np.array([[0], [0], [1], [1]], np.float32))


def test_of_one_year_there_is_none():
    for days in (("1990-01-01", "1990-12-31", "NaT"), ("NaT",)):
        assert not steps.EncodeDate(parts=("year",)).fit(dated(*days)).primitives
    with pytest.raises(StepError, match="3 harmonics of the year"):
        steps.EncodeDate(parts=("month", "year"), harmonics=(1, 3)).fit(dated("1990-01-01"))


def test_steps_that_are_forecast_have_no_year():
    train = dated("1990-12-31", "1994-01-01")
    frame = SimpleNamespace(time="d", calendar=Calendar())
    train = replace(train, schema=replace(train.schema, frame=frame))
    with pytest.raises(StepError, match="of years to come"):
        steps.EncodeDate(parts=("month", "year")).fit(train)


@pytest.mark.parametrize(("cycles", "parts"), [(0, 2), (2, 1), (500, 0)])
def test_a_part_whose_cycle_was_hardly_seen_is_left_out(cycles, parts):
    """Of one year a net learns the days by heart; the hour of 200 days it has seen 200 times."""
    train = make()
    steps_of_five_days = np.arange(len(train)) * np.timedelta64(5 * 86_400 + 3_600, "s")
    dates = np.datetime64("2024-01-01", "s") + steps_of_five_days
    train = replace(train, x={**train.x, "d": dates})
    step = steps.EncodeDate(parts=("day_of_year", "hour"), least_cycles=cycles)
    made = step.fit(train).apply_columns({"d": train.x["d"][:3]})
    assert len([name for name in made if name.startswith("d ")]) == parts


@settings(max_examples=200, deadline=None)
@given(st.integers(-(10**11), 10**11))
def test_date_parts_agree_with_pandas(seconds):
    import pandas as pd

    from pipelines.device.primitives import DATE_PARTS, DatePart

    when = np.array([seconds], "datetime64[s]")
    stamp = pd.DatetimeIndex(when)
    wanted = {
        "month": stamp.month - 1,
        "day_of_month": stamp.day - 1,
        "day_of_year": stamp.day_of_year - 1,
        "weekday": stamp.day_of_week,
        "hour": stamp.hour,
        "minute": stamp.minute,
        "year": np.clip(stamp.year - 1900, 0, 255),
    }
    for part in DATE_PARTS:
        columns = {"d": when}
        DatePart("d", "p", part).run(columns)
        assert columns["p"][0] == wanted[part][0]


def test_a_step_too_wide_for_memory_is_refused_before_it_is_taken(monkeypatch):
    from pipelines.steps import step

    monkeypatch.setattr(step, "MAX_ENCODED_BYTES", 1000)
    with pytest.raises(StepError, match="EncodeOnehot would make 5 columns of 4,000 rows"):
        steps.fit_steps((steps.EncodeOnehot(min_count=1),), make(num_rows=4000))


def test_loose_columns_have_no_signature():
    train = make()
    prepared, rows = steps.fit_steps((steps.ImputeMedian(),), train)
    encoders, encoded = steps.fit_steps((steps.EncodeBins(), steps.EncodeOnehot()), rows)
    with pytest.raises(StepError, match="the date column 'd' was never encoded"):
        steps.make_signature(prepared, encoders, encoded)
    encoders, encoded = steps.fit_steps(
        (steps.EncodeBins(), steps.EncodeOnehot(), steps.EncodeDate()), train
    )
    with pytest.raises(StepError, match="column 'n' still has missing values"):
        steps.make_signature((), encoders, encoded)
