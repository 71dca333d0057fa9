"""`series`: a user's own series: a forecast, anomalies, or classes of whole series."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import typer

from ..errors import RecipeError
from .options import Drop, Kinds
from .own_data import kinds_of, name_of, one_or_all, refuse_options, require_columns
from .own_recipe import OwnDataOptions
from .reading import Read, reading_of

if TYPE_CHECKING:
    from ..recipe import Candidate

_TS_FILES = (".ts", ".ts.gz")
_ARRAYS = (".npz",)


@dataclass(frozen=True, kw_only=True)
class SeriesOptions(OwnDataOptions):
    """Options of `series`."""

    files: Annotated[
        list[str],
        typer.Argument(
            metavar="FILE",
            help="A table with a row for each step (.csv, .csv.gz, .parquet, .jsonl); or whole "
            "series with their classes: TRAIN.ts and TEST.ts, one .ts file, or a .npz file.",
        ),
    ]
    time: Annotated[
        str,
        typer.Option(
            metavar="COLUMN",
            help="The column with the time, needed of a table.",
        ),
    ] = ""
    target: Annotated[
        list[str] | None,
        typer.Option(
            metavar="COLUMN", help="The column to forecast; leave it out to find anomalies."
        ),
    ] = None
    horizon: Annotated[
        int, typer.Option(min=0, metavar="STEPS", help="How many steps to forecast.")
    ] = 0
    window: Annotated[
        int,
        typer.Option(
            min=0,
            metavar="STEPS",
            help="Steps to look back on. 0: four horizons, or fewer steps where the series are "
            "short; for anomalies, 24 steps.",
        ),
    ] = 0
    series_id: Annotated[
        str,
        typer.Option(
            "--id",
            metavar="COLUMN",
            help="The column that names the series of a row, if there are many.",
        ),
    ] = ""
    label: Annotated[
        str,
        typer.Option(
            metavar="COLUMN",
            help="For anomalies: a column that marks them, to judge the model with; it may be "
            "empty in places.",
        ),
    ] = ""
    drop: Drop = None
    kind: Kinds = None
    read: Read = None


def learn_series(options: SeriesOptions) -> None:
    """Learn your own series: forecast, anomalies or classes.

    A forecast needs --time, --target and --horizon; without a target, anomalies are found. Whole
    series with a class each, in .ts files, are classified.
    """
    first = options.files[0].lower()
    if first.endswith((*_TS_FILES, *_ARRAYS)):
        candidates = _classify(options)
    else:
        candidates = _of_table(options)
    options.train_best(candidates)


def _of_table(options: SeriesOptions) -> "tuple[Candidate, ...]":
    from ..timeseries import LoadSeries, anomaly_candidates, series_candidates

    file = _only_file(options)
    reading = reading_of(options.read)
    _check_intention(options, file, reading)
    load = LoadSeries(
        file,
        options.time,
        one_or_all(options.target),
        series=options.series_id,
        kinds=kinds_of(options.kind),
        drop=tuple(options.drop or ()),
        label=options.label,
        reading=reading,
    )
    load = options.turned_load(load)
    name = options.name or name_of(file)
    if not options.target:
        return anomaly_candidates(load, window=options.window, name=name)
    return series_candidates(
        load,
        horizon=options.horizon,
        window=options.window,
        name=name,
    )


def _check_intention(options, file, reading):
    """Raises RecipeError where neither a forecast nor a search for anomalies is meant."""
    needed = {"--time": options.time}
    if options.horizon:
        needed["--target"] = options.target
    require_columns(needed, file, reading)
    if options.target and not options.horizon:
        raise RecipeError(
            f"--target {options.target[0]} without --horizon",
            expected="the number of steps to forecast",
            fix="--horizon STEPS; to find anomalies instead, leave --target out",
        )
    if options.target and len(options.target) > 1:
        raise RecipeError(
            f"--target {' --target '.join(options.target)}",
            expected="one column to forecast",
            fix="name one; the other columns are read as inputs",
        )
    if options.target and options.label:
        raise RecipeError(
            "--target and --label",
            expected="--target and --horizon for a forecast, or --label for anomalies",
            fix="leave one of them out",
        )


def _only_file(options):
    if len(options.files) > 1:
        raise RecipeError(
            f"{len(options.files)} tables of series",
            expected="one table, with a column that names the series of each row",
            fix="join the files, and name that column with --id COLUMN",
        )
    return options.files[0]


def _classify(options: SeriesOptions) -> "tuple[Candidate, ...]":
    """The recipes for whole series with a class each."""
    from ..timeseries import LoadSeriesArrays, LoadTsFiles, series_classes_candidates

    refuse_options(
        {
            "--time": options.time,
            "--target": options.target,
            "--horizon": options.horizon,
            "--window": options.window,
            "--id": options.series_id,
            "--label": options.label,
            "--drop": options.drop,
            "--kind": options.kind,
            "--read": options.read,
        },
        why="whole series that have a class each",
        fix="leave it out: the file holds the series and their classes",
    )
    name = options.name or name_of(options.files[0])
    if options.files[0].lower().endswith(_ARRAYS):
        arrays = LoadSeriesArrays(_only_file(options))
        return series_classes_candidates(options.turned_load(arrays), name=name)
    if len(options.files) > 2:
        raise RecipeError(
            f"{len(options.files)} .ts files",
            expected="one for training and one for testing, or one that is split",
            fix="python -m pipelines series TRAIN.ts TEST.ts",
        )
    files = LoadTsFiles(*options.files)
    return series_classes_candidates(options.turned_load(files), name=name)
