"""Thousands of altered files: the runner refuses them, or answers what they say, and its process
lives.
"""

import json
import subprocess
import sys
import time
from collections import Counter
from dataclasses import replace

import numpy as np
import pytest

from pipelines import catalog, run
from pipelines.bundle.folder import read_golden_rows
from pipelines.device import DeviceError, Runner
from pipelines.device.flow import follow
from pipelines.device.signature import Signature
from pipelines.recipe import tiny
from tests.altered import alter, copy_of
from tests.mutants import mutate_bytes, mutate_json

MAX_SECONDS = 5  # of one file, on a busy machine


def many(few, number):
    """A few in every run of the tests, all of them in the full one."""
    return [few, pytest.param(number, marks=pytest.mark.full)]


@pytest.fixture(
    scope="module",
    params=[
        "tables",
        *(
            pytest.param(name, marks=pytest.mark.full)
            for name in ("emoji_cnn", "remarks_cnn", "weather_linear", "storms_mlp")
        ),
    ],
)
def made(request, bundle, tmp_path_factory):
    if request.param == "tables":
        return bundle
    recipe = tiny(catalog.RECIPES[request.param])
    recipe = replace(recipe, judge=replace(recipe.judge, tolerance=1.0, beside=False))
    return run(recipe, folder=tmp_path_factory.mktemp("models"))


@pytest.mark.parametrize("number", many(400, 2500))
@pytest.mark.parametrize("name", ["signature.json", "model_int8.tflite"])
def test_altered_files_are_always_refused(made, tmp_path, name, number):
    random = np.random.default_rng(0)
    copy = copy_of(made, tmp_path / "copy")
    content = (copy / name).read_bytes()
    num_altered = 0
    for _ in range(number):
        mutant = mutate_bytes(content, random)
        if mutant != content:
            num_altered += 1
            (copy / name).write_bytes(mutant)
            with pytest.raises(DeviceError, match="was altered"):
                Runner.load(copy)
    assert num_altered > number / 2


@pytest.mark.parametrize("number", many(400, 2500))
def test_a_signature_says_what_is_answered_or_is_refused(made, tmp_path, number):
    """The checksum was made right again. What is read back is the whole file, and what is answered
    follows from it.
    """
    random = np.random.default_rng(1)
    copy = copy_of(made, tmp_path / "copy")
    content = (copy / "signature.json").read_bytes()
    rows = read_golden_rows(made.folder)
    counts = Counter()
    for place in range(number):
        mutant = (mutate_bytes if place % 5 == 0 else mutate_json)(content, random)
        (copy / "signature.json").write_bytes(mutant)
        alter(copy, "signature.json", mutant)
        start = time.monotonic()
        counts[outcome(copy, rows, mutant)] += 1
        assert time.monotonic() - start < MAX_SECONDS, mutant
    assert counts["refused"] > number / 3 and counts["answered"] > number / 100, counts


def outcome(folder, rows, mutant):
    try:
        runner = Runner.load(folder)
        assert same(runner.signature.to_json(), json.loads(mutant)), mutant
        answers = runner.predict(rows)
    except DeviceError:
        return "refused"
    assert len(answers.scores) == len(rows) and np.isfinite(answers.scores).all(), mutant
    assert answers.labels is None or set(answers.labels) <= set(runner.signature.target.labels)
    return "answered"


def same(one, other):
    """Whether JSON values are equal, true not being 1."""
    return json.loads(json.dumps(one)) == other and json.dumps(one, sort_keys=True) == json.dumps(
        other, sort_keys=True
    )


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="forks")
@pytest.mark.full
def test_how_often_an_altered_model_ends_the_process(made):
    """The checksum was made right again: by somebody who could as well write another model. LiteRT
    looks through a file before it uses it and refuses most; but an index of -1 can end the process,
    and padding can ask for a convolution that takes hours (which an alarm ends here). Each in a
    fork.
    """
    done = subprocess.run(
        [sys.executable, "-m", "tests.deaths", str(made.folder), "2000"],
        capture_output=True,
        text=True,
    )
    counts = {int(code): count for code, count in json.loads(done.stdout.splitlines()[-1]).items()}
    ended = sum(count for code, count in counts.items() if code < 0)
    print(made.folder.name, counts)
    assert 1 not in counts and ended <= 4, counts


def test_memory_is_not_taken_for_what_is_refused(made, tmp_path):
    """Widths that would take terabytes are seen before."""
    copy = copy_of(made, tmp_path / "copy")
    values = json.loads((copy / "signature.json").read_text())
    for primitive in values["primitives"]:
        if primitive["primitive"] == "Onehot":
            primitive["depth"] = 10**12
        if primitive["primitive"] in ("Words", "Characters", "Subwords"):
            primitive["window"] = 10**12
    values["primitives"] += [{"primitive": "Onehot", "column": "nothing", "depth": 10**12}]
    alter(copy, "signature.json", json.dumps(values))
    start = time.monotonic()
    with pytest.raises(DeviceError, match="is damaged"):
        Runner.load(copy)
    assert time.monotonic() - start < 1


def test_what_is_followed_is_what_is_made(made):
    """Dtype, shape and ids of every column, as `follow` foretells them, are those of real rows."""
    signature = made.signature
    runner = made.runner()
    from pipelines.device.primitives import run_primitives

    columns = run_primitives(signature.primitives, runner.read(read_golden_rows(made.folder))[0])
    for name, flow in follow(signature.columns, signature.primitives).items():
        x = columns[name]
        assert x.shape[1:] == flow.shape, name
        assert {"text": "O", "string": "T", "date": "M"}.get(
            flow.dtype, x.dtype.kind
        ) == x.dtype.kind, name
        assert flow.dtype != "int32" or (x.min() >= 0 and x.max() < flow.num_ids), name
    assert Signature.from_json(json.loads(json.dumps(signature.to_json()))) == signature
