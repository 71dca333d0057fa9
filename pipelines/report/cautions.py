"""What a reader of the scores must not miss, in plain sentences: shown after the ladder in the
terminal, at the top of report.html, in report.json and on the model card.
"""

import math
from shlex import quote

from ..device.visible import shorten
from ..settings import written
from ..tasks import TASKS
from ..tasks.metrics import SMALLER_IS_BETTER
from ..training.training import Training
from .numbers import metric_of, name_before_details
from .peers import FEWEST_ROWS

# Of labels, and of values within 5 % of a standard deviation, that a form gives as Keras does.
LEAST_LABELS_ALIKE = 0.97
LEAST_VALUES_ALIKE = 0.9
LEAST_CUT_SHARE = 0.1
# Of test rows that are also training rows.
LEAST_SHARED = 0.05
# Cutting texts costs nothing where the window is far too short for them: a longer one is then no
# small change.
MOST_TIMES_WINDOW = 4


def find_cautions(recipe, facts: dict) -> list[str]:
    """Returns what a reader of the scores must not miss.

    Args:
        recipe: Of the run.
        facts: The content of report.json without the cautions.

    Returns:
        Sentences, the gravest first.
    """
    return [
        *_too_good(facts),
        *_wrong_labels(facts),
        *_few_of_class(facts),
        *_few_rows(facts),
        *_worse_than_constant(facts),
        *_worse_than_plain(facts),
        *unlike_keras(facts),
        *_watched_faults(facts),
        *_still_rising(recipe, facts),
        *_cut_texts(recipe, facts),
    ]


def _too_good(facts):
    """Returns, of columns that give the target away and of test rows that were learned from, why
    the scores may be too good.
    """
    source = facts.get("source", {})
    sentences = []
    for each in source.get("suspects", ()):
        if not each.get("gives_away"):
            continue
        column = each["column"]
        reason = each["reason"]
        fix = each["fix"]
        sentences.append(f"The scores may be too good: {column}: {reason}; {fix}")
    duplicates = source.get("duplicates", {})
    num_shared = duplicates.get("test_in_train", 0)
    num_rows = facts["rows"]["test"]
    if num_shared > LEAST_SHARED * num_rows:
        share = num_shared / num_rows
        sentences.append(
            f"The scores may be too good: {share:.0%} of the test rows are also training rows"
        )
    return sentences


def _wrong_labels(facts):
    """Returns that labels are likely wrong: scores are taken by labels of the same source."""
    source = facts.get("source", {})
    sentences = []
    for each in source.get("doubtful_rows", ()):
        share = each["wrong_share"]
        if not share:
            continue
        sentences.append(
            f"{share:.1%} of the training labels are likely wrong, and so are labels that the "
            "scores are taken by, if they have the same origin: rows to look at are in the report"
        )
    return sentences


def _few_of_class(facts):
    """Returns, of two classes, that one has too few test rows for a score to state much."""
    counts = facts.get("class_rows") or {}
    if len(facts["target"]["labels"]) != 2 or not counts:
        return []
    label = min(counts["test"], key=counts["test"].get)
    num_test = counts["test"][label]
    if num_test >= FEWEST_ROWS:
        return []
    name = shorten(label)
    return [
        f"Scores state little: {num_test:,} of the test rows and {counts['train'][label]:,} of the "
        f"training rows have the class {name}; provide more rows of it"
    ]


def _few_rows(facts):
    """Returns, of what has no two classes, that there are too few test rows for a score."""
    num_test = facts["rows"]["test"]
    if len(facts["target"]["labels"]) == 2 or num_test >= FEWEST_ROWS:
        return []
    if not _task_of(facts).looks_ahead:
        return [f"Scores state little: they are of {num_test:,} in the test part; provide more"]
    return [
        f"Scores state little: the test part has {num_test:,} to forecast; --set "
        "frame.origin_step=1 starts a forecast at every step of it"
    ]


def _task_of(facts):
    return TASKS[facts["target"]["task"]]


def _worse_than_constant(facts):
    if facts["constant"] is None:
        return []
    return _task_of(facts).worse_than_constant(facts)


def _worse_than_plain(facts):
    """Returns, of series, the comparison model or plain rule that does better than what ships."""
    if not facts["baselines"]:
        return []
    metric = _task_of(facts).baseline_metric(facts["judge"]["deciding"])
    int8 = facts["scores"]["litert_int8"][metric]
    # The first line is the model itself.
    others = facts["baselines"][1:]
    known = [line for line in others if _is_known(line["scores"][metric])]
    if not known or not _is_known(int8):
        return []
    sign = 1
    if metric in SMALLER_IS_BETTER:
        sign = -1
    best = max(known, key=lambda line: sign * line["scores"][metric])
    score = best["scores"][metric]
    if sign * score <= sign * int8:
        return []
    shown = metric_of(facts, metric)
    name = name_before_details(best["what"])
    return [f"{name} does better than this model: {shown} {score:.3f} and {int8:.3f}"]


TRAIN_WITH_ROUNDING = "--set 'shipping.compress=(QuantizeAware(),)' trains with the rounding"


def unlike_keras(facts: dict, *, fix: str = TRAIN_WITH_ROUNDING) -> list[str]:
    """Returns a sentence if a form answers many rows otherwise than the Keras model, whatever its
    score is.

    Args:
        facts: The content of report.json.
        fix: What helps.
    """
    least = LEAST_VALUES_ALIKE
    what = "a value that is more than 5 % of a standard deviation off"
    if facts["target"]["labels"]:
        least = LEAST_LABELS_ALIKE
        what = "another label"
    if _task_of(facts).spells:
        least = LEAST_LABELS_ALIKE
        what = "another text"
    unlike = []
    for rung in facts["ladder"]:
        agreement = rung["agreement"]
        if _is_known(agreement) and agreement < least:
            unlike.append(rung)
    if not unlike:
        return []
    worst = min(unlike, key=lambda rung: rung["agreement"])
    names = ", ".join(rung["form"] for rung in unlike)
    unit = _task_of(facts).agreement_unit
    counted = unit.replace("rows", f"{worst['num_rows']:,} rows")
    share = 1 - worst["agreement"]
    return [
        f"{worst['form']} gives {what} for {share:.1%} of {counted}, "
        f"compared with Keras (below {least:.0%} alike: {names}); {fix}"
    ]


def _watched_faults(facts):
    """Returns what watching the training found wrong in a layer."""
    watched = facts.get("watched")
    if not watched:
        return []
    return watched["faults"]


def _still_rising(recipe, facts):
    """Returns a sentence on training whose best epoch is its last one, and which no patience
    ended.
    """
    training = recipe.training
    if not isinstance(training, Training) or not training.schedule.keeps_best:
        return []
    metric = facts["judge"]["deciding"]
    values = facts["history"].get(f"val_{metric}", [])
    num_epochs = len(values)
    if num_epochs < max(training.epochs, 2):
        return []
    best = max(values)
    better = "rising"
    if metric in SMALLER_IS_BETTER:
        best = min(values)
        better = "falling"
    # The best was reached before, too: on few rows scores tie.
    if values[-1] != best:
        return []
    shown = metric_of(facts, metric)
    return [
        f"Training ended after its {training.epochs} epochs while {shown} of validation rows was "
        f"still {better}: --set training.epochs={2 * training.epochs}"
    ]


def _cut_texts(recipe, facts):
    """Returns a sentence on texts that are longer than the window."""
    texts = facts["texts"]
    if texts is None or texts["cut_share"] < LEAST_CUT_SHARE:
        return []
    longest = MOST_TIMES_WINDOW * texts["window"]
    window = min(texts["most_tokens"], longest)
    steps = [written(step.with_window(window)) for step in recipe.encode]
    setting = f"encode=({', '.join(steps)},)"
    return [
        f"{texts['cut_share']:.1%} of the training texts are longer than the window of "
        f"{texts['window']} tokens: the rest of them is not read; 95 % have at most "
        f"{texts['most_tokens']:,}: --set {quote(setting)}"
    ]


def _is_known(value):
    """Tests whether a score is there and no NaN."""
    if value is None:
        return False
    return not math.isnan(value)
