"""Pictures through the whole line: from files to an int8 model that answers files, in Python, on
the command line and in C.
"""

import csv
import io
import json
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from pipelines import catalog, run, vision
from pipelines.balance import OversampleRandom, SampleByClass, Smote, WeightByClass
from pipelines.bundle.explain import explain
from pipelines.bundle.folder import read_golden_rows
from pipelines.compress import QuantizeAware
from pipelines.convert.convert import convert
from pipelines.convert.scales import with_scales
from pipelines.device import DeviceError, Runner
from pipelines.device.runner import LiteRT
from pipelines.errors import BalanceError, RecipeError
from pipelines.recipe import tiny
from pipelines.rows.parts import Dataset, HeldOut
from pipelines.rows.split import SplitRandom, split
from pipelines.run import settle
from pipelines.settings import from_json, to_json
from pipelines.steps import make_signature, to_ports
from pipelines.targets.micro.runner import Micro
from pipelines.training.feed import TrainFeed, training_feed
from pipelines.training.fit import train
from pipelines.training.losses import Focal
from pipelines.training.schedules import Cosine
from pipelines.training.training import Training
from pipelines.verify.keras_interpreter import KerasInterpreter
from pipelines.vision import (
    AugmentCrop,
    AugmentFlip,
    AugmentHue,
    AugmentMixUp,
    Cnn,
    LoadArrays,
    LoadFolder,
)
from tests.altered import alter, copy_of
from tests.folders import left_in
from tests.learned import learn
from tests.targets.c.alone import assert_rows_alone
from tests.test_run import check_bundle

FORMS = ["keras", "litert_float32", "litert_int8", "litert_uint8", "micro_int8", "c_int8"]


@pytest.fixture(scope="module")
def emoji():
    """A fifth of the emoji: uint8 [rows, 32, 32, 3] and their groups."""
    with np.load("data/emoji_32.npz") as file:
        return {"picture": file["X"][::5], "label": file["y"][::5]}


def open_gate(recipe):
    return replace(recipe, judge=replace(recipe.judge, tolerance=1.0, min_agreement=0.0))


@pytest.fixture(scope="module")
def small():
    """A recipe for them that takes seconds."""
    recipe = tiny(catalog.RECIPES["emoji_cnn"])
    shipping = replace(recipe.shipping, compress=(QuantizeAware(epochs=1),))
    augment = (AugmentFlip(), AugmentCrop(pixels=2))
    return open_gate(replace(recipe, shipping=shipping, augment=augment))


@pytest.fixture(scope="module")
def folder(emoji, tmp_path_factory):
    """The same pictures as PNG files in class folders."""
    root = tmp_path_factory.mktemp("emoji")
    for place, (pixels, label) in enumerate(zip(emoji["picture"], emoji["label"], strict=True)):
        (root / label).mkdir(exist_ok=True)
        Image.fromarray(pixels).save(root / label / f"{place:04}.png")
    return root


@pytest.fixture(scope="module")
def made(small, folder, tmp_path_factory):
    """The bundle of a tiny run from files, with the other choice of balancing beside it."""
    recipe = replace(
        small,
        load=LoadFolder(str(folder), height=32, width=32),
        judge=replace(small.judge, beside=True),
    )
    return run(recipe, folder=tmp_path_factory.mktemp("models"))


@pytest.fixture(scope="module")
def quick(small, folder):
    """A recipe of the same files, one epoch of training and one of compression."""
    return replace(
        small,
        load=LoadFolder(str(folder), height=32, width=32),
        build=Cnn(widths=(8,), pool_after=(0,)),
        training=replace(small.training, epochs=1),
    )


@pytest.fixture(scope="module")
def in_memory(quick):
    """The parts of these pictures, decoded, and what ships of them."""
    parts = split(quick.load.read()[0], quick.split)
    assert isinstance(parts.train.x["picture"], np.ndarray)
    return parts, learn(settle(quick, parts.train.schema), parts.train, parts.valid)


def test_the_c_of_a_picture_alone(made, tmp_path):
    printed = assert_rows_alone(made, tmp_path)
    assert printed.count("label: ") == 5


def test_a_folder_of_pictures_becomes_a_bundle(made):
    check_bundle(made)
    names = {path.name for path in made.folder.rglob("*") if path.is_file()}
    assert {
        "model_int8.tflite",
        "model_uint8.tflite",
        "model_float32.tflite",
        "model.keras",
        "prepare.c",
    } <= names
    report = made.report
    assert list(report["scores"]) == FORMS and report["ladder"][4]["int8_steps"] <= 1
    recipe = json.loads((made.folder / "recipe.json").read_text())
    assert to_json(from_json(recipe, catalog.SPECS)) == recipe
    page = (made.folder / "report.html").read_text()
    for words in (
        "Training pictures and what augmentation makes",
        "most confident mistakes",
        "Grad-CAM",
    ):
        assert f'alt="{words}' in page or words in page
    assert report["balancing"] and report["margin"]["metric"] == "macro_f1"


def test_a_picture_is_its_own_quantized_input(made, emoji):
    port = made.signature.inputs[0]
    assert (port.scale, port.zero_point, port.shape) == (1.0, -128, (32, 32, 3))
    pixels = emoji["picture"][:3]
    np.testing.assert_array_equal(
        made.runner().prepare({"picture": pixels})["image"], pixels.astype(np.int16) - 128
    )
    np.testing.assert_array_equal(
        made.runner(form="uint8").prepare({"picture": pixels})["image"], pixels
    )


def test_files_arrays_and_bytes_get_the_same_answer(made, folder, emoji):
    paths = sorted(folder.rglob("*.png"))[:20]
    places = [int(path.stem) for path in paths]
    runner = made.runner()
    by_array = runner.predict({"picture": emoji["picture"][places]})
    for cells in (
        [str(path) for path in paths],
        [path.read_bytes() for path in paths],
        list(emoji["picture"][places]),
    ):
        np.testing.assert_array_equal(runner.predict({"picture": cells}).raw, by_array.raw)
    assert runner.predict([{"picture": paths[0]}]).labels[0] == by_array.labels[0]
    other = made.runner(form="uint8").predict({"picture": emoji["picture"]})
    assert np.abs(other.scores - runner.predict({"picture": emoji["picture"]}).scores).max() < 0.05
    with pytest.raises(DeviceError, match="zero bytes"):
        runner.predict([{"picture": b""}])


def test_the_golden_rows_repeat(made):
    rows = read_golden_rows(made.folder)
    golden = json.loads((made.folder / "golden.json").read_text())
    answers = made.runner().predict(rows)
    assert answers.raw.tolist() == [each["output"] for each in golden]
    assert list(answers.labels) == [each["label"] for each in golden]
    lines = explain(made.runner(), rows[0])
    assert lines[0][0] == "load" and "32 × 32 × 3" in lines[0][2] and lines[-1][0] == "answer"


def test_predict_on_the_command_line(made, folder, tmp_path):
    good = sorted(folder.rglob("*.png"))[0]
    broken = tmp_path / "broken.png"
    broken.write_bytes(good.read_bytes()[:100])
    answers = []
    for module in (["pipelines", "predict"], ["pipelines.device"]):
        done = subprocess.run(
            [sys.executable, "-m", *module, str(made.folder), str(good), str(broken)],
            capture_output=True,
            text=True,
        )
        assert done.returncode == 1 and not done.stderr
        answers.append(list(csv.reader(io.StringIO(done.stdout))))
    header, first, second = answers[0]
    assert answers[0] == answers[1] and header[:2] == ["file", "label"] and header[-1] == "error"
    assert first[0] == str(good) and first[1] in made.signature.target.labels and not first[-1]
    assert second[1] == "" and second[-1]


def test_run_images_on_the_command_line(folder, command, tmp_path):
    knobs = [
        "training.epochs=1",
        "build=Cnn(widths=(8,), pool_after=(0,))",
        "load.height=16",
        "load.width=16",
        "training.refit=False",
        "judge.tolerance=1.0",
        "judge.beside=False",
        "judge.peers=False",
    ]
    code, said, error = command(
        "images",
        folder,
        "--quality",
        "fast",
        "--name",
        "mine",
        "--folder",
        tmp_path,
        *(word for knob in knobs for word in ("--set", knob)),
    )
    assert code == 0, error
    assert "litert_uint8" in said and Runner.load(tmp_path / "mine").signature.inputs[0].shape == (
        16,
        16,
        3,
    )


def test_pictures_that_stay_on_disk_train_the_same_weights(quick, in_memory, monkeypatch):
    """The same rows from memory and from files: one feed, one result, to the last bit."""
    monkeypatch.setattr("pipelines.vision.pixels.MAX_MEMORY_BYTES", 0)
    dataset, _ = quick.load.read()
    assert not isinstance(dataset.x["picture"], np.ndarray)
    parts = split(dataset, quick.split)
    from_files = learn(settle(quick, dataset.schema), parts.train, parts.valid)
    _, learned = in_memory
    weights = (each.trained.model.get_weights() for each in (learned, from_files))
    for one, other in zip(*weights, strict=True):
        np.testing.assert_array_equal(one, other)
    assert learned.tflite == from_files.tflite


def parts_of(emoji, spec=LoadArrays("")):
    dataset, _ = spec.read(emoji)
    return split(dataset, SplitRandom())


def test_only_training_batches_are_altered(emoji):
    parts = parts_of(emoji)
    labels = {"y": np.arange(len(parts.train), dtype=np.float32)[:, None]}
    signature = make_signature((), (), parts.train)
    rows = to_ports(signature, parts.train)

    def batch(augment, seed=0):
        feed, _ = training_feed(
            TrainFeed(rows, augment=augment), labels, signature=signature, batch_size=32, seed=seed
        )
        x, y, _ = next(iter(feed))
        return x["image"].numpy().astype(np.float32), y["y"].numpy()[:, 0].astype(int)

    plain, places = batch(())
    np.testing.assert_array_equal(plain, parts.train.x["picture"][places])
    altered, same = batch((AugmentFlip(), AugmentCrop(pixels=2)))
    np.testing.assert_array_equal(places, same)
    assert (altered != plain).any() and 0 <= altered.min() and altered.max() <= 255
    np.testing.assert_array_equal(altered, batch((AugmentFlip(), AugmentCrop(pixels=2)))[0])
    with pytest.raises(TypeError):
        TrainFeed(parts.test, augment=(AugmentFlip(),))


def test_balancers_for_pictures(emoji):
    parts = parts_of(emoji)
    counts = np.bincount(parts.train.y)
    over = np.bincount(OversampleRandom().resample(parts.train).y)
    assert set(over) == {counts.max()}
    even = SampleByClass().resample(parts.train)
    assert np.ptp(np.bincount(even.y)) <= 1 and abs(len(even) - len(parts.train)) < len(counts)
    same = SampleByClass(strength=0.0).resample(parts.train)
    np.testing.assert_array_equal(np.bincount(same.y), counts)
    assert set(even.ids) <= set(parts.train.ids)
    np.testing.assert_array_equal(
        WeightByClass().resample(parts.train).x["picture"], parts.train.x["picture"]
    )
    with pytest.raises(BalanceError, match="what lies between two pictures is no picture"):
        Smote().resample(parts.train)
    with pytest.raises(TypeError):
        SampleByClass().resample(parts.test)


def test_a_damaged_bundle_is_refused(made, tmp_path):
    """Shapes that are not the model's, numbers that cannot be, a decision that is lost, files that
    were swapped.
    """
    copy = copy_of(made, tmp_path / "copy")
    good = json.loads((copy / "signature.json").read_text())

    def refused(change, form="int8"):
        values = json.loads(json.dumps(good))
        change(values)
        alter(copy, "signature.json", json.dumps(values))
        with pytest.raises(DeviceError):
            Runner.load(copy, form=form)

    for shape in ([32768, 32768, 3], [16, 16, 3], [True, 32, 3], [32, 32], "32"):
        refused(lambda values, shape=shape: values["columns"][0].update(shape=shape))
        refused(lambda values, shape=shape: values["inputs"][0].update(shape=shape))
    refused(lambda values: values["inputs"][0].update(offset=1e308))
    refused(lambda values: values["inputs"][0].update(zero_point=0))
    refused(lambda values: values["decisions"].pop("int8"))
    refused(lambda values: values.update(missing_words=[["a"]]))
    alter(copy, "signature.json", json.dumps(good))
    alter(copy, "model_uint8.tflite", (copy / "model_float32.tflite").read_bytes())
    with pytest.raises(DeviceError, match="takes"):
        Runner.load(copy, form="uint8")
    explain(made.runner(form="uint8"), read_golden_rows(made.folder)[0])


def test_specs_of_the_other_modality_are_refused_before_an_epoch(
    emoji, small, birds, birds_recipe, tmp_path
):
    from pipelines.tabular import ForestTeacher, Mlp

    for recipe, source, error in (
        (replace(small, build=Mlp()), emoji, RecipeError),
        (replace(small, teacher=ForestTeacher()), emoji, RecipeError),
        (replace(birds_recipe, augment=(AugmentFlip(),)), birds, RecipeError),
        (replace(birds_recipe, build=Cnn(), teacher=None), birds, RecipeError),
    ):
        with pytest.raises(error):
            run(recipe, source, folder=tmp_path)
    assert not left_in(tmp_path)


def test_what_does_not_suit_is_told_before_an_epoch(emoji, small, tmp_path):
    grey = {"picture": emoji["picture"][..., 0], "label": emoji["label"]}
    with pytest.raises(RecipeError, match="Hue"):
        run(replace(small, augment=(AugmentHue(),)), grey, folder=tmp_path)
    with pytest.raises(RecipeError, match="too small|pixels"):
        run(
            replace(small, build=Cnn(widths=(8,) * 8, pool_after=tuple(range(8)))),
            emoji,
            folder=tmp_path,
        )
    with pytest.raises(RecipeError, match="augment holds"):
        run(replace(small, augment=(Cnn(),)), emoji, folder=tmp_path)
    assert not left_in(tmp_path)


@pytest.mark.full
def test_mixed_and_focal_training_goes_to_the_device(emoji, small, tmp_path):
    """Two classes, soft labels by MixUp, focal loss with smoothing."""
    two = np.isin(emoji["label"], ["Flags", "People & Body"])
    recipe = replace(
        small,
        augment=(AugmentMixUp(),),
        balance=OversampleRandom(),
        judge=replace(small.judge, deciding="average_precision", beside=False),
        training=replace(
            small.training, loss=Focal(gamma=2.0, label_smoothing=0.1), schedule=Cosine()
        ),
    )
    report = run(
        recipe, {"picture": emoji["picture"][two], "label": emoji["label"][two]}, folder=tmp_path
    ).report
    assert report["target"]["task"] == "binary" and list(report["scores"]) == FORMS


@pytest.mark.full
def test_duplicates_across_the_split_are_told(emoji, small, tmp_path, capsys):
    twice = {name: np.concatenate([values, values]) for name, values in emoji.items()}
    report = run(
        replace(small, judge=replace(small.judge, beside=False)), twice, folder=tmp_path
    ).report
    found = report["source"]["duplicates"]
    assert found["test_in_train"] > 50
    assert f"{found['test_in_train']:,} test rows are also training rows" in capsys.readouterr().out
    assert (
        "test rows are also training rows"
        in (tmp_path / report["name"] / "report.html").read_text()
    )


def test_no_weight_depends_on_held_out_pictures(quick, in_memory):
    parts, one = in_memory
    random = np.random.default_rng(0)
    valid = parts.valid
    altered = HeldOut(
        x={"picture": random.integers(0, 256, valid.x["picture"].shape, np.uint8)},
        y=valid.y[::-1],
        ids=valid.ids,
        schema=valid.schema,
    )
    other = learn(settle(quick, valid.schema), parts.train, altered)
    assert one.tflite == other.tflite
    assert replace(one.signature, decisions={}) == replace(other.signature, decisions={})


@pytest.mark.full  # `made` runs a Cnn everywhere in the normal run, `test_mlperf_tiny` a ResNet8
@pytest.mark.parametrize(
    "net",
    [
        vision.Cnn(residual=True),
        vision.Vit(),
        vision.ResNet8(),
        vision.EfficientNetLite0(),
        vision.DsCnn(),
        vision.MobileNetV1(),
    ],
    ids=lambda net: type(net).__name__,
)
def test_every_net_reaches_every_runtime(emoji, net):
    """Its int8 file follows Keras and is the same in TFLM, its uint8 file follows too."""
    parts = parts_of(emoji)
    signature = make_signature((), (), parts.train)
    rows = to_ports(signature, parts.train, encoded=True)
    trained = train(
        net.tiny(),
        TrainFeed(rows),
        to_ports(signature, parts.valid),
        signature=signature,
        training=Training(epochs=2, batch_size=32),
        deciding="accuracy",
    )
    tflite = convert(trained.model, rows)
    signature = with_scales(signature, LiteRT(tflite["int8"]), trained.model)
    logits = {"keras": KerasInterpreter(trained.model).run({"image": parts.test.x["picture"]})}
    for form, content in tflite.items():
        runner = Runner(signature, LiteRT(content), form=form)
        logits[form] = signature.output.to_float(
            runner.interpreter.run(runner.prepare(parts.test.x))
        )
    np.testing.assert_allclose(logits["float32"], logits["keras"], atol=1e-3)
    spread = logits["keras"].std()
    for form in ("int8", "uint8"):
        assert np.abs(logits[form] - logits["keras"]).mean() < 0.2 * spread, form
    runner = Runner(signature, Micro(tflite["int8"], ["image"]), form="int8")
    few = {"image": runner.prepare(parts.test.x)["image"][:20]}
    plain = LiteRT(tflite["int8"], kernels="reference").run(few)
    assert np.abs(runner.interpreter.run(few).astype(int) - plain).max() <= (
        2 if isinstance(net, vision.Vit) else 1
    )


def test_a_dataset_of_pictures_can_do_nothing_but_be_split(emoji):
    dataset, notes = LoadArrays("").read(emoji)
    assert (
        type(dataset) is Dataset
        and dataset.x["picture"].dtype == np.uint8
        and notes[0].kind == "picture"
    )
