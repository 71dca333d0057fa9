"""Is a recipe over- or underfitting? Fits on the same folds inside the rows to learn from."""

from pathlib import Path
from typing import Any

import numpy as np

from ...bundle.folder import as_json, check_folder
from ...engine.making import making
from ...engine.workspace import write_whole
from ...errors import RecipeError
from ...recipe import Candidate, Recipe
from ...report.write import to_plain
from ...rows.parts import Schema
from ...run import frame, read, settle, split
from ...tasks import task_of
from ..interpret.interpret import Interpretation
from ..interpret.page import page
from ..interpret.reading import NotRead, Reading
from ..workers import Workers
from .advice import advice
from .decomposition import Decomposition, decompose_classes, decompose_numbers
from .held import Held
from .readings import parts_reading, regularizers_reading, rows_reading, width_reading
from .runs import DiagnosisPlan, DiagnosisRuns, Fits, Runs
from .turned import reason_against, regularizers, wider, width_knob

PAGE = "diagnosis.html"
NUMBERS = "diagnosis.json"


def diagnose(
    recipe: Recipe,
    *,
    plan: DiagnosisPlan = DiagnosisPlan(),
    workers: Workers = Workers(),
) -> Interpretation:
    """Fits a recipe on shares of its rows, in other widths, with regularizers turned and on draws
    of its rows, and writes `workers.folder`/<name>.diagnosis/ with a page and its numbers.

    The recipe's own test rows are in no fold: what is chosen by the page is still unseen by them.

    Args:
        recipe: the slots in order.
        plan: how much is fitted.
        workers: who does the fits.

    Raises:
        PipelineError: the recipe as it is could not be fitted.
    """
    plan.check()
    recipe.check()
    if recipe.build.solves:
        raise RecipeError(
            f"a diagnosis of {type(recipe.build).__name__}, whose weights are solved for",
            expected="a network that is trained in epochs",
            fix="another recipe, or `crossvalidate`",
        )
    check_folder(workers.folder, recipe.name)
    with making(workers.folder, f"{recipe.name}.diagnosis"), workers.open() as engine:
        dataset = read(recipe).dataset
        schema = frame(recipe, split(recipe, dataset)).train.schema
        settle(recipe, schema)
        runs = _fit_all(recipe, schema, Fits(engine, plan))
    if runs.usual.reason:
        raise runs.usual.error or _no_score(runs.usual)
    task = task_of(schema.target)
    parts = _parts_of(runs.draws, is_of_classes=task.has_classes)
    return _result(
        recipe,
        runs,
        parts,
        is_of_classes=task.has_classes,
        folder=workers.folder / f"{recipe.name}.diagnosis",
    )


def _fit_all(recipe: Recipe, schema: Schema, fits: Fits) -> DiagnosisRuns:
    """Returns all fits; what could not be done is named."""
    plan = fits.plan
    refused: dict[str, str] = {}
    usual = Candidate("as it is", recipe)
    as_it_is = fits.on_folds(usual)
    shares: list[Runs] = []
    draws = None
    if recipe.frame is None:
        for share in plan.shares:
            part = Candidate(f"{100 * share:g} % of the rows", recipe)
            shares.append(fits.on_folds(part, factor=share, share=share))
        draws = fits.on_draws(usual)
    else:
        reason = "windows are of steps in a row, of which none can be left out"
        refused["Learning curve over rows"] = reason
        refused["Bias and variance"] = reason
    widths = []
    for factor, candidate in _widths(recipe, plan, refused):
        reason = reason_against(candidate.recipe, schema)
        if reason:
            refused[candidate.words] = reason
        else:
            widths.append(fits.on_folds(candidate, factor=factor))
    turned = []
    for candidate in regularizers(recipe):
        reason = reason_against(candidate.recipe, schema)
        if reason:
            refused[candidate.words] = reason
        else:
            turned.append(fits.on_folds(candidate))
    fits.gather()
    return DiagnosisRuns(
        usual=as_it_is,
        shares=_scored(shares, refused),
        widths=_scored(widths, refused),
        regularizers=_scored(turned, refused),
        draws=draws,
        refused=refused,
    )


def _widths(recipe, plan, refused) -> list[tuple[float, Candidate]]:
    """Returns the factors of the width, and the recipes with them."""
    knob = width_knob(recipe)
    if not knob:
        network = type(recipe.build).__name__
        refused["Learning curve over width"] = f"{network} has no knob of its width"
        return []
    found = []
    for factor in plan.widths:
        turned = wider(recipe, factor)
        if turned != recipe:
            found.append((factor, Candidate(f"{knob} times {factor:g}", turned)))
    return found


def _scored(runs: list[Runs], refused: dict[str, str]) -> list[Runs]:
    """Returns those with a score on every fold, and notes why the others have none."""
    kept = []
    for each in runs:
        if each.reason:
            refused[each.words] = each.reason
        else:
            kept.append(each)
    return kept


def _no_score(runs):
    return RecipeError(
        f"the recipe has no score: {runs.reason}",
        expected="rows enough for a score in each fold",
        fix="--folds 3, or more rows",
    )


def _parts_of(draws: Runs | None, *, is_of_classes: bool) -> Decomposition | None:
    """Returns bias and variance over the draws that could be fitted."""
    if draws is None or draws.error is not None:
        return None
    answers = np.stack([fit.answers for fit in draws.fits])
    truth = draws.fits[0].truth
    if is_of_classes:
        return decompose_classes(answers, truth)
    if answers.shape[1:] != truth.shape:
        return None
    return decompose_numbers(answers, truth.astype(np.float64))


def _result(
    recipe: Recipe,
    runs: DiagnosisRuns,
    parts: Decomposition | None,
    *,
    is_of_classes: bool,
    folder: Path,
) -> Interpretation:
    """Writes the page and its numbers, and returns what it shows."""
    held = Held(runs)
    finding, evidence = advice(held, parts)
    numbers = {"finding": finding, "deciding": held.deciding, "gap": vars(held.gap())}
    readings = [Reading(finding, evidence, values=numbers)]
    if runs.shares:
        readings.append(rows_reading(held))
    if runs.widths:
        readings.append(width_reading(held))
    if parts is not None:
        readings.append(parts_reading(held, parts, is_of_classes=is_of_classes))
    if runs.regularizers:
        readings.append(regularizers_reading(held))
    result = Interpretation(
        recipe.name,
        _model_words(recipe, runs),
        tuple(readings),
        tuple(NotRead(words, reason) for words, reason in runs.refused.items()),
        folder / PAGE,
    )
    folder.mkdir(parents=True, exist_ok=True)
    values: dict[str, Any] = {each.title: each.values for each in readings[1:]}
    content = as_json(to_plain({**numbers, "advice": evidence, "readings": values}))
    write_whole(folder / NUMBERS, content.encode())
    write_whole(folder / PAGE, page(result, heading="over- or underfitting?").encode())
    return result


def _model_words(recipe, runs):
    fits = runs.usual.fits
    num_judged = sum(fit.num_rows["test"] for fit in fits)
    return (
        f"{recipe.name}: Keras models on {len(fits)} folds of {recipe.split!r}, {num_judged:,} "
        f"rows judged, its test rows in none; training seed {recipe.training.seed}"
    )
