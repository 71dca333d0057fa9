"""Every peer on every kind of rows: it answers in the form of a device, refuses what it does not
suit, learns nothing from test rows and draws the same each time.
"""

from dataclasses import replace

import numpy as np
import pytest

from pipelines.device.target import Target
from pipelines.errors import LeakError
from pipelines.peers import PEERS, anomalies, forecasts, tables
from pipelines.peers.alongside import fit_peer, most_rows
from pipelines.peers.members import suiting
from pipelines.rows.parts import HeldOut
from pipelines.rows.sketch import sketch_of
from pipelines.tabular import plain_features
from pipelines.tasks import task_of
from tests.contracts import framed_samples, samples
from tests.contracts.samples import NUM_ROWS

THREE = Target("y", "multiclass", ("a", "b", "c"))
SETS = Target("y", "multilabel", ("a", "b"), separator=";")
NUMBER = Target("y", "regression")
# A target, and y of the rows.
TARGETS = {
    "binary": {},
    "three": {"target": THREE, "y": np.arange(NUM_ROWS) // 2 % 3},
    "sets": {"target": SETS, "y": np.stack([np.arange(NUM_ROWS) // k % 2 for k in (3, 7)], axis=1)},
    "number": {"target": NUMBER, "y": np.linspace(0, 9, NUM_ROWS)},
}
ROWS = {
    f"{make.__name__}-{name}": (make, given)
    for make in samples.SAMPLES
    for name, given in TARGETS.items()
}
SPELLED = Target("y", "spelled", characters="ab", positions=2)
ROWS["texts-spelled"] = (
    samples.texts,
    {"target": SPELLED, "y": np.stack([np.arange(NUM_ROWS) // k % 3 for k in (3, 7)], axis=1)},
)
FRAMED = {make.__name__: (make, {}) for make in (framed_samples.forecast, framed_samples.segments)}
# Loads a network: it has a test of its own.
SLOW = ("linear model of pretrained features",)


@pytest.fixture(autouse=True)
def _few_trees(monkeypatch):
    """What is looked at here does not depend on how many trees there are."""
    monkeypatch.setattr(tables, "NUM_TREES", 10)
    monkeypatch.setattr(plain_features, "NUM_ITERATIONS", 10)
    monkeypatch.setattr(forecasts, "NUM_ITERATIONS", 10)
    monkeypatch.setattr(anomalies, "NUM_TREES", 10)


def parts_of(name):
    make, given = (ROWS | FRAMED)[name]
    return make(**given).splits()


def sketch(parts):
    schema = parts.train.schema
    return sketch_of(schema, task_of(schema.target))


def peers_for(parts):
    found = suiting(sketch(parts))
    return [peer for peer in found if peer.name not in SLOW and not peer.lacks()]


def fitted(peer, parts, most=10_000):
    found, _ = fit_peer(peer, parts.train, parts.valid, threshold="macro_f1", most=most)
    return found


@pytest.mark.parametrize("name", [*ROWS, *FRAMED])
def test_answers_have_the_form_of_a_device(name):
    parts = parts_of(name)
    target = parts.train.schema.target
    task = task_of(target)
    peers = peers_for(parts)
    assert peers
    for peer in peers:
        answers = fitted(peer, parts).answers(parts.test)
        assert answers.scores.dtype == np.float64 and np.isfinite(answers.scores).all()
        assert len(answers.scores) == len(parts.test)
        scores = task.plain_scores(parts.test.y, answers, target)
        metric = task.baseline_metric(task.usual_deciding(target))
        assert metric in scores
        if task.has_classes:
            np.testing.assert_allclose(answers.scores.sum(axis=1), 1)
            assert set(answers.labels) <= set(target.labels)
        ahead = task.margin(
            parts.test.y, answers, answers, target, metric=metric, seed=0, num_draws=3
        )
        assert ahead.value == 0 or np.isnan(ahead.value)


@pytest.mark.parametrize(
    "name", ["table-binary", "texts-binary", "texts-spelled", "series-three", *FRAMED]
)
def test_changed_test_rows_change_no_fitted_peer(name):
    """The answer to a test row is the same, to the bit, whatever the other test rows hold."""
    parts = parts_of(name)
    test = parts.test
    half = np.arange(len(test)) % 2 == 0
    donors = np.resize(np.flatnonzero(~half), half.sum())
    other = {}
    for column, x in test.x.items():
        other[column] = x.copy()
        other[column][half] = x[donors]
    altered = HeldOut(x=other, y=test.y[::-1].copy(), ids=test.ids, schema=test.schema)
    for peer in peers_for(parts):
        before = fitted(peer, parts).answers(test)
        after = fitted(peer, replace(parts, test=altered)).answers(altered)
        np.testing.assert_array_equal(before.scores[~half], after.scores[~half])


@pytest.mark.parametrize("peer", PEERS, ids=lambda peer: peer.name)
def test_learns_from_a_train_set_only(peer):
    for name in ("table-binary", "texts-binary", "series-binary", "pictures-binary", *FRAMED):
        parts = parts_of(name)
        with pytest.raises(LeakError, match="a HeldOut was handed to"):
            peer.fit(parts.test)
        assert isinstance(peer.suits(sketch(parts)), str)


def test_each_kind_of_rows_has_peers_of_its_own():
    of_rows = {name: {peer.name for peer in suiting(sketch(parts_of(name)))} for name in FRAMED}
    for make in samples.SAMPLES:
        name = f"{make.__name__}-binary"
        of_rows[make.__name__] = {peer.name for peer in suiting(sketch(parts_of(name)))} - {"prior"}
    every = [peer for found in of_rows.values() for peer in found]
    num_spelling = sum(peer.spells for peer in PEERS)
    assert len(every) == len(set(every)) == len(PEERS) - 1 - num_spelling
    assert "histogram gradient boosting" in of_rows["table"]
    assert "gradient boosting of lags and calendar" in of_rows["forecast"]
    assert of_rows["segments"] == {"isolation forest"}


def test_a_sample_is_drawn_where_rows_would_take_too_long():
    parts = parts_of("table-three")
    for peer in peers_for(parts):
        assert most_rows(peer, parts.train) > len(parts.train)
        few, num_rows = fit_peer(peer, parts.train, parts.valid, threshold="none", most=40)
        again, _ = fit_peer(peer, parts.train, parts.valid, threshold="none", most=40)
        assert 35 <= num_rows <= 45
        one, other = few.answers(parts.test), again.answers(parts.test)
        np.testing.assert_array_equal(one.scores, other.scores)


def test_the_estimate_grows_with_rows_and_columns_alone():
    """No clock is asked: a slow machine must not change a report."""
    parts = parts_of("table-binary")
    for peer in peers_for(parts):
        assert most_rows(peer, parts.train) == most_rows(peer, parts.train.take(np.arange(9)))
    wide = parts.train.with_columns(
        {f"{name}{place}": x for place in range(50) for name, x in parts.train.x.items()}
    )
    for peer in peers_for(parts)[1:]:
        assert most_rows(peer, wide) < most_rows(peer, parts.train)


@pytest.mark.parametrize("name", ["table-binary", "table-number", *FRAMED])
def test_columns_without_a_value_in_training_are_answered(name):
    """scikit-learn's histograms fail on a feature that has none."""
    parts = parts_of(name)
    for column, x in parts.train.x.items():
        if x.dtype.kind == "f" and column != parts.train.schema.target.name:
            x[:] = np.nan
    for peer in peers_for(parts):
        outputs = fitted(peer, parts).outputs(parts.test)
        assert len(outputs) == len(parts.test) and not np.isnan(outputs).any()


def test_hardly_known_features():
    x = np.full((100, 3), np.nan)
    x[:, 0] = 1.0
    x[:9, 1] = 1.0
    assert list(plain_features.hardly_known(x)) == [False, True, True]
    assert list(plain_features.hardly_known(x[:9])) == [False, False, True]
