"""Pieces of single answers, by hand: edges, products of a net, mirrored words, nearest means."""

from types import SimpleNamespace

import numpy as np
import pytest

from pipelines.answers.frame.cost import multiplications, rounded
from pipelines.answers.frame.edges import DIRECTIONS, EdgePeer
from pipelines.answers.frame.mirrored import num_letters, share_mirrored
from pipelines.answers.frame.new_classes import nearest_mean


def test_an_upright_edge_has_one_direction():
    pixels = np.zeros((2, 16, 16, 1), np.uint8)
    pixels[0, :, 8:] = 200
    pixels[1, 8:] = 200
    features = EdgePeer().reader()(pixels).reshape(2, 4, 4, DIRECTIONS)
    upright, level = features
    assert upright.sum(axis=(0, 1)).nonzero()[0].size == 1
    assert upright.sum(axis=(0, 2)).nonzero()[0].tolist() == [1, 2]
    assert level.sum(axis=(1, 2)).nonzero()[0].tolist() == [1, 2]
    assert not np.array_equal(upright.sum(axis=(0, 1)), level.sum(axis=(0, 1)))
    assert np.linalg.norm(features[0]) == pytest.approx(1)


def test_products_of_a_net():
    import keras

    inputs = keras.Input((4, 4, 1))
    x = keras.layers.Conv2D(2, 3, padding="same")(inputs)
    x = keras.layers.DepthwiseConv2D(3, strides=2, padding="same")(x)
    outputs = keras.layers.Dense(3)(keras.layers.Flatten()(x))
    of_layers = (16 * 9 * 2, 4 * 9 * 2, 8 * 3)
    assert multiplications(keras.Model(inputs, outputs)) == sum(of_layers)


def test_kernels_are_rounded_by_output():
    kernel = np.random.default_rng(0).normal(size=(3, 3, 2, 4)) * np.array([1, 10, 0.1, 0])
    values, scale = rounded(kernel)
    assert (
        values.dtype == np.int8
        and np.abs(values[..., :3]).max(axis=(0, 1, 2)).tolist() == [127] * 3
    )
    assert np.all(np.abs(values * scale - kernel) <= scale / 2 + 1e-12)


def test_what_is_read_of_mirrored_words():
    y = np.full((2, 10), 26)
    y[0, :3] = (2, 1, 0)
    y[1, :4] = (3, 2, 1, 0)
    target = SimpleNamespace(characters="abcdefghijklmnopqrstuvwxyz")
    rows = SimpleNamespace(
        test=SimpleNamespace(y=y),
        signature=SimpleNamespace(target=target),
    )
    assert num_letters(rows).tolist() == [3, 4]
    read = np.zeros((2, 10, 10))
    read[:, np.arange(10), np.arange(10)[::-1]] = 1
    assert share_mirrored(rows, read) == 1
    read[0, 0] = np.eye(10)[0]  # of seven letters one is read from another place
    assert share_mirrored(rows, read) == pytest.approx(6 / 7)


def test_the_nearest_mean_of_pixels():
    corners = np.array([[0, 0], [0, 9], [9, 0], [9, 9]], np.float32)
    shown = {"p": np.concatenate([corners - 1, corners + 1])}
    y = np.tile(np.arange(4), 2)
    asked = {"p": corners[::-1] + 2}
    assert nearest_mean(shown, y, asked).tolist() == [3, 2, 1, 0]
