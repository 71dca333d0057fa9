"""Tables that are read part by part: the same rows, statistics and batches as in memory."""

from dataclasses import fields, replace
from itertools import islice

import numpy as np
import pandas as pd
import pytest

from pipelines import steps, tabular
from pipelines.balance import (
    CorrectPrior,
    OversampleRandom,
    SampleByClass,
    SmoteNC,
    UndersampleRandom,
    WeightByClass,
)
from pipelines.device.primitives import Bins, Fill
from pipelines.errors import LoadError, PipelineError, RecipeError, SplitError, StepError
from pipelines.rows.parts import HeldOut, Splits, TrainSet, _take
from pipelines.rows.split import SplitByTime, SplitGrouped, SplitRandom, split
from pipelines.rows.stream import ClassRedraw, CodedTexts, RowChunk
from pipelines.rows.streamed_split import TEST, TRAIN, VALID, RowSample, sample_draws
from pipelines.run import read
from pipelines.sources.parts import TablePart, TableParts, find_parts
from pipelines.steps import fit_steps
from pipelines.tabular.memory import Memory
from pipelines.tabular.table_stream import in_order
from pipelines.training.feed import TrainFeed, TrainingBatches
from pipelines.training.inputs import fit_inputs
from pipelines.training.streamed_feed import FeedFault, StreamedBatches, redrawn

STREAMED = Memory("streamed")
FEW = Memory("streamed", train_rows=1000, held_out_rows=100, buffer_rows=1024)


@pytest.fixture(scope="module")
def frame(birds):
    """Bird strikes as a typed table: numbers with holes, dates, categories."""
    typed = birds.copy()
    for name in ("height", "speed", "ac_mass"):
        typed[name] = pd.to_numeric(typed[name], errors="coerce")
    return typed


@pytest.fixture(scope="module")
def folder(frame, tmp_path_factory):
    """The same table in four files of two row groups each."""
    place = tmp_path_factory.mktemp("parts")
    for number in range(4):
        rows = frame.iloc[number * 500 : (number + 1) * 500]
        rows.to_parquet(place / f"part-{number}.parquet", row_group_size=250, index=False)
    return place


def recipe_of(source, memory=STREAMED, **load):
    spec = replace(tabular.BIRDS.load, source=str(source), memory=memory, **load)
    return replace(tabular.BIRDS, teacher=None, load=spec)


def streamed(source, memory=STREAMED, how=SplitRandom(), **load):
    dataset, _ = recipe_of(source, memory, **load).load.read()
    return split(dataset, how)


def in_memory(source, how=SplitRandom(), **load):
    """The parts that the streamed rows are split to, of the table as a whole."""
    dataset, _ = recipe_of(source, Memory("whole"), **load).load.read()
    parts = how.streamed_cut().parts_of(dataset.ids, dataset.group)
    kinds = {TRAIN: TrainSet, VALID: HeldOut, TEST: HeldOut}
    return Splits(*[_take(dataset, kind, parts == place) for place, kind in kinds.items()])


def test_same_rows(folder):
    ours = streamed(folder)
    whole = in_memory(folder)
    for name in ("train", "valid", "test"):
        some = vars(ours)[name]
        all_of_them = vars(whole)[name]
        assert np.array_equal(some.ids, all_of_them.ids)
        assert np.array_equal(some.y, all_of_them.y)
        for column, x in all_of_them.x.items():
            assert x.dtype == some.x[column].dtype
            assert pd.Series(x).equals(pd.Series(some.x[column])), column
    assert ours.train.num_rows == len(whole.train)
    assert np.array_equal(ours.train.whole.class_counts, np.bincount(whole.train.y))


def numbers_of(fitted):
    """The numbers and texts of fitted primitives by column."""
    found = {}
    for step in fitted:
        for primitive in step.primitives:
            values = [getattr(primitive, each.name) for each in fields(primitive)]
            numbers = [each for each in values if not isinstance(each, str)]
            found[type(primitive).__name__, *primitive.makes()] = numbers
    return found


EXACT = (
    steps.DropColumns(more_than=0.3),
    steps.FlagMissing(),
    steps.ImputeMean(),
    steps.ScaleStandard(columns=("height",)),
    steps.ScaleMinMax(columns=("num_engs", "ac_mass")),
    steps.EncodeOnehot(min_count=3),
)
NEAR = (steps.ImputeMedian(), steps.EncodeBins())


def test_exact_steps_know_all_rows(folder):
    ours, _ = fit_steps(EXACT, streamed(folder, FEW).train)
    theirs, _ = fit_steps(EXACT, in_memory(folder).train)
    assert ours[0].dropped == theirs[0].dropped != ()
    found = numbers_of(ours)
    expected = numbers_of(theirs)
    assert list(found) == list(expected)
    for name, wanted in expected.items():
        for one, other in zip(found[name], wanted, strict=True):
            if isinstance(other, float):
                assert one == pytest.approx(other, rel=1e-6)
            else:
                assert one == other


def test_sampled_steps_are_near(folder):
    """A quantile of 1,000 of 1,360 rows has about the rank that it has in all."""
    train = in_memory(folder).train
    ours, _ = fit_steps(NEAR, streamed(folder, FEW).train)
    for primitive in ours[0].primitives:
        assert isinstance(primitive, Fill)
        x = train.x[primitive.column]
        known = x[~np.isnan(x)]
        assert (known < primitive.value).mean() <= 0.53
        assert (known <= primitive.value).mean() >= 0.47
    (bins,) = [each for each in ours[1].primitives if each.column == "height"]
    assert isinstance(bins, Bins)


def test_whole_sample_gives_the_fit_in_memory(folder):
    """With all training rows in memory nothing is left to a sample."""
    for chain in (EXACT, tabular.BIRDS.prepare, (*NEAR, steps.EncodeOnehot(min_count=3))):
        ours = numbers_of(fit_steps(chain, streamed(folder).train)[0])
        theirs = numbers_of(fit_steps(chain, in_memory(folder).train)[0])
        assert list(ours) == list(theirs)
        for name, wanted in theirs.items():
            for one, other in zip(ours[name], wanted, strict=True):
                same = one == other if not isinstance(other, float) else None
                assert same or one == pytest.approx(other, rel=1e-6), name


def test_order_of_parts(folder):
    dataset, _ = recipe_of(folder, FEW).load.read()
    ours = split(dataset, SplitRandom())
    stream = in_order(dataset.whole.stream, (5, 0, 7, 2, 1, 6, 3, 4))
    turned = replace(dataset, whole=replace(dataset.whole, stream=stream))
    others = split(turned, SplitRandom())
    for name in ("train", "valid", "test"):
        assert np.array_equal(vars(ours)[name].ids, vars(others)[name].ids)
    for name, summary in ours.train.whole.summaries.items():
        other = others.train.whole.summaries[name]
        assert summary.num_missing == other.num_missing
        for field in ("mean", "squares", "least", "largest"):
            if field in vars(summary):
                assert vars(summary)[field] == pytest.approx(vars(other)[field], rel=1e-9)


@pytest.fixture(scope="module")
def inputs(folder):
    recipe = recipe_of(folder, FEW)
    splits = streamed(folder, FEW)
    return fit_inputs(recipe, splits.train, splits.valid)


def first(inputs, num, *, seed=0, start=0):
    rows = inputs.feed.rows
    feed = StreamedBatches(rows, rows.whole, inputs.signature, 64, seed, FeedFault())
    return [(x["unit_interval"], y["logits"]) for x, y, _ in islice(feed.batches(start), num)]


def test_same_seed_same_batches(inputs):
    steps_of_epoch = TrainingBatches(inputs.feed, {}, inputs.signature, 64, 0).steps
    assert steps_of_epoch == inputs.feed.rows.num_rows // 64
    once = first(inputs, 30)
    again = first(inputs, 8, start=22)  # over the end of the first epoch
    for (x, y), (other_x, other_y) in zip(once[22:], again, strict=True):
        assert np.array_equal(x, other_x)
        assert np.array_equal(y, other_y)
    assert not np.array_equal(once[0][0], first(inputs, 1, seed=1)[0][0])


def test_every_row_once_an_epoch(inputs):
    """The sums of an epoch are those of the rows, whatever their order."""
    num_rows = inputs.feed.rows.num_rows
    batches = first(inputs, num_rows // 64 + 1)
    labels = np.concatenate([y for _, y in batches])[:num_rows]
    assert labels.sum() == inputs.feed.rows.count_classes()[1]


def test_class_weights(folder):
    recipe = replace(recipe_of(folder, FEW), balance=WeightByClass())
    splits = streamed(folder, FEW)
    inputs = fit_inputs(recipe, splits.train, splits.valid)
    feed = TrainFeed(inputs.balanced_with(recipe.balance))
    x, y, weight = next(iter(TrainingBatches(feed, {}, inputs.signature, 64, 0)(0)))
    counts = np.bincount(in_memory(folder).train.y)
    expected = counts.sum() / (2 * counts)
    assert np.allclose(weight, expected[y["logits"].numpy()[:, 0].astype(int)])


EVEN = {
    UndersampleRandom(): lambda counts: [counts.min()] * 2,
    OversampleRandom(): lambda counts: [counts.max()] * 2,
    SampleByClass(): lambda counts: [counts.sum() / 2] * 2,
}


@pytest.mark.parametrize("balancer", EVEN, ids=lambda each: type(each).__name__)
def test_drawn_on_the_way(folder, inputs, balancer):
    """Each epoch has the rows of each class that the balancer wants, about, and starts anew."""
    rows = inputs.balanced_with(balancer)
    counts = inputs.train_rows.count_classes()
    wanted = EVEN[balancer](counts)
    assert np.allclose(rows.count_classes(), wanted, atol=1)
    feed = StreamedBatches(rows, rows.whole, inputs.signature, 64, 0, FeedFault())
    num_steps = rows.num_rows // 64
    batches = list(islice(feed.batches(0), 2 * num_steps))
    labels = np.concatenate([y["logits"][:, 0] for _, y, _ in batches])
    share = labels.mean()
    expected = wanted[1] / np.sum(wanted)
    assert abs(share - expected) < 4 * np.sqrt(expected / len(labels))
    first, second = batches[0][0], batches[num_steps][0]
    assert not np.array_equal(first["unit_interval"], second["unit_interval"])
    again = list(islice(feed.batches(num_steps - 1), 3))
    for (x, _, _), (other, _, _) in zip(again, batches[num_steps - 1 :], strict=False):
        assert np.array_equal(x["unit_interval"], other["unit_interval"])


def test_copies_of_rows():
    """Each row at least the whole number below its rate; the rest is a chance."""
    ids = np.arange(3000)
    chunk = RowChunk({"a": ids}, np.arange(3000) % 3, ids)
    redraw = ClassRedraw(np.array([0.25, 1.0, 60.5]), seed=0)
    pieces = list(redrawn(chunk, redraw, [0, 0]))
    drawn = np.concatenate([piece.ids for piece in pieces])
    copies = np.bincount(drawn, minlength=3000)
    assert set(copies[1::3]) == {1}
    assert set(copies[2::3]) == {60, 61}
    assert abs(copies[::3].mean() - 0.25) < 0.05
    assert len(pieces) == 1
    other = np.concatenate([piece.ids for piece in redrawn(chunk, redraw, [0, 1])])
    assert not np.array_equal(drawn, other)


def test_prior_of_drawn_rows(inputs):
    """What undersampling changes of the prior is taken back by the counts of all rows."""
    rows = CorrectPrior(UndersampleRandom()).resample(inputs.prepared_rows)
    counts = inputs.train_rows.count_classes()
    expected = -np.log(counts / counts.sum()) + np.log(0.5)
    assert np.allclose(rows.logit_shift, expected, atol=1e-5)


def test_hive_partitions(frame, tmp_path):
    for state, rows in frame.groupby("time_of_day"):
        place = tmp_path / "birds" / f"time_of_day={state or '__HIVE_DEFAULT_PARTITION__'}"
        place.mkdir(parents=True)
        rows.drop(columns="time_of_day").to_parquet(place / "0.parquet", index=False)
    (tmp_path / "birds" / "_SUCCESS").write_text("")
    table = find_parts(str(tmp_path / "birds"))
    assert table.num_rows == len(frame)
    assert table.names[-1] == "time_of_day"
    found = streamed(tmp_path / "birds").train.whole.summaries["time_of_day"].counts
    assert set(found) == {"Dawn", "Day", "Dusk", "Night", None}


def test_urls(folder):
    import fsspec

    memory = fsspec.filesystem("memory")
    for file in sorted(folder.iterdir()):
        memory.pipe(f"/birds/{file.name}", file.read_bytes())
    local = streamed(folder)
    for url in ("memory://birds", f"file://{folder}"):
        ours = streamed(url)
        assert ours.train.whole.summaries == local.train.whole.summaries
        assert np.array_equal(ours.test.ids, local.test.ids)
    small = Memory("auto")
    dataset, notes = recipe_of("memory://birds", small).load.read()
    assert dataset.whole is None
    assert len(dataset) == 2000
    assert "held in memory as a whole" in notes[0].why


def test_groups_stay_whole(folder):
    how = SplitGrouped()
    ours = streamed(folder, how=how, group=("operator",), columns=("height", "species"))
    train = set(ours.train.group.tolist())
    assert train.isdisjoint(ours.test.group.tolist())
    assert train.isdisjoint(ours.valid.group.tolist())
    whole = in_memory(folder)
    assert ours.train.num_rows + len(ours.test) + len(ours.valid) == 2000
    assert len(whole.train) != ours.train.num_rows


def test_numbers_as_target(frame, tmp_path):
    known = frame.dropna(subset=["height"])
    known.to_parquet(tmp_path / "a.parquet", row_group_size=300, index=False)
    load = {"target": "height", "target_kind": "number", "columns": ("speed", "species")}
    ours = streamed(tmp_path / "a.parquet", **load).train
    theirs = in_memory(tmp_path / "a.parquet", **load).train
    assert ours.whole.target.mean == pytest.approx(theirs.y.mean())
    assert ours.whole.target.spread == pytest.approx(theirs.y.std())


REFUSED = {
    "balance": SmoteNC(),
    "teacher": tabular.BIRDS.teacher,
    "prepare": (steps.ImputePrevious(),),
    "split": SplitByTime(),
}


@pytest.mark.parametrize("slot", REFUSED)
def test_refused_before_reading(folder, slot):
    recipe = replace(recipe_of(folder), **{slot: REFUSED[slot]})
    if slot == "split":
        recipe = replace(recipe, load=replace(recipe.load, time="date", columns=()))
    with pytest.raises(PipelineError, match="load.memory.way=whole") as error:
        read(recipe)
    assert isinstance(error.value, RecipeError)
    assert error.value.fix


def test_gaps_are_refused(folder):
    recipe = replace(recipe_of(folder, FEW), prepare=(steps.EncodeDate(),))
    splits = streamed(folder, FEW)
    with pytest.raises(StepError, match="missing"):
        fit_inputs(recipe, splits.train, splits.valid)


def test_bad_cell_names_its_row(frame, tmp_path):
    cells = frame["height"].astype(str).str.replace("nan", "")
    cells.iloc[1234] = "tall"
    frame.assign(height=cells).to_parquet(tmp_path / "a.parquet", index=False)
    with pytest.raises(LoadError, match="row 1234"):
        streamed(tmp_path / "a.parquet", kinds={"height": "numeric"})


def test_other_columns_are_refused(folder, tmp_path, frame):
    (tmp_path / "a.parquet").write_bytes((folder / "part-0.parquet").read_bytes())
    frame.drop(columns="sky").to_parquet(tmp_path / "b.parquet", index=False)
    with pytest.raises(LoadError, match="'sky'"):
        streamed(tmp_path)
    (tmp_path / "b.parquet").unlink()
    (tmp_path / "b.csv").write_text("a,b\n1,2\n")
    with pytest.raises(LoadError, match="b.csv"):
        streamed(tmp_path)


def test_duplicates_are_found_in_all_rows(folder):
    """Of the held-out rows in memory; the training rows are all of them."""
    from pipelines.rows.duplicates import find_duplicates

    columns = {"columns": ("time_of_day", "sky", "height")}
    ours = find_duplicates(streamed(folder, **columns))
    theirs = find_duplicates(in_memory(folder, **columns))
    for name in ("test_in_train", "valid_in_train", "test_in_valid"):
        assert ours[name] == theirs[name] > 0
    assert ours["examples"][0][0] == theirs["examples"][0][0]


def test_no_folds(folder):
    dataset, _ = recipe_of(folder).load.read()
    with pytest.raises(SplitError, match="streamed"):
        SplitRandom().cut_folds(dataset, np.arange(len(dataset)), 3)


def test_class_lost_from_training_rows(folder):
    how = SplitRandom(test=0.9, valid=0.9)
    with pytest.raises(SplitError, match="train part has no row of class"):
        streamed(folder, how=how, target="phase_of_flt", target_kind="classes", columns=("sky",))


def test_times_are_those_of_a_frame():
    """A zone is read as UTC, and fractions of seconds are cut, whatever the unit."""
    import pyarrow as pa

    from pipelines.sources.memory import table_from_memory
    from pipelines.sources.part_cells import batch_cells

    stamps = [1, None, -1, 1_700_000_000_123]
    columns = {}
    for unit in ("s", "ms", "us", "ns"):
        divisor = {"s": 1000}.get(unit, 1)
        numbers = [None if each is None else each // divisor for each in stamps]
        columns[unit] = pa.array(numbers, pa.timestamp(unit))
        columns[f"{unit}_zone"] = pa.array(numbers, pa.timestamp(unit, "Europe/Berlin"))
    batch = pa.record_batch(columns)
    part = TablePart("a.parquet", 0, 0, len(stamps), folders=())
    table = TableParts("t", None, (part,), batch.schema, "")
    ours = batch_cells(table, 0, batch)
    theirs = table_from_memory(batch.to_pandas())
    for name in columns:
        assert ours[name].dtype == theirs[name].dtype
        assert np.array_equal(ours[name], theirs[name], equal_nan=True), name


def test_sample_is_the_smallest_draws():
    """Whatever the pieces; texts are those of their rows."""
    ids = np.arange(5000)
    names = np.array([f"c{each}" for each in range(7)], object)
    for piece in (100, 1700):
        sample = RowSample(300, seed=3)
        for start in range(0, len(ids), piece):
            rows = ids[start : start + piece]
            texts = CodedTexts(names, rows % 7)
            chunk = RowChunk({"a": texts, "b": rows / 2}, rows % 2, rows)
            sample.add(chunk, np.arange(len(rows)), sample_draws(rows, 3))
        kept = sample.rows()
        smallest = np.argsort(sample_draws(ids, 3))[:300]
        assert np.array_equal(kept.ids, np.sort(smallest))
        assert np.array_equal(kept.columns()["a"], names[kept.ids % 7])
        assert np.array_equal(kept.x["b"], kept.ids / 2)
        assert (sample.num_rows, sample.num_held) == (5000, 300)
