"""Whole series with classes: what is read and refused, nets from build to int8, augmentation,
balancing, scaling.
"""

import functools
import gzip
import shutil
import subprocess
from dataclasses import replace

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines import run, tabular, timeseries, vision
from pipelines.balance import OversampleRandom, Smote, SmoteNC, WeightByClass
from pipelines.catalog import RECIPES, override
from pipelines.device.cells import SERIES, Column
from pipelines.device.ports import Port
from pipelines.device.primitives import PackSteps
from pipelines.device.signature import Signature
from pipelines.device.target import Target
from pipelines.device.units import SERIES_INTERVAL, SERIES_STANDARD
from pipelines.errors import BalanceError, LeakError, LoadError, RecipeError, SplitError
from pipelines.recipe import Judge, tiny
from pipelines.rows.parts import TrainSet
from pipelines.rows.split import SplitGiven, SplitRandom, split
from pipelines.spec import check_knobs
from pipelines.steps import (
    FillGaps,
    FlagGaps,
    ScaleByItself,
    ScaleSeries,
    fit_steps,
    make_signature,
    to_ports,
)
from pipelines.timeseries import (
    AugmentJitter,
    AugmentMagnitudeWarp,
    AugmentMixUpSeries,
    AugmentScaling,
    AugmentTimeWarp,
    AugmentWindowSlice,
    InceptionTime,
    LoadSeriesArrays,
    LoadSeriesTfds,
    LoadTsFiles,
    LstmFcn,
    SeriesFcn,
    SeriesResNet,
)
from pipelines.timeseries.augment import resampled, series_augmenter, spline_weights
from pipelines.timeseries.ts_files import MAX_STEPS, read_ts
from pipelines.training.feed import TrainFeed, plain_feed, training_feed
from pipelines.training.fit import train
from pipelines.training.schedules import Cosine
from pipelines.training.training import Training

NETS = (
    SeriesFcn(),
    SeriesFcn(
        normalization=False, dropout=0.0, regularizer=1e-4, activation="relu6", num_members=3
    ),
    SeriesResNet(),
    InceptionTime(),
    InceptionTime(num_members=2),
    LstmFcn(),
    LstmFcn(shuffled=False),
)
AUGMENTS = (
    AugmentJitter(),
    AugmentScaling(),
    AugmentMagnitudeWarp(),
    AugmentTimeWarp(),
    AugmentWindowSlice(),
    AugmentMixUpSeries(alpha=1.0),
)
HEADER = (
    "# a comment: with a colon\n@problemName few\n@timeStamps false\n@univariate "
    "true\n@equalLength {equal}\n"
    "@classLabel true up down\n@data\n"
)


def waves(num_rows=60, steps=40, channels=2, seed=0):
    """A dict in memory: faster and slower waves in noise, the label text; some values missing, some
    series shorter.
    """
    generator = np.random.default_rng(seed)
    y = np.arange(num_rows) % 2
    speed = np.where(y, 0.9, 0.4)[:, None, None] * generator.uniform(
        0.9, 1.1, (num_rows, 1, channels)
    )
    x = np.sin(
        speed * np.arange(steps)[None, :, None] + generator.uniform(0, 6, (num_rows, 1, channels))
    )
    x = 5 + 3 * x + generator.normal(0, 0.3, x.shape)
    return {"series": x.astype(np.float32), "label": np.where(y, "fast", "slow").tolist()}


def memory_recipe(build, **changes):
    recipe = timeseries.series_classes_recipe(LoadSeriesArrays("memory"), name="waves")
    recipe = replace(
        recipe,
        build=build,
        split=SplitRandom(),
        augment=(),
        judge=Judge(deciding="accuracy", threshold="none", tolerance=1.0, beside=False),
    )
    return replace(recipe, **changes)


def prepared(source, *encode):
    parts = split(LoadSeriesArrays("memory").read(source)[0], SplitRandom())
    fitted, rows = fit_steps(encode or (FlagGaps(), FillGaps(), ScaleSeries()), parts.train)
    signature = make_signature((), fitted, rows)
    return signature, to_ports(signature, rows, encoded=True), to_ports(signature, parts.valid)


def signature_of(*ports, task="multiclass", num_labels=3):
    columns = (Column("a", SERIES, shape=ports[0].shape[:1]),)
    packs = tuple(PackSteps(("a",), port.name) for port in ports)
    return Signature(
        columns,
        Target("y", task, tuple("abcdefgh"[:num_labels])),
        packs,
        ports,
        Port("output", (num_labels,), "float32", "log-odds"),
    )


# Sources


def ts(tmp_path, rows, *, equal="false", header=HEADER, name="few_TRAIN.ts"):
    path = tmp_path / name
    content = (header.format(equal=equal) + "\n".join(rows) + "\n").encode()
    path.write_bytes(gzip.compress(content) if name.endswith("gz") else content)
    return str(path)


@pytest.mark.parametrize("name", ["few.ts", "few.ts.gz"])
def test_series_of_many_lengths_end_in_one_place(name, tmp_path):
    rows = ["1,2,3,4:up", "5,?,7:down", "NaN,9:up", "1,1:down", "2,2:up", "3,3:down"]
    dataset, notes = LoadTsFiles(ts(tmp_path, rows, name=name)).read()
    x = dataset.x["series"]
    assert x.dtype == np.float32 and x.shape == (6, 4) and dataset.part is None
    np.testing.assert_array_equal(
        x[:3], np.float32([[1, 2, 3, 4], [np.nan, 5, np.nan, 7], [np.nan] * 3 + [9]])
    )
    assert dataset.schema.target.labels == ("down", "up") and "?" in dataset.schema.missing_words
    assert dataset.schema.columns == (Column("series", SERIES, shape=(4,)),)
    assert "5 shorter, at least 2: missing in front" in notes[0].why
    cut, notes = LoadTsFiles(ts(tmp_path, rows), steps=2).read()
    np.testing.assert_array_equal(
        cut.x["series"][:3], np.float32([[3, 4], [np.nan, 7], [np.nan, 9]])
    )
    assert "2 longer, at most 4: the newest steps" in notes[0].why


def test_channels_and_parts(tmp_path):
    header = HEADER.replace("@univariate true", "@univariate false\n@dimensions 2")
    train = ts(tmp_path, ["1,2:3,4:up", "5,6:8:down"] * 4, header=header)
    test = ts(tmp_path, ["1,2,3:4,5,6:up", "7:8:down", "7:8:?"], header=header, name="few_TEST.ts")
    load = LoadTsFiles(train, test, channels=("left", "right"))
    dataset, notes = load.read()
    assert load.names_parts() and list(dataset.x) == ["left", "right"]
    assert dataset.part.tolist() == ["train"] * 8 + ["test"] * 2
    np.testing.assert_array_equal(
        dataset.x["right"][[0, 1, 8, 9]], np.float32([[3, 4], [np.nan, 8], [5, 6], [np.nan, 8]])
    )
    assert any(each.kind == "1 file" and "no label" in each.why for each in notes)
    parts = split(dataset, SplitGiven(valid=0.25))
    assert len(parts.test) == 2 and len(parts.train) + len(parts.valid) == 8
    sums = load.describe()
    assert (
        sums["name"] == "few_TRAIN.ts and few_TEST.ts" and len(sums["sha256"].split(" and ")) == 2
    )


@pytest.mark.parametrize(
    "name, rows, channels, steps",
    [
        ("italy_power", (67, 1029), 1, 24),
        ("gun_point", (50, 150), 1, 150),
        ("basic_motions", (40, 40), 6, 100),
    ],
)
def test_bundled_sets(name, rows, channels, steps):
    dataset, _ = RECIPES[name].load.read()
    assert tuple((dataset.part == part).sum() for part in ("train", "test")) == rows
    assert len(dataset.x) == channels and all(
        x.shape == (sum(rows), steps) for x in dataset.x.values()
    )


GOOD = ["1,2,3:up", "3,2,1:down"] * 3


@pytest.mark.parametrize(
    "rows, changes, said",
    [
        ([], {}, "no rows"),
        (GOOD, {"header": "1,2:up\n"}, "before a line @data"),
        (["(2007-01-01,1),(2007-01-02,2):up"], {}, "time stamps"),
        (GOOD, {"header": HEADER.replace("@timeStamps false", "@timeStamps true")}, "time stamps"),
        ([*GOOD, "1,2:3,4:up"], {}, "line 14: 2 channels"),
        ([*GOOD, "1,2,3"], {}, "line 14: 0 channels"),
        ([*GOOD, "1,2,x:up"], {}, "step 3: not a number: 'x'"),
        ([*GOOD, "1,2,inf:up"], {}, "infinite"),
        ([*GOOD, "1,2,1_0:up"], {}, "not a number"),
        ([*GOOD, "1,2:up"], {"equal": "true"}, "line 14: 2 steps"),
        ([*GOOD, "1,2,3:sideways"], {}, "the class 'sideways'"),
        (["1,2,3:up"] * 6, {}, "one class"),
        ([*["1,2,3:up"] * 6, "1,2,3:down"], {}, "has one series"),
        ([*["1,2,3:up"] * 6, "1,2,3:down", "1,2,4:down"], {}, "has two series"),
        (["?,?,?:up", "?:down"] * 3, {}, "no value"),
        (["1:up", "2:down"] * 3, {}, "1 steps"),
        (
            GOOD,
            {"header": HEADER.replace("@univariate true", "@dimensions 99999999999")},
            "@dimensions",
        ),
        (GOOD, {"header": HEADER.replace("@univariate true", "@dimensions 1025")}, "1 to 1,024"),
        (
            GOOD,
            {"header": HEADER.replace("@univariate true", "@univariate perhaps")},
            "true or false",
        ),
        (
            GOOD,
            {"header": HEADER.replace("@equalLength", "@seriesLength 0\n@equalLength")},
            "@seriesLength",
        ),
        (GOOD, {"header": HEADER.replace("true up down", "false")}, "no class"),
        (["1," * MAX_STEPS + "1:up"], {}, "32,769 steps"),
    ],
)
def test_broken_ts_files_are_refused(rows, changes, said, tmp_path):
    with pytest.raises(LoadError, match=said):
        LoadTsFiles(ts(tmp_path, rows, **changes)).read()


def test_files_that_do_not_go_together_are_refused(tmp_path):
    one = ts(tmp_path, GOOD)
    two = ts(tmp_path, ["1,2:1,2:up"], header=HEADER.replace("@univariate true", ""), name="two.ts")
    other = ts(tmp_path, ["1,2:left"], header=HEADER.replace("up down", "up left"), name="other.ts")
    with pytest.raises(LoadError, match="1 channels in 'few_TRAIN.ts' and 2"):
        LoadTsFiles(one, two).read()
    with pytest.raises(LoadError, match="names the classes 'left'"):
        LoadTsFiles(one, other).read()
    with pytest.raises(LoadError, match="load.channels"):
        LoadTsFiles(one, channels=("a", "b")).read()
    with pytest.raises(LoadError, match="no file 'nowhere.ts'"):
        LoadTsFiles("nowhere.ts").read()
    (tmp_path / "torn.ts.gz").write_bytes(gzip.compress(b"@data\n" * 1000)[:-9])
    with pytest.raises(LoadError, match="cannot be read"):
        LoadTsFiles(str(tmp_path / "torn.ts.gz")).read()
    few = ts(tmp_path, ["1,2,3:up"] * 6 + ["3,2,1:down"], name="rare.ts")
    rest = ts(tmp_path, ["1,2,3:up", "3,2,1:down", "3,2,1:down"], name="rest.ts")
    with pytest.raises(
        SplitError, match="rows enough"
    ):  # one series of a class to learn from and to validate
        split(LoadTsFiles(few, rest).read()[0], SplitGiven())


@settings(max_examples=25, deadline=None)
@given(
    st.lists(
        st.lists(st.one_of(st.none(), st.floats(-1e6, 1e6, width=32)), min_size=2, max_size=9),
        min_size=2,
        max_size=8,
    )
)
def test_what_is_written_is_read(tmp_path_factory, rows):
    lines = [
        ",".join("?" if value is None else repr(value) for value in row) + ":up" for row in rows
    ]
    file = read_ts(type(tmp_path_factory.getbasetemp())(ts(tmp_path_factory.mktemp("ts"), lines)))
    for row, wanted in zip(file.rows, rows, strict=True):
        wanted = np.array([np.nan if value is None else value for value in wanted], np.float32)
        np.testing.assert_array_equal(row[:, 0], wanted)


def test_arrays(tmp_path):
    source = waves(12)
    x = source["series"]
    y = np.array(source["label"])
    np.savez(tmp_path / "parts.npz", x_train=x[:8], y_train=y[:8], x_test=x[8:, 10:], y_test=y[8:])
    np.savez(tmp_path / "one.npz", values=x[..., 0], kinds=y == "fast")
    load = LoadSeriesArrays(str(tmp_path / "parts.npz"))
    dataset, _ = load.read()
    assert load.names_parts() and (dataset.part == "test").sum() == 4
    assert np.isnan(dataset.x["channel 1"][8:, :10]).all()
    np.testing.assert_array_equal(dataset.x["channel 2"][8:, 10:], x[8:, 10:, 1])
    one, _ = LoadSeriesArrays(str(tmp_path / "one.npz")).read()
    np.testing.assert_array_equal(one.x["series"], x[..., 0])
    assert not LoadSeriesArrays(str(tmp_path / "one.npz")).names_parts()
    assert one.schema.target.labels == ("False", "True")
    ragged = {"series": [row[: place + 3] for place, row in enumerate(x)], "label": y.tolist()}
    np.testing.assert_array_equal(
        LoadSeriesArrays("").read(ragged)[0].x["channel 1"][0, -3:], x[0, :3, 0]
    )


@pytest.mark.parametrize(
    "change, said",
    [
        ({"series": np.zeros((12, 3, 2, 2))}, "is an array"),
        ({"series": np.array(["a"] * 12)}, "row 0"),
        ({"series": np.full((12, 5), np.inf)}, "step 1: inf"),
        ({"series": np.zeros((12, 5, 0))}, "0 channels"),
        ({"series": np.zeros((12, 5, 1025))}, "1,025 channels"),
        ({"series": np.full((12, 5), np.nan)}, "no value"),
        ({"series": [np.zeros((5, 1))] * 11 + [np.zeros((5, 2))]}, "rows of 1, 2 channels"),
        ({"series": np.zeros((11, 5))}, "different lengths"),
        ({"label": ["a"] * 12}, "one class"),
        ({"series": np.zeros((12, MAX_STEPS + 1))}, "32,769 steps"),
    ],
)
def test_arrays_that_are_no_series_are_refused(change, said):
    with pytest.raises(LoadError, match=said):
        LoadSeriesArrays("memory").read({**waves(12), **change})


def test_arrays_in_files_that_are_no_series_are_refused(tmp_path):
    (tmp_path / "torn.npz").write_bytes(b"PK\x03\x04torn")
    np.savez(tmp_path / "objects.npz", x=np.zeros((6, 4, 1)), y=np.array([{}] * 6, object))
    np.savez(tmp_path / "long.npz", x=np.zeros((6, 4, 1)), y=np.arange(5))
    np.savez(tmp_path / "two.npz", a=np.zeros((6, 4, 1)), b=np.zeros((6, 4, 1)), y=np.arange(6))
    for name, said in (
        ("torn", "cannot be read"),
        ("objects", "Python objects"),
        ("long", "shape"),
        ("two", "2 arrays of series"),
    ):
        with pytest.raises(LoadError, match=said):
            LoadSeriesArrays(str(tmp_path / f"{name}.npz")).read()


@pytest.fixture(scope="module")
def prepared_tfds(tmp_path_factory):
    tfds = pytest.importorskip("tensorflow_datasets")
    folder = tmp_path_factory.mktemp("tfds")
    source = waves(24)

    class Waves(tfds.core.GeneratorBasedBuilder):
        VERSION = tfds.core.Version("1.0.0")

        def _info(self):
            return tfds.core.DatasetInfo(
                builder=self,
                features=tfds.features.FeaturesDict(
                    {
                        "series": tfds.features.Tensor(shape=(None, 2), dtype=np.float32),
                        "label": tfds.features.ClassLabel(names=["slow", "fast"]),
                    }
                ),
            )

        def _split_generators(self, manager):
            return {
                "train": self._generate_examples(0, 18),
                "test": self._generate_examples(18, 24),
            }

        def _generate_examples(self, start, end):
            for place in range(start, end):
                yield place, {"series": source["series"][place], "label": source["label"][place]}

    Waves(data_dir=folder).download_and_prepare(
        download_config=tfds.download.DownloadConfig(try_download_gcs=False)
    )
    return str(folder)


def test_prepared_sets(prepared_tfds):
    load = LoadSeriesTfds("waves", prepared_tfds)
    dataset, _ = load.read()
    assert (
        load.names_parts()
        and (dataset.part == "train").sum() == 18
        and dataset.x["channel 2"].shape == (24, 40)
    )
    assert dataset.schema.target.labels == ("fast", "slow")
    with pytest.raises(LoadError, match="is of type ClassLabel"):
        LoadSeriesTfds("waves", prepared_tfds, series="label").read()


# Nets


@pytest.mark.parametrize("net", NETS, ids=str)
def test_every_net_keeps_the_contract(net):
    import keras

    net.check()
    check_knobs(net)
    net = net.tiny()
    net.check()
    check_knobs(net)
    signature = signature_of(
        Port("series", (20, 2), "float32", SERIES_STANDARD),
        Port("series_marks", (20, 1), "float32", SERIES_INTERVAL),
    )
    first, again, other = (net.build(signature, seed=seed) for seed in (3, 3, 4))
    kernels = [place for place, each in enumerate(first.get_weights()) if each.ndim > 1]
    for place, (one, two) in enumerate(zip(first.get_weights(), again.get_weights(), strict=True)):
        np.testing.assert_array_equal(one, two)
        assert place not in kernels or (one != other.get_weights()[place]).any()
    head = first.get_layer("member0_logits")
    assert isinstance(head, keras.layers.Dense) and len(head.input.shape) == 2
    generator = np.random.default_rng(0)
    rows = {
        "series": generator.normal(size=(4, 20, 2)).astype(np.float32),
        "series_marks": np.zeros((4, 20, 1), np.float32),
    }
    answers = np.asarray(first(rows))
    assert answers.shape == (4, net.num_members, 3) and np.isfinite(answers).all()
    assert np.ptp(answers, axis=0).max() > 1e-4


@pytest.mark.parametrize(
    "net, said",
    [
        (SeriesFcn(widths=(8,), kernels=(3, 3)), "1 widths and 2 kernels"),
        (SeriesResNet(widths=()), "0 widths"),
        (InceptionTime(kernels=()), "0 widths"),
        (LstmFcn(activation="tanh"), "activation"),
        (SeriesFcn(initializer="Zeros"), "initializer"),
    ],
)
def test_nets_that_cannot_be_built_are_refused(net, said):
    with pytest.raises(RecipeError, match=said):
        net.check()
    with pytest.raises(RecipeError, match="a net for series on"):
        SeriesFcn().build(signature_of(Port("x", (3,), "float32", "0..1")))


RUNS = {
    "SeriesFcn": (
        SeriesFcn(num_members=2),
        {"augment": AUGMENTS, "encode": (FillGaps(), ScaleByItself(offset="mean", scaled=True))},
    ),
    "SeriesResNet": (SeriesResNet(), {"balance": Smote(k_neighbors=2), "encode": (ScaleSeries(),)}),
    "InceptionTime": (InceptionTime(), {}),
    "LstmFcn": (LstmFcn(), {}),
}


@pytest.fixture(scope="module")
def report_of(tmp_path_factory):
    """The bundle of a tiny run of each, made once: uneven classes where they are balanced, gaps
    where they are filled.
    """

    @functools.cache
    def make(name):
        net, changes = RUNS[name]
        source = waves(60, steps=24)
        if "balance" in changes:
            kept = [place for place in range(60) if place % 2 or place % 6 == 0]
            source = {
                "series": source["series"][kept],
                "label": [source["label"][place] for place in kept],
            }
        elif name == "InceptionTime":
            source["series"][::3, :5] = np.nan
        return run(
            tiny(memory_recipe(net, **changes)), source, folder=tmp_path_factory.mktemp(name)
        )

    return make


# In each run of CI the others are held by the contract of networks.
IN_FULL = ("InceptionTime", "LstmFcn")


@pytest.mark.parametrize(
    "name",
    [pytest.param(name, marks=pytest.mark.full) if name in IN_FULL else name for name in RUNS],
)
def test_every_net_runs_on_the_device(name, report_of):
    forms = {rung["form"]: rung for rung in report_of(name).report["ladder"]}
    assert forms["litert_int8"]["agreement"] >= 0.8 and forms["litert_int8"]["size_bytes"] < 30_000
    assert forms["litert_int8"]["largest_difference"] < 0.25
    if "micro_int8" in forms:
        micro = forms["micro_int8"]
        assert micro["int8_steps"] <= micro["most_int8_steps"] and micro["arena_bytes"] < 60_000


def test_the_report_shows_classes_and_altered_series(report_of):
    page = (report_of("SeriesFcn").folder / "report.html").read_text()
    assert "what augmentation makes of them" in page and "the median of each class" in page
    assert (
        "what augmentation makes"
        not in (report_of("SeriesResNet").folder / "report.html").read_text()
    )


@pytest.mark.skipif(not shutil.which("gcc"), reason="needs gcc: apt-get install gcc")
def test_the_c_code_of_series_with_classes_compiles(report_of, tmp_path):
    sources = sorted((report_of("SeriesFcn").folder / "c").glob("*.c"))
    assert sources
    for source in sources:
        done = subprocess.run(
            [
                "gcc",
                "-std=c99",
                "-Wall",
                "-Wextra",
                "-Werror",
                "-c",
                source,
                "-o",
                tmp_path / "it.o",
            ],
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stderr


def test_a_device_reads_a_series_as_numbers_or_text(report_of):
    runner = report_of("SeriesFcn").runner()
    steps = waves(1, steps=30)["series"][0]
    rows = [
        {f"channel {place + 1}": steps[:, place].tolist() for place in range(2)},
        {
            f"channel {place + 1}": " ".join(map(repr, steps[:, place].tolist()))
            for place in range(2)
        },
    ]
    np.testing.assert_array_equal(*runner.predict(rows).raw)
    short = [{f"channel {place + 1}": [1.0, None, 2.0] for place in range(2)}]
    assert runner.predict(short).labels[0] in ("fast", "slow")


def test_thresholds_stay_where_the_net_puts_them(report_of):
    assert set(map(tuple, report_of("SeriesFcn").report["decisions"].values())) == {(0.0,)}
    with pytest.raises(RecipeError, match="judge.threshold"):
        override(memory_recipe(SeriesFcn()), "judge.threshold=some").check()


def test_a_run_that_balances_trains_on_more_rows(report_of):
    rows = report_of("SeriesResNet").report["rows"]
    assert rows["trained_on"] > rows["train"]


# Augmentation


@pytest.fixture(scope="module")
def encoded():
    source = waves(40)
    source["series"][::3, :7] = np.nan
    return prepared(source)


def altered(signature, rows, *specs, seed=(3, 0)):
    labels = {"y": rows.y[:, None].astype(np.float32)}
    columns = {name: tf.constant(x) for name, x in rows.x.items()}
    return tf.nest.map_structure(
        np.asarray, series_augmenter(specs, signature)(columns, labels, tf.constant(seed))
    )


@pytest.mark.parametrize("spec", AUGMENTS, ids=lambda spec: type(spec).__name__)
def test_each_augmentation_changes_every_row_within_reason(spec, encoded):
    signature, rows, _ = encoded
    columns, labels = altered(signature, rows, spec)
    before = rows.x["series"]
    after = columns["series"]
    assert after.dtype == np.float32 and after.shape == before.shape and np.isfinite(after).all()
    assert (np.abs(after - before).max(axis=(1, 2)) > 1e-4).mean() > 0.9
    assert np.abs(after - before).mean() < 1.5 * np.abs(before).mean()
    assert len({*after[:, :, 0].round(4).std(axis=1)}) > len(rows) // 2  # drawn a row
    again, _ = altered(signature, rows, spec)
    other, _ = altered(signature, rows, spec, seed=(3, 1))
    np.testing.assert_array_equal(after, again["series"])
    assert (other["series"] != after).any()
    if not isinstance(spec, AugmentMixUpSeries):
        np.testing.assert_array_equal(labels["y"][:, 0], rows.y)
    if not isinstance(spec, (AugmentMixUpSeries, AugmentTimeWarp, AugmentWindowSlice)):
        np.testing.assert_array_equal(columns["series_marks"], rows.x["series_marks"])


def test_the_weakest_of_each_changes_nothing(encoded):
    signature, rows, _ = encoded
    specs = (
        AugmentJitter(deviation=0.0),
        AugmentScaling(deviation=0.0),
        AugmentMagnitudeWarp(deviation=0.0),
        AugmentTimeWarp(deviation=0.0),
        AugmentWindowSlice(share=1.0),
    )
    columns, _ = altered(signature, rows, *specs)
    np.testing.assert_allclose(columns["series"], rows.x["series"], atol=2e-4)


@settings(max_examples=15, deadline=None)
@given(
    deviation=st.floats(0, 2),
    knots=st.integers(2, 12),
    share=st.floats(0.1, 1),
    seed=st.integers(0, 2**30),
)
def test_bent_time_invents_no_value_and_bends_all_channels_alike(deviation, knots, share, seed):
    generator = np.random.default_rng(seed)
    x = generator.normal(size=(5, 17, 1)).astype(np.float32)
    signature = signature_of(
        Port("series", (17, 2), "float32", SERIES_STANDARD),
        Port("series_marks", (17, 1), "float32", SERIES_INTERVAL),
    )
    alter = series_augmenter(
        (AugmentTimeWarp(deviation=deviation, knots=knots), AugmentWindowSlice(share=share)),
        signature,
    )
    columns, _ = alter(
        {"series": np.concatenate([x, -x], axis=2), "series_marks": x}, {}, np.array([seed, 0])
    )
    after = columns["series"].numpy()
    assert after.min() >= -np.abs(x).max() - 1e-5 and after.max() <= np.abs(x).max() + 1e-5
    np.testing.assert_array_equal(after[..., 0], -after[..., 1])
    np.testing.assert_array_equal(after[..., 0], columns["series_marks"].numpy()[..., 0])


def test_warped_time_keeps_its_ends_and_its_order():
    ramp = np.repeat(np.arange(30, dtype=np.float32)[None, :, None], 50, axis=0)
    signature = signature_of(Port("series", (30, 1), "float32", SERIES_STANDARD))
    columns, _ = series_augmenter((AugmentTimeWarp(deviation=1.0),), signature)(
        {"series": ramp}, {}, np.array([0, 0])
    )
    after = columns["series"].numpy()[..., 0]
    np.testing.assert_allclose(after[:, [0, -1]], [[0, 29]] * 50, atol=1e-3)
    assert (np.diff(after, axis=1) > 0).all()
    np.testing.assert_allclose(
        resampled(ramp, tf.constant([[0.25, 28.5, 29.0]] * 50))[0, :, 0], [0.25, 28.5, 29.0]
    )
    np.testing.assert_allclose(spline_weights(30, 5).sum(axis=1), 1, atol=1e-5)


def test_mixing_mixes_labels_too(encoded):
    signature, rows, _ = encoded
    columns, labels = altered(signature, rows, AugmentMixUpSeries(alpha=1.0))
    x = rows.x["series"]
    share = labels["y"][:, 0]
    clear = rows.y != np.roll(rows.y, 1)  # there the label tells the weight
    own = np.where(rows.y == 1, share, 1 - share)[clear][:, None, None]
    wanted = own * x[clear] + (1 - own) * np.roll(x, 1, axis=0)[clear]
    np.testing.assert_allclose(columns["series"][clear], wanted, atol=1e-4)
    assert np.isfinite(altered(signature, rows, AugmentMixUpSeries(alpha=0.01))[0]["series"]).all()


def test_batches_are_the_same_for_the_same_seed(encoded):
    signature, rows, _ = encoded

    def batches(seed):
        labels = {"y": rows.y[:, None].astype(np.float32)}
        made, _ = training_feed(
            TrainFeed(rows, augment=AUGMENTS), labels, signature=signature, batch_size=8, seed=seed
        )
        return [(x["series"].numpy(), y["y"].numpy()) for x, y, _ in made.take(3)]

    first = batches(0)
    again = batches(0)
    other = batches(1)
    for one, two in zip(first, again, strict=True):
        np.testing.assert_array_equal(one[0], two[0])
        np.testing.assert_array_equal(one[1], two[1])
    assert any((one[0] != two[0]).any() for one, two in zip(first, other, strict=True))


def test_held_out_rows_are_never_altered_and_move_no_weight(encoded):
    signature, rows, valid = encoded
    labels = {"y": valid.y[:, None].astype(np.float32)}
    seen = next(iter(plain_feed(valid, labels, batch_size=len(valid))))[0]
    np.testing.assert_array_equal(seen["series"].numpy(), valid.x["series"])
    other = valid.with_columns({name: -x for name, x in valid.x.items()})
    how = Training(epochs=2, batch_size=16, schedule=Cosine())
    one, two = (
        train(
            timeseries.NLinear(),
            TrainFeed(rows, None, (AugmentJitter(), AugmentTimeWarp())),
            each,
            signature=signature,
            training=how,
            deciding="accuracy",
        )
        for each in (valid, other)
    )
    for first, second in zip(one.model.get_weights(), two.model.get_weights(), strict=True):
        np.testing.assert_array_equal(first, second)
    with pytest.raises(LeakError):
        TrainFeed(valid, None, (AugmentJitter(),))


def test_augmentations_that_do_not_suit_are_refused(encoded, tmp_path):
    with pytest.raises(RecipeError, match="without series"):
        run(replace(tiny(tabular.PENGUINS), augment=(AugmentJitter(),)), folder=tmp_path)
    with pytest.raises(RecipeError, match="without pictures"):
        run(
            tiny(memory_recipe(SeriesFcn(), augment=(vision.AugmentFlip(),))),
            waves(),
            folder=tmp_path,
        )
    with pytest.raises(RecipeError, match="augment holds AugmentFlip"):
        series_augmenter((AugmentJitter(), vision.AugmentFlip()), encoded[0])
    ahead = replace(encoded[0], target=replace(encoded[0].target, task="forecast"))
    series_augmenter((AugmentJitter(),), ahead)
    for spec in AUGMENTS[1:]:
        with pytest.raises(RecipeError, match="for a forecast"):
            series_augmenter((spec,), ahead)
    category = Port("category_ids", (1,), "int32", "category id", num_ids=3)
    ids = replace(encoded[0], inputs=(*encoded[0].inputs, category))
    with pytest.raises(RecipeError, match="category ids"):
        series_augmenter((AugmentMixUpSeries(),), ids)


# Balancing and scaling


def uneven(missing=False):
    source = waves(60)
    kept = [place for place in range(60) if place % 2 or place % 10 == 0]
    source = {"series": source["series"][kept], "label": [source["label"][place] for place in kept]}
    if missing:
        source["series"][::2, :5] = np.nan
    return split(LoadSeriesArrays("memory").read(source)[0], SplitRandom(test=0.2, valid=0.2)).train


def test_series_are_balanced_by_what_lies_between_them():
    train = uneven()
    made = Smote(k_neighbors=2).resample(train)
    assert len(set(np.bincount(made.y))) == 1 and set(made.ids) <= set(train.ids)
    real = made.take(np.arange(len(train)))
    synthetic = made.take(np.arange(len(train), len(made)))
    rare = int(np.bincount(train.y).argmin())
    assert len(synthetic) and set(synthetic.y) == {rare}
    for name, x in train.x.items():
        np.testing.assert_array_equal(real.x[name], x)
        assert synthetic.x[name].dtype == np.float32 and synthetic.x[name].shape[1:] == x.shape[1:]
    # One weight for all steps of all channels: each synthetic row lies on a line between two real
    # ones.
    flat = np.concatenate(list(train.x.values()), axis=1)[train.y == rare]
    for row in np.concatenate(list(synthetic.x.values()), axis=1):
        off = []
        for place, one in enumerate(flat):
            for other in flat[place + 1 :]:
                share = np.dot(row - one, other - one) / np.dot(other - one, other - one)
                off.append(np.abs(one + share * (other - one) - row).max())
        assert min(off) < 1e-3
    for balancer in (WeightByClass(), OversampleRandom()):
        assert len(balancer.resample(train)) >= len(train)


def test_series_that_cannot_be_balanced_so_are_refused():
    with pytest.raises(BalanceError, match="missing values"):
        Smote(k_neighbors=2).resample(uneven(missing=True))
    filled = FillGaps().fit(uneven(missing=True)).apply(uneven(missing=True))
    assert len(Smote(k_neighbors=2).resample(filled)) > len(filled)
    with pytest.raises(BalanceError, match="at least one categorical|numeric columns only"):
        SmoteNC(k_neighbors=2).resample(uneven())
    with pytest.raises(BalanceError, match="more than 30 rows"):
        Smote(k_neighbors=30).resample(uneven())


@pytest.mark.parametrize("columns", [(), ("channel 1", "channel 2")])
def test_series_scaled_by_themselves(columns):
    """Neither its level nor its size changes what a net reads of a series."""
    source = waves(40)
    step = ScaleByItself(columns=columns, offset="mean", scaled=True)
    signature, rows, _ = prepared(source, step)
    larger = {**source, "series": source["series"] * np.float32(4) - np.float32(30)}
    parts = split(LoadSeriesArrays("memory").read(larger)[0], SplitRandom())
    np.testing.assert_allclose(
        to_ports(signature, parts.train).x["series"], rows.x["series"], atol=2e-3
    )
    assert list(rows.x) == ["series"] and rows.x["series"].shape[2] == 2
    assert abs(rows.x["series"].mean()) < 1e-3 and abs(rows.x["series"].std() - 1) < 1e-2
    one, other, _ = prepared(
        source, ScaleByItself(columns=("channel 2",), offset="mean", scaled=True), ScaleSeries()
    )
    assert (
        other.x["series"].shape[2] == 2
        and isinstance(parts.train, TrainSet)
        and len(one.inputs) == 1
    )


def test_recipes_for_series_name_their_parts(tmp_path):
    given_parts = timeseries.series_classes_recipe(RECIPES["gun_point"].load)
    assert isinstance(given_parts.split, SplitGiven)
    assert isinstance(
        timeseries.series_classes_recipe(LoadTsFiles(ts(tmp_path, GOOD))).split, SplitRandom
    )
    for name in ("italy_power", "gun_point", "basic_motions"):
        RECIPES[name].check()
        assert RECIPES[name].training.schedule == Cosine() and isinstance(
            RECIPES[name].training, Training
        )
