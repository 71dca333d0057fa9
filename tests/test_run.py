"""The whole line, in its tiny form for every recipe, and what happens when it cannot go on."""

import json
import math
import os
import re
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from pipelines import catalog, run
from pipelines.balance import Smote, SmoteNC
from pipelines.convert.convert import convert
from pipelines.convert.forms import TfliteFiles
from pipelines.errors import BundleError, ExportError, PipelineError, RecipeError, VerifyError
from pipelines.recipe import override, tiny
from pipelines.rows.parts import TrainSet
from pipelines.settings import from_json, to_json
from pipelines.steps import (
    EncodeBins,
    EncodeDate,
    EncodeIds,
    EncodeOnehot,
    ImputeMedian,
    ImputePrevious,
    ScaleStandard,
)
from pipelines.tabular import LoadTable, table_recipe

FORMS = ["keras", "litert_float32", "litert_int8", "micro_int8", "c_int8"]
FILES = {
    "README.md",
    "SHA256SUMS",
    "c/CMakeLists.txt",
    "c/Makefile",
    "c/README.md",
    "c/examples/self_test/self_test.ino",
    "c/library.properties",
    "c/main.c",
    "c/model.c",
    "c/model.h",
    "c/prepare.c",
    "c/signature.h",
    "c/src/model.c",
    "c/src/prepare.c",
    "c/tflm/README.md",
    "c/tflm/main.cc",
    "c/tflm/model_int8.c",
    "c/tflm/model_int8.h",
    "c/zephyr/CMakeLists.txt",
    "c/zephyr/Kconfig",
    "c/zephyr/module.yml",
    "golden.json",
    "model.keras",
    "model_float32.tflite",
    "model_int8.tflite",
    "recipe.json",
    "report.html",
    "report.json",
    "signature.json",
}


def files_of(folder):
    return {str(path.relative_to(folder)) for path in Path(folder).rglob("*") if path.is_file()}


def files_wanted(signature, name):
    files = FILES | {f"c/src/{name}.h"}
    if signature.inputs[0].is_picture:
        files |= {"model_uint8.tflite"}
    if signature.past_series():
        files |= {"c/push.c", "c/push.h", "c/src/push.c"}
    return files


def open_gate(recipe):
    """Two epochs make a poor model; what is looked at here is the line."""
    return replace(recipe, judge=replace(recipe.judge, tolerance=1.0, min_agreement=0.0))


# Their like are run: they differ in widths, in weights, in rows; a table with a real number to
# forecast is made below. The bundles of emoji, remarks, glucose and classes of series that tests
# of their modality make are checked there.
IN_FULL = (
    "fashion_cnn",
    "fashion_prototypes",
    "weather_anomaly",
    "basic_motions",
    "penguins_mlp",
    "fashion_30kb",
    "fashion_100kb",
    "fashion_few_labels",
    "emoji_cnn",
    "emoji_lite0",
    "emoji_generated",
    "remarks_cnn",
    "remarks5_cnn",
    "dates_attention",
    "credit_mlp",
    "credit_monotone",
    "storms_rules",
    "glucose_mlp",
    "gun_point",
    "italy_power",
)


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=pytest.mark.full) if name in IN_FULL else name
        for name in catalog.RECIPES
        if name != "birds_mlp"
    ],
)
def test_every_recipe_goes_to_the_device_in_its_tiny_form(name, tmp_path, capsys):
    recipe = open_gate(tiny(catalog.RECIPES[name]))
    recipe = replace(recipe, judge=replace(recipe.judge, beside=False))
    source = None
    if name == "fashion_prototypes":
        recipe = override(recipe, "load.of.max_rows=400", catalog.SPECS)
    elif name.startswith("fashion"):
        recipe = replace(
            recipe, load=replace(recipe.load, source="data/fashion_mnist_8k.npz", max_rows=400)
        )
    elif name.startswith("emoji"):
        with np.load("data/emoji_32.npz") as file:
            source = {"picture": file["X"][::5], "label": file["y"][::5]}
    elif name.startswith("remarks"):
        source = pd.read_csv("data/birds.csv.gz", dtype=str, keep_default_na=False).iloc[::4]
    elif name == "dates_stepwise":
        source = pd.read_csv("data/dates.csv.gz", dtype=str).iloc[::5]
    elif name.startswith("storms"):
        source = pd.read_csv("data/storms.csv.gz", dtype=str, keep_default_na=False).iloc[::4]
    elif name == "weather_linear":
        table = pd.read_csv("data/nyc_weather.csv.gz")
        source = table[table["origin"] == "EWR"].iloc[:3000]
    bundle = run(recipe, source, folder=tmp_path)
    check_bundle(bundle)
    assert list(bundle.report["scores"])[0] in capsys.readouterr().out


def check_bundle(bundle):
    report = bundle.report
    of_pictures = bundle.signature.inputs[0].is_picture
    assert files_of(bundle.folder) == files_wanted(bundle.signature, bundle.folder.name)
    if of_pictures:
        forms = [*FORMS[:3], "litert_uint8", *FORMS[3:]]
    else:
        forms = FORMS
    assert list(report["scores"]) == forms == [rung["form"] for rung in report["ladder"]]
    assert report["gate"] == {"passed": True, "failed_step": ""}
    assert (
        report["versions"]["tensorflow"] != "not installed"
        and report["seed"] == 0
        and report["split"]
    )
    # Of hundreds of values a row, such as a window that is given back, one may be two ties off: as
    # many as the gate allows.
    num_values = math.prod(bundle.signature.output.shape)
    if num_values > 100:
        most = 2
    else:
        most = 1
    steps = report["ladder"][forms.index("micro_int8")]["int8_steps"]
    assert steps <= most, "TFLM and LiteRT's plain kernels agree within a step"
    assert report["ladder"][-1]["runner_agreement"] == 1.0, "C labels every row as Python does"
    recipe = from_json(json.loads((bundle.folder / "recipe.json").read_text()), catalog.SPECS)
    assert to_json(recipe) == json.loads((bundle.folder / "recipe.json").read_text())


def test_bundle_of_the_birds(bundle):
    check_bundle(bundle)
    ways = bundle.report["balancing"]
    assert [way["ships"] for way in ways] == [True, False] and ways[1][
        "balance"
    ] == "WeightByClass(strength=1.0)"
    assert bundle.report["scores"]["litert_int8"]["average_precision"] > 0.12
    assert (
        bundle.runner()
        .predict([{column.name: None for column in bundle.signature.columns}])
        .labels[0]
    )
    assert not any(path.suffix in (".pkl", ".pickle", ".py") for path in bundle.folder.rglob("*"))


@pytest.mark.full
def test_columns_that_differ_by_a_million_keep_their_scores(tmp_path):
    random = np.random.default_rng(0)
    frame = pd.DataFrame(
        {f"x{place}": random.normal(size=3000) * 10.0**place for place in range(-3, 4)}
    )
    logits = sum(
        frame[f"x{place}"] / 10.0**place * (1 if place % 2 else -1) for place in range(-3, 4)
    )
    frame["fault"] = np.where(
        logits + random.normal(size=3000) > 3.5, "yes", "no"
    )  # one row in ten
    for encode in ((ScaleStandard(),), (EncodeBins(),)):
        recipe = replace(
            table_recipe(LoadTable("", "fault"), name="scales"), encode=encode, balance=None
        )
        for knob in ("training.epochs=12", "build.num_members=1", "build.widths=(256, 256)"):
            recipe = override(recipe, knob, catalog.SPECS)
        floats, int8, micro, _ = run(recipe, frame, folder=tmp_path).report["ladder"][1:]
        assert floats["scores"]["average_precision"] > 0.6
        assert floats["scores"]["average_precision"] - int8["scores"]["average_precision"] <= 0.005
        assert int8["agreement"] >= 0.99 and micro["int8_steps"] <= 1
        assert int8["size_bytes"] <= 0.35 * floats["size_bytes"]


def test_ids_dates_and_previous_values_reach_the_microcontroller(birds, tmp_path):
    """Two ports, an embedding, a fill with memory, SMOTENC: the parts that the shipped recipes do
    not use.
    """
    base = open_gate(tiny(catalog.RECIPES["birds_mlp"]))
    recipe = replace(
        base,
        name="parts",
        teacher=None,
        balance=SmoteNC(),
        prepare=(EncodeDate(), ImputePrevious(columns=("height", "speed")), ImputeMedian()),
        encode=(EncodeIds(columns=("operator", "species")), EncodeOnehot(), ScaleStandard()),
        build=replace(base.build, residual=True, widths=(16, 16)),
    )
    made = run(recipe, birds, folder=tmp_path)
    check_bundle(made)
    assert [port.name for port in made.signature.inputs] == [
        "unit_interval",
        "standard_deviations",
        "category_ids",
    ]
    assert made.report["balancing"][0]["rows"] > made.report["balancing"][1]["rows"]


def test_a_lost_step_fails_the_run_and_keeps_the_report(birds, birds_recipe, tmp_path, monkeypatch):
    """A converter that breaks the model: its int8 file has the signs of the last layer turned."""
    import keras

    def breaking(model, rows, *, seed, copies, streaming, quantize, files):
        whole = convert(
            model, rows, seed=seed, copies=copies, quantize=quantize, files=TfliteFiles(files.forms)
        )
        broken = keras.models.clone_model(model)
        broken.set_weights(
            [*model.get_weights()[:-2], *(-weights for weights in model.get_weights()[-2:])]
        )
        return {**whole, "int8": convert(broken, rows, seed=seed, copies=copies)["int8"]}

    monkeypatch.setattr(sys.modules["pipelines.targets.export"], "convert", breaking)
    recipe = replace(birds_recipe, judge=replace(birds_recipe.judge, beside=False))
    with pytest.raises(
        VerifyError, match="litert_float32 → litert_int8 lost .* of average_precision"
    ):
        run(recipe, birds, folder=tmp_path)
    failed = tmp_path / "birds_mlp_tiny.failed"
    wanted = FILES | {f"c/src/{birds_recipe.name}.h"}
    assert files_of(failed) == wanted and not (tmp_path / "birds_mlp_tiny").exists()
    report = json.loads((failed / "report.json").read_text())
    assert not report["gate"]["passed"] and "litert_int8 lost" in report["gate"]["failed_step"]
    assert "ladder failed" in (failed / "report.html").read_text()


def test_wrong_intentions_are_refused_before_a_row_is_read(birds, birds_recipe, tmp_path):
    def missing_file(recipe):
        return replace(recipe, load=replace(recipe.load, source="no such file"))

    for change, words in (
        (dict(name="../x"), "the name '../x'"),
        (dict(prepare=(Smote(),)), "prepare holds Smote"),
        (dict(balance=ImputeMedian()), "balance=ImputeMedian"),
        (dict(balance=SmoteNC()), "a teacher together with SmoteNC"),
    ):
        with pytest.raises(RecipeError) as caught:
            run(replace(missing_file(birds_recipe), **change), folder=tmp_path)
        assert words in str(caught.value)
    for setting, words in (
        ("training.epochs=0", "training.epochs=0"),
        ("build.dropout=1.5", "build.dropout=1.5"),
        ("training.strategy=tpus", "training.strategy='tpus'"),
        ("build.widths=(0,)", "build.widths"),
        ("judge.threshold=auc", "judge.threshold='auc'"),
        ("teacher.share=0.0", "teacher.share=0.0"),
        ("build.activation=swish", "build.activation='swish'"),
    ):
        with pytest.raises(RecipeError) as caught:
            run(override(missing_file(birds_recipe), setting, catalog.SPECS), folder=tmp_path)
        assert words in str(caught.value)
    with pytest.raises(RecipeError, match="judge.deciding='rmse' for a binary target"):
        run(override(birds_recipe, "judge.deciding=rmse", catalog.SPECS), birds, folder=tmp_path)
    assert not files_of(tmp_path)


def test_a_table_with_real_numbers_needs_no_more_than_its_name(tmp_path, capsys):
    """The recipe for any table, on a real-number target, with odd column names and a date that
    tells nothing.
    """
    random = np.random.default_rng(0)
    frame = pd.DataFrame(
        {
            "unit_interval": random.normal(size=300),
            "size is missing": random.integers(0, 3, 300),
            "": np.arange(300) % 7,
            "on": pd.Timestamp("2024-05-01"),
            "output": ["a", "b", None] * 100,
        }
    )
    frame["[/x] price"] = 5000 + 1000 * frame["unit_interval"] + 100 * frame["size is missing"]
    recipe = tiny(table_recipe(LoadTable("", "[/x] price"), name="price"))
    made = run(open_gate(recipe), frame, folder=tmp_path)
    check_bundle(made)
    assert {column.name for column in made.signature.columns} == {
        "unit_interval",
        "size is missing",
        "",
        "output",
    }
    assert "dropped: constant" in next(
        each["why"] for each in made.report["columns"] if each["name"] == "on"
    )
    assert "nearly always missing in training: on\n" in capsys.readouterr().out
    assert 3000 < made.runner().predict(frame.drop(columns="[/x] price")).scores.mean() < 7000


def test_only_a_bundle_is_ever_replaced(birds, birds_recipe, tmp_path):
    (tmp_path / "thesis").mkdir()
    (tmp_path / "thesis" / "chapter1.txt").write_text("years of work")
    (tmp_path / "link").symlink_to(tmp_path / "thesis")
    for name in ("thesis", "link"):
        with pytest.raises(BundleError, match="is there and is not a bundle"):
            run(replace(birds_recipe, name=name), birds, folder=tmp_path)
    assert files_of(tmp_path) >= {"thesis/chapter1.txt"}


def test_test_rows_that_were_seen_are_not_judged_on(birds, birds_recipe, birds_splits):
    from pipelines.errors import LeakError
    from pipelines.run import judge
    from pipelines.targets.export import ShippedModel

    seen = np.union1d(birds_splits.train.ids, birds_splits.valid.ids)
    learned = ShippedModel(None, None, seen)
    with pytest.raises(LeakError, match="of the test rows were seen"):
        judge(birds_recipe, learned, birds_splits.valid)


def test_rows_that_only_training_drops_are_told_before_an_epoch(birds, birds_recipe, tmp_path):
    from pipelines.errors import StepError
    from pipelines.steps import DropRowsWithMissing

    recipe = replace(
        birds_recipe,
        prepare=(
            EncodeDate(),
            DropRowsWithMissing(("height",)),
            ImputeMedian(("speed", "ac_mass", "num_engs")),
        ),
    )
    with pytest.raises(StepError, match="held-out rows have missing values"):
        run(recipe, birds, folder=tmp_path)


def test_unwritable_folder_is_told_before_training(birds, birds_recipe, tmp_path):
    file = tmp_path / "file"
    file.write_text("")
    with pytest.raises(BundleError, match="cannot be written to"):
        run(birds_recipe, birds, folder=file / "models")


@pytest.mark.skipif(
    not sys.platform.startswith("linux") or os.geteuid() != 0, reason="mounting needs root on Linux"
)
def test_full_disk_leaves_nothing_half_written(tmp_path):
    """A real full disk: a file system of 1 MB."""
    from pipelines.bundle import folder as module

    disk = tmp_path / "disk"
    disk.mkdir()
    if subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(disk)], capture_output=True
    ).returncode:
        pytest.skip("this machine mounts no tmpfs")
    try:
        with pytest.raises(BundleError, match="has .* bytes free"):
            module.check_folder(disk, "small")
        whole = {"signature.json": b"{}", "report.json": b"{}"}
        module.write_bundle(disk / "small", {"a": b"first", **whole})
        with pytest.raises(BundleError, match="No space left"):
            module.write_bundle(disk / "small", {"a": b"x" * 3_000_000})
        assert files_of(disk) == {
            "small/a",
            "small/SHA256SUMS",
            *(f"small/{name}" for name in whole),
        }
        assert (disk / "small" / "a").read_bytes() == b"first"
    finally:
        subprocess.run(["umount", str(disk)], check=True)


@pytest.mark.parametrize(
    "moment, number",
    [
        pytest.param(rb"teacher", signal.SIGINT, marks=pytest.mark.full),
        (rb"train: [1-9]\d* of 100000", signal.SIGINT),
        pytest.param(rb"train: [1-9]\d* of 100000", signal.SIGTERM, marks=pytest.mark.full),
    ],
    ids=["a graph is traced", "later", "SIGTERM"],
)
def test_ctrl_c_in_training_leaves_finished_stages_alone_and_the_next_run_starts_clean(
    tmp_path, moment, number
):
    # A shell that runs the tests in the background has its children ignore Ctrl-C; this child shall
    # not.
    start = (
        "import signal, sys; signal.signal(signal.SIGINT, signal.default_int_handler); "
        "from pipelines.cli import main; sys.exit(main())"
    )
    command = [
        sys.executable,
        "-c",
        start,
        "run",
        "penguins_mlp",
        "--folder",
        str(tmp_path / "models"),
        "--set",
        "training.epochs=100000",
        "--set",
        "training.schedule.patience=100000",
    ]
    temporary = tmp_path / "tmp"
    temporary.mkdir()
    with (tmp_path / "said").open("w+b") as said:
        child = subprocess.Popen(
            command,
            stderr=said,
            stdout=subprocess.DEVNULL,
            start_new_session=True,
            env={**os.environ, "TMPDIR": str(temporary)},
        )
        deadline = time.time() + 120
        while not re.search(moment, (tmp_path / "said").read_bytes()) and time.time() < deadline:
            time.sleep(0.05)
        os.kill(child.pid, number)
        try:
            code = child.wait(timeout=60)
        finally:
            child.kill()
            child.wait()
    text = (tmp_path / "said").read_text()
    assert code == 128 + number, (code, text[-2000:])
    assert "stopped: no bundle was written" in text and "Traceback" not in text, text[-2000:]
    left = files_of(tmp_path / "models")
    assert all(re.match(r"\.cache/[0-9a-f]{64}(\.epochs)?/", name) for name in left), left
    assert not list(temporary.iterdir())
    if moment == rb"teacher":
        check_bundle(
            run(open_gate(tiny(catalog.RECIPES["penguins_mlp"])), folder=tmp_path / "models")
        )
        assert {path.name for path in (tmp_path / "models").iterdir()} == {
            ".cache",
            "penguins_mlp_tiny",
        }


def test_a_converter_that_dies_is_an_error_that_names_the_layer(birds_splits):
    """A rolled recurrent layer kills the converter's fork with a segmentation fault;
    `convert/test_child` has those of processes of their own.
    """
    import keras

    keras.utils.set_random_seed(0)
    model = keras.Sequential(
        [
            keras.Input((8, 3), name="steps"),
            keras.layers.RNN(keras.layers.LSTMCell(4), name="memory"),
            keras.layers.Dense(1, name="logits"),
        ]
    )
    rows = TrainSet(
        x={"steps": np.zeros((20, 8, 3), np.float32)},
        y=np.zeros(20, int),
        ids=np.arange(20),
        schema=birds_splits.train.schema,
    )
    with pytest.raises(
        ExportError, match=r"was killed by signal 11 while converting layer 'memory' \(RNN\)"
    ):
        convert(model, rows)


def test_every_error_says_what_was_expected_and_how_to_fix_it():
    from pipelines import errors

    for name in errors.__all__:
        kind = getattr(errors, name)
        text = str(kind("received", expected="expected", fix="mend it"))
        assert issubclass(kind, PipelineError)
        assert text == f"[{kind.stage}] received\n  expected: expected\n  fix: mend it"
