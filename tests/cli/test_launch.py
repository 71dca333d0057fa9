"""`launch`: what is refused before a command begins."""

import pytest
from typer.testing import CliRunner

from pipelines.cli.app import app
from pipelines.errors import RecipeError


@pytest.mark.parametrize(
    "words",
    [
        ["--strategy", "cpu"],
        ["--strategy=gpu"],
        ["--set", "training.strategy=mirrored"],
        ["--set=training.strategy=one_device"],
    ],
    ids=" ".join,
)
def test_a_strategy_would_have_no_effect(words):
    found = CliRunner().invoke(app, ["launch", "--workers", "2", "run", "birds_mlp", *words])
    assert isinstance(found.exception, RecipeError)
    assert "a command without a strategy" in str(found.exception)
    assert "without launch" in str(found.exception)


@pytest.mark.parametrize("name", ["list", "predict", "launch"])
def test_a_command_that_trains_nothing_together(name):
    """The option that it lacks is not one that the user gave."""
    found = CliRunner().invoke(app, ["launch", "--workers", "2", name, "birds_mlp"])
    assert isinstance(found.exception, RecipeError)
    assert f"launch of the command {name}" in str(found.exception)


def test_another_word_is_no_command():
    found = CliRunner().invoke(app, ["launch", "--workers", "2", "tabel", "birds_mlp"])
    assert "No such command 'tabel'" in found.output + str(found.exception)
