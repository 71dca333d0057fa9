"""A fresh TFLite file is loaded and run once, on zeros, in the converter's child: a file can end
the process that loads it. Where it does, a process that has the runtimes alone finds the operator
(see `culprit`).
"""

import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from ..device.errors import DeviceError
from ..engine.starter import ending_with_this
from ..errors import ExportError, VerifyError
from .graph import operator_places
from .kernels import Kernels, XnnpackKernels
from .refusals import layer_of, place_in_words

CULPRIT_SECONDS = 120
_RUNNING = "running "


def try_in_child(
    folder: Path,
    form: str,
    content: bytes,
    *,
    kernels: Sequence[Kernels],
    say: Callable[[str], None],
) -> None:
    """Runs `folder`/<form>.tflite once on each of the kernels that take the form.

    Args:
        folder: Of the conversion.
        form: Of the file.
        content: The file before it lost the names of its tensors.
        kernels: What must run it.
        say: Reports the stage, which the parent reads if the process ends.

    Raises:
        ExportError: LiteRT refuses the file; the parent raises it too (see `raise_refusal`).
        VerifyError: Another runtime does.
    """
    packed = (folder / f"{form}.tflite").read_bytes()
    (folder / "places.json").write_text(
        json.dumps(operator_places(content)),
        encoding="utf-8",
    )
    installed = [each for each in kernels if each.is_installed()]
    try:
        if form == "float32":
            for each in installed:
                each.require_operators(packed)
        for each in installed:
            if each.takes(form):
                say(f"{_RUNNING}{form} on {each.name}")
                _run(packed, each)
    except (ExportError, VerifyError) as error:
        refusal = {
            "stage": error.stage,
            "received": error.received,
            "expected": error.expected,
            "fix": error.fix,
        }
        (folder / "refusal.json").write_text(json.dumps(refusal), encoding="utf-8")
        raise


def _run(content, kernels):
    try:
        kernels.run_once(content)
    except DeviceError as error:
        if not kernels.is_decisive:
            return
        reason = str(error.received).removeprefix("LiteRT cannot load the model: ").strip()
        raise ExportError(
            f"LiteRT refuses the converted file: {reason}",
            expected="operators that LiteRT has",
            fix=XnnpackKernels.fix,
        ) from error


def raise_refusal(folder: Path, layers: tuple[str, ...]) -> None:
    """Raises what `try_in_child` raised in the child, with the layer of the operator that is named
    there.
    """
    path = folder / "refusal.json"
    if not path.exists():
        return
    said = json.loads(path.read_text(encoding="utf-8"))
    if said.pop("stage") == VerifyError.stage:
        kind = VerifyError
    else:
        kind = ExportError
    places = json.loads((folder / "places.json").read_text(encoding="utf-8"))
    raise kind(_with_layer(said.pop("received"), places, layers), **said)


def _with_layer(received, places, layers):
    """The words with the layer of the operator in them, which is named with its number or as one
    that is absent.
    """
    numbered = re.search(r"operator [\w ]+ \(number (\d+)\)", received)
    absent = re.search(r"has no operator (\w+)", received) or re.search(
        r"builtin opcode '(\w+)'", received
    )
    if numbered and int(numbered[1]) < len(places):
        path = places[int(numbered[1])][1]
    elif absent:
        path = next((path for name, path in places if name == absent[1]), "")
    else:
        path = ""
    layer = layer_of(path, layers)
    if layer:
        return f"{received} ({layer})"
    return received


def raise_death(
    folder: Path,
    code: int,
    stage: str,
    *,
    layers: tuple[str, ...],
    kernels: Sequence[Kernels],
) -> None:
    """Raises ExportError that names the operator, if a child ended while it ran a file.

    Args:
        folder: Of the conversion.
        code: How the child ended; below zero by a signal.
        stage: What it reported last.
        layers: The names of the model's layers.
        kernels: What the files were to run on.
    """
    if code >= 0 or not stage.startswith(_RUNNING):
        return
    form, name = stage.removeprefix(_RUNNING).split(" on ")
    at_work = next(each for each in kernels if each.name == name)
    places = json.loads((folder / "places.json").read_text(encoding="utf-8"))
    place = _ask(folder / f"{form}.tflite", at_work)["fatal"]
    where = ""
    if place is not None:
        where = f" at {place_in_words(*places[place], layers)}"
    raise ExportError(
        f"the {form} file ends {at_work.runtime}'s process by signal {-code}{where}",
        expected=f"operators that {at_work.runtime} can run",
        fix=at_work.fix,
    )


def fault(content: bytes, kernels: Kernels) -> str:
    """Returns why a runtime cannot run a file, in words, or ""; asked in a process of its own."""
    with tempfile.TemporaryDirectory(prefix="trial_") as folder:
        path = Path(folder) / "model.tflite"
        path.write_bytes(content)
        found = _ask(path, kernels)
    if found["fatal"] is not None:
        name = operator_places(content)[found["fatal"]][0]
        return f"the file ends {kernels.runtime}'s process at the operator {name}"
    return found["refused"]


def _ask(path, kernels):
    """What `culprit` prints of a file; nothing found where it took too long or ended itself."""
    command = [sys.executable, "-m", "pipelines.convert.culprit", str(path), kernels.place()]
    root = str(Path(__file__).parents[2])
    python_path = os.pathsep.join(filter(None, [root, os.environ.get("PYTHONPATH")]))
    environment = {**os.environ, "PYTHONPATH": python_path}
    try:
        done = subprocess.run(
            ending_with_this(command),
            env=environment,
            capture_output=True,
            text=True,
            timeout=CULPRIT_SECONDS,
        )
    except subprocess.TimeoutExpired:
        return {
            "fatal": None,
            "refused": f"{kernels.runtime} was still at work after {CULPRIT_SECONDS} s",
        }
    if done.returncode != 0:
        return {
            "fatal": None,
            "refused": f"the process that runs it ended with code {done.returncode}",
        }
    return json.loads(done.stdout)
