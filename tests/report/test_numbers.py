"""Differences of scores as text: right for every sign, for none, and for very small ones."""

import math

import pytest

from pipelines.report.numbers import by_how_much, lead_within, signed, size_of


@pytest.mark.parametrize(
    ("ahead", "words", "cell"),
    [
        (0.0061, "better by 0.0061", "+0.0061"),
        (-0.0061, "worse by 0.0061", "−0.0061"),
        (0.0, "neither better nor worse", "0.0000"),
        (-0.0, "neither better nor worse", "0.0000"),
        (-0.00004, "worse by 4e-05", "−4e-05"),
        (0.00052, "better by 0.00052", "+0.00052"),
        (-17.543, "worse by 17.54", "−17.54"),
        (1234.56, "better by 1,234.6", "+1,234.6"),
        (-math.inf, "worse by ∞", "−∞"),
        (math.nan, "neither better nor worse", "–"),
    ],
)
def test_a_difference_has_its_sign_in_words_or_in_front(ahead, words, cell):
    assert by_how_much(ahead) == words
    assert signed(ahead) == cell
    assert size_of(ahead) == cell.lstrip("+−")


def test_the_ends_of_an_interval():
    assert lead_within(-0.0173, 0.0051) == "lead within [−0.0173, +0.0051]"
