"""Workers that train together come to the losses of one process."""

import signal
import sys
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from pipelines import catalog
from pipelines.balance import WeightByClass
from pipelines.device.signature import Signature
from pipelines.engine import group as groups
from pipelines.engine.cache import caching
from pipelines.engine.group import Group, training_in
from pipelines.errors import RecipeError
from pipelines.recipe import tiny
from pipelines.rows.parts import HeldOut, Schema, TrainSet, UnlabelledRows
from pipelines.run import fit, frame, read, settle, split
from pipelines.studies.group_worker import MODULE
from pipelines.tabular import Mlp
from pipelines.text import TextCnn
from pipelines.training.feed import TrainFeed
from pipelines.training.group_request import read_request, write_request
from pipelines.training.optimizers import Sgd
from pipelines.training.training import Training


def test_a_request_comes_back_as_it_was(tmp_path, bundle):
    signature = bundle.signature
    schema = Schema((), signature.target)
    x = {port.name: np.ones((4, *port.shape), np.float32) for port in signature.inputs}
    y = np.array([0, 1, 0, 1])
    ids = np.arange(4)
    train = TrainSet(
        x=x,
        y=y,
        ids=ids,
        schema=schema,
        weight=np.array([1, 2, 1, 2], np.float32),
        unlabelled=UnlabelledRows(x),
        logit_shift=np.array([0.5], np.float32),
    )
    asked = {
        "network": Mlp(widths=(8,)),
        "feed": TrainFeed(train, np.ones((4, 1), np.float32)),
        "valid": HeldOut(x=x, y=y, ids=ids + 4, schema=schema),
        "signature": signature,
        "training": Training(strategy="multiworker", epochs=3),
        "deciding": "average_precision",
    }
    write_request(tmp_path, asked)
    again = read_request(tmp_path, catalog.SPECS)
    for name in ("network", "training", "deciding"):
        assert again[name] == asked[name]
    assert isinstance(again["signature"], Signature)
    assert again["signature"].to_json() == signature.to_json()
    np.testing.assert_array_equal(again["feed"].rows.weight, train.weight)
    np.testing.assert_array_equal(again["feed"].rows.logit_shift, train.logit_shift)
    np.testing.assert_array_equal(again["feed"].soft_labels, asked["feed"].soft_labels)
    assert len(again["feed"].rows.unlabelled) == 4
    assert isinstance(again["valid"], HeldOut)


def test_the_strategy_alone_starts_nobody():
    with pytest.raises(RecipeError, match="without workers"):
        Training(strategy="multiworker").require_device()


def recipe_of(name):
    """Dropout draws other masks in each worker; everything else must be equal."""
    recipe = tiny(catalog.RECIPES[name])
    build = recipe.build
    if name.startswith("credit"):
        build = replace(build, normalization=True, num_members=2)
        recipe = replace(recipe, teacher=None, balance=WeightByClass())
    if name.startswith("remarks"):
        # Pretraining is left out: each replica takes the mean over its own masked tokens.
        build = replace(TextCnn().tiny(), embedding_dropout=0.0)
    if name.startswith("emoji"):
        # Statistics over replicas are means of squares less squares of means, which round more.
        build = replace(build, normalization=False)
    if "dropout" in vars(build):
        build = replace(build, dropout=0.0)
    # No batch size that the rows divide by.
    training = replace(recipe.training, epochs=3, batch_size=54)
    if name.startswith("emoji"):
        # Adam divides by the size of a gradient: the rounding of a tiny one becomes a whole step.
        training = replace(training, epochs=2, optimizer=Sgd(learning_rate=0.01))
    return replace(recipe, build=build, training=training)


def fitted(recipe):
    splits = frame(recipe, split(recipe, read(recipe).dataset))
    recipe = settle(recipe, splits.train.schema)
    return fit(recipe, splits.train, splits.valid)


def together(recipe, folder, *, engine="local"):
    training = replace(recipe.training, strategy="multiworker")
    with training_in(Group(2, MODULE, engine)), caching(folder, "a test"):
        return fitted(replace(recipe, training=training))


def assert_alike(one, other):
    assert one.history.keys() == other.history.keys()
    for name in ("loss", "val_loss"):  # a label that flips makes a metric jump
        found = other.history[name]
        np.testing.assert_allclose(one.history[name], found, atol=1e-5, rtol=1e-5)


NAMES = ("penguins_mlp", "credit_mlp", "emoji_cnn", "remarks_cnn", "glucose_mlp")


@pytest.mark.full
@pytest.mark.parametrize("name", NAMES)
def test_two_workers_have_the_losses_of_one_process(name, tmp_path):
    recipe = recipe_of(name)
    assert_alike(fitted(recipe), together(recipe, tmp_path))


@pytest.mark.full
@pytest.mark.parametrize("rank", [0, 1])
def test_a_killed_worker_costs_nothing_but_time(rank, tmp_path, monkeypatch, capfd):
    recipe = recipe_of("penguins_mlp")
    recipe = replace(recipe, training=replace(recipe.training, epochs=40))
    whole = together(recipe, tmp_path / "whole")
    start = groups._LocalRanks.start
    killed = SimpleNamespace(done=False)

    def start_and_kill(ranks):
        start(ranks)
        ranks.wait_as_before = ranks.wait

        def wait():
            while not killed.done:
                stored = list((ranks.folder / "epochs").glob("fit*"))
                if stored:
                    ranks.workers.processes[rank].send_signal(signal.SIGKILL)
                    killed.done = True
            return ranks.wait_as_before()

        ranks.wait = wait

    monkeypatch.setattr(groups._LocalRanks, "start", start_and_kill)
    again = together(recipe, tmp_path / "killed")
    assert killed.done and "was lost by" in capfd.readouterr().err
    assert whole.history == again.history
    for one, other in zip(whole.model.get_weights(), again.model.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.full
@pytest.mark.skipif(sys.platform == "win32", reason="Ray's clusters of one machine")
def test_two_actors_of_ray_have_the_losses_of_one_process(tmp_path, cluster):
    cluster.add_node(num_cpus=2)
    cluster.wait_for_nodes()
    recipe = recipe_of("penguins_mlp")
    assert_alike(fitted(recipe), together(recipe, tmp_path, engine="ray"))


def test_launch_passes_the_words_on(command):
    words = ("run", "penguins_mlp", "--set", "split.seed=1")
    code, _, error = command("launch", "--workers", "1", *words)
    assert code and "1 workers" in error
