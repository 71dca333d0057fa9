"""Export of the user's own Keras model: `export_model(model, rows)` gives the bundle that a recipe
would have given.

Nothing is trained. Some rows calibrate int8; on the others every form is run and compared with what
the model itself answers. What the converter is known to break is fixed or refused before it is
converted.

    own_model.load      the model and the rows from their files
    own_model.inputs    the inputs as columns, primitives and ports
    own_model.rewrite   the model flat, of layers that have a form on a device
    own_model.refusals  layers that have none
    own_model.scales    scales, moved in front of the int8 graph
    own_model.parts     all of these: the model taken apart
    own_model.gate      what a form may differ by
    own_model.page      the report and the other files
"""

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from ..bundle.folder import Bundle, check_folder, write_bundle
from ..convert.convert import MAX_CALIBRATION_ROWS
from ..convert.lower import NUM_COPIES
from ..device.cells import shorten
from ..engine.making import making
from ..errors import RecipeError, VerifyError
from ..recipe import Shipping
from ..report.write import DUPLICATES
from ..rows.parts import HeldOut, Schema, TrainSet
from ..spec import NAME_PATTERN
from ..steps import to_ports
from ..targets.budgets import broken_budgets
from ..targets.climbing import climb_all
from ..targets.export import convert_forms, write_files
from ..targets.exported_model import ExportedModel
from ..tasks import task_of
from .gate import ALLOWED, failed_own, num_rows_wanted
from .inputs import read_rows
from .load import load_model, load_rows
from .page import bundle_files, gather_own_facts
from .parts import take_apart
from .refusals import refuse

MIN_ROWS = 20
MAX_HELD_OUT_ROWS = 5000
MAX_STAGGERED = 64  # outputs: copies cost their weights


def export_model(
    model: object,
    rows: Mapping[str, np.ndarray] | np.ndarray | str | Path,
    *,
    name: str,
    targets: tuple[Any, ...] = Shipping().targets,
    folder: str | Path = "saved_models",
    labels: tuple[str, ...] = (),
    seed: int = 0,
) -> Bundle:
    """Writes `folder`/<name>/: the int8 and float32 files of a Keras model with its signature, C
    code, golden vectors and report, each form run here on rows that did not calibrate it.

    Args:
        model: A Functional or Sequential keras.Model of built-in layers with one output, or the
            path of a .keras file.
        rows: At least 20 as model.predict takes them, [rows, ...], for several inputs by name; or
            the path of an .npy or .npz file. Half of them, at most 1,000, calibrate.
        name: Of the bundle.
        targets: The runtimes that it is made for.
        folder: Where the bundle's folder is written.
        labels: Of a classifier, in the order of its outputs (two for one sigmoid output), which
            may be probabilities or logits; without, the outputs are numbers.
        seed: Of the draw of the rows that calibrate.

    Raises:
        RecipeError: If the name or the labels are invalid.
        ExportError: If something has no form on a device.
        VerifyError: If a form does not answer as the model does; `folder`/<name>.failed/ holds it.
    """
    _check_name(name)
    _check_labels(labels)
    shipping = Shipping(targets)
    shipping.check()
    check_folder(Path(folder), name)
    with making(Path(folder), name):
        facts, files = _run(
            model,
            rows,
            shipping,
            name=name,
            labels=tuple(labels),
            seed=seed,
        )
        return _write(Path(folder), name, facts, files)


def _run(model, rows, shipping, *, name, labels, seed):
    """Returns the facts of the report, and name → content of the bundle's files."""
    start = time.perf_counter()
    model, source = load_model(model)
    rows = read_rows(model, load_rows(rows))
    places, held_out = _split(rows, seed)
    parts = take_apart(model, rows, places, labels=labels)
    train = _row_set(TrainSet, parts, places)
    test = _row_set(HeldOut, parts, held_out)
    made, refused = _make(name, parts, shipping, train, seed=seed)
    targets = shipping.runs_on()
    rungs, answers = climb_all(made, targets, test, refused=refused)
    failed = failed_own(made.signature, rungs, answers)
    if not failed:
        failed = broken_budgets(targets, rungs)
    facts = gather_own_facts(
        made,
        rungs,
        test,
        notes=_notes(parts, len(test)),
        failed=failed,
    )
    seconds = round(time.perf_counter() - start, 2)
    facts.update(_source_facts(source, seed, seconds, num_calibration=len(places)))
    return facts, bundle_files(made, facts, answers, test)


def _source_facts(source, seed, seconds, *, num_calibration):
    """Returns what report.json holds of the model's source and of its export."""
    return {
        "seed": seed,
        "source": {**source, "duplicates": dict.fromkeys(DUPLICATES, 0), "suspects": []},
        "seconds": {"export": seconds},
        "about": f"A Keras model of the user's own, as it was handed over: {num_calibration:,} "
        "rows calibrated its int8 form, nothing was trained.",
    }


def _write(folder, name, facts, files):
    """Returns the Bundle of files written. Raises VerifyError where the gate failed: the files are
    then in <name>.failed.
    """
    gate = facts["gate"]
    if gate["passed"]:
        return Bundle(write_bundle(folder / name, files))
    failed = Bundle(write_bundle(folder / f"{name}.failed", files))
    page = failed.folder / "report.html"
    more_rows = _rows_wanted(facts["rows"]["test"])
    raise VerifyError(
        gate["failed_step"],
        expected=f"at most {facts['judge']['tolerance']} lost from "
        "Keras to the last form, and budgets kept",
        fix=f"see {page}; {more_rows} that look like "
        "those of use, or train the model quantization-aware",
    )


def _make(name, parts, shipping, train, *, seed):
    """Returns the ExportedModel, and rung → why a target that is not required is left out.

    Raises:
        RecipeError: a target that is required cannot be served.
    """
    rows = to_ports(parts.signature, train)
    made = ExportedModel(name, parts.signature, parts.model, {}, rows, seed, train)
    copies = _num_copies(parts.model)
    made, refused = convert_forms(made, shipping, copies=copies)
    return write_files(made, shipping, refused=refused), refused


def _check_name(name):
    if not NAME_PATTERN.fullmatch(name):
        raise RecipeError(
            f"the name {name!r}", expected="letters, digits, - and _", fix="--name my_model"
        )


def _check_labels(labels):
    """Raises RecipeError for labels that are no names, or that are not two or more, each once."""
    num_labels = len(labels)
    are_repeated = len(set(labels)) < num_labels
    if are_repeated or num_labels == 1 or not all(map(_is_name, labels)):
        received = ", ".join(map(str, labels))
        raise RecipeError(
            f"the labels {received}",
            expected="two or more names, each once",
            fix="--labels cat,dog",
        )
    for label in labels:
        has_surrogates = any("\ud800" <= letter <= "\udfff" for letter in label)
        if "\0" in label or has_surrogates:
            raise RecipeError(
                f"the label {shorten(label)}",
                expected="names that can be written as UTF-8",
                fix="--labels cat,dog",
            )


def _is_name(label):
    return isinstance(label, str) and label != ""


def _split(rows, seed):
    """Returns the places of calibration rows and of others to judge on."""
    num_rows = len(next(iter(rows.values())))
    if num_rows < MIN_ROWS:
        refuse(
            f"{num_rows} rows",
            expected=f"at least {MIN_ROWS}, half to calibrate and half to verify",
            fix="give more rows; hundreds are better",
        )
    order = np.random.default_rng(seed).permutation(num_rows)
    num_calibration = min(num_rows // 2, MAX_CALIBRATION_ROWS)
    calibration = order[:num_calibration]
    held_out = order[num_calibration : num_calibration + MAX_HELD_OUT_ROWS]
    return np.sort(calibration), np.sort(held_out)


def _row_set(kind, parts, places):
    """Returns raw columns as a TrainSet or HeldOut; y is what the given model answers."""
    target = parts.signature.target
    y = task_of(target).truth_of_outputs(parts.answers, activated=bool(parts.activation))
    return kind(
        x={name: x[places] for name, x in parts.columns.items()},
        y=y[places],
        ids=places,
        schema=Schema(parts.signature.columns, target),
    )


def _num_copies(model):
    """Returns the number of copies of a last dense layer: finer outputs where they are cheap."""
    last = model.operations[-1]
    if type(last).__name__ != "Dense" or last is not model.layers[-1]:
        return 1
    linear = last.activation.__name__ == "linear"
    if last.use_bias and linear and last.units <= MAX_STAGGERED:
        return NUM_COPIES
    return 1


def _rows_wanted(num_judged):
    """Returns how many rows to provide, in words."""
    wanted = num_rows_wanted(ALLOWED["accuracy"])
    if num_judged < wanted:
        return (
            f"provide at least {2 * wanted} rows ({num_judged} judge here, of which one is "
            f"{1 / num_judged:.0%})"
        )
    return "provide more rows"


def _notes(parts, num_judged):
    """Returns the sentences of the report on how the model is judged."""
    notes = [
        *parts.notes,
        "The truth that every form is scored against is what the given Keras model answers",
    ]
    if num_judged < num_rows_wanted(ALLOWED["accuracy"]):
        notes.append(f"Only {num_judged} rows judge: {_rows_wanted(num_judged)}")
    if parts.signature.target.labels and parts.activation:
        notes.append(
            f"The {parts.activation} that the model ends with was taken off: it changes no label, "
            "and int8 is finer before it"
        )
    return notes
