"""Bundles of earlier formats are read as what they meant."""

import json
from pathlib import Path

import numpy as np
import pytest

from pipelines.bundle.folder import read_golden_rows
from pipelines.device import DeviceError, Runner
from pipelines.device.formats import (
    ADDED_TO_COLUMNS,
    ADDED_TO_FRAME,
    ADDED_TO_SIGNATURE,
    FORMAT_VERSION,
)
from pipelines.device.rules import RULES
from pipelines.device.signature import Signature
from tests.altered import alter, copy_of

FORMAT_1 = sorted(Path(__file__).with_name("format_1").glob("*.json"))


@pytest.mark.parametrize("path", FORMAT_1, ids=lambda path: path.stem)
def test_a_signature_of_format_1_is_read(path):
    values = json.loads(path.read_text())
    assert values["format_version"] == 1
    signature = Signature.from_json(values)
    written = signature.to_json()
    assert written["format_version"] == FORMAT_VERSION
    assert [column.name for column in signature.columns] == [
        column["name"] for column in values["columns"]
    ]


def as_format_1(values):
    """Today's signature as format 1 would have written it."""

    def without(part, added):
        return {name: value for name, value in part.items() if name not in added}

    rules = json.loads(FORMAT_1[0].read_text())["rules"]
    values = {
        **without(values, ADDED_TO_SIGNATURE),
        "format_version": 1,
        "rules": {name: text for name, text in RULES.items() if name in rules},
    }
    return {
        **values,
        "columns": [without(column, ADDED_TO_COLUMNS) for column in values["columns"]],
        "frame": values["frame"] and without(values["frame"], ADDED_TO_FRAME),
    }


def test_a_bundle_of_format_1_predicts(bundle, tmp_path):
    copy = copy_of(bundle, tmp_path / "copy")
    rows = read_golden_rows(bundle.folder)
    values = as_format_1(json.loads((copy / "signature.json").read_text()))
    alter(copy, "signature.json", json.dumps(values))
    answers = Runner.load(copy).predict(rows)
    before = Runner.load(bundle.folder).predict(rows)
    np.testing.assert_array_equal(answers.raw, before.raw)
    assert answers.labels.tolist() == before.labels.tolist()


@pytest.mark.parametrize("version", [0, 3, True, 1.0, "1", None])
def test_other_formats_are_refused(bundle, tmp_path, version):
    copy = copy_of(bundle, tmp_path / "copy")
    values = {**json.loads((copy / "signature.json").read_text()), "format_version": version}
    alter(copy, "signature.json", json.dumps(values))
    with pytest.raises(DeviceError, match="format"):
        Runner.load(copy)
