"""Facts of a run as one dictionary, and its pictures. Everything that is written is drawn from
these.
"""

from dataclasses import asdict

import numpy as np

from ..device.primitives import missing_mask
from ..steps.step import is_series
from ..tasks import task_of
from . import pictures as draw
from .cautions import find_cautions
from .figures import Picture
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
        "per_series": task.per_series(splits.test, judged.answers["litert_int8"], target),
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
    task = task_of(learned.signature.target)
    if learned.beside is None or not (task.has_classes or task.has_label_sets):
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


def draw_pictures(facts: dict, splits, answers) -> list[tuple[str, str]]:
    """(title, base64 PNG) of every picture that the task has, of the int8 form on test rows; those
    of a modality come from `recipe.load.draw`.
    """
    target = splits.test.schema.target
    curves = draw.learning_curves(facts["history"], facts["judge"]["deciding"])
    pictures = task_of(target).pictures(splits.test.y, answers["litert_int8"], target)
    return [each.content() for each in (Picture("learning curves", curves), *pictures)]
