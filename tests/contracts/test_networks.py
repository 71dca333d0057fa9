"""Every network: builds for rows that it suits, from its seed alone; learns, converts to int8, and
there gives the answers of Keras.
"""

import re
from functools import cache

import numpy as np
import pytest

from pipelines import slots, steps
from pipelines.errors import RecipeError
from pipelines.recipe import Judge, Recipe, Shipping
from pipelines.rows.sketch import sketch_of
from pipelines.rows.split import SplitGiven
from pipelines.run import fit, judge, settle, ship
from pipelines.tabular import LoadTable, Mlp
from pipelines.tasks import task_of
from pipelines.training.training import Training
from tests.contracts.framed_samples import EVERY_SAMPLE
from tests.contracts.samples import members, name_of, with_defaults

# What they need no small rows have; their own tests run them.
NEED_MORE = {"Head": "a part of another network", "EarlierModel": "a bundle that was written"}
# The nets that an ensemble is made of.
GIVEN = {"of": Mlp(), "teacher": Mlp(widths=())}
NETWORKS = [kind for kind in members(slots.Network) if kind.__name__ not in NEED_MORE]
BY_KIND = pytest.mark.parametrize("kind", NETWORKS, ids=name_of)


@cache
def sample_of(make):
    return make()


@cache
def signature_of(make):
    sample = sample_of(make)
    fitted, encoded = steps.fit_steps(sample.encode, sample.splits().train)
    return steps.make_signature(fitted, (), encoded)


def suited(network):
    """The makers of the samples that a network suits."""
    return [make for make in EVERY_SAMPLE if not network.suits(sample_of(make).sketch())]


def built(network, make, seed):
    """The weights of the model as it is built, after it was used on two rows."""
    signature = network.with_inputs(signature_of(make))
    model = network.build(signature, seed=seed)
    assert {each.name for each in model.inputs} == {port.name for port in signature.inputs}
    rows = steps.to_ports(signature, sample_of(make).splits().train).take(np.arange(2))
    inputs = {
        name: x.astype(x.dtype.name.replace("uint8", "float32")) for name, x in rows.x.items()
    }
    outputs = np.asarray(model(inputs))
    assert outputs.shape[0] == 2 and outputs.shape[2:] == signature.output.shape
    assert np.isfinite(outputs).all()
    return model.get_weights()


def are_equal(one, other):
    return all(np.array_equal(*pair) for pair in zip(one, other, strict=True))


@BY_KIND
def test_builds_from_its_seed_alone(kind):
    network = with_defaults(kind, **GIVEN).tiny()
    makers = suited(network)
    assert makers, f"no sample of tests/contracts/ suits {network}"
    np.random.seed(1)
    weights = built(network, makers[0], seed=1)
    np.random.seed(2)
    assert are_equal(weights, built(network, makers[0], seed=1))
    for make in makers[1:]:
        built(network, make, seed=1)


@BY_KIND
def test_rows_that_do_not_suit_are_refused_before_anything_is_learned(kind):
    network = with_defaults(kind, **GIVEN).tiny()
    makers = suited(network)
    others = [make for make in EVERY_SAMPLE if make not in makers]
    assert others
    for make in others:
        schema = sample_of(make).splits().train.schema
        task = task_of(schema.target)
        sketch = sketch_of(schema, task)
        for step in sample_of(make).encode:
            sketch = step.sketch(sketch)
        reason = network.suits(sketch)
        assert len(reason) > 10
        words = re.escape(str(reason))
        if task.spells:
            words += "|build for a target that is spelled"  # which the task itself reports first
        with pytest.raises(RecipeError, match=words):
            settle(recipe_of(network, make), schema)


# Their batch normalization has a momentum of .999: after one epoch every row gets one answer, and
# the threshold is a tie. Their outputs are held against Keras', not their labels.
ONE_ANSWER = ("KerasApplication",)


def least_agreement(network):
    if type(network).__name__ in ONE_ANSWER:
        return 0.0
    return Judge().min_agreement


# It rounds what it reads, in Keras too; the float32 file does not, and one row of noise in 24 may
# get another label.
ROUNDED = ("MiniRocket",)


def least_float_agreement(network):
    if type(network).__name__ in ROUNDED:
        return 0.9
    return 0.99


def recipe_of(network, make):
    return Recipe(
        name="contract",
        about="",
        load=LoadTable("none.csv", "y"),
        split=SplitGiven(),
        frame=sample_of(make).frame,
        encode=sample_of(make).encode,
        build=network,
        training=Training(epochs=1, batch_size=24),
        judge=Judge(tolerance=1.0, beside=False, min_agreement=least_agreement(network)),
        shipping=Shipping(),
    )


# The first network of each kind of rows, which the normal run trains.
FIRST = ("Mlp", "Cnn", "AveragedEmbeddings", "NLinear", "SeriesFcn", "Autoencoder")


def marked():
    """Every network; those that are not the first of their rows are for the full run."""
    cases = []
    for kind in NETWORKS:
        marks = ()
        if kind.__name__ not in FIRST:
            marks = (pytest.mark.full,)
        cases.append(pytest.param(kind, marks=marks, id=kind.__name__))
    return cases


def test_the_normal_run_has_a_network_of_each_sample():
    covered = set()
    for kind in NETWORKS:
        if kind.__name__ in FIRST:
            covered.update(suited(with_defaults(kind, **GIVEN).tiny()))
    assert covered == set(EVERY_SAMPLE)


@pytest.mark.parametrize("kind", marked())
def test_trains_converts_and_agrees(kind):
    network = with_defaults(kind, **GIVEN).tiny()
    make = suited(network)[0]
    recipe = recipe_of(network, make)
    parts = sample_of(make).splits()
    trained = fit(recipe, parts.train, parts.valid)
    assert np.isfinite(trained.validation_score)
    shipped = ship(recipe, trained)
    evaluation = judge(recipe, shipped, parts.test)
    assert evaluation.failed == ""
    forms = {rung.form: rung for rung in evaluation.rungs}
    assert {"keras", "litert_float32", "litert_int8"} <= forms.keys()
    if kind.__name__ in ONE_ANSWER:
        assert np.ptp(evaluation.answers["keras"].scores, axis=0).max() < 1e-3
        assert forms["litert_float32"].largest_difference < 1e-3
    else:
        assert forms["litert_float32"].agreement >= least_float_agreement(network)
