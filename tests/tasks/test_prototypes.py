"""Prototypes: the loss of a batch, answers by the nearest mean, and classes that are added, in
Python and in C.
"""

import ctypes
import errno
import json
import subprocess
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from pipelines.device.adapt import adapt, main, write_prototypes
from pipelines.device.cells import Column
from pipelines.device.errors import DeviceError
from pipelines.device.ports import Port
from pipelines.device.primitives import Pack
from pipelines.device.prototypes import MOST_EXAMPLES, Prototypes, read_prototypes
from pipelines.device.runner import Runner, answer
from pipelines.device.signature import Signature
from pipelines.device.target import Target
from pipelines.errors import LoadError, RecipeError
from pipelines.sources.prototypes import LoadPrototypes
from pipelines.targets.mediapipe.graph import refusal
from pipelines.tasks import PrototypesTask
from pipelines.tasks.c_prototypes import c_prototypes, c_prototypes_declaration
from tests.contracts.test_loaders import picture_arrays

WIDTH = 5
LABELS = ("a", "b", "c")


def signature(**output):
    """Three known classes in five dimensions."""
    random = np.random.default_rng(1)
    means = random.normal(size=(3, WIDTH)).astype(np.float32)
    decision = tuple(means.ravel().tolist())
    port = Port("output", (WIDTH,), "float32", "embedding", scale=0.037, zero_point=-7, **output)
    made = Signature(
        (Column("n", "numeric"),),
        Target("y", "prototypes", LABELS, embedding=WIDTH),
        (Pack(("n",), "x"),),
        (Port("x", (1,), "float32", "", scale=0.1),),
        port,
        decisions={"float32": decision, "int8": decision},
    )
    made.check()
    return made


def outputs(num_rows, seed=0, copies=1):
    random = np.random.default_rng(seed)
    return random.integers(-128, 128, (num_rows, copies * WIDTH), np.int8)


def test_the_loss_holds_each_row_against_the_means_of_the_others():
    random = np.random.default_rng(0)
    y = np.array([0, 0, 0, 1, 1, 2])  # the last one is alone in its class
    embeddings = random.normal(size=(6, 4)).astype(np.float32)
    wanted = []
    for row in range(6):
        others = np.arange(6) != row
        distances = []
        for place in range(3):
            of_class = embeddings[others & (y == place)]
            if len(of_class):
                distances.append(((embeddings[row] - of_class.mean(axis=0)) ** 2).sum())
            else:
                distances.append(np.inf)
        chances = np.exp(-np.array(distances))
        wanted.append(0.0 if y[row] == 2 else -np.log(chances[y[row]] / chances.sum()))
    truth = np.eye(3, dtype=np.float32)[y]
    loss = PrototypesTask().default_loss(None)(truth[:, None], embeddings[:, None])
    np.testing.assert_allclose(np.asarray(loss)[:, 0], wanted, rtol=1e-4, atol=1e-5)


def test_accuracy_of_an_epoch_leaves_padding_out_of_the_means():
    truth = np.eye(2, dtype=np.float32)[[0, 0, 1, 1, 0]]
    embeddings = np.float32([[0], [1], [5], [6], [100]])
    metric = PrototypesTask().keras_metric("accuracy", None)
    metric.update_state(truth, embeddings, sample_weight=np.float32([1, 1, 1, 1, 0]))
    assert float(metric.result()) == 1.0


def test_the_nearest_mean_answers():
    made = signature()
    raw = outputs(200)
    embeddings = (raw.astype(np.float64) + 7) * 0.037
    means = np.reshape(made.decisions["int8"], (3, WIDTH))
    distances = ((embeddings[:, None] - means[None]) ** 2).sum(axis=2)
    answers = answer(made, raw, form="int8")
    assert answers.labels.tolist() == [LABELS[place] for place in distances.argmin(axis=1)]
    np.testing.assert_allclose(answers.scores.sum(axis=1), 1)


def test_examples_may_come_at_once_or_one_by_one():
    made = signature()
    steps = made.output.steps(outputs(12))
    once = Prototypes("m").added("new", steps).added("newer", steps[:3])
    by_one = Prototypes("m").added("new", steps[:1])
    by_one = by_one.added("newer", steps[:3])
    for place in range(1, 12):
        by_one = by_one.added("new", steps[place : place + 1])
    assert by_one == once and once.counts == (12, 3)
    adapted = once.adapted(made)
    assert adapted.target.labels == ("new", "newer")
    wanted = steps.mean(axis=0) * 0.037
    np.testing.assert_allclose(adapted.decisions["int8"][:WIDTH], wanted, rtol=1e-5)
    kept = replace(once, keeps=True).adapted(made)
    assert kept.target.labels == (*LABELS, "new", "newer")
    assert kept.decisions["int8"][: 3 * WIDTH] == made.decisions["int8"]


def test_what_does_not_fit_is_refused():
    made = signature()
    steps = made.output.steps(outputs(4))
    with pytest.raises(DeviceError, match="1 class"):
        Prototypes("m").added("new", steps).adapted(made)
    with pytest.raises(DeviceError, match="named as one"):
        Prototypes("m", keeps=True).added("b", steps).adapted(made)
    with pytest.raises(DeviceError, match="examples of 'new'"):
        Prototypes("m", labels=("new",), counts=(MOST_EXAMPLES,), sums=((0,) * WIDTH,)).added(
            "new", steps
        )
    wide = Prototypes("m").added("new", steps[:, :2]).added("newer", steps[:, :2])
    with pytest.raises(DeviceError, match="a sum of 2 numbers"):
        wide.adapted(made)
    plain = replace(made, target=Target("y", "multiclass", LABELS))
    with pytest.raises(DeviceError, match="'multiclass'"):
        Prototypes("m").added("new", steps).adapted(plain)


def test_a_full_disk_leaves_no_unfinished_file(tmp_path, monkeypatch):
    to = tmp_path / "new.json"
    to.write_text("before")
    write = Path.write_text

    def half(path, text, **options):
        write(path, text[: len(text) // 2], **options)
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "write_text", half)
    with pytest.raises(DeviceError, match="No space left"):
        write_prototypes(to, Prototypes("0" * 64))
    assert [path.name for path in tmp_path.iterdir()] == ["new.json"]
    assert to.read_text() == "before"


@pytest.mark.parametrize("copies", [1, 3])
@pytest.mark.parametrize("keeps", [False, True])
def test_c_adds_and_answers_as_python(tmp_path, copies, keeps):
    made = signature(num_copies=copies)
    code = (
        "#include <stdint.h>\n"
        + c_prototypes_declaration(made)
        + "static int32_t fine_steps(const int8_t *output, int i) {\n"
        + f"  int32_t sum = 0;\n  for (int copy = 0; copy < {copies}; ++copy)\n"
        + f"    sum += output[copy * {WIDTH} + i] - ({made.output.zero_point});\n"
        + "  return sum;\n}\nint signature_label(const int8_t *output);\n"
        + c_prototypes(made)
    )
    (tmp_path / "p.c").write_text(code)
    command = ["gcc", "-std=c99", "-O2", "-Wall", "-Werror", "-shared", "-fPIC", "p.c", "-o", "p"]
    subprocess.run(command, cwd=tmp_path, check=True)
    library = ctypes.CDLL(str(tmp_path / "p"))
    pointer = ctypes.POINTER(ctypes.c_int8)
    examples = outputs(20, 3, copies)
    call = [row.ctypes.data_as(pointer) for row in examples]
    library.adapt_reset(int(keeps))
    assert library.adapt_answer(call[0]) == (library.signature_label(call[0]) if keeps else -1)
    prototypes = Prototypes("m", keeps)
    for place, row in enumerate(call):
        new = place % 4
        prototypes = prototypes.added(f"new {new}", made.output.steps(examples[place : place + 1]))
        assert library.adapt_add(row, new) == place // 4 + 1
    assert library.adapt_add(call[0], 16) == library.adapt_add(call[0], -1) == 0
    asked = outputs(300, 4, copies)
    adapted = prototypes.adapted(made)
    labels = adapted.target.labels
    in_python = answer(adapted, asked, form="int8").labels.tolist()
    known = answer(made, asked, form="int8").labels.tolist()
    for row, label, own in zip(asked, in_python, known, strict=True):
        output = row.ctypes.data_as(pointer)
        assert labels[library.adapt_answer(output)] == label
        assert LABELS[library.signature_label(output)] == own


def test_classifiers_of_mediapipe_are_refused():
    assert "nearest class mean" in refusal(signature())


def test_a_loader_keeps_the_classes_that_are_learned(tmp_path):
    of = picture_arrays(tmp_path)
    load = LoadPrototypes(of, classes=("2", "0"), width=7)
    dataset, _ = load.read()
    whole, _ = load.all_classes()
    assert dataset.schema.target.labels == ("2", "0") and dataset.schema.target.embedding == 7
    assert len(dataset) == 16 and len(whole) == 24
    np.testing.assert_array_equal(dataset.y, np.where(whole.y[whole.y != 1] == 2, 0, 1))
    np.testing.assert_array_equal(dataset.ids, whole.ids[whole.y != 1])
    with pytest.raises(LoadError, match="'9'"):
        LoadPrototypes(of, classes=("0", "9")).read()
    with pytest.raises(RecipeError, match="load.classes"):
        LoadPrototypes(of, classes=("0",)).check()


@pytest.mark.full
def test_a_bundle_learns_new_classes_from_files(tmp_path, capsys):
    """Fashion-MNIST in small: train on six classes, adapt to others from pictures in folders, and
    answer as the bundle's own C does.
    """
    from PIL import Image

    from pipelines import catalog
    from pipelines.device.__main__ import main as device_main
    from pipelines.run import run
    from pipelines.studies.few_examples import measure_few_examples
    from pipelines.targets.c.runner import CCode

    recipe = catalog.override(
        catalog.RECIPES["fashion_prototypes"],
        "load.of.max_rows=1000",
        "training.epochs=2",
        "judge.peers=False",
    )
    bundle = run(recipe, folder=tmp_path)
    dataset, _ = recipe.load.all_classes()
    files = {}
    for label in ("bag", "trouser"):
        place = dataset.schema.target.labels.index(label)
        (tmp_path / "examples" / label).mkdir(parents=True)
        for row in np.flatnonzero(dataset.y == place)[:8]:
            path = tmp_path / "examples" / label / f"{row}.png"
            Image.fromarray(dataset.x["picture"][row, :, :, 0]).save(path)
            files.setdefault(label, []).append(str(path))
    to = tmp_path / "new.json"
    assert main([str(bundle.folder), str(tmp_path / "examples"), "--to", str(to), "--keep"]) == 0
    found = read_prototypes(to, bundle.folder)
    assert found == adapt(bundle.folder, tmp_path / "examples", keeps=True)
    assert found.labels == ("bag", "trouser") and found.counts == (8, 8)
    runner = Runner.load(bundle.folder, prototypes=to)
    pixels = dataset.x["picture"][:200]
    answers = runner.predict({"picture": list(pixels)})
    assert {"bag", "trouser"} <= set(answers.labels)
    code = CCode(bundle_c(bundle), bundle.signature)
    library = code._library
    pointer = ctypes.POINTER(ctypes.c_int8)
    library.adapt_reset(1)
    for place, label in enumerate(found.labels):
        raw = Runner.load(bundle.folder).predict({"picture": files[label]}).raw
        for row in raw:
            library.adapt_add(row.ctypes.data_as(pointer), place)
    names = runner.signature.target.labels
    in_c = [names[library.adapt_answer(row.ctypes.data_as(pointer))] for row in answers.raw]
    assert in_c == answers.labels.tolist()
    capsys.readouterr()
    assert device_main([str(bundle.folder), "--prototypes", str(to), files["bag"][0]]) == 0
    assert "score trouser" in capsys.readouterr().out
    values = json.loads(to.read_text())
    write_prototypes(to, replace(found, model="0" * 64))
    with pytest.raises(DeviceError, match="another model"):
        Runner.load(bundle.folder, prototypes=to)
    twice = {name: values[name] * 2 for name in ("labels", "counts", "sums")}
    to.write_text(json.dumps({**values, **twice}))
    with pytest.raises(DeviceError, match="stands twice"):
        Runner.load(bundle.folder, prototypes=to)
    to.write_text(json.dumps({**values, "code": "x"}))
    with pytest.raises(DeviceError, match="holds no prototypes"):
        Runner.load(bundle.folder, prototypes=to)
    measured = measure_few_examples(bundle.folder, num_episodes=2, shots=(1, 5), trains=False)
    assert len(measured) == 10 and all(0 <= each.accuracies.min() for each in measured)


def bundle_c(bundle):
    """The files of the folder c/ by name."""
    return {path.name: path.read_text() for path in (bundle.folder / "c").glob("*.[ch]")}


def test_hidden_files_are_no_examples(tmp_path):
    """Copies that an editor keeps would count twice, or be a class of their own."""
    from pipelines.device.adapt import _in_folders

    for inside in ("cat/a.png", "cat/.ipynb_checkpoints/a.png", ".thumbnails/b.png", "cat/.b.png"):
        path = tmp_path / inside
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"")
    found = dict(_in_folders(tmp_path, "image"))
    assert found == {"cat": {"image": [str(tmp_path / "cat" / "a.png")]}}
