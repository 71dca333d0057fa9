"""Learns new classes from a few examples, on the device and without training.

    python -m pipelines.device.adapt saved_models/fashion_prototypes examples/ --to new.json
    python -m pipelines.device saved_models/fashion_prototypes --prototypes new.json a.png b.png

Examples are a folder of pictures for each class, examples/<class>/*.png; for a model of rows or
texts a CSV file with a column named as the model's target, which holds the class of each row.
"""

import argparse
import contextlib
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from .cells import PICTURE, BadCell
from .csv_header import check_header, read_table
from .door import through_door
from .errors import DeviceError
from .primitives import num_draws
from .prototypes import Prototypes, model_digest, read_prototypes, require_prototypes
from .regular import is_hidden
from .runner import Runner

SUFFIXES = (".png", ".jpg", ".jpeg", ".gif", ".webp", ".bmp")
Examples = Iterator[tuple[str, dict[str, list[str]]]]
_GIVE = "examples/<class>/*.png of pictures, or a CSV file with a column of classes"


def main(arguments: list[str] | None = None) -> int:
    """Writes the new classes of a folder or a table of examples.

    Args:
        arguments: Of the command line; those of the process if None.

    Returns:
        The exit code.
    """
    parser = argparse.ArgumentParser(prog="pipelines.device.adapt", description=__doc__)
    parser.add_argument("bundle", help="folder of a bundle that gives embeddings")
    parser.add_argument("examples", help=_GIVE)
    parser.add_argument(
        "--to",
        required=True,
        help="the file to write",
    )
    parser.add_argument(
        "--start",
        default="",
        help="a file of before, to add to",
    )
    parser.add_argument(
        "--keep",
        action="store_true",
        help="keep the classes of the bundle",
    )
    options = parser.parse_args(arguments)

    def work():
        prototypes = adapt(
            options.bundle, options.examples, start=options.start, keeps=options.keep
        )
        write_prototypes(options.to, prototypes)
        for line in described(prototypes):
            print(line)

    return through_door(work)


def adapt(
    folder: str | Path, examples: str | Path, *, start: str | Path = "", keeps: bool = False
) -> Prototypes:
    """Embeds examples with a bundle's int8 file and adds them to the sums of their classes.

    Args:
        folder: Of the bundle.
        examples: A folder of folders of pictures, or a CSV file.
        start: A file of classes that are known already; "" for none.
        keeps: Whether the bundle's own classes stay among the answers.

    Returns:
        The classes, which answer: `Prototypes.adapted` takes them.

    Raises:
        DeviceError: If the bundle gives no embedding, or an example cannot be read.
    """
    runner = Runner.load(folder)
    require_prototypes(runner.signature)
    if num_draws(runner.signature.primitives) > 1 or runner.signature.frame is not None:
        raise DeviceError(
            "a model of drawn numbers, or of steps in time",
            expected="one row, one embedding",
            fix="train a model of rows, pictures, texts or whole series",
        )
    prototypes = Prototypes(model_digest(folder), keeps)
    if start:
        prototypes = read_prototypes(start, folder)
    for label, columns in read_examples(runner, Path(examples)):
        prototypes = prototypes.added(label, embedded(runner, columns))
    prototypes.adapted(runner.signature)
    return prototypes


def embedded(runner: Runner, cells: dict[str, list[str]]) -> np.ndarray:
    """Returns the embeddings of raw rows in steps of the output, int32 [rows, width].

    Args:
        runner: Of the int8 form.
        cells: The raw cells by column.

    Raises:
        DeviceError: If a cell cannot be read.
    """
    columns, bad = runner.read(cells)
    if bad:
        _refuse_example(bad[0], cells)
    return runner.signature.output.steps(runner.predict_columns(columns).raw)


def _refuse_example(bad: BadCell, cells):
    """Raises DeviceError for an example that cannot be read."""
    row = {name: str(column[bad.row])[:80] for name, column in cells.items()}
    raise DeviceError(
        f"the example {row}: {bad.reason}",
        expected="examples that the model can read",
        fix="correct it, or leave it out",
    )


def read_examples(runner: Runner, source: Path) -> Examples:
    """Yields the label and the raw columns of the examples of each class.

    Args:
        runner: Of the model.
        source: A folder of folders of pictures, or a CSV file.

    Raises:
        DeviceError: If there are none.
    """
    columns = runner.signature.columns
    if source.is_dir() and [column.kind for column in columns] == [PICTURE]:
        yield from _in_folders(source, columns[0].name)
    elif source.is_file():
        yield from _in_table(runner, source)
    else:
        raise DeviceError(
            f"the examples {str(source)!r}", expected=_GIVE, fix="give a path of one of these"
        )


def _in_folders(source, name):
    """Yields each folder's name and its pictures."""
    found = False
    for folder in sorted(path for path in source.iterdir() if path.is_dir()):
        if is_hidden(folder.name):
            continue
        files = sorted(path for path in folder.rglob("*") if _is_picture(path, folder))
        if files:
            found = True
            yield folder.name, {name: [str(path) for path in files]}
    if not found:
        raise DeviceError(
            f"no pictures in folders of {str(source)!r}",
            expected="examples/<class>/*.png",
            fix="make a folder for each class",
        )


def _is_picture(path, folder):
    """Tests whether a path below a folder is that of a picture, in no hidden folder: what an editor
    copies there is no further example.
    """
    names = path.relative_to(folder).parts
    return path.suffix.lower() in SUFFIXES and not any(map(is_hidden, names))


def _in_table(runner, source):
    """Yields each class of a table and its rows."""
    signature = runner.signature
    wanted = [column.name for column in signature.columns]
    wanted.append(signature.target.name)
    with open(
        source,
        encoding="utf-8-sig",
        newline="",
    ) as file:
        header, rows = read_table(
            file,
            "",
            wanted,
        )
        check_header(header, wanted)
        by_label = {}
        for number, cells in enumerate(rows, 1):
            if isinstance(cells, Exception) or len(cells) != len(header):
                raise DeviceError(
                    f"row {number} of the examples",
                    expected="CSV",
                    fix="fix it",
                )
            row = dict(
                zip(
                    header,
                    cells,
                    strict=True,
                )
            )
            label = row[signature.target.name].strip()
            by_label.setdefault(label, []).append(row)
    for label, rows in by_label.items():
        if not label:
            raise DeviceError(
                f"{len(rows)} examples without a class",
                expected=f"one in the column {signature.target.name!r}",
                fix="name the class of each row, or leave it out",
            )
        yield label, {name: [row[name] for row in rows] for name in wanted[:-1]}


def write_prototypes(path: str | Path, prototypes: Prototypes) -> None:
    """Writes classes as a file of JSON, which is whole at every moment."""
    partial = Path(f"{path}.partial")
    try:
        partial.write_text(prototypes.to_json(), encoding="utf-8")
        os.replace(partial, path)
    except OSError as error:
        with contextlib.suppress(OSError):
            partial.unlink()
        raise DeviceError(
            f"{str(path)!r} cannot be written: {error.strerror or error}",
            expected="a folder with room and permission",
            fix="give another path with --to",
        ) from error


def described(prototypes: Prototypes) -> list[str]:
    """Returns a line a class: its label, and how many examples it has."""
    lines = []
    for label, count in zip(
        prototypes.labels,
        prototypes.counts,
        strict=True,
    ):
        lines.append(f"{label}: {count:,} examples")
    return lines


if __name__ == "__main__":
    sys.exit(main())
