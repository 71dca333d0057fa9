"""Rates by group, calibration and partial dependence, each against what is known or published."""

from pathlib import Path

import numpy as np
import pytest

from pipelines.report.figures import Picture
from pipelines.studies.interpret.columns import Binned
from pipelines.studies.interpret.dependence import dependence, points_of
from pipelines.studies.interpret.groups import gaps
from pipelines.studies.interpret.interpret import Interpretation
from pipelines.studies.interpret.intervals import mean_interval, share_interval
from pipelines.studies.interpret.page import page
from pipelines.studies.interpret.probabilities import calibration_error, chance_error, reliability
from pipelines.studies.interpret.reading import NotRead, Reading


def test_a_gap_between_groups_is_found_with_its_size():
    generator = np.random.default_rng(0)
    groups = Binned(("x", "y", "few"), np.repeat([0, 1, 2], [500, 500, 5]))
    shares = np.where(groups.codes == 1, 0.4, 0.2)
    values = (generator.random(1005) < shares).astype(float)
    free = (generator.random(1005) < 0.5).astype(float)
    found, other = gaps(groups, {"rate": values, "free": free})
    assert found.p_value < 0.001 and other.p_value > 0.05
    assert [each.group for each in found.counted] == ["x", "y"]
    assert found.size == pytest.approx(values[500:1000].mean() - values[:500].mean())
    rate = found.rates[0]
    assert rate.low < rate.value < rate.high and rate.num_rows == 500


def test_wilson_as_in_newcombe_1998():
    """Newcombe (1998), table I: 81 of 263 gives .2553 to .3662."""
    values = np.repeat([1.0, 0.0], [81, 182])
    share, low, high = share_interval(values)
    assert (round(low, 4), round(high, 4)) == (0.2553, 0.3662) and share == 81 / 263
    assert share_interval(np.zeros(20))[1] == 0
    mean, low, high = mean_interval(np.array([1.0, 2.0, 3.0]))
    assert mean == 2 and high - mean == pytest.approx(4.302653 / np.sqrt(3))


def test_a_reliability_curve_of_scikit_learn():
    from sklearn.calibration import calibration_curve

    generator = np.random.default_rng(0)
    probability = generator.random(1000)
    truth = generator.random(1000) < probability**2
    curve = reliability(truth, probability)
    observed, predicted = calibration_curve(truth, probability, n_bins=10, strategy="quantile")
    assert np.allclose([each.predicted for each in curve], predicted, atol=0.005)
    assert np.allclose([each.observed for each in curve], observed, atol=0.02)
    assert calibration_error(truth, probability) > 2 * chance_error(probability, seed=0)
    fair = generator.random(1000) < probability
    assert calibration_error(fair, probability) < chance_error(probability, seed=0)


def test_partial_dependence_as_scikit_learn_has_it():
    from sklearn.inspection import partial_dependence
    from sklearn.linear_model import LogisticRegression

    generator = np.random.default_rng(0)
    x = generator.normal(size=(80, 2))
    model = LogisticRegression().fit(x, x[:, 0] + x[:, 1] > 0)

    def answer(columns):
        return model.predict_proba(np.stack([columns["a"], columns["b"]], axis=1))[:, 1:]

    values = np.array([-1.0, 0.0, 2.0])
    found = dependence(answer, {"a": x[:, 0], "b": x[:, 1]}, "a", values)
    wanted = partial_dependence(
        model, x, [0], kind="both", custom_values={0: values}, response_method="predict_proba"
    )
    np.testing.assert_allclose(found.means[:, 0], wanted["average"][0])
    np.testing.assert_allclose(found.answers[:, :, 0], wanted["individual"][0])
    assert found.crossing > 0


def test_a_column_that_adds_the_same_to_every_row_has_no_crossing():
    columns = {"a": np.arange(5.0), "b": np.arange(5.0) ** 2}
    found = dependence(lambda x: (x["a"] + x["b"])[:, None], columns, "a", np.arange(3.0))
    assert found.crossing == pytest.approx(0) and found.range == pytest.approx(2)


def test_points_are_quantiles_of_numbers_and_frequent_words():
    assert points_of(np.arange(1000.0), "numeric").tolist()[::14] == [19, 979]
    words = np.array(["b", "a", "a", None], object)
    assert points_of(words, "categorical").tolist() == ["a", "b"]


def test_the_page_escapes_what_comes_from_the_data():
    bad = "<script>alert(1)</script>\u202e"
    picture = Picture("picture", lambda axes: axes.plot([0, 1]))
    reading = Reading(bad, bad, (bad,), ((bad,),), (picture,), bad)
    shown = page(Interpretation(bad, bad, (reading,), (NotRead(bad, bad),), Path("x")))
    assert "<script" not in shown and "\u202e" not in shown
    assert shown.count("&lt;script&gt;") == 10 and "data:image/png;base64," in shown
