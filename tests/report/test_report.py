"""The report as a person meets it: a browser opens the page, and its numbers are those of
report.json.
"""

import json
import re
import shutil
import subprocess

import numpy as np
import pytest

from pipelines.report.figures import picture
from pipelines.report.write import card, decision_text, number, page, to_plain

BROWSER = next(
    (path for path in map(shutil.which, ("chromium", "chromium-browser", "google-chrome")) if path),
    None,
)


def browse(path, tmp_path, *options):
    command = [
        BROWSER,
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-quic",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        f"--user-data-dir={tmp_path / 'profile'}",
        "--window-size=1200,2400",
        *options,
        f"file://{path}",
    ]
    return subprocess.run(command, capture_output=True, text=True, timeout=120)


@pytest.mark.skipif(not BROWSER, reason="needs a browser: apt-get install chromium")
def test_a_browser_opens_the_page(bundle, tmp_path):
    done = browse(bundle.folder / "report.html", tmp_path, "--dump-dom", "--enable-logging=stderr")
    dom = done.stdout
    report = bundle.report
    assert "ladder passed" in dom and "CONSOLE" not in done.stderr
    for rung in report["ladder"]:
        for metric in ("average_precision", "roc_auc", "balanced_accuracy", "macro_f1"):
            assert number(rung["scores"][metric]) in dom
        assert f"{rung['size_bytes']:,}" in dom
    assert len(re.findall(r'<img alt="[^"]+" src="data:image/png;base64,', dom)) == 6
    shot = tmp_path / "page.png"
    browse(bundle.folder / "report.html", tmp_path, f"--screenshot={shot}")
    from matplotlib.image import imread

    pixels = imread(shot)[..., :3]
    assert pixels.shape[:2] == (2400, 1200) and pixels.std() > 0.1, "a page with something on it"


def test_the_page_is_whole_in_itself(bundle):
    text = (bundle.folder / "report.html").read_text(encoding="utf-8")
    assert (
        "<script" not in text
        and not re.search(r'(src|href)="(?!data:)', text)
        and "http" not in text
    )
    for word in (
        "With and without balancing",
        "WeightByClass(strength=1.0)",
        "no balancing",
        "missing values",
        "calibration",
        "learning curves",
        "confusion matrix",
    ):
        assert word in text


def test_numbers_and_facts(bundle):
    report = bundle.report
    assert set(report["scores"]["litert_int8"]) == {
        "average_precision",
        "roc_auc",
        "balanced_accuracy",
        "macro_f1",
        "accuracy",
        "precision",
        "recall",
        "f1",
        "log_loss",
        "brier",
    }
    shipped = report["ladder"][2]
    for metric, (low, high) in shipped["intervals"].items():
        assert low <= shipped["scores"][metric] <= high
    assert sum(report["rows"][part] for part in ("train", "valid", "test")) == 2000
    assert (
        len(report["history"]["loss"]) == 2
        and sum(row["rows"] for row in report["per_class"]) == 400
    )
    text = card(report)
    assert (
        number(shipped["scores"]["average_precision"]) in text
        and "python -m pipelines.device" in text
    )
    assert json.dumps(report, allow_nan=False)


def test_names_from_a_data_set_are_escaped(bundle):
    report = {**bundle.report, "name": "<script>alert(1)</script>"}
    text = page(report, [("<b>", picture(lambda axes: None))], {"spec": "</pre><script>"})
    assert "<script" not in text and "&lt;script&gt;" in text


def test_cautions_stand_first(bundle):
    """Two epochs end too soon, and the labels of a poor model are chosen for macro F1."""
    report = bundle.report
    text = (bundle.folder / "report.html").read_text(encoding="utf-8")
    told = [caution for caution in report["cautions"] if "still rising" in caution]
    assert [caution.endswith("--set training.epochs=4") for caution in told] == [True]
    assert text.index("Cautions") < text.index("What ships") and told[0] in text
    assert "## Cautions" in (bundle.folder / "README.md").read_text(encoding="utf-8")
    assert report["constant"]["answer"] == "no effect" and report["judge"]["min_agreement"] == 0.9


def test_wide_pictures_have_a_line_of_their_own(bundle):
    drawn = [
        ("wide", picture(lambda axes: None, width=9.0, height=3.0)),
        ("square", picture(lambda axes: None)),
    ]
    text = page(bundle.report, drawn, {})
    assert text.count('<figure class="wide">') == 1 and text.count("<figure>") == 1


def test_the_card_says_how_int8_outputs_combine(bundle):
    """Whoever runs the file without the runner gets the runner's numbers."""
    text = (bundle.folder / "README.md").read_text(encoding="utf-8")
    found = re.search(r"`sum = (.*?)`, `value i = \(sum ([+-]) (\d+)\) \* (\S+) / (\d+)`", text)
    assert found[1].count("q[") == bundle.signature.output.num_copies == int(found[5])
    vectors = json.loads((bundle.folder / "golden.json").read_text())
    for vector in vectors:
        shift = int(found[3]) * (1 if found[2] == "+" else -1)
        value = (sum(vector["output"]) + shift) * float(found[4]) / int(found[5])
        raw = np.array([vector["output"]], np.int8)
        np.testing.assert_allclose(value, bundle.signature.output.dequantize(raw)[0, 0], rtol=1e-6)


def test_the_card_names_the_c_that_is_written_and_no_other(bundle):
    report = bundle.report
    assert (bundle.folder / "c" / "prepare.c").is_file()
    assert "`c/signature.h`" in (bundle.folder / "README.md").read_text(encoding="utf-8")
    others = [rung for rung in report["ladder"] if not rung["form"].startswith("c_")]
    assert len(others) < len(report["ladder"])
    text = card({**report, "ladder": others})
    assert "In C" not in text and "prepare.c" not in text
    assert "Rules for unusual cells stand in `signature.json`." in text


def test_small_things():
    assert to_plain({"a": [float("nan"), 1.0, float("inf")]}) == {"a": [None, 1.0, None]}
    assert number(None) == "–" and number(1234.56) == "1,234.6" and number(0.12345) == "0.1235"
    report = {
        "decisions": {"float32": [0.0], "int8": [float(-np.log(3))]},
        "judge": {"threshold": "macro_f1"},
        "thresholds": {"float32": 0.5, "int8": 0.75},
        "target": {"task": "binary", "labels": ["no", "yes"]},
        "scores": {},
    }
    assert "at least 0.500 (float) or 0.750 (int8)" in decision_text(report)
