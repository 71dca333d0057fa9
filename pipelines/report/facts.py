"""Facts of a run as one dictionary, and its pictures. Everything that is written is drawn from
these.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

import numpy as np

from ..steps.statistics import missing_share
from ..steps.step import is_series
from ..tasks import task_of
from ..tasks.classes import class_places
from ..tasks.costs import COST, mean_cost
from ..training.watched import record_of
from . import pictures as draw
from .cautions import find_cautions
from .doubtful_rows import as_plain as rows_as_plain
from .figures import Picture
from .numbers import metric_of
from .peers import peer_facts
from .suspects import as_plain
from .text_cuts import count_cuts
from .use import how_to_use
from .watched import watched_pictures
from .write import to_plain, versions

if TYPE_CHECKING:
    from ..recipe import Recipe
    from ..rows.parts import SourceData, Splits
    from ..targets.export import ShippedModel
    from ..verify.evaluation import Evaluation


def gather_facts(
    recipe: Recipe,
    data: SourceData,
    splits: Splits,
    shipped: ShippedModel,
    evaluation: Evaluation,
    *,
    seconds: dict[str, float],
) -> dict:
    """Returns the content of report.json; `seconds`: stage → the time that it took."""
    signature = shipped.signature
    trained = shipped.trained
    target = signature.target
    task = task_of(target)
    answers = evaluation.answers["litert_int8"]
    margin = None
    if evaluation.comparison is not None:
        margin = asdict(evaluation.comparison.margin)
    by_form = _costs_by_form(recipe, splits, evaluation)
    facts = {
        **_recipe_facts(recipe, signature),
        **_data_facts(recipe, data, splits, trained),
        **_rung_facts(evaluation, by_form),
        **_cost_facts(recipe, splits, by_form),
        "decisions": {form: list(offsets) for form, offsets in signature.decisions.items()},
        "thresholds": task.thresholds(signature),
        "decided_by": _decided_by(trained.inputs),
        "probabilities": recipe.shipping.probabilities,
        "compression": [asdict(each) for each in trained.compression],
        "balancing": _balancing(recipe, shipped, evaluation),
        "baselines": _baselines(shipped, evaluation),
        "per_series": task.per_series(splits.test, answers, target),
        "margin": margin,
        "peers": peer_facts(
            recipe,
            evaluation,
            test=splits.test,
            num_learned=trained.num_rows,
        ),
        "columns": _columns_facts(data, splits, signature),
        "per_class": task.class_table(splits.test.y, answers, signature),
        "history": trained.history,
        "watched": _watched(trained),
        "seconds": dict(seconds),
        "constant": task.constant_answer(splits.train, splits.test, target),
        "texts": count_cuts(signature, splits.train),
        "use": how_to_use(signature, recipe.name),
    }
    return to_plain({**facts, "cautions": find_cautions(recipe, facts)})


def _decided_by(inputs):
    """Returns the rows that labels were chosen on."""
    if inputs.out_of_fold is None:
        return {"rows": len(inputs.decision_rows), "words": "validation rows"}
    return {
        "rows": len(inputs.decision_rows),
        "words": "training and validation rows, each answered by a fit that had not seen it",
    }


def _recipe_facts(recipe, signature):
    """Returns what was asked for, and of which target."""
    target = signature.target
    return {
        "name": recipe.name,
        "about": recipe.about or f"Predicts {target.name}.",
        "tried": [asdict(each) for each in recipe.tried],
        "target": asdict(target),
        "output_unit": signature.output.unit,
        "judge": asdict(recipe.judge),
        "seed": recipe.training.seed,
        "split": repr(recipe.split),
    }


def _data_facts(recipe, data, splits, trained):
    """Returns the rows of each part, and where they come from."""
    notes = list(splits.notes)
    if recipe.training.refit:
        num_rows = len(splits.train) + len(splits.valid)
        notes.append(
            f"The network learned anew from the {num_rows:,} training and validation rows together "
            "once validation rows had chosen epochs, thresholds and calibration"
        )
    return {
        "rows": {
            "train": splits.train.num_rows,
            "valid": len(splits.valid),
            "test": len(splits.test),
            "trained_on": trained.num_rows,
        },
        "class_rows": _class_rows(splits),
        "source": {
            **data.facts,
            "duplicates": data.screening.duplicates,
            "suspects": as_plain(data.screening.suspects),
            "doubtful_rows": rows_as_plain(data.screening.doubtful_rows),
        },
        "notes": notes,
    }


def _class_rows(splits):
    """Returns part → label → how many rows, None where rows have no one class."""
    target = splits.train.schema.target
    if not task_of(target).has_classes:
        return None
    parts = {"train": splits.train, "test": splits.test}
    by_part = {}
    for name, rows in parts.items():
        counts = rows.count_classes()
        by_part[name] = dict(zip(target.labels, counts.tolist(), strict=True))
    return by_part


def _rung_facts(evaluation, costs):
    """Returns what each form of the model scores, its costs among them, and whether they pass the
    gate.
    """
    failed = evaluation.failed
    ladder = [asdict(rung) for rung in evaluation.rungs]
    for line in ladder:
        if line["form"] in costs:
            line["scores"][COST] = costs[line["form"]]
    return {
        "versions": versions(),
        "gate": {"passed": not failed, "failed_step": failed},
        "scores": {line["form"]: line["scores"] for line in ladder if line["scores"]},
        "ladder": ladder,
    }


def _costs_by_form(recipe, splits, evaluation):
    """Returns form → what its answers cost a row; nothing if costs are unknown."""
    costs = recipe.judge.costs
    if not costs:
        return {}
    labels = splits.test.schema.target.labels
    y = splits.test.y
    by_form = {}
    for rung in evaluation.rungs:
        answers = evaluation.answers.get(rung.form)
        if answers is None or not rung.scores or len(answers.scores) != len(y):
            continue
        by_form[rung.form] = mean_cost(costs, y, class_places(answers, labels))
    return by_form


def _cost_facts(recipe, splits, by_form):
    """Returns the costs a row, and what one answer to all rows would cost."""
    if not recipe.judge.costs:
        return {}
    return {
        "costs": {
            "unit": recipe.judge.cost_unit,
            "by_form": by_form,
            "constant": _cheapest_constant(recipe.judge.costs, splits),
        },
    }


def _cheapest_constant(costs, splits):
    """Returns the one answer that costs least on training rows, and its cost a test row."""
    y = splits.train.y
    each = []
    for place in range(len(costs)):
        each.append(mean_cost(costs, y, np.full(len(y), place)))
    best = int(np.argmin(each))
    test = splits.test.y
    label = splits.test.schema.target.labels[best]
    return {"label": label, "cost": mean_cost(costs, test, np.full(len(test), best))}


def _columns_facts(data, splits, signature):
    """Returns, for each column of the source, its kind, and whether the model reads it."""
    used = {column.name for column in signature.columns}
    missing = _missing_shares(splits)
    return [_column_facts(each, missing, used) for each in data.columns]


def _missing_shares(splits):
    """Returns column → the share of training rows without a value; of windows, whose steps overlap
    and of which those without a target are left out, the share of the training steps that they were
    cut from.
    """
    rows = splits.train
    if splits.steps is not None:
        rows = splits.steps.train
    shares = {}
    for name, x in rows.x.items():
        if is_series(x):
            shares[name] = float(np.isnan(x).mean())
        elif x.ndim == 1:
            shares[name] = missing_share(rows, name)
    return shares


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


def _watched(trained):
    """Returns what watching the training recorded, with its faults in words, or None."""
    record = record_of(trained.watched)
    if record is None:
        return None
    return record.to_json()


def _balancing(recipe, shipped, evaluation):
    """Of classes: what ships and the other choice of balancing, or one net of an ensemble."""
    comparison = evaluation.comparison
    task = task_of(shipped.signature.target)
    if comparison is None or not (task.has_classes or task.has_label_sets):
        return None
    balancer = recipe.balancer()
    words = "no balancing"
    if balancer is not None:
        words = repr(balancer)
    if recipe.build.fits_members:
        words = f"{type(recipe.build).__name__} of {len(recipe.build.members)}"
    scores = evaluation.rungs[0].scores
    return [
        {
            "balance": words,
            "ships": True,
            "rows": shipped.trained.num_rows,
            "scores": scores,
            "is_ensemble": recipe.build.fits_members,
        },
        {
            "balance": comparison.words,
            "ships": False,
            "rows": comparison.num_rows,
            "scores": comparison.scores,
        },
    ]


def _baselines(shipped, evaluation):
    """Of series: what ships, a linear network, and plain rules."""
    if not task_of(shipped.signature.target).needs_frame:
        return None
    int8 = next(rung for rung in evaluation.rungs if rung.form == "litert_int8")
    lines = [("this model, int8", int8.scores)]
    if evaluation.comparison is not None:
        lines.append((evaluation.comparison.words, evaluation.comparison.scores))
    lines += evaluation.baselines.items()
    return [{"what": what, "scores": scores} for what, scores in lines]


def draw_pictures(facts: dict, splits, answers) -> list[tuple[str, str]]:
    """(title, base64 PNG) of every picture that the task has, of the int8 form on test rows; those
    of a modality come from `recipe.load.draw`.
    """
    target = splits.test.schema.target
    pictures = list(task_of(target).pictures(splits.test.y, answers["litert_int8"], target))
    if facts["history"]:
        deciding = facts["judge"]["deciding"]
        words = metric_of(facts, deciding)
        curves = draw.learning_curves(facts["history"], deciding, words)
        pictures.insert(0, Picture("learning curves", curves))
    if facts["watched"]:
        pictures += watched_pictures(facts["watched"])
    return [each.content() for each in pictures]
