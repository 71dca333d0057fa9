"""Hostile tables end in a sound result, with what was seen, or in an error before an epoch."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from pipelines.cli.table import ColumnOptions
from pipelines.errors import PipelineError
from pipelines.peers import answer_outside
from pipelines.report.screening import screen_rows
from pipelines.report.terminal import print_screening
from pipelines.run import read, settle, split
from pipelines.training.inputs import fit_inputs
from tests.tabular.hostile_tables import HOSTILE

BY_NAME = {table.name: table for table in HOSTILE}


def file_of(table, folder: Path) -> Path:
    path = folder / f"{table.name}.csv"
    path.write_text(table.write(), newline="")
    return path


def columns_of(options) -> ColumnOptions:
    """The options of `table` as it gets them."""
    given = dict(zip(options[::2], options[1::2], strict=True))
    return ColumnOptions(
        target=[given["--target"]],
        group=[given["--group"]] if "--group" in given else None,
        time=given.get("--time", ""),
    )


def up_to_training(table, folder):
    """Takes every stage before training, without TensorFlow."""
    (first, *_) = columns_of(table.options).candidates(str(file_of(table, folder)), "")
    recipe = first.recipe
    data = read(recipe)
    parts = split(recipe, data.dataset)
    recipe = settle(recipe, parts.train.schema)
    screening = screen_rows(parts, recipe.encode, answers=answer_outside(parts.train))
    print_screening(screening)
    fit_inputs(recipe, parts.train, parts.valid)


# 5,000 columns take a while to read.
SLOW = {"wide"}
NAMES = [pytest.param(name, marks=pytest.mark.full) if name in SLOW else name for name in BY_NAME]


@pytest.mark.parametrize("name", NAMES)
def test_what_is_seen_before_training(name, tmp_path, capsys):
    table = BY_NAME[name]
    if table.error:
        with pytest.raises(PipelineError, match=re.escape(table.error)) as refused:
            up_to_training(table, tmp_path)
        assert "expected: " in str(refused.value) and "fix: " in str(refused.value)
        return
    up_to_training(table, tmp_path)
    printed = capsys.readouterr().out
    for part in table.seen:
        assert part in printed


LEARNED = [table.name for table in HOSTILE if not table.error]
REFUSED = [table.name for table in HOSTILE if table.error]


def run_command(table, folder):
    """Runs the command `table` as a person does."""
    words = [sys.executable, "-m", "pipelines", "table", str(file_of(table, folder))]
    words += [*table.options, "--quality", "fast", "--folder", str(folder / "models")]
    return subprocess.run(words, capture_output=True, text=True, check=False)


@pytest.mark.full
@pytest.mark.parametrize("name", LEARNED)
def test_a_hostile_table_ends_in_a_sound_result(name, tmp_path):
    """The int8 file is no worse than the prior, or a caution names that it is."""
    table = BY_NAME[name]
    done = run_command(table, tmp_path)
    assert done.returncode == 0, done.stderr[-2000:]
    for part in table.seen:
        assert part in done.stdout
    report = json.loads((tmp_path / "models" / name / "report.json").read_text())
    lines = {line["name"]: line for line in report["peers"]["lines"]}
    metric = report["peers"]["metric"]
    ours = lines["this model, int8"]["scores"][metric]
    prior = lines["prior"]["scores"][metric]
    cautions = " ".join(report["cautions"])
    assert ours >= prior or "no better than" in cautions
    for suspect in report["source"]["suspects"]:
        if suspect["gives_away"]:
            assert f"too good: {suspect['column']}" in cautions


@pytest.mark.full
@pytest.mark.parametrize("name", REFUSED)
def test_a_refused_table_costs_no_epoch(name, tmp_path):
    table = BY_NAME[name]
    done = run_command(table, tmp_path)
    assert done.returncode == 2
    assert table.error in done.stderr and "fix: " in done.stderr
    assert "epoch" not in done.stderr
