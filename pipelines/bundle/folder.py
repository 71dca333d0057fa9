"""Bundles on disk: written whole under a temporary name, then renamed; read without running
anything in them.
"""

import base64
import json
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..device.cells import shorten
from ..device.checksums import check_bundle, read_bundle, read_checked
from ..device.runner import Runner
from ..device.signature import MAX_JSON_BYTES, Signature, read_signature
from ..device.typed import load_json
from ..engine.exchange import put_in_place, sync, write_checked
from ..engine.workspace import workspace
from ..errors import BundleError, DeviceError
from ..report.write import card, page
from ..settings import to_json
from ..spec import NAME_PATTERN
from ..verify.golden import golden
from .temporary import MIN_FREE_BYTES, check_temporary_folder


@dataclass(frozen=True)
class Bundle:
    """A bundle on disk: saved_models/<name>/. Reading one never runs code from it."""

    folder: Path

    @property
    def report(self) -> dict:
        """The content of report.json."""
        return read_json(self.folder, "report.json")

    @property
    def signature(self) -> Signature:
        return read_signature(self.folder)

    def runner(self, *, form: str = "int8") -> Runner:
        """The device runner of a form: "int8", "float32" or, for pictures, "uint8"."""
        return Runner.load(self.folder, form=form)

    def files(self) -> dict[str, bytes]:
        """The name and content of each of its files, without the checksums."""
        return read_bundle(self.folder)

    def holds(self, files: Mapping[str, bytes]) -> bool:
        """Tests whether the folder holds these files as they are."""
        try:
            return self.files() == dict(files)
        except (DeviceError, OSError):  # it is not there, or was altered
            return False

    def check(self) -> list[str]:
        """The names of all its files, once each is what was written. Raises DeviceError that names
        those which are missing or altered.
        """
        return check_bundle(self.folder)


def bundle_files(recipe, facts: dict, shipped, test, pictures) -> dict[str, bytes | str]:
    """Relative name → content of everything that a bundle holds."""
    signature = shipped.signature
    return {
        **shipped.exported.files,
        "signature.json": as_json(signature.to_json()),
        "recipe.json": as_json(to_json(recipe)),
        "report.json": as_json(facts),
        "report.html": page(facts, pictures, to_json(recipe)),
        "golden.json": as_json(golden(signature, shipped.tflite["int8"], test)),
        "README.md": card(facts),
    }


def check_folder(folder: Path, name: str) -> None:
    """Raises BundleError, before an epoch is spent, where the bundle `name` could not be written
    into `folder`, or would replace something that is not a bundle.
    """
    if not NAME_PATTERN.fullmatch(name):
        raise BundleError(
            f"the name {shorten(name, 80)}",
            expected="letters, digits, _ and -, at most 64: it becomes "
            f"a folder in {str(folder)!r}",
            fix="--name my_model",
        )
    for place in (folder / name, folder / f"{name}.failed"):
        _refuse_other_things(place)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder) as probe:
            probe.write(b"x" * 4096)
        free = shutil.disk_usage(folder).free
    except OSError as error:
        raise BundleError(
            f"the folder {str(folder)!r} cannot be written to: {error.strerror or error}",
            expected="a folder with room for the bundle",
            fix="free some space, change its permissions, or give another with --folder",
        ) from error
    if free < MIN_FREE_BYTES:
        raise BundleError(
            f"the folder {str(folder)!r} has {free:,} bytes free",
            expected=f"{MIN_FREE_BYTES:,}",
            fix="free some space, or give another folder with --folder",
        )
    check_temporary_folder()


def write_bundle(folder: Path, files: dict[str, bytes | str]) -> Path:
    """Relative name → content, and the checksums of all in SHA256SUMS, becomes `folder`, all or
    nothing; a bundle of that name is replaced.

    Raises BundleError where it cannot be written; what stood there before stays.
    """
    _refuse_other_things(folder)
    encoded = {name: _as_bytes(content) for name, content in files.items()}
    try:
        with workspace(folder.parent) as place:
            partial = place / folder.name
            write_checked(partial, encoded)
            put_in_place(partial, folder)
            sync(folder.parent)
    except OSError as error:
        raise BundleError(
            f"the bundle {str(folder)!r} cannot be written: {error.strerror or error}",
            expected="room and permission",
            fix="free some space, or give another --folder",
        ) from error
    return folder


def _as_bytes(content):
    if isinstance(content, bytes):
        return content
    # Half of a surrogate pair, of a file's name that is not UTF-8, is written as its escape, which
    # JSON reads back.
    return content.encode("utf-8", "backslashreplace")


def _refuse_other_things(place):
    is_bundle = not place.is_symlink() and all(
        (place / file).is_file() for file in ("signature.json", "report.json")
    )
    if os.path.lexists(place) and not is_bundle:
        raise BundleError(
            f"{str(place)!r} is there and is not a bundle",
            expected="a free name, or an older bundle to replace",
            fix="another --name or --folder; nothing was touched",
        )


@contextmanager
def malformed(path: Path, what: str) -> Iterator[None]:
    """Whatever Python raises for values of another shape than those of a file of ours, as a
    BundleError. Only for the reading of files that may come from others.

    Args:
        path: of the file.
        what: it should hold.
    """
    try:
        yield
    except (
        KeyError,
        TypeError,
        ValueError,
        AttributeError,
        IndexError,
        OverflowError,
        RecursionError,
        ZeroDivisionError,
    ) as error:
        raise BundleError(
            f"{path.name} in {str(path.parent)!r} does not hold {what}: {type(error).__name__}: "
            f"{shorten(str(error), 200)}",
            expected="a whole file that this version wrote",
            fix="make the bundle again: python -m pipelines run ...",
        ) from error


def read_json(folder: Path, name: str) -> dict:
    """A JSON file of a bundle. Raises BundleError if it is missing, damaged or altered."""
    try:
        values = load_json(read_checked(folder, name, most=MAX_JSON_BYTES))
        if name == "report.json" and not (
            isinstance(values, dict) and "ladder" in values and "target" in values
        ):
            raise ValueError("it is no report")
        return values
    except (DeviceError, ValueError, TypeError, RecursionError) as error:
        if isinstance(error, DeviceError):
            reason = error.received
        else:
            reason = error
        raise BundleError(
            f"{name} of the bundle {str(folder)!r} cannot be read: {reason}",
            expected="a whole bundle",
            fix="make the bundle again: python -m pipelines run ...",
        ) from error


def read_golden_rows(folder: Path, *, pictures: Sequence[str] = ()) -> list[dict]:
    """The raw rows of golden.json. Raises BundleError where it is damaged, and where a cell of the
    columns `pictures` is no pixels: a text there would be read as the name of a file.
    """
    values = read_json(folder, "golden.json")
    with malformed(folder / "golden.json", "rows"):
        rows = [
            {
                name: _picture(cell) if isinstance(cell, dict) else cell
                for name, cell in each["row"].items()
            }
            for each in values
        ]
        if not all(isinstance(row[name], np.ndarray) for row in rows for name in pictures):
            raise TypeError("a picture that is no pixels")
    return rows


def _picture(cell):
    return np.frombuffer(base64.b64decode(cell["base64"]), np.uint8).reshape(cell["shape"])


def as_json(values: object) -> str:
    return json.dumps(values, indent=1, ensure_ascii=False, allow_nan=False) + "\n"
