"""The rate finder: what it reads from a curve, and one on real rows."""

import math
from dataclasses import replace

import numpy as np
import pytest

from pipelines import catalog
from pipelines.errors import RecipeError
from pipelines.recipe import tiny
from pipelines.studies.find_rate import RateCurve, find_rate, write_picture


def curve_of(lowest_at, *, low=1e-6, high=1.0, num_steps=300):
    """Losses that fall to a rate and rise from there on."""
    rates = low * (high / low) ** (np.arange(num_steps) / num_steps)
    losses = 1 + np.abs(np.log10(rates) - math.log10(lowest_at))
    return RateCurve("curve", rates, losses, 0, 100)


def test_the_rate_suggested_is_a_tenth_of_that_with_the_lowest_loss():
    curve = curve_of(1e-2)
    assert curve.lowest() == pytest.approx(1e-2, rel=0.1)
    assert curve.suggested() == pytest.approx(1e-3, rel=0.1)
    assert curve.caution() == "" and len(curve.smoothed()) == 300


@pytest.mark.parametrize(("lowest_at", "word"), [(1e-7, "--low"), (10.0, "--high")])
def test_a_curve_without_both_sides_is_named(lowest_at, word):
    assert word in curve_of(lowest_at).caution()


@pytest.mark.full
def test_on_real_rows_it_ends_where_the_loss_has_left(tmp_path):
    recipe = replace(tiny(catalog.RECIPES["penguins_mlp"]), teacher=None)
    curve = find_rate(recipe, low=1e-4, high=100.0, num_steps=120)
    assert 20 <= len(curve.losses) < 120 and np.isfinite(curve.losses).all()
    assert curve.losses[-1] > 2 * curve.smoothed().min()
    assert curve.rates[0] == 1e-4 and curve.rates[1] / curve.rates[0] == pytest.approx(
        1e6 ** (1 / 120)
    )
    assert 1e-4 < curve.suggested() < 1.0
    again = find_rate(recipe, low=1e-4, high=100.0, num_steps=120)
    np.testing.assert_array_equal(curve.losses, again.losses)
    assert write_picture(curve, tmp_path).read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("name", "knobs", "word"),
    [
        ("remarks_linear", {}, "solved for"),
        ("penguins_mlp", {"low": 1.0, "high": 0.1}, "rates from 1 to 0.1"),
    ],
)
def test_what_has_no_curve_is_refused_before_a_row_is_read(name, knobs, word):
    with pytest.raises(RecipeError, match=word):
        find_rate(catalog.RECIPES[name], **knobs)
