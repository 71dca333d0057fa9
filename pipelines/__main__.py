"""The command line: `python -m pipelines --help`."""

import os
import re
import sys
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from .device.door import ends_on_signals, through_door
from .errors import RecipeError

STOPPED = "stopped: nothing was written"

# Plain help: rich's takes 0.1 s to load, and then the whole of it is over the 0.3 s that help may
# take.
app = typer.Typer(
    rich_markup_mode=None,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="From a messy data set to an int8 model that was run on its device.",
)
Separator = Annotated[str, typer.Option(help="Cell separator; found if empty.")]
Encoding = Annotated[str, typer.Option(help="Text encoding; found if empty.")]
Form = Annotated[str, typer.Option(help="int8 or float32; uint8 for models of pictures.")]
Folder = Annotated[Path, typer.Option(help="Where bundles are written.")]


@app.command("run")
def run_command(
    recipe: Annotated[str | None, typer.Argument(help="A named recipe; see `list`.")] = None,
    csv_file: Annotated[
        str | None, typer.Option("--csv", help="Your own table: .csv, .csv.gz or .parquet.")
    ] = None,
    images: Annotated[
        str | None,
        typer.Option(help="Your own pictures: a folder with a folder for each class."),
    ] = None,
    texts: Annotated[
        str | None,
        typer.Option(
            "--text",
            help="Your own texts: a folder with a folder for "
            "each class; or .csv, .csv.gz, .parquet or .jsonl.",
        ),
    ] = None,
    series: Annotated[
        str | None,
        typer.Option(
            "--series",
            help="Your own series: a table with a row a step; with --time, --target, --horizon.",
        ),
    ] = None,
    horizon: Annotated[int, typer.Option(help="Steps to foretell, of a series.")] = 0,
    window: Annotated[int, typer.Option(help="Steps to look back on; four horizons if 0.")] = 0,
    season: Annotated[int, typer.Option(help="Steps of a season; found from the step if 0.")] = 0,
    series_id: Annotated[
        str, typer.Option("--id", help="The column that tells many series apart.")
    ] = "",
    text_column: Annotated[str, typer.Option(help="The column with the texts, of a table.")] = "",
    target: Annotated[str, typer.Option(help="The column to predict.")] = "",
    name: Annotated[str, typer.Option(help="Name of the bundle; the file's own if empty.")] = "",
    settings: Annotated[
        list[str] | None,
        typer.Option(
            "--set", help="Turn a knob: training.epochs=3, 'balance=SmoteNC()', split.seed=1."
        ),
    ] = None,
    kinds: Annotated[
        list[str] | None,
        typer.Option(
            "--kind",
            help="Override a column's kind: 'zip=categorical' (numeric, categorical, boolean, "
            "date, date:%d.%m.%Y, date:unix, ignored).",
        ),
    ] = None,
    drop: Annotated[list[str] | None, typer.Option(help="A column to leave out.")] = None,
    group: Annotated[
        list[str] | None,
        typer.Option(
            help="A column whose values stay in one part (a patient); of a folder, a pattern "
            "of its files' names."
        ),
    ] = None,
    time: Annotated[
        str, typer.Option(help="A column with the time: the last rows are held out.")
    ] = "",
    missing: Annotated[
        list[str] | None, typer.Option(help="One more word that reads as missing.")
    ] = None,
    no_missing: Annotated[
        list[str] | None,
        typer.Option(
            help="A word that is a value, though it reads as missing otherwise: NA, None, null."
        ),
    ] = None,
    spelling: Annotated[
        str,
        typer.Option(
            help="Of classes whose names differ in case alone: join or keep; refused if empty."
        ),
    ] = "",
    separator: Separator = "",
    encoding: Encoding = "",
    decimal: Annotated[str, typer.Option(help="Decimal mark, . or ,; found if empty.")] = "",
    thousands: Annotated[
        str, typer.Option(help="Mark that parts thousands: . , ' or a space; found if empty.")
    ] = "",
    runs_on: Annotated[
        str,
        typer.Option(
            help="Where it shall run: litert, micro, c, mediapipe, web, ethosu; "
            "with commas; 'web?': if possible. litert,micro,c if empty."
        ),
    ] = "",
    folder: Folder = Path("saved_models"),
):
    """Run a recipe, or your own table, pictures, texts or series, from raw rows to a verified int8
    model.
    """
    from . import catalog
    from .sources.table import refuse_whole_series

    reading = {
        "separator": separator,
        "encoding": encoding,
        "decimal": decimal,
        "thousands": thousands,
        "spelling": spelling,
    }
    columns = {"kind": kinds or [], "drop": drop or [], "group": group or [], "time": time}
    steps = {"horizon": horizon, "window": window, "season": season, "id": series_id}
    words = {"missing": missing or [], "no-missing": no_missing or []}
    own = {"target": target, "text-column": text_column, **words, **reading, **columns, **steps}
    asked = [
        said
        for said, value in (
            (f"the recipe {recipe!r}", recipe),
            ("--csv", csv_file),
            ("--images", images),
            ("--text", texts),
            ("--series", series),
        )
        if value
    ]
    if len(asked) > 1:
        raise RecipeError(
            " and ".join(asked),
            expected="one of them",
            fix="turn a named recipe's knobs with --set load.source=FILE",
        )
    if series:
        known = {"target", "kind", "drop", "time", *words, *reading, *steps}
    elif csv_file:
        known = set(own) - {"text-column", *steps}
    elif images:
        known = {"group", "spelling"}
    elif texts and os.path.isdir(texts):
        known = {"group", "encoding", "spelling"}
    elif texts:
        known = {"target", "text-column", "group", *words, *reading}
    else:
        known = set()
    given = [option for option, value in own.items() if value and option not in known]
    if given and texts and os.path.isdir(texts):
        raise RecipeError(
            f"--{given[0]} with --text and a folder",
            expected="--group, --encoding and --spelling at most",
            fix="leave it out: the folders in it name the classes",
        )
    if given and series and "group" in given:
        raise RecipeError(
            "--group with --series",
            expected="--id, the column that tells many series apart",
            fix=f"--id {(group or ['COLUMN'])[0]}",
        )
    if given:
        if given[0] == "text-column":
            needed = "--text"
        elif given[0] in steps:
            needed = "--series"
        else:
            needed = "--csv"
        raise RecipeError(
            f"--{given[0]} without {needed}",
            expected=f"{needed} FILE beside it",
            fix=f"otherwise turn the knob: --set {_knob_of(given[0], words, reading)}=...",
        )
    for file in filter(None, (csv_file, series)):
        refuse_whole_series(file)
    if csv_file:
        made = _own_table(csv_file, target, name, columns, _reading(reading, words))
    elif images:
        from .vision import LoadFolder, picture_recipe

        load = LoadFolder(images, group=_pattern(group or [], "--images"), spelling=spelling)
        made = picture_recipe(load, name=name or _stem(images))
    elif series:
        made = _own_series(series, target, name, columns, steps, _reading(reading, words))
    elif texts:
        made = _own_texts(
            texts,
            name,
            columns=(text_column, target),
            group=group or [],
            reading=_reading(reading, words),
        )
    else:
        made = _named(recipe)
        made = replace(made, name=name or made.name)
    if runs_on:
        made = replace(
            made, shipping=replace(made.shipping, targets=catalog.targets_named(runs_on))
        )
    made = catalog.override(made, *settings or [])
    from .run import run

    with ends_on_signals(STOPPED):
        run(made, folder=folder)


def _own_table(path, target, name, columns, reading):
    from .rows.split import SplitByTime
    from .tabular import LoadTable, table_recipe

    if not target:
        raise RecipeError(
            "--csv without --target", expected="the column to predict", fix="--target COLUMN"
        )
    if columns["group"] and columns["time"]:
        raise RecipeError(
            "--group and --time", expected="one way to split", fix="leave one of them out"
        )
    load = LoadTable(
        path,
        target,
        kinds=_kinds(columns["kind"]),
        drop=tuple(columns["drop"]),
        group=tuple(columns["group"]),
        time=columns["time"],
        reading=reading,
    )
    return table_recipe(
        load, name=name or _stem(path), split=SplitByTime() if columns["time"] else None
    )


def _own_series(path, target, name, columns, steps, reading):
    from .timeseries import LoadSeries, series_recipe

    for option, value in (
        ("--time", columns["time"]),
        ("--target", target),
        ("--horizon", steps["horizon"]),
    ):
        if not value:
            raise RecipeError(
                f"--series without {option}",
                expected="the column of time, the one to foretell, and how many steps",
                fix="--time COLUMN --target COLUMN --horizon STEPS",
            )
    load = LoadSeries(
        path,
        columns["time"],
        target,
        series=steps["id"],
        kinds=_kinds(columns["kind"]),
        drop=tuple(columns["drop"]),
        reading=reading,
    )
    return series_recipe(
        load,
        horizon=steps["horizon"],
        window=steps["window"],
        season=steps["season"],
        name=name or _stem(path),
    )


def _kinds(given):
    pairs = [kind.rpartition("=") for kind in given]
    if any(not mark for _, mark, _ in pairs):
        raise RecipeError(f"--kind {given}", expected="column=kind", fix="--kind 'zip=categorical'")
    return {column: kind for column, _, kind in pairs}


def _own_texts(path, name, *, columns, group, reading):
    from .text import LoadTextFolder, LoadTexts, text_recipe

    if os.path.isdir(path):
        load = LoadTextFolder(
            path,
            encoding=reading.encoding,
            group=_pattern(group, "--text and a folder"),
            spelling=reading.spelling,
        )
    elif all(columns):
        load = LoadTexts(path, *columns, group=tuple(group), reading=reading)
    else:
        raise RecipeError(
            "--text without --text-column and --target",
            expected="the column with the texts, and the one to predict; or a folder of class "
            "folders",
            fix="--text-column COLUMN --target COLUMN",
        )
    return text_recipe(load, name=name or _stem(path))


def _pattern(group, options):
    if len(group) > 1:
        raise RecipeError(
            f"--group {group} with {options}",
            expected="one regular expression for the files' names",
            fix=r"--group 'patient(\d+)'",
        )
    return "".join(group)


def _knob_of(option, words, reading):
    if option in words:
        return "load.reading.missing_words"
    return f"load.{'reading.' * (option in reading)}{option.replace('-', '_')}"


def _reading(reading, words):
    from .sources.table import Reading

    read = Reading(**reading)
    unknown = [word for word in words["no-missing"] if word not in read.missing_words]
    if unknown:
        raise RecipeError(
            f"--no-missing {unknown[0]!r}",
            expected=", ".join(map(repr, read.missing_words)),
            fix="leave it out: the word is a value as it is",
        )
    kept = [word for word in read.missing_words if word not in words["no-missing"]]
    return replace(read, missing_words=(*kept, *words["missing"]))


def _stem(path):
    """A bundle's name from a file's or folder's."""
    stem = re.sub(r"[^A-Za-z0-9_-]+", "_", Path(path).resolve().name.split(".")[0]).strip("_-")[:40]
    return stem or "my_model"


def _named(recipe):
    from . import catalog

    if recipe not in catalog.RECIPES:
        raise RecipeError(
            f"recipe {recipe!r}"
            if recipe
            else "neither a recipe nor --csv, --images, --text or --series",
            expected=", ".join(catalog.RECIPES) + "; --csv FILE --target COLUMN; --images FOLDER; "
            "--text FOLDER; --text FILE --text-column COLUMN --target COLUMN; or --series FILE "
            "--time COLUMN --target COLUMN --horizon STEPS",
            fix="python -m pipelines list",
        )
    return catalog.RECIPES[recipe]


@app.command("backtest")
def backtest_command(
    recipe: Annotated[str, typer.Argument(help="A named recipe that forecasts; see `list`.")],
    folds: Annotated[int, typer.Option(help="Stretches that the test is cut to.")] = 4,
    refit: Annotated[bool, typer.Option(help="Learn anew before each stretch, or once.")] = True,
    settings: Annotated[list[str] | None, typer.Option("--set", help="Turn a knob.")] = None,
):
    """Foretell stretch after stretch, each from what came before it; CSV on standard output."""
    from . import catalog
    from .studies.backtest import backtest

    made = catalog.override(_named(recipe), *settings or [])
    with ends_on_signals(STOPPED):
        table = backtest(made, num_folds=folds, refit=refit)
    print(table.to_csv(index=False, float_format="%.4f"), end="")


@app.command("compress")
def compress_command(
    bundle: Annotated[
        Path, typer.Argument(help="saved_models/<name>, made from a file that is still there.")
    ],
    max_bytes: Annotated[int, typer.Option(help="Budget: bytes of the int8 file.")] = 0,
    max_arena_bytes: Annotated[int, typer.Option(help="Budget: bytes of TFLM's arena.")] = 0,
    max_ms: Annotated[
        float, typer.Option(help="Budget: milliseconds a row under LiteRT, on this machine.")
    ] = 0.0,
    epochs: Annotated[
        int, typer.Option(help="Of fitting further; a quarter of the recipe's if 0.")
    ] = 0,
    folder: Annotated[
        Path | None, typer.Option(help="Where <name>_small goes; its folder if none.")
    ] = None,
):
    """Try every way to make a model smaller, draw score against bytes and time, and ship the choice
    for the budget.
    """
    from .studies.tradeoff import compress_bundle
    from .targets.micro.spec import TargetMicro

    budget = TargetMicro(max_bytes=max_bytes, max_arena_bytes=max_arena_bytes, max_ms=max_ms)
    with ends_on_signals(STOPPED):
        compress_bundle(bundle, budget=budget, epochs=epochs, into=folder)


@app.command("list")
def list_command():
    """Name the recipes and what each predicts."""
    from . import catalog

    for name, recipe in catalog.RECIPES.items():
        print(f"{name:14} {recipe.about}")


@app.command("explain")
def explain_command(
    bundle: Annotated[Path, typer.Argument(help="saved_models/<name>")],
    file: Annotated[
        str | None,
        typer.Argument(
            help="A table, or a picture, or a text; the bundle's own golden rows if none."
        ),
    ] = None,
    row: Annotated[int, typer.Option(help="Which row, from 1, as `predict` counts.")] = 1,
    form: Form = "int8",
    separator: Separator = "",
    encoding: Encoding = "",
):
    """Show one raw row on its way through every stage, with the values."""
    from .bundle.explain import explain
    from .bundle.folder import read_golden_rows
    from .device import Runner
    from .device.__main__ import takes
    from .device.cells import PICTURE, TEXT
    from .errors import DeviceError

    runner = Runner.load(bundle, form=form)
    if file and (takes(runner) == PICTURE or (takes(runner) == TEXT and not os.path.isfile(file))):
        rows = [{runner.signature.columns[0].name: file}]
    elif file and runner.signature.frame:
        from .device.history import newest_windows

        columns = newest_windows(runner.signature, _rows_for(file, separator, encoding))[1]
        rows = [
            dict(zip(columns, values, strict=True))
            for values in zip(*columns.values(), strict=True)
        ]
    elif file:
        cells = _rows_for(file, separator, encoding)
        rows = [
            dict(zip(cells, values, strict=True)) for values in zip(*cells.values(), strict=True)
        ]
    else:
        rows = read_golden_rows(
            bundle,
            pictures=[each.name for each in runner.signature.columns if each.kind == PICTURE],
        )
    if not 1 <= row <= len(rows):
        raise DeviceError(f"row {row}", expected=f"1 to {len(rows)}", fix="--row 1")
    from .report.terminal import print_lines

    print_lines(explain(runner, rows[row - 1]), ("stage", "what", "value"))


@app.command("predict")
def predict_command(
    bundle: Annotated[Path, typer.Argument(help="saved_models/<name>")],
    files: Annotated[
        list[str],
        typer.Argument(
            help="A table (.csv, .csv.gz, .parquet or .jsonl); or pictures, for a model of "
            "pictures; or texts, for a model of texts."
        ),
    ],
    form: Form = "int8",
    separator: Separator = "",
    encoding: Encoding = "",
    safe_csv: Annotated[
        bool | None,
        typer.Option(
            "--safe-csv/--no-safe-csv",
            help="Write cells that neither a spreadsheet nor a terminal acts on: an apostrophe "
            "before =, +, -, @, tab and carriage return, escapes for control characters. Without "
            "either, for a terminal only.",
        ),
    ] = None,
):
    """Answer every row of a table, or pictures, or texts, with the device runner; CSV on standard
    output.
    """
    from .device import Runner
    from .device.__main__ import (
        check_header,
        takes,
        write_answers,
        write_cell_answers,
        write_forecasts,
    )
    from .device.cells import PICTURE, TEXT
    from .device.safe_csv import answers_writer

    runner = Runner.load(bundle, form=form)
    writer = answers_writer(sys.stdout, safe=safe_csv)
    if takes(runner) == PICTURE or (takes(runner) == TEXT and not os.path.isfile(files[0])):
        raise typer.Exit(int(write_cell_answers(runner, files, writer)))
    if len(files) > 1:
        raise RecipeError(
            f"{len(files)} files for a model of tables",
            expected="one table",
            fix="answer them one by one",
        )
    cells = _rows_for(files[0], separator, encoding)
    names = list(cells)
    check_header(names, [column.name for column in runner.signature.columns])
    rows = list(zip(*cells.values(), strict=True))
    if runner.signature.frame:
        write = write_forecasts
    else:
        write = write_answers
    raise typer.Exit(int(write(runner, names, rows, writer)))


def _rows_for(file, separator, encoding):
    from .sources.table import Reading, read_table

    return read_table(file, Reading(separator=separator, encoding=encoding))


@app.command("report")
def report_command(bundle: Annotated[Path, typer.Argument(help="saved_models/<name>")]):
    """Print a bundle's table again, and where its report lies."""
    from .bundle.folder import Bundle, malformed
    from .report.terminal import print_ladder, printable

    facts = Bundle(bundle).report
    with malformed(bundle, "report.json", "a report"):
        print_ladder(printable(facts), bundle)


@app.command("export")
def export_command(
    model: Annotated[Path, typer.Argument(help="A .keras file of built-in layers.")],
    rows: Annotated[
        Path,
        typer.Option(
            help="Rows as model.predict takes them: .npy, or .npz with an "
            "array for each input by name. Half of them calibrate."
        ),
    ],
    target: Annotated[
        str,
        typer.Option(
            help="Where it shall run: litert, micro, c, mediapipe, web, "
            "ethosu; with commas; 'web?': if possible."
        ),
    ] = "litert,micro,c",
    labels: Annotated[
        str, typer.Option(help="Of a classifier: in the order of its outputs, separated by commas.")
    ] = "",
    name: Annotated[str, typer.Option(help="Name of the bundle; the file's own if empty.")] = "",
    seed: Annotated[int, typer.Option(help="Draws the rows that calibrate.")] = 0,
    folder: Folder = Path("saved_models"),
):
    """Bring your own Keras model: a verified int8 bundle of it, without training."""
    from .catalog import targets_named
    from .own_model.export import export_model
    from .report.terminal import print_ladder

    with ends_on_signals(STOPPED):
        bundle = export_model(
            model,
            rows,
            name=name or _stem(model),
            targets=targets_named(target),
            folder=folder,
            labels=_listed(labels),
            seed=seed,
        )
    print_ladder(bundle.report, bundle.folder)


def _listed(text):
    return tuple(part.strip() for part in text.split(",") if part.strip())


@app.command("check")
def check_command(bundle: Annotated[Path, typer.Argument(help="saved_models/<name>")]):
    """Compare every file of a bundle with its checksum."""
    from .device.checksums import print_check

    print_check(bundle)


def main() -> int:
    """Runs a command and returns its exit code (see `device.door`)."""
    return through_door(app)


if __name__ == "__main__":
    sys.exit(main())
