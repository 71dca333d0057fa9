"""Occlusion and gradients, on functions whose parts are known."""

import numpy as np
import pytest

from pipelines.studies.interpret.focus import Focus
from pipelines.studies.interpret.gradients import incompleteness, integrated_gradients
from pipelines.studies.interpret.occlusion import occluded_picture
from pipelines.studies.interpret.word_marks import mean_by_word


def product(inputs):
    one, two = inputs["one"], inputs["two"]
    return (one * two)[:, 0], {"one": two, "two": one}


def test_a_product_is_shared_and_adds_up():
    inputs = {"one": np.full((2, 1), 2.0), "two": np.full((2, 1), 3.0)}
    nothing = {name: np.zeros((1, 1)) for name in inputs}
    found, difference = integrated_gradients(product, inputs, nothing)
    assert difference.tolist() == [6, 6]
    np.testing.assert_allclose(found["one"], 3)
    np.testing.assert_allclose(found["two"], 3)
    assert incompleteness(found, difference) < 1e-6


def test_a_step_that_gradients_do_not_see_is_measured():
    def step(inputs):
        return (inputs["x"][:, 0] > 1).astype(float), {"x": np.zeros_like(inputs["x"])}

    found, difference = integrated_gradients(
        step, {"x": np.full((3, 1), 2.0)}, {"x": np.zeros((1, 1))}
    )
    assert incompleteness(found, difference) == pytest.approx(1)


def test_hiding_the_only_bright_pixel_takes_the_answer():
    pixels = np.zeros((14, 14, 1), np.uint8)
    pixels[9, 4] = 255
    found = occluded_picture(
        lambda pictures: pictures[:, 9, 4, 0] / 255, pixels, np.zeros(1, np.uint8)
    )
    assert found.argmax() == 9 * 14 + 4 and found[9, 4] == 1 and found[0, 0] == 0


def test_words_are_averaged_where_they_stand_often():
    marks = [("often", 1.0), ("often", 0.0), ("often", -4.0), ("rare", 9.0)]
    (word,) = mean_by_word(marks)
    assert word.line == ("often", "-1.0000", "3")


def test_the_number_looked_at_is_that_of_the_first_answer():
    from pipelines.device.answers import Answers

    scores = np.array([[0.2, 0.8], [0.6, 0.4]])
    focus = Focus(np.array([1]))
    assert focus.repeated(2).numbers(Answers(None, scores, scores)).tolist() == [0.8, 0.4]
    values = np.array([[1.0, 3.0]])
    assert Focus(None).numbers(Answers(None, values, values)).tolist() == [2]
