"""Anomalies: windows cut apart, nets that give them back, thresholds of training windows alone, C
that agrees.
"""

import csv
import io
import json
import shutil
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines import catalog, run
from pipelines.balance import WeightByClass
from pipelines.bundle.explain import explain
from pipelines.device.__main__ import write_answers
from pipelines.device.cells import Column
from pipelines.device.frame import Frame
from pipelines.device.ports import Port
from pipelines.device.primitives import PackSteps
from pipelines.device.runner import Runner, answer
from pipelines.device.signature import Signature
from pipelines.device.target import Target
from pipelines.errors import (
    FrameError,
    LeakError,
    LoadError,
    PipelineError,
    RecipeError,
    VerifyError,
)
from pipelines.recipe import Judge, Recipe
from pipelines.rows.split import SplitByTime, split
from pipelines.run import settle
from pipelines.steps import (
    FillGaps,
    FlagGaps,
    ScaleByItself,
    ScaleSeries,
    fit_steps,
    make_signature,
    to_ports,
)
from pipelines.targets.c.c_files import c_files
from pipelines.tasks.metrics import score_anomalies
from pipelines.tasks.thresholds import anomaly_threshold
from pipelines.timeseries import (
    Autoencoder,
    ConvAutoencoder,
    LinearAutoencoder,
    LoadSeries,
    NLinear,
    SeriesMlp,
    fit_residual,
)
from pipelines.timeseries.faults import FAULTS, InjectFaults
from pipelines.timeseries.segments import CutSegments
from pipelines.timeseries.windows import CutWindows
from pipelines.training.feed import TrainFeed
from pipelines.training.fit import train
from pipelines.training.members import average_members
from pipelines.training.optimizers import AdamW
from pipelines.training.schedules import Cosine
from pipelines.training.training import Training
from pipelines.verify.keras_interpreter import KerasInterpreter
from tests.learned import learn

STEPS = 700


def signals(steps=STEPS, seed=0):
    """Two sensors with a daily rhythm, gaps, and a fault here and there, labelled but for the
    newest steps.
    """
    random = np.random.default_rng(seed)
    hours = np.arange(steps)
    heat = 20 + 5 * np.sin(hours * 2 * np.pi / 24) + random.normal(size=steps) * 0.3
    flow = 3 + 0.2 * heat + random.normal(size=steps) * 0.1
    fault = np.zeros(steps, bool)
    for start in (100, 590, 630, 660):
        fault[start : start + 6] = True
        flow[start : start + 6] = 14
    heat[random.random(steps) < 0.05] = np.nan
    cells = [
        None if place >= 690 else "yes" if is_fault else "no"
        for place, is_fault in enumerate(fault)
    ]
    return pd.DataFrame(
        {
            "at": pd.date_range("2024-01-01", periods=steps, freq="h"),
            "heat": heat,
            "flow": flow,
            "fault": cells[:steps],
        }
    )


RECIPE = Recipe(
    "signals",
    LoadSeries("", "at", label="fault"),
    ConvAutoencoder(widths=(8,), code=6),
    split=SplitByTime(test=0.2, valid=0.15),
    frame=CutSegments(window=12, season=24),
    encode=(FillGaps(), ScaleSeries()),
    training=Training(
        epochs=6, batch_size=32, optimizer=AdamW(learning_rate=1e-2), schedule=Cosine()
    ),
    judge=Judge(tolerance=0.05, peers=False),
)


def cut(recipe=RECIPE, frame=None):
    dataset, _ = recipe.load.read(signals() if frame is None else frame)
    return recipe.frame.cut(split(dataset, recipe.split))


@pytest.fixture(scope="module")
def bundle(tmp_path_factory):
    return run(RECIPE, signals(), folder=tmp_path_factory.mktemp("models"))


def test_windows_lie_in_one_part_and_labelled_ones_are_not_learned_from():
    frame = signals()
    splits = cut()
    assert splits.notes[0].startswith("17 training windows hold a labelled anomaly")
    assert not (splits.train.y == 1).any() and (splits.test.y == 1).any()
    bounds = {"train": (0, 476), "valid": (476, 560), "test": (560, 700)}
    for part, (first, end) in bounds.items():
        rows = getattr(splits, part)
        assert rows.ids.min() == first and rows.ids.max() == end - 12
        for row, start in enumerate(rows.ids):
            inside = frame.iloc[start : start + 12]
            np.testing.assert_array_equal(rows.x["heat"][row], inside.heat.to_numpy(np.float32))
            known = inside.fault.dropna()
            if known.empty:
                wanted = np.nan
            else:
                wanted = float((known == "yes").any())
            np.testing.assert_equal(rows.y[row], wanted)
            assert rows.x["at"][row] == inside["at"].iloc[-1]
    assert len(splits.train) + 17 == 476 - 11 and len(splits.test.x["flow"]) == 140 - 11


def test_plain_rules_by_hand():
    splits = cut()
    train_x = splits.train.x
    test = splits.test
    largest = np.zeros(len(test))
    for name in ("heat", "flow"):
        known = train_x[name][~np.isnan(train_x[name])].astype(np.float64)
        largest = np.fmax(
            largest,
            np.nanmax(np.abs(test.x[name].astype(np.float64) - known.mean()) / known.std(), 1),
        )
    np.testing.assert_allclose(test.baselines["largest distance from the mean"], largest)
    change = test.baselines["difference from the season before"]
    assert (change > 0).all() and change[test.y == 1].mean() > 3 * np.median(change[test.y == 0])


def test_nothing_learned_depends_on_held_out_steps(bundle):
    """Values, gaps and labels of all held-out steps change: every weight, step, scale and threshold
    stays.
    """
    random = np.random.default_rng(1)
    frame = signals()
    for name in ("heat", "flow"):
        frame.loc[476:, name] = random.normal(size=STEPS - 476) * 1000
        frame.loc[random.choice(np.arange(476, STEPS), 40), name] = np.nan
    frame.loc[476:, "fault"] = random.choice(
        ["yes", "no", "no", "no", "no", "no", "no", "no"], STEPS - 476
    )
    splits = cut(frame=frame)
    again = learn(
        settle(replace(RECIPE, judge=Judge(beside=False)), splits.train.schema),
        splits.train,
        splits.valid,
    )
    assert again.signature == bundle.signature
    for form, content in again.tflite.items():
        assert (bundle.folder / f"model_{form}.tflite").read_bytes() == content


def test_the_run_finds_faults_on_every_runtime(bundle):
    scores = bundle.report["scores"]
    assert list(scores) == ["keras", "litert_float32", "litert_int8", "micro_int8", "c_int8"]
    for each in scores.values():
        assert each["roc_auc"] > 0.99 and each["average_precision"] > 0.95 and each["mae"] < 0.5
    assert bundle.report["ladder"][3]["int8_steps"] <= 1 and bundle.signature.output.num_copies == 1
    whats = [line["what"].split("(")[0] for line in bundle.report["baselines"]]
    assert whats == [
        "this model, int8",
        "LinearAutoencoder",
        "largest distance from the mean",
        "difference from the season before",
    ]
    assert bundle.report["notes"][0].startswith("17 training windows")
    page = (bundle.folder / "report.html").read_text(encoding="utf-8")
    for word in (
        "scores over time",
        "histogram of scores",
        "ROC curves",
        "Most anomalous 3",
        "Plain rules, for comparison",
        "17 training windows",
        "quantile of training windows",
    ):
        assert word in page


def test_thresholds_flag_a_hundredth_of_training_windows(bundle):
    splits = cut()
    for form in ("float32", "int8"):
        answers = bundle.runner(form=form).predict_columns(
            {column.name: splits.train.x[column.name] for column in bundle.signature.columns}
        )
        threshold = -bundle.signature.decisions[form][0]
        flagged = answers.labels == "anomaly"
        np.testing.assert_array_equal(flagged, answers.scores >= threshold)
        assert (
            0 <= flagged.mean() <= 0.01
            and np.sum(answers.scores >= threshold * 0.999) >= 1 + flagged.sum()
        )


def test_a_row_from_text_to_a_label(bundle):
    runner = bundle.runner()
    steps = signals().iloc[:12]
    row = {
        "heat": " ".join("NA" if value != value else str(value) for value in steps.heat),
        "flow": list(steps.flow),
    }
    calm = runner.predict([row])
    odd = runner.predict([{**row, "flow": [14.0] * 12}])
    assert (calm.labels[0], odd.labels[0]) == ("normal", "anomaly") and calm.scores[0] < odd.scores[
        0
    ]
    stages = explain(runner, row)
    assert stages[-1][2] == "normal" and ("score", "fault", f"{calm.scores[0]:.4f}") in stages
    sink = io.StringIO()
    write_answers(runner, ["heat", "flow"], [[row["heat"], "14 " * 12]], csv.writer(sink))
    assert (
        odd.notes[0].startswith("column 'flow': step 1 is 14, far outside of training's")
        and calm.notes[0] == ""
    )
    assert list(csv.reader(io.StringIO(sink.getvalue()))) == [
        ["row", "label", "score", "note", "error"],
        ["1", "anomaly", f"{odd.scores[0]:.4f}", odd.notes[0], ""],
    ]
    from pipelines.device.__main__ import write_forecasts

    sink = io.StringIO()
    frame = signals().iloc[:20].astype(str).replace("nan", "")
    write_forecasts(runner, list(frame), frame.to_numpy().tolist(), csv.writer(sink))
    last = runner.predict(
        [{"heat": list(signals().heat[8:20]), "flow": list(signals().flow[8:20])}]
    )
    assert sink.getvalue().split() == [
        "at,label,score,note",
        f"2024-01-01T19:00:00,normal,{last.scores[0]:.4f},",
    ]
    again = Signature.from_json(json.loads(json.dumps(bundle.signature.to_json())))
    assert again == bundle.signature and again.base_port().name == "series"


SMALL = Signature(
    columns=(Column("a", "series", shape=(9,)), Column("b", "series", shape=(9,))),
    target=Target("t", "anomaly", ("normal", "anomaly"), base="series"),
    primitives=(PackSteps(("a", "b"), "series"),),
    inputs=(Port("series", (9, 2), "float32", "", 0.0393, -7),),
    output=Port("output", (18,), "float32", "", 0.0311, 5),
    decisions={"int8": (-3.3333,), "float32": (-3.0,)},
    frame=Frame("when", 60.0, 1),
)


@pytest.mark.skipif(not shutil.which("gcc"), reason="needs gcc: apt-get install gcc")
@pytest.mark.parametrize("flags", ["-O0", "-O3 -march=native -ffp-contract=fast"])
def test_c_gives_the_same_score_to_the_last_bit(tmp_path, flags):
    SMALL.check()
    random = np.random.default_rng(0)
    raw = random.integers(-128, 128, (4000, 18)).astype(np.int8)
    given = random.integers(-128, 128, (4000, 9, 2)).astype(np.int8)
    raw[::3] = np.clip(
        given.reshape(-1, 18)[::3] + random.integers(-9, 10, (len(raw[::3]), 18)), -128, 127
    )
    prepared = {"series": SMALL.inputs[0].dequantize(given)}
    answers = answer(SMALL, raw, form="int8", prepared=prepared)
    # A threshold that is some row's own score: the decision must agree there too.
    signature = replace(SMALL, decisions={"int8": (-float(np.float32(answers.scores[7])),)})
    answers = answer(signature, raw, form="int8", prepared=prepared)
    for name, text in c_files(signature, "t").items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    (tmp_path / "main.c").write_text(
        '#include "signature.h"\n#include <stdio.h>\nint main(void) {\n  int8_t '
        "output[SIGNATURE_NUM_OUTPUTS];\n"
        "  static signature_inputs inputs; float said[2];\n"
        "  while (fread(output, sizeof output, 1, stdin) == 1 && fread(inputs.series, 18, 1, "
        "stdin) == 1) {\n"
        "    said[0] = signature_score(output, &inputs); said[1] = "
        "(float)signature_label(output, &inputs);\n"
        "    fwrite(said, sizeof said, 1, stdout);\n  }\n  return 0;\n}\n"
    )
    subprocess.run(
        [
            "gcc",
            "-std=c99",
            "-Wall",
            "-Wextra",
            "-Wpedantic",
            "-Werror",
            *flags.split(),
            "-o",
            "main",
            "main.c",
            "prepare.c",
            "-lm",
        ],
        cwd=tmp_path,
        check=True,
    )
    fed = b"".join(one.tobytes() + other.tobytes() for one, other in zip(raw, given, strict=True))
    made = subprocess.run(
        [str(tmp_path / "main")], input=fed, capture_output=True, check=True
    ).stdout
    made = np.frombuffer(made, np.float32).reshape(-1, 2)
    np.testing.assert_array_equal(made[:, 0], answers.scores.astype(np.float32))
    np.testing.assert_array_equal(made[:, 1] == 1, answers.labels == "anomaly")
    assert answers.labels[7] == "anomaly" and 0.05 < (answers.labels == "anomaly").mean() < 0.95


def test_a_damaged_signature_is_refused():
    for broken in (
        replace(SMALL, target=replace(SMALL.target, base="elsewhere")),
        replace(SMALL, target=replace(SMALL.target, base="")),
        replace(SMALL, output=replace(SMALL.output, shape=(17,))),
        replace(SMALL, decisions={"int8": (0.0, 0.0)}),
        replace(SMALL, target=replace(SMALL.target, labels=())),
    ):
        with pytest.raises(ValueError):
            broken.check()


@settings(max_examples=50, deadline=None)
@given(
    st.lists(st.floats(0, 100, width=32), min_size=1, max_size=300),
    st.sampled_from([0.5, 0.9, 0.99, 1.0]),
)
def test_no_more_than_its_share_of_training_windows_is_flagged(scores, quantile):
    scores = np.array(scores, np.float32)
    flagged = scores + np.float32(anomaly_threshold(scores, quantile)[0]) >= 0
    assert flagged.mean() <= 1 - quantile + 1e-9


def test_scores_that_need_labels_are_absent_without():
    unknown = np.full(10, np.nan)
    found = score_anomalies(unknown, np.arange(10) > 7, np.arange(10.0))
    assert (
        (found["mae"], found["flagged"]) == (4.5, 0.2)
        and np.isnan(found["roc_auc"])
        and np.isnan(found["f1"])
    )
    known = score_anomalies(
        np.array([0, 0, 1, 1, np.nan]), np.array([0, 1, 1, 1, 0], bool), np.array([1.0, 2, 3, 4, 9])
    )
    assert (
        known["roc_auc"] == 1 and known["precision"] == pytest.approx(2 / 3) and known["mae"] == 4
    )


def test_faults_are_injected_into_copies_of_test_windows_alone():
    recipe = replace(RECIPE, load=LoadSeries("", "at", drop=("fault",)))
    plain = cut(recipe)
    splits = cut(replace(recipe, frame=replace(RECIPE.frame, faults=InjectFaults(share=0.5))))
    assert np.isnan(plain.test.y).all() and plain.train.y.shape == (465,)
    for part in ("train", "valid"):
        one = getattr(plain, part)
        other = getattr(splits, part)
        assert all(
            np.array_equal(one.x[name], other.x[name], equal_nan=True) for name in ("heat", "flow")
        )
    test = splits.test
    real = len(plain.test)
    copies = slice(real, None)
    np.testing.assert_array_equal(test.y, [0.0] * real + [1.0] * (len(test) - real))
    assert splits.notes[-1].startswith(f"{len(test) - real} of {len(test)} test windows are copies")
    originals = np.searchsorted(test.ids[:real], test.ids[copies])
    changed = np.stack(
        [
            ~np.isclose(test.x[name][copies], plain.test.x[name][originals], equal_nan=True).all(
                axis=1
            )
            for name in ("heat", "flow")
        ]
    )
    assert (changed.sum(axis=0) == 1).all(), "one series of each copy"
    kinds = InjectFaults().kinds(len(test) - real)
    assert set(kinds) == set(FAULTS)
    stuck = np.flatnonzero(kinds == "stuck")
    for name, which in (("heat", 0), ("flow", 1)):
        x = test.x[name][copies]
        np.testing.assert_array_equal(np.isnan(x), np.isnan(plain.test.x[name][originals]))
        ends = x[stuck[changed[which, stuck]], 6:]
        assert (np.nanmax(ends, axis=1) == np.nanmin(ends, axis=1)).all()


@pytest.mark.parametrize(
    "change, words",
    [
        (dict(frame=None), "steps of series without windows"),
        (dict(build=SeriesMlp()), "SeriesMlp to give windows back"),
        (dict(balance=WeightByClass()), "WeightByClass.* where normal windows alone"),
        (dict(frame=CutWindows(window=12, horizon=2)), "of series without a target"),
        (dict(frame=CutSegments(window=12, stride=0)), "frame.stride=0"),
        (dict(build=ConvAutoencoder(widths=())), "build.widths=()"),
        (
            dict(
                load=LoadSeries("", "at", "flow", drop=("fault",)),
                frame=CutWindows(window=12, horizon=2),
            ),
            "ConvAutoencoder for a forecast",
        ),
    ],
)
def test_what_does_not_go_together_is_refused(change, words, tmp_path):
    recipe = replace(RECIPE, **change)
    if "forecast" in words:
        recipe = replace(recipe, encode=(FillGaps(), ScaleSeries()))
    with pytest.raises(PipelineError, match=words):
        run(recipe, signals(), folder=tmp_path)


@pytest.mark.parametrize(
    "change, words",
    [
        (lambda frame: frame.assign(heat=1.5, flow=2), "the same in all steps"),
        (lambda frame: frame.assign(heat=None, flow=np.nan), "without a value"),
        (lambda frame: frame.iloc[:2], "2 steps of 3,600 s"),
        (lambda frame: frame.iloc[:40], "no valid window of 12 steps"),
        (lambda frame: frame.assign(fault="yes"), "all train windows hold an anomaly"),
        (lambda frame: frame.assign(fault="broken"), "the label 'fault', row 0: .*broken"),
        (lambda frame: frame.drop(columns="fault"), "load.label names the column 'fault'"),
    ],
)
def test_hostile_series_are_refused_in_words(change, words):
    with pytest.raises((LoadError, FrameError), match=words):
        cut(frame=change(signals()))


def test_roles_of_columns():
    with pytest.raises(
        LoadError, match="a column to forecast, 'flow', and one that marks anomalies"
    ):
        LoadSeries("", "at", "flow", label="fault").read(signals())
    with pytest.raises(LoadError, match="one column as two of"):
        LoadSeries("", "at", label="at").read(signals())
    target = replace(RECIPE, load=LoadSeries("", "at", "flow", drop=("fault",)))
    splits = cut(target)  # what could be foretold is one series more, and no label
    assert np.isnan(splits.test.y).all() and set(splits.train.x) == {"at", "heat", "flow"}


@pytest.mark.parametrize(
    "build",
    [
        Autoencoder(widths=(8,), code=4, num_members=2),
        LinearAutoencoder(code=4),
        ConvAutoencoder(widths=(4, 4, 4), code=4),
    ],
)
def test_every_net_with_a_dead_sensor_marks_and_an_odd_window(build):
    """13 steps halve to 7, 4 and 2; one series is constant, another empty but for one value."""
    frame = signals().assign(dead=7.0, rare=[1.0] + [np.nan] * (STEPS - 1))
    recipe = replace(
        RECIPE,
        build=build,
        frame=CutSegments(window=13),
        encode=(FlagGaps(), FillGaps(), ScaleSeries()),
    )
    splits = cut(recipe, frame)
    encoders, encoded = fit_steps(recipe.encode, splits.train)
    signature = make_signature((), encoders, encoded)
    assert [port.name for port in signature.inputs] == ["series", "series_marks"]
    assert signature.output.shape == (13 * signature.inputs[0].shape[1],)
    members = build.build(signature)
    assert members.output.shape == (None, build.num_members, *signature.output.shape)
    runner = Runner(signature, KerasInterpreter(average_members(members)), form="float32")
    answers = runner.predict_columns(
        {column.name: splits.test.x[column.name] for column in signature.columns}
    )
    assert np.isfinite(answers.scores).all() and len(answers.scores) == len(splits.test)


def test_a_forecast_whose_residuals_are_watched():
    """A linear forecast of real glucose: windows in which the sensor jumps stand out; training rows
    set the threshold.
    """
    base = catalog.RECIPES["glucose_mlp"]
    frame = pd.read_csv("data/cgm_glucose.csv.gz").iloc[:9000]
    splits = CutWindows(window=36, horizon=6, stride=3, season=288).cut(
        split(base.load.read(frame)[0], base.split)
    )
    encoders, encoded = fit_steps((FillGaps(), ScaleByItself()), splits.train)
    signature = make_signature((), encoders, encoded)
    trained = train(
        NLinear(),
        TrainFeed(to_ports(signature, encoded, encoded=True)),
        to_ports(signature, splits.valid),
        signature=signature,
        training=Training(epochs=3, optimizer=AdamW(learning_rate=1e-2)),
        deciding="mae",
    )
    runner = Runner(signature, KerasInterpreter(trained.model), form="float32")
    detector = fit_residual(runner, splits.train, quantile=0.95)
    assert 0 < detector.flag(runner, splits.train).mean() <= 0.05 and len(detector.spread) == 6
    calm = detector.score(runner, splits.test)
    jumped = detector.score(runner, replace(splits.test, y=splits.test.y + 60))
    from sklearn.metrics import roc_auc_score

    known = ~np.isnan(calm)
    assert (
        roc_auc_score([0] * known.sum() + [1] * known.sum(), np.r_[calm[known], jumped[known]])
        > 0.95
    )
    blank = replace(splits.test, y=np.full_like(splits.test.y, np.nan))
    assert np.isnan(detector.score(runner, blank)).all() and not detector.flag(runner, blank).any()
    with pytest.raises(LeakError):
        fit_residual(runner, splits.test)
    bias = trained.model.weights[-1]
    bias.assign(np.full(bias.shape, np.nan, np.float32))
    spoiled = Runner(signature, KerasInterpreter(trained.model), form="float32")
    with pytest.raises(VerifyError, match="the forecast answers held-out rows with NaN"):
        detector.score(spoiled, splits.test)
    with pytest.raises(RecipeError, match="residuals of a model of task anomaly"):
        fit_residual(Runner(SMALL, None), splits.train)


def test_no_tensorflow_on_the_device():
    code = (
        "import sys; from pipelines.device.signature import Signature; "
        "assert not {'tensorflow', 'keras', 'pandas', 'sklearn'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
