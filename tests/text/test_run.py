"""Texts through the whole line: the report, the command line, the device."""

import csv
import io
import json
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from pipelines import run, text
from pipelines.device import Runner
from pipelines.device.primitives import run_primitives
from pipelines.device.primitives.texts import Words
from pipelines.errors import StepError
from pipelines.recipe import tiny
from pipelines.rows.parts import HeldOut
from pipelines.rows.split import split
from pipelines.text.draw import occlude, shown
from tests.folders import left_in
from tests.learned import learn
from tests.targets.c.alone import assert_rows_alone
from tests.test_run import check_bundle


def call(*arguments, given=None):
    return subprocess.run(
        [sys.executable, "-m", *map(str, arguments)], input=given, capture_output=True, text=True
    )


@pytest.fixture(scope="module")
def remarks():
    frame = pd.read_csv("data/birds.csv.gz", dtype=str, keep_default_na=False)[
        ["remarks", "effect"]
    ]
    frame = frame[frame.remarks != ""]
    return pd.concat([frame[frame.effect != ""][:300], frame[frame.effect == ""][:700]])


@pytest.fixture(scope="module")
def bundle(remarks, tmp_path_factory):
    recipe = tiny(text.REMARKS)
    recipe = replace(recipe, judge=replace(recipe.judge, beside=False, tolerance=1.0))
    return run(recipe, remarks, folder=tmp_path_factory.mktemp("models"))


def test_the_c_of_a_text_alone(bundle, tmp_path):
    printed = assert_rows_alone(bundle, tmp_path)
    assert printed.count("label: ") == 5


def test_report_shows_texts(bundle):
    check_bundle(bundle)
    page = (bundle.folder / "report.html").read_text(encoding="utf-8")
    for title in (
        "Tokens a text",
        "Tokens without an id of their own",
        "The most confident mistakes",
    ):
        assert title in page
    assert bundle.report["rows"]["test"] > 150


def rows_of(text):
    return list(csv.DictReader(io.StringIO(text)))


def test_predict_takes_texts_and_tables(bundle, remarks, command, tmp_path):
    few = remarks[:3]
    wanted = bundle.runner().predict({"remarks": list(few.remarks)})
    code, answers, error = command("predict", bundle.folder, *few.remarks)
    done = call("pipelines.device", bundle.folder, *few.remarks)
    assert (code, done.returncode) == (0, 0), error + done.stderr
    assert answers == done.stdout
    assert [row["label"] for row in rows_of(answers)] == list(wanted.labels)
    few.to_csv(tmp_path / "t.csv", index=False)
    lines = [json.dumps(row) for row in few.to_dict("records")]
    (tmp_path / "t.jsonl").write_text("\n".join(lines), encoding="utf-8")
    for name in ("t.csv", "t.jsonl"):
        _, answers, _ = command("predict", bundle.folder, tmp_path / name)
        assert [row["label"] for row in rows_of(answers)] == list(wanted.labels)
    done = call("pipelines.device", bundle.folder, given=(tmp_path / "t.csv").read_text())
    assert [row["label"] for row in rows_of(done.stdout)] == list(wanted.labels)


@pytest.mark.parametrize(
    "odd",
    [
        "",
        " ",
        "\0",
        "\ud800",
        "\U0001f600" * 50,
        "...",
        "a" * 100_000,
        "\u0645\u0631\u062d\u0628\u0627",
        "e\u0301" * 200,
    ],
)
def test_odd_texts_get_an_answer(bundle, odd):
    assert bundle.runner().predict([{"remarks": odd}]).labels[0] in bundle.signature.target.labels


def test_a_text_of_fifty_megabytes_is_refused(bundle):
    with pytest.raises(Exception, match="50,000,000 characters, at most 1,000,000"):
        bundle.runner().predict([{"remarks": "a" * 50_000_000}])


def test_occlusion_is_what_leaving_a_token_out_does(bundle):
    runner = Runner.load(bundle.folder)
    reader = next(each for each in runner.signature.primitives if isinstance(each, Words))
    moved = occlude(runner, reader, "engine shut down after bird strike", 1)
    columns = run_primitives(
        (reader,),
        {"remarks": np.array(["engine shut down after bird strike"], np.dtypes.StringDType())},
    )
    assert len(moved) == (columns["remarks"] > 0).sum() == 6 and np.abs(moved).max() > 0
    assert len(occlude(runner, reader, "...", 1)) == 0


def test_nothing_that_ships_depends_on_held_out_texts(remarks):
    """And one seed gives one file, a fused LSTM too."""
    recipe = tiny(text.REMARKS)
    recipe = replace(
        recipe,
        build=text.Lstm(widths=(4,), embedding_width=4),
        judge=replace(recipe.judge, beside=False),
        training=replace(recipe.training, epochs=1),
    )
    parts = split(recipe.load.read(remarks)[0], recipe.split)
    valid = parts.valid
    altered = HeldOut(
        x={"remarks": np.strings.add("never seen ", parts.test.x["remarks"][: len(valid)])},
        y=valid.y[::-1],
        ids=valid.ids,
        schema=valid.schema,
    )
    one = learn(recipe, parts.train, valid)
    two = learn(recipe, parts.train, altered)
    assert one.tflite == two.tflite
    assert replace(one.signature, decisions={}) == replace(two.signature, decisions={})


HOSTILE = [
    (
        "\U0001f600 \U0001f680",
        "\u0645\u0631\u062d\u0628\u0627",
        "e\u0301" * 9,
        "\0 x\0",
        "\ud800 y",
        "one " * 99,
    ),
    ("\U0001f622", "\u05e9\u05dc\u05d5\u05dd", "n\u0303 o", "z\0", "\udfff !", "two " * 99),
]


@pytest.mark.parametrize(
    "kinds", [HOSTILE, [("a",), ("a a",)]], ids=["hostile texts", "a vocabulary of one token"]
)
def test_odd_texts_can_be_learned(kinds, tmp_path):
    texts = [[each[row % len(each)] for row in range(60)] for each in kinds]
    recipe = tiny(text.text_recipe(text.LoadTexts("", "body", "queue"), name="odd"))
    recipe = replace(
        recipe,
        build=text.TextCnn(width=8, kernels=(3,), embedding_width=8),
        judge=replace(recipe.judge, beside=False, tolerance=1.0),
    )
    made = run(
        recipe, {"body": texts[0] + texts[1], "queue": ["p"] * 60 + ["q"] * 60}, folder=tmp_path
    )
    assert set(made.runner().predict({"body": texts[0]}).labels) <= {"p", "q"}


def test_texts_without_a_token_are_refused_before_an_epoch(tmp_path):
    recipe = text.text_recipe(text.LoadTexts("", "body", "queue"), name="odd")
    with pytest.raises(StepError, match="(?s)hold no token 2 times.*punctuation=True"):
        run(recipe, {"body": ["!", "?!", "..."] * 20, "queue": ["p", "q"] * 30}, folder=tmp_path)
    assert not left_in(tmp_path)


def test_letters_without_a_glyph_are_boxes():
    assert shown("a\u4e2d") == "a\u25a1"


def test_explain_shows_tokens(bundle, command):
    code, words, _ = command("explain", bundle.folder, "two birds, engine shut down")
    assert code == 0 and "Words" in words and "tokens" in words


@pytest.mark.full  # the next one runs the command, `test_load` reads such files
def test_own_texts_on_the_command_line(remarks, command, tmp_path):
    remarks.assign(
        effect=["some" if effect else "none at all" for effect in remarks.effect]
    ).to_json(tmp_path / "tickets.jsonl", orient="records", lines=True)
    code, _, error = command(
        "text",
        tmp_path / "tickets.jsonl",
        "--quality",
        "fast",
        "--text-column",
        "remarks",
        "--target",
        "effect",
        "--folder",
        tmp_path / "m",
        "--set",
        "training.epochs=2",
        "--set",
        "judge.tolerance=1.0",
        "--set",
        "judge.beside=False",
        "--set",
        "judge.peers=False",
        "--set",
        "build=TextCnn(width=8, kernels=(3,), embedding_width=8)",
    )
    assert code == 0, error
    assert (tmp_path / "m" / "tickets" / "model_int8.tflite").is_file()


def test_a_folder_of_texts_on_the_command_line(remarks, command, tmp_path):
    """From files to an answer for one text, by a bundle that knows no column of a table."""
    rows = [*remarks[:60].remarks, *remarks[-140:].remarks]
    for place, body in enumerate(rows):
        path = (
            tmp_path
            / "strikes"
            / ("effect" if place < 60 else "none")
            / f"flight{place % 40}_{place}.txt"
        )
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(body, encoding="utf-8")
    knobs = [
        "training.epochs=1",
        "judge.tolerance=1.0",
        "judge.beside=False",
        "build=TextCnn(width=8, kernels=(3,), embedding_width=8)",
    ]
    code, printed, error = command(
        "text",
        tmp_path / "strikes",
        "--quality",
        "fast",
        "--group",
        r"flight(\d+)_",
        "--folder",
        tmp_path / "m",
        *(word for knob in knobs for word in ("--set", knob)),
    )
    assert code == 0, error
    assert "200 texts of" in printed
    texts = ["a long text, longer than a path " * 200, rows[0]]
    code, answers, error = command("predict", tmp_path / "m" / "strikes", *texts)
    assert (code, error) == (0, "")
    assert {row["label"] for row in rows_of(answers)} <= {"effect", "none"}
    done = call("pipelines.device", tmp_path / "m" / "strikes", *texts)
    assert (done.returncode, done.stdout, done.stderr) == (0, answers, "")


def test_bad_options_with_a_folder_are_told(command, tmp_path):
    for arguments, words in (
        (("--target", "x"), "--target with a folder"),
        (("--group", "a", "--group", "b"), "--group a --group b with the folder"),
        (("--read", "encoding=klingon"), "encoding 'klingon'"),
        ((), "no texts in the folder"),
    ):
        code, _, error = command("text", tmp_path, *arguments)
        assert code == 2 and words in error and "Traceback" not in error


@pytest.mark.parametrize(
    "arguments, words",
    [
        (
            ("text", "data/penguins.csv.gz"),
            "data/penguins.csv.gz without --text-column and --target",
        ),
        (("text", "x.csv", "y.csv"), "unexpected extra argument"),
        (
            ("text", "x.csv", "--text-column", "a", "--target", "b", "--drop", "c"),
            "No such option: --drop",
        ),
        (("text", "x.csv", "--text-column", "a", "--target", "b"), "no file 'x.csv'"),
        (("run", "birds_mlp", "--text-column", "a"), "No such option: --text-column"),
    ],
)
def test_bad_options_are_told(command, arguments, words):
    code, _, error = command(*arguments)
    assert code == 2 and words in error
