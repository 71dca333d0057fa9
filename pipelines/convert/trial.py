"""A fresh TFLite file is loaded and run once, on zeros, in the converter's child: a file can end
the process that loads it. Where it does, a process that has LiteRT and TFLM alone finds the
operator (see `culprit`).

KERNELS: "xnnpack" and "reference" are LiteRT's, "micro" is TFLM.
"""

import json
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

from ..device.errors import DeviceError
from ..device.runner import LiteRT
from ..errors import ExportError, VerifyError
from .graph import operator_places
from .refusals import layer_of, place_in_words

KERNELS = ("xnnpack", "reference", "micro")
CULPRIT_SECONDS = 120
_RUNNING = "running "
_RUNTIMES = {"xnnpack": "LiteRT", "reference": "LiteRT's reference kernels", "micro": "TFLM"}
_INT8_FORMS = ("int8", "stream_int8")
_FIX = {
    "xnnpack": "replace the layer, or give it another size",
    "reference": "replace the layer, or leave the targets micro and c out",
    "micro": "replace the layer, or leave the targets micro and c out",
}


def run_once(content: bytes, kernels: str) -> None:
    """Loads a file and runs it on zeros. Raises DeviceError where LiteRT refuses it, VerifyError
    where TFLM does; may end the process.
    """
    plain = LiteRT(content, kernels=kernels if kernels != "micro" else "xnnpack")
    zeros = {name: np.zeros(shape, dtype) for name, (shape, dtype) in plain.inputs().items()}
    if kernels == "micro":
        from ..targets.micro.runner import Micro

        Micro(content, plain.port_names()).run(zeros)
    else:
        plain.run(zeros)


def try_in_child(folder: Path, form: str, content: bytes, *, kernels: tuple[str, ...], say) -> None:
    """Runs `folder`/<form>.tflite once on each of `kernels` that takes the form. `content`: the
    file before it lost the names of its tensors. `say(stage)` is what the parent reads where the
    process ends. Raises ExportError or VerifyError, which the parent raises too (see
    `raise_refusal`).
    """
    packed = (folder / f"{form}.tflite").read_bytes()
    (folder / "places.json").write_text(json.dumps(operator_places(content)), encoding="utf-8")
    try:
        from ..targets.micro.runner import micro_available, require_operators

        known = [each for each in kernels if each != "micro" or micro_available()]
        if "micro" in known and form == "float32":
            require_operators(packed)
        for each in known:
            if each == "xnnpack" or form in _INT8_FORMS:
                say(f"{_RUNNING}{form} on {each}")
                _run(packed, each)
    except (ExportError, VerifyError) as error:
        said = {
            "stage": error.stage,
            "received": error.received,
            "expected": error.expected,
            "fix": error.fix,
        }
        (folder / "refusal.json").write_text(json.dumps(said), encoding="utf-8")
        raise


def _run(content, kernels):
    try:
        run_once(content, kernels)
    except DeviceError as error:
        if kernels == "reference":  # it lacks operators that TFLM has, and only checks
            return
        said = str(error.received).removeprefix("LiteRT cannot load the model: ").strip()
        raise ExportError(
            f"LiteRT refuses the converted file: {said}",
            expected="operators that LiteRT has",
            fix=_FIX["xnnpack"],
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
    numbered = re.search(r"operator (\w+) \(number (\d+)\)", received)
    absent = re.search(r"has no operator (\w+)", received) or re.search(
        r"builtin opcode '(\w+)'", received
    )
    if numbered and int(numbered[2]) < len(places):
        path = places[int(numbered[2])][1]
    elif absent:
        path = next((path for name, path in places if name == absent[1]), "")
    else:
        path = ""
    layer = layer_of(path, layers)
    if layer:
        return f"{received} ({layer})"
    return received


def raise_death(folder: Path, code: int, stage: str, layers: tuple[str, ...]) -> None:
    """Raises ExportError that names the operator, where a child ended by a signal (`code` below
    zero) while it ran a file.
    """
    if code >= 0 or not stage.startswith(_RUNNING):
        return
    form, kernels = stage.removeprefix(_RUNNING).split(" on ")
    places = json.loads((folder / "places.json").read_text(encoding="utf-8"))
    place = _ask(folder / f"{form}.tflite", kernels)["fatal"]
    if place is None:
        where = ""
    else:
        where = f" at {place_in_words(*places[place], layers)}"
    raise ExportError(
        f"the {form} file ends {_RUNTIMES[kernels]}'s process by signal {-code}{where}",
        expected=f"operators that {_RUNTIMES[kernels]} can run",
        fix=_FIX[kernels],
    )


def fault(content: bytes, kernels: str) -> str:
    """Why a runtime cannot run a file, in words, or ""; asked in a process of its own."""
    with tempfile.TemporaryDirectory(prefix="trial_") as folder:
        path = Path(folder) / "model.tflite"
        path.write_bytes(content)
        found = _ask(path, kernels)
    if found["fatal"] is not None:
        name = operator_places(content)[found["fatal"]][0]
        return f"the file ends {_RUNTIMES[kernels]}'s process at the operator {name}"
    return found["refused"]


def _ask(path, kernels):
    """What `culprit` prints of a file; nothing found where it took too long or ended itself."""
    command = [sys.executable, "-m", "pipelines.convert.culprit", str(path), kernels]
    root = Path(__file__).parents[2]
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(filter(None, [str(root), os.environ.get("PYTHONPATH")])),
    }
    try:
        done = subprocess.run(
            command, env=environment, capture_output=True, text=True, timeout=CULPRIT_SECONDS
        )
    except subprocess.TimeoutExpired:
        return {
            "fatal": None,
            "refused": f"{_RUNTIMES[kernels]} was still at work after {CULPRIT_SECONDS} s",
        }
    if done.returncode != 0:
        return {
            "fatal": None,
            "refused": f"the process that runs it ended with code {done.returncode}",
        }
    return json.loads(done.stdout)
