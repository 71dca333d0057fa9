"""Facts of a run as one dictionary, and its pictures. Everything that is written is drawn from
these.
"""

from dataclasses import asdict

import numpy as np

from ..device.primitives import missing_mask
from ..device.tasks.multilabel import split_labels
from ..steps.step import is_series
from ..tasks import TASKS, task_of
from ..tasks.classes import class_places
from ..tasks.metrics import score_forecasts
from . import pictures as draw
from .cautions import find_cautions
from .label_pictures import label_pictures
from .text_cuts import count_cuts
from .use import how_to_use
from .write import to_plain, versions


def gather_facts(recipe, inferred, splits, learned, judged, *, source: dict, seconds: dict) -> dict:
    """The content of report.json."""
    rungs = judged.rungs
    failed = judged.failed
    target = learned.signature.target
    task = task_of(target)
    used = {column.name for column in learned.signature.columns}
    missing = _missing_shares(splits)
    facts = {
        "name": recipe.name,
        "about": recipe.about or f"Predicts {target.name}.",
        "target": asdict(target),
        "output_unit": learned.signature.output.unit,
        "judge": asdict(recipe.judge),
        "seed": recipe.training.seed,
        "split": repr(recipe.split),
        "rows": {
            "train": len(splits.train),
            "valid": len(splits.valid),
            "test": len(splits.test),
            "trained_on": learned.num_trained_rows,
        },
        "source": source,
        "notes": list(splits.notes),
        "versions": versions(),
        "gate": {"passed": not failed, "failed_step": failed},
        "scores": {rung.form: rung.scores for rung in rungs if rung.scores},
        "ladder": [asdict(rung) for rung in rungs],
        "decisions": {form: list(offsets) for form, offsets in learned.signature.decisions.items()},
        "thresholds": task.thresholds(learned.signature),
        "probabilities": recipe.shipping.probabilities,
        "compression": [asdict(each) for each in learned.shrunk],
        "balancing": _balancing(recipe, learned, judged),
        "baselines": _baselines(learned, judged),
        "per_series": _per_series(splits.test, judged.answers["litert_int8"], target),
        "margin": asdict(judged.margin) if judged.margin else None,
        "columns": [_column_facts(each, missing, used) for each in inferred],
        "per_class": task.class_table(
            splits.test.y, judged.answers["litert_int8"], learned.signature
        ),
        "history": learned.trained.history,
        "seconds": dict(seconds),
        "constant": task.constant_answer(splits.train, splits.test, target),
        "texts": count_cuts(learned.signature, splits.train),
        "use": how_to_use(learned.signature, recipe.name),
    }
    return to_plain({**facts, "cautions": find_cautions(recipe, facts)})


def _missing_shares(splits):
    """Column → the share of training rows without a value; of windows, whose steps overlap and of
    which those without a target are left out, the share of the training steps that they were cut
    from.
    """
    if splits.steps is None:
        rows = splits.train
    else:
        rows = splits.steps.train
    return {
        name: float(np.isnan(x).mean() if is_series(x) else missing_mask(x).mean())
        for name, x in rows.x.items()
        if x.ndim == 1 or is_series(x)
    }


def _column_facts(inferred, missing, used):
    dropped = inferred.name in missing and inferred.name not in used
    if dropped:
        why = f"{inferred.why}; dropped: constant, or missing in nearly all training rows"
    else:
        why = inferred.why
    return {
        **asdict(inferred),
        "why": why,
        "used": inferred.name in used,
        "missing_share": missing.get(inferred.name),
    }


def _balancing(recipe, learned, judged):
    if learned.beside is None or not task_of(learned.signature.target).has_classes:
        return None
    balancer = recipe.balancer()
    ways = (
        (
            repr(balancer) if balancer is not None else "no balancing",
            True,
            learned.num_trained_rows,
            judged.rungs[0].scores,
        ),
        (learned.beside.words, False, learned.beside.num_trained_rows, judged.beside_scores),
    )
    return [
        {"balance": words, "ships": ships, "rows": rows, "scores": scores}
        for words, ships, rows, scores in ways
    ]


def _baselines(learned, judged):
    """Of series: what ships, a linear net, and plain rules."""
    if not task_of(learned.signature.target).needs_frame:
        return None
    int8 = next(rung for rung in judged.rungs if rung.form == "litert_int8")
    lines = [("this model, int8", int8.scores)]
    if learned.beside is not None:
        lines += [(learned.beside.words, judged.beside_scores)]
    return [
        {"what": what, "scores": scores} for what, scores in (*lines, *judged.baselines.items())
    ]


def _per_series(test, answers, target):
    """Of forecasts of many series: test windows, errors and coverage of each, beside the seasonal
    naive's error.
    """
    if target.task != "forecast" or test.series is None:
        names = []
    else:
        names = np.unique(test.series)
    lines = []
    for name in names if len(names) > 1 else []:
        places = np.flatnonzero(test.series == name)
        part = answers.take(places)
        scores = score_forecasts(test.y[places], part.scores, part.quantiles, target)
        naive = score_forecasts(
            test.y[places], test.baselines["seasonal naive"][places], None, target
        )
        lines.append(
            {
                "series": str(name),
                "rows": len(places),
                "mae": scores["mae"],
                "rmse": scores["rmse"],
                "coverage": scores["coverage"],
                "naive_mae": naive["mae"],
            }
        )
    return lines


def draw_pictures(facts: dict, splits, answers) -> list[tuple[str, str]]:
    """(title, base64 PNG) of every picture that the task has, of the int8 form on test rows; those
    of a modality come from `recipe.load.draw`.
    """
    target = facts["target"]
    y = splits.test.y
    int8 = answers["litert_int8"]
    labels = tuple(target["labels"])
    drawn = [
        (
            "learning curves",
            draw.picture(draw.learning_curves(facts["history"], facts["judge"]["deciding"])),
        )
    ]
    if target["task"] in ("binary", "multiclass"):
        drawn += _class_pictures(y, int8, labels)
    elif TASKS[target["task"]].has_label_sets:
        chosen = split_labels(int8.labels, splits.test.schema.target)
        drawn += label_pictures(y, chosen, int8.scores, labels)
    elif target["task"] == "regression":
        drawn += [
            (
                "predicted against true",
                draw.picture(draw.predicted_against_true(y, int8.scores, target["name"])),
            ),
            ("residuals", draw.picture(draw.residuals(y, int8.scores, target["name"]))),
        ]
    return drawn


def _class_pictures(y, answers, labels):
    chosen = class_places(answers, labels)
    roc_mark = pr_mark = None
    if len(labels) == 2:
        hits = ((y == 1) & (chosen == 1)).sum()
        positives = (y == 1).sum()
        said = (chosen == 1).sum()
        recall = hits / max(positives, 1)
        roc_mark = (((y == 0) & (chosen == 1)).sum() / max((y == 0).sum(), 1), recall)
        if said:
            pr_mark = (recall, hits / said)
        else:
            pr_mark = None
    if len(labels) <= 3:
        width = 5.2
    else:
        width = 7.4
    size = max(3.8, 0.62 * len(labels) + 1)
    return [
        (
            "confusion matrix",
            draw.picture(draw.confusion_matrix(y, chosen, labels), width=size + 1.4, height=size),
        ),
        (
            "ROC curve",
            draw.picture(
                draw.curves(y, answers.scores, labels, kind="roc", mark=roc_mark), width=width
            ),
        ),
        (
            "precision-recall curve",
            draw.picture(
                draw.curves(y, answers.scores, labels, kind="precision_recall", mark=pr_mark),
                width=width,
            ),
        ),
        ("calibration", draw.picture(draw.calibration(y, answers.scores, labels))),
    ]
