"""A line of JSON a stage, and none where none is wanted."""

import json

import pytest

from pipelines.errors import RecipeError, TrainError
from pipelines.report.stage_log import log_facts, logged_stages
from pipelines.report.stages import stage


def lines_of(path):
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def test_each_stage_leaves_a_line(tmp_path):
    path = tmp_path / "new" / "log.jsonl"
    error = TrainError("the loss is NaN", expected="a number", fix="a smaller rate")
    with pytest.raises(TrainError), logged_stages(str(path)):
        with stage("load"):
            pass
        log_facts("bundle", folder='a\n"b"')
        with stage("refit"), stage("train"):
            raise error
    load, bundle, train, refit = lines_of(path)
    assert (load["stage"], load["status"]) == ("load", "done")
    assert load["seconds"] >= 0 and load["time"].endswith("+00:00")
    assert bundle["folder"] == 'a\n"b"'
    assert (train["stage"], train["status"], train["error"]) == ("train", "failed", error.received)
    assert (refit["stage"], refit["status"]) == ("refit", "failed")


def test_a_second_run_appends(tmp_path):
    path = tmp_path / "log.jsonl"
    for name in ("load", "split"):
        with logged_stages(str(path)), stage(name):
            pass
    assert [line["stage"] for line in lines_of(path)] == ["load", "split"]


def test_no_file_no_line(tmp_path):
    with logged_stages(""), stage("load"):
        log_facts("bundle")
    assert not list(tmp_path.iterdir())


def test_a_file_that_cannot_be_written_ends_the_command_before_it_begins(tmp_path):
    with pytest.raises(RecipeError, match="directory"), logged_stages(str(tmp_path)):
        raise AssertionError("a stage began")
