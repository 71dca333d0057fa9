"""What a reader of the scores must not miss, in plain sentences: shown after the ladder in the
terminal, at the top of report.html, in report.json and on the model card.
"""

from dataclasses import fields, replace
from shlex import quote

from ..tasks import TASKS
from ..tasks.metrics import SMALLER_IS_BETTER
from ..training.training import Training

# Of labels, and of values within 5 % of a standard deviation, that a form gives as Keras does.
LEAST_LABELS_ALIKE = 0.97
LEAST_VALUES_ALIKE = 0.9
LEAST_CUT_SHARE = 0.1
# Cutting texts costs nothing where the window is far too short for them: a longer one is then no
# small change.
MOST_TIMES_WINDOW = 4


def find_cautions(recipe, facts: dict) -> list[str]:
    """Sentences, the gravest first; `facts`: the content of report.json without them."""
    found = [*_worse_than_constant(facts), *_worse_than_plain(facts), *unlike_keras(facts)]
    return [*found, *_still_rising(recipe, facts), *_cut_texts(recipe, facts)]


def _worse_than_constant(facts):
    if facts["constant"] is None:
        return []
    return TASKS[facts["target"]["task"]].worse_than_constant(facts)


def _worse_than_plain(facts):
    """Of series: the comparison model or plain rule that does better than what ships."""
    if not facts["baselines"]:
        return []
    metric = TASKS[facts["target"]["task"]].baseline_metric(facts["judge"]["deciding"])
    (_, *others), int8 = facts["baselines"], facts["scores"]["litert_int8"][metric]
    if metric in SMALLER_IS_BETTER:
        sign = -1
    else:
        sign = 1
    known = [line for line in others if _is_known(line["scores"][metric])]
    if not known or not _is_known(int8):
        return []
    best = max(known, key=lambda line: sign * line["scores"][metric])
    if sign * best["scores"][metric] <= sign * int8:
        return []
    return [
        f"{best['what']} does better than this model: {metric.replace('_', ' ')} "
        f"{best['scores'][metric]:.3f} and {int8:.3f}"
    ]


TRAIN_WITH_ROUNDING = "--set 'shipping.compress=(QuantizeAware(),)' trains with the rounding"


def unlike_keras(facts: dict, *, fix: str = TRAIN_WITH_ROUNDING) -> list[str]:
    """A sentence where a form answers many rows otherwise than the Keras model, whatever its score
    is. `fix`: what helps.
    """
    if facts["target"]["labels"]:
        least = LEAST_LABELS_ALIKE
    else:
        least = LEAST_VALUES_ALIKE
    unlike = [
        rung
        for rung in facts["ladder"]
        if _is_known(rung["agreement"]) and rung["agreement"] < least
    ]
    if not unlike:
        return []
    worst = min(unlike, key=lambda rung: rung["agreement"])
    if facts["target"]["labels"]:
        what = "another label"
    else:
        what = "a value that is more than 5 % of a standard deviation off"
    names = ", ".join(rung["form"] for rung in unlike)
    unit = TASKS[facts["target"]["task"]].agreement_unit
    counted = unit.replace("rows", f"{worst['num_rows']:,} rows")
    return [
        f"{worst['form']} gives {what} for {1 - worst['agreement']:.1%} of {counted}, "
        f"compared with Keras (below {least:.0%} alike: {names}); {fix}"
    ]


def _still_rising(recipe, facts):
    """Training whose best epoch is its last one, and which no patience ended."""
    training = recipe.training
    metric = facts["judge"]["deciding"]
    values = facts["history"].get(f"val_{metric}", [])
    if (
        not isinstance(training, Training)
        or not training.schedule.keeps_best
        or len(values) < training.epochs
    ):
        return []
    if metric in SMALLER_IS_BETTER:
        best = min(values)
    else:
        best = max(values)
    # The last epoch in which the best was reached: on few rows scores tie.
    last_best = len(values) - values[::-1].index(best)
    if len(values) < 2 or last_best < len(values):
        return []
    if metric in SMALLER_IS_BETTER:
        better = "falling"
    else:
        better = "rising"
    return [
        f"Training ended after its {training.epochs} epochs while {metric.replace('_', ' ')} of "
        f"validation rows was still {better}: --set training.epochs={2 * training.epochs}"
    ]


def _cut_texts(recipe, facts):
    texts = facts["texts"]
    if texts is None or texts["cut_share"] < LEAST_CUT_SHARE:
        return []
    words = (
        f"{texts['cut_share']:.1%} of the training texts are longer than the window of "
        f"{texts['window']} tokens: "
        f"the rest of them is not read; 95 % have at most {texts['most_tokens']:,}"
    )
    window = min(texts["most_tokens"], MOST_TIMES_WINDOW * texts["window"])
    return [f"{words}: --set {quote(f'encode={_with_window(recipe.encode, window)}')}"]


def _with_window(encode, window):
    """The steps of a recipe as `--set` takes them, with another window."""
    steps = [
        replace(step, window=window)
        if any(each.name == "window" for each in fields(step))
        else step
        for step in encode
    ]
    return f"({''.join(f'{_setting(step)}, ' for step in steps)[:-1]})"


def _setting(step):
    """A spec as it is written by hand: with the knobs that are turned."""
    turned = [
        f"{each.name}={getattr(step, each.name)!r}"
        for each in fields(step)
        if getattr(step, each.name) != each.default
    ]
    return f"{type(step).__name__}({', '.join(turned)})"


def _is_known(value):
    return value is not None and value == value
