"""The table of peers and its sentence, in the terminal, on the page and on the card."""

import json
import re
from dataclasses import replace

import numpy as np
import pytest
from markdown_it import MarkdownIt

from pipelines import tabular
from pipelines.device.target import Target
from pipelines.recipe import Tried
from pipelines.report.peers import OURS, peer_facts, peer_lines
from pipelines.report.terminal import print_ladder
from pipelines.report.write import card, page, to_plain
from pipelines.rows.parts import HeldOut, Schema
from pipelines.tasks import BinaryTask, RegressionTask, task_of
from pipelines.verify.evaluation import Evaluation
from pipelines.verify.ladder import Rung
from pipelines.verify.peers import FittedPeers, PeerAnswers, score_peers

NUM_ROWS = 400
LABELS = Target("y", BinaryTask.name, ("no", "yes"))
NUMBERS = Target("y", RegressionTask.name)
HOSTILE = "<script>alert(1)</script> | [red]x[/red] `a`"


def noisy(y, noise):
    """Probabilities of two classes that are as wrong as `noise`."""
    random = np.random.default_rng(1)
    yes = 1 / (1 + np.exp(-(4 * y - 2 + noise * random.normal(size=len(y)))))
    return np.stack([1 - yes, yes], axis=1)


def facts_of(
    outputs_of_peers,
    ours,
    *,
    target=LABELS,
    deciding="average_precision",
    advice="",
    y=None,
    tried=(),
    num_learned=90,
    is_streamed=False,
):
    """The facts of a run whose model gives `ours`, alongside peers with these outputs."""
    task = task_of(target)
    if y is None and target is NUMBERS:
        y = np.linspace(0, 1000, NUM_ROWS)
    elif y is None:
        y = np.arange(NUM_ROWS) % 2
    schema = Schema((), target, is_streamed=is_streamed)
    test = HeldOut(x={}, y=y, ids=np.arange(len(y)), schema=schema)
    decision = (0.0,)
    answers = [
        PeerAnswers(name, task.plain_answers(outputs, target, decision), 90, 1.25, advice)
        for name, outputs in outputs_of_peers.items()
    ]
    recipe = tabular.BIRDS
    recipe = replace(recipe, judge=replace(recipe.judge, deciding=deciding), tried=tried)
    mine = task.plain_answers(ours, target, decision)
    table = score_peers(
        FittedPeers(tuple(answers), {"slow one": f"too slow for {HOSTILE}"}, 100),
        mine,
        test,
        target,
        recipe=recipe,
    )
    rung = Rung("litert_int8", task.score(y, mine, target), 1.0, 0.0, 10, 0.1, 0.1, NUM_ROWS)
    evaluation = Evaluation([rung], {"litert_int8": mine}, peers=table)
    facts = peer_facts(recipe, evaluation, test=test, num_learned=num_learned)
    return to_plain(facts)


Y = np.arange(NUM_ROWS) % 2


def test_ahead_of_the_best_peer():
    facts = facts_of({"poor": noisy(Y, 9.0), "worse": noisy(Y, 30.0)}, noisy(Y, 0.5))
    assert facts["verdict"] == "ahead" and facts["best"] == "poor"
    assert facts["sentence"].startswith("Ahead of the best plain peer, poor, by 0.")
    assert "400 test rows; split SplitRandom(" in facts["sentence"]
    assert facts["sentence"].endswith("seed 0)") and facts["advice"] == ""
    assert [line["name"] for line in facts["lines"]] == [OURS, "poor", "worse"]


def test_tied_with_the_best_peer():
    facts = facts_of({"same": noisy(Y, 3.0)}, noisy(Y, 3.0) * 0.5 + 0.25)
    assert facts["verdict"] == "tied" and facts["advice"] == ""
    assert facts["sentence"].startswith("Tied with the best plain peer, same: neither better nor")


def test_a_tie_reads_right_on_both_sides():
    """Of an error, of which less is better."""
    y = np.linspace(0, 1000, NUM_ROWS)
    first = y + 10 * np.cos(np.arange(NUM_ROWS))
    second = y + 10.1 * np.cos(1 + np.arange(NUM_ROWS))
    words = set()
    for ours, theirs in ((first, second), (second, first)):
        facts = facts_of({"near": theirs}, ours, target=NUMBERS, deciding="rmse")
        words.add(assert_tie_reads_right(facts))
    assert words == {"better", "worse"}


def assert_tie_reads_right(facts):
    """Returns the word of the sentence, which agrees with the margin."""
    assert facts["verdict"] == "tied"
    (peer,) = [line for line in facts["lines"] if line["name"] != OURS]
    word, size = re.search(r": (\w+) by ([^ ]+) in ", facts["sentence"]).groups()
    assert word == ("better" if peer["margin"]["value"] > 0 else "worse")
    assert float(size) > 0
    return word


def test_behind_the_best_peer():
    advice = "finer bins: --set build.dropout=0.1"
    facts = facts_of({"good": noisy(Y, 0.5), "poor": noisy(Y, 50.0)}, noisy(Y, 9.0), advice=advice)
    assert facts["verdict"] == "behind" and facts["advice"] == advice
    assert facts["sentence"].startswith("Behind the best plain peer, good, by 0.")
    assert [line["name"] for line in facts["lines"]] == ["good", OURS, "poor"]


def test_a_peer_that_learned_from_more_rows():
    advice = "finer bins: --set build.dropout=0.1"
    outputs = {"good": noisy(Y, 0.5)}
    facts = facts_of(outputs, noisy(Y, 9.0), advice=advice, num_learned=89)
    assert facts["advice"].endswith(f"--set training.refit=True; or {advice}")
    facts = facts_of(outputs, noisy(Y, 9.0), num_learned=89)
    assert facts["advice"].endswith("--set training.refit=True")


def test_no_advice_that_streamed_rows_refuse():
    """Neither a second training nor a teacher."""
    from pipelines.peers.tables import BoostingPeer, ForestPeer, LinearPeer

    advice = "finer bins"
    outputs = {"good": noisy(Y, 0.5)}
    facts = facts_of(outputs, noisy(Y, 9.0), advice=advice, num_learned=89, is_streamed=True)
    assert facts["advice"] == advice
    for peer in (LinearPeer, ForestPeer, BoostingPeer):
        assert "--set" in peer.streamed_advice
        assert "teacher" not in peer.streamed_advice


def test_a_chosen_recipe_is_searched_further():
    """What the peer's advice turns may be what the other candidates had."""
    tried = (Tried("dense net, 16 bins", 0.4, 2, 1000),)
    advice = "finer bins: --set build.dropout=0.1"
    facts = facts_of({"good": noisy(Y, 0.5)}, noisy(Y, 9.0), advice=advice, tried=tried)
    assert facts["advice"].endswith("python -m pipelines tune saved_models/birds_mlp")


def test_of_errors_the_smaller_is_better():
    y = np.linspace(0, 1000, NUM_ROWS)
    near = y + 10 * np.cos(np.arange(NUM_ROWS))
    far = y + 100 * np.cos(np.arange(NUM_ROWS))
    facts = facts_of({"far": far}, near, target=NUMBERS, deciding="rmse")
    assert facts["verdict"] == "ahead" and "rmse of y (smaller is better)" in facts["sentence"]
    assert facts["lines"][0]["name"] == OURS
    margin = facts["lines"][1]["margin"]
    assert margin["value"] == pytest.approx(0.9 * 100 / np.sqrt(2), rel=0.01)
    assert margin["interval"][0] < margin["value"] < margin["interval"][1]
    facts = facts_of({"near": near}, far, target=NUMBERS, deciding="rmse")
    assert facts["verdict"] == "behind"


def test_a_sample_and_what_runs_on_a_device_are_marked():
    facts = facts_of({"poor": noisy(Y, 9.0)}, noisy(Y, 0.5))
    report = {"peers": facts, "target": {"task": "binary", "labels": ["no", "yes"]}}
    ours, poor = peer_lines(report)
    assert ours.ships and ours.cells[-1] == "yes"
    assert poor.cells[-1] == "no" and poor.cells[-2] == "1.2" and poor.cells[-3] == "90 (sample)"


def test_every_place_shows_the_table(bundle, tmp_path, capsys):
    advice = "finer bins: --set 'encode=(EncodeBins(num_bins=64),)'"
    peers = facts_of({HOSTILE: noisy(Y, 0.5)}, noisy(Y, 9.0), advice=advice)
    report = bundle.report | {"peers": json.loads(json.dumps(peers))}
    html = page(report, [], {})
    assert "<script>" not in html and "&lt;script&gt;" in html
    assert "Plain peers on the same rows" in html and "What to try: finer bins" in html
    text = card(report)
    rendered = MarkdownIt("commonmark", {"html": True}).enable("table").render(text)
    assert "<script>" not in rendered and "Plain peers" in rendered
    table = rendered[rendered.index("Plain peers") :]
    assert len(re.findall("<tr>", table)) == 3
    print_ladder(report, tmp_path)
    shown = capsys.readouterr().out
    assert "plain peers" in shown and "[red]" in shown and "Behind the best plain peer" in shown
    assert "Left out: slow one" in " ".join(shown.split())


def test_a_report_without_peers_shows_none(bundle, tmp_path, capsys):
    report = bundle.report
    assert report["peers"] is None
    del report["peers"]
    assert 'id="peers"' not in page(report, [], {})
    assert "Plain peers" not in card(report)
    print_ladder(report, tmp_path)
    assert "plain peers" not in capsys.readouterr().out


def test_one_row_of_a_class_is_no_comparison():
    """A bootstrap over one row of a class has hardly an interval: it was called ahead."""
    y = np.zeros(NUM_ROWS, np.int64)
    y[7] = 1
    found = facts_of({"linear model": noisy(y, 3.0)}, noisy(y, 0.5), y=y, advice="a teacher")
    assert found["verdict"] == found["advice"] == ""
    assert "Not compared with the best plain peer, linear model: a class has 1" in found["sentence"]
    y[:5] = 1
    found = facts_of({"linear model": noisy(y, 3.0)}, noisy(y, 0.5), y=y)
    assert found["verdict"] and "linear model" in found["sentence"]


def test_a_few_numbers_are_no_comparison():
    """The error of one forecast had an interval without a width, and the reason named a class."""
    y = np.array([3.0, 5.0])
    ours = np.array([[4.0], [5.0]])
    found = facts_of({"ridge": y[:, None]}, ours, target=NUMBERS, y=y, deciding="rmse")
    assert found["verdict"] == ""
    assert found["sentence"].endswith("ridge: 2 in the test part are too few")
    intervals = [line["margin"]["interval"] for line in found["lines"] if line["margin"]]
    assert intervals == [[]]
