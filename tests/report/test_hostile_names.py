"""Names and labels of a data set that attack what is written of it: the card, the report, pictures,
the terminal, C.
"""

import base64
import io
import re
import sys
import warnings
from dataclasses import replace
from html import unescape

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from pipelines.device.cells import Column
from pipelines.device.target import Target
from pipelines.device.visible import visible
from pipelines.errors import ExportError
from pipelines.report.figures import picture
from pipelines.report.markdown import code, plain, prose
from pipelines.report.pictures import missing_values
from pipelines.report.terminal import print_ladder, print_lines
from pipelines.report.use import how_to_use
from pipelines.report.write import card, page
from pipelines.targets.c.c_files import c_files
from pipelines.targets.web.page import litert_folder, web_files
from pipelines.tasks import draw_classes
from pipelines.tasks.draw_numbers import predicted_against_true
from pipelines.text.draw import shown
from tests.targets.c.test_c_code import EVERY, WINDOWS
from tests.targets.web.test_web import TEXTS

HOSTILE = (
    "# forged",
    "<script>alert(1)</script>",
    "](javascript:alert(1))",
    "a|b",
    "`code`",
    "line\n\n# forged",
    "\x1b[31mred\x07",
    "abc\u202egnp",
    "![x](http://a.example/b.png)",
    "[/red][bold]",
    "$\\frac{$",
    "??/",
    "*/",
    "&lt;b&gt;",
    "\u65e5\u672c",
    "_x",
    "<!--",
    "</pre>",
    "{{ name }}",
    "1. a",
    "- b",
    "=cmd|' /C calc'!A0",
    "\udcff",
    "x" * 10_000,
)


def rendered(text):
    """Markdown as a viewer that passes raw HTML through shows it."""
    return MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"]).render(text)


def assert_shows_text_alone(html, wanted):
    tags = set(re.findall(r"<[a-z/!][^>]*>", html))
    assert tags <= {"<p>", "</p>", "<code>", "</code>"}, tags
    assert unescape(re.sub(r"<[^>]*>", "", html)).strip() == wanted.strip()


@settings(max_examples=300)
@given(
    text=st.one_of(st.text(max_size=60), st.text("#<>[]()`*_|\\~!$&;-+=1. \nab:/w@", max_size=40))
)
def test_any_text_is_shown_letter_by_letter(text):
    for write in (plain, code):
        html = rendered(f"The label {write(text)} here.")
        assert_shows_text_alone(
            re.sub(" +", " ", html), re.sub(" +", " ", f"The label {visible(text)} here.")
        )
    html = rendered(plain(text.strip()))
    assert not re.search(r"<(?!/?p>)[a-zA-Z/!]", html)
    assert "<script" not in prose(text) and not re.search(
        r"<(?!/?(p|code)>)[a-zA-Z/!]", rendered(f"a {prose(text)}")
    )


@pytest.fixture
def hostile_report(bundle):
    """A function: the report of the bundle as if its data had this name everywhere."""
    report = bundle.report

    def make(name):
        columns = [{**column, "name": name, "why": name} for column in report["columns"]]
        target = {**report["target"], "name": name, "labels": [name, f"{name}2"]}
        per_class = [{**row, "label": name} for row in report["per_class"]]
        signature = replace(
            bundle.signature, target=replace(bundle.signature.target, labels=(name, f"{name}2"))
        )
        return {
            **report,
            "about": name,
            "split": name,
            "columns": columns,
            "target": target,
            "per_class": per_class,
            "source": {**report["source"], "name": name},
            "notes": [name],
            "cautions": [name],
            "use": how_to_use(signature, "birds"),
            "constant": {**report["constant"], "answer": name},
            "ladder": [{**rung, "note": name} for rung in report["ladder"]],
            "balancing": [{**way, "balance": name} for way in report["balancing"] or ()],
        }

    return make


@pytest.mark.parametrize("name", HOSTILE, ids=lambda name: ascii(name)[:24])
def test_the_card_shows_names_as_text(hostile_report, bundle, name):
    text = card(hostile_report(name))
    for raw in ("<script", "<!--", "</pre", "\x1b", "\u202e", "\udcff"):
        assert raw not in text
    html = rendered(text)
    usual = rendered(card(bundle.report))
    assert re.findall(r"<h\d>.*?</h\d>", html)[:1] == [f"<h1>{bundle.report['name']}</h1>"]
    assert [each for each in re.findall(r"<h\d>(.*?)</h\d>", html) if each != "Cautions"] == [
        each for each in re.findall(r"<h\d>(.*?)</h\d>", usual) if each != "Cautions"
    ]
    assert "<a " not in html and "<img" not in html and html.count("<th>") == usual.count("<th>")
    assert html.count("<td>") == usual.count("<td>") and len(text) < 30_000


@pytest.mark.parametrize("name", HOSTILE, ids=lambda name: ascii(name)[:24])
def test_the_page_shows_names_as_text(hostile_report, name):
    text = page(hostile_report(name), [], {"name": name})
    assert (
        "<script" not in text
        and "<img src" not in text
        and "{{" not in text.replace("{{ name }}", "")
    )
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f\u202a-\u202e\u2066-\u2069\ud800-\udfff]", text)
    assert text.count("</pre>") == 1 and text.encode("utf-8")


@pytest.mark.parametrize("name", HOSTILE, ids=lambda name: ascii(name)[:24])
def test_the_terminal_shows_names_as_text(hostile_report, name, tmp_path, monkeypatch):
    sink = io.StringIO()
    monkeypatch.setattr(sys, "stdout", sink)
    print_ladder(hostile_report(name), tmp_path)
    print_lines([(name, name)], ("what", "value"))
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f\u202a-\u202e\ud800-\udfff]", sink.getvalue())
    if name == "[/red][bold]":
        assert "[/red][bold]" in sink.getvalue(), "markup is text"


def test_pictures_draw_names_without_a_warning():
    y = np.arange(len(HOSTILE)).repeat(3)
    scores = np.eye(len(HOSTILE))[y] * 0.5 + 0.1
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        picture(draw_classes.confusion_matrix(y, y, HOSTILE))
        picture(draw_classes.curves(y, scores, HOSTILE[:10], kind="roc", mark=None))
        picture(missing_values(dict.fromkeys(HOSTILE, 0.1), np.zeros((5, len(HOSTILE)), bool)))
        for name in HOSTILE[::3]:  # as titles and in legends
            picture(predicted_against_true(y * 1.0, y * 1.0, name))
            picture(
                draw_classes.calibration(
                    (y > 3).astype(int), np.stack([1 - scores[:, 0], scores[:, 0]], 1), ("a", name)
                )
            )
        for name in HOSTILE:
            drawn = picture(
                lambda axes, name=name: axes.text(0, 0, shown(name[:60]), parse_math=False)
            )
            assert base64.b64decode(drawn).startswith(b"\x89PNG")


def test_c_holds_labels_as_comments_and_literals():
    target = Target("y", "multiclass", HOSTILE[:-2])
    signature = replace(
        EVERY,
        target=target,
        output=replace(EVERY.output, shape=(len(target.labels),)),
        decisions={},
    )
    for text in c_files(signature, "t").values():
        assert "\x1b" not in text and "\u202e" not in text and "??" not in text
        assert not re.search("^#(?! ?(if|endif|define|include))", text, re.MULTILINE)
        comments = re.findall(r"/\*.*?\*/", text, re.DOTALL)
        rest = re.sub(r"/\*.*?\*/", "", text, flags=re.DOTALL)
        assert comments and "*/" not in rest and "script" not in rest


def test_the_script_of_the_web_page_is_ascii(bundle):
    try:
        litert_folder()
    except ExportError:
        pytest.skip("needs LiteRT.js")
    signature = replace(
        bundle.signature, target=replace(bundle.signature.target, labels=HOSTILE[:2])
    )
    script = web_files(signature, b"abc", "birds")["bundle.js"]
    assert script.isascii() and "\n" not in script.split(";")[0]


@pytest.mark.parametrize(
    "signature, words",
    [
        (TEXTS, ['saved_models/m "a text"', "`t`", "sum = q[i]"]),
        (WINDOWS, ["a line a step, 60 seconds apart", "`when` (format `ISO8601`)", "step_factors"]),
    ],
)
def test_how_a_bundle_of_texts_or_steps_is_used(signature, words):
    output = replace(signature.output, scale=0.5, zero_point=-3, num_copies=4)
    text = "\n".join(how_to_use(replace(signature, output=output), "m"))
    for part in (*words, "4 times, rounded at staggered places", "(sum + 12) * 0.5 / 4"):
        assert part in text


def use_of(*columns, **more):
    signature = replace(EVERY, columns=columns, **more)
    return "\n".join(how_to_use(signature, "m"))


def test_how_other_bundles_are_used():
    picture = Column("p", "picture", shape=(8, 9, 1))
    series = Column("s", "series", shape=(24,))
    text = use_of(picture)
    assert "saved_models/m picture.png" in text and "rows.csv" not in text
    assert "needs Pillow" in text and "uint8 arrays of shape [8, 9, 1]" in text
    text = use_of(picture, Column("x", "numeric"))
    assert "rows.csv" not in text and "predict([row])" in text and "Pillow" in text
    text = use_of(series)
    assert "< rows.csv" in text and "such as `1.5 NA 3`" in text and "The last 24 steps" in text
    text = use_of(Column("x", "numeric"))
    assert "< rows.csv" in text and "Pillow" not in text and "oldest" not in text
    binary = Target("y", "binary", ("no", "<b>"))
    text = use_of(
        Column("x", "numeric"),
        target=binary,
        output=replace(EVERY.output, shape=(1,), num_copies=1),
    )
    assert (
        "staggered" not in text
        and "The label is &lt;b&gt; where the value plus `decisions`" in text
    )
