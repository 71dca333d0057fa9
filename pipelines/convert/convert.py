"""Keras → TFLite in a child process, because a converter can end the process that it runs in.

Parent and child (`worker`) speak through a folder: the model as .keras, the rows that int8 takes
its ranges from as .npz, what is wanted as JSON, the TFLite files, and progress lines from which the
parent knows what the child was doing when it died.
"""

import json
import os
import signal
import sys
import tempfile
from dataclasses import asdict
from pathlib import Path

import numpy as np
from tqdm import tqdm

from ..engine.cache import begin
from ..errors import ExportError
from ..rows.columns import read_rows
from ..rows.parts import TrainSet, require_train_set
from ..training.model_state import model_digest
from .ai_edge import require_ai_edge
from .child import BYTES_NAME, SECONDS_NAME, Limits, run_watched
from .forms import WRITTEN_FORMS, TfliteFiles
from .lower import NUM_COPIES
from .quantize import Quantize
from .refusals import converter_reason
from .stream import streaming_rows
from .trial import raise_death, raise_refusal
from .warm import is_kept_warm, run_in_fork
from .worker import WHOLE

MAX_CALIBRATION_ROWS = 1000
MAX_CALIBRATION_BYTES = 32 * 2**20


def convert(
    model,
    calibration: TrainSet,
    *,
    seed: int = 0,
    copies: int = NUM_COPIES,
    streaming=None,
    quantize: Quantize = Quantize(),
    files: TfliteFiles = TfliteFiles(),
) -> dict[str, bytes]:
    """Converts a Keras model of ports; a quantization-aware one keeps its ranges in int8.

    Args:
        model: The Keras model.
        calibration: Training rows as they were before balancing; `x`: port → array [rows, ...]. At
            most 1,000 are drawn, from which int8 takes its ranges.
        seed: Of what is drawn.
        copies: How often the int8 file gives each output, staggered (see `lower.stagger`).
        streaming: The form for one step a call, for "stream_float32" and "stream_int8", or None.
        quantize: How it becomes int8.
        files: Which files are written, and what must run them.

    Returns:
        Form → bytes of its TFLite file.

    Raises:
        LeakError, RecipeError: Other rows than a TrainSet; choices that do not exist.
        ExportError: The converter or LiteRT refuses, dies, passes `child.Limits` or leaves Flex
            operators; names the layer if it is known.
        VerifyError: Another runtime refuses.
    """
    quantize.check()
    if quantize.quantizer == "ai_edge":
        require_ai_edge()
    files.check()
    require_train_set(calibration, "the int8 calibration")
    wanted = {
        "quantize": asdict(quantize),
        "forms": files.forms,
        "kernels": [each.place() for each in files.kernels],
        "copies": copies,
        "alone": False,
    }
    rows = _drawn_rows(calibration, seed)
    work = begin("convert", wanted, rows, *_digests(model, streaming))
    tflite = work.recall()
    if tflite is None:
        tflite = _converted(model, streaming, rows, wanted, files)
        work.keep(tflite)
    return tflite


def _digests(model, streaming):
    """Returns the digests of the models that are there."""
    return [model_digest(each) for each in (model, streaming) if each is not None]


def _converted(model, streaming, rows, wanted, files):
    """Returns form → bytes of its TFLite file, as the child process made them."""
    with tempfile.TemporaryDirectory(prefix="convert_") as folder:
        folder = Path(folder)
        _write_json(folder / "wanted.json", wanted)
        _write_models(folder, model, streaming, rows)
        _run(
            folder,
            wanted,
            files.kernels,
            tuple(layer.name for layer in model.layers),
        )
        paths = [folder / f"{form}.tflite" for form in WRITTEN_FORMS]
        return {path.stem: path.read_bytes() for path in paths if path.exists()}


def _write_models(folder, model, streaming, rows):
    model.save(folder / "model.keras")
    np.savez(folder / "rows.npz", **rows)
    if streaming is not None:
        streaming.save(folder / "stream.keras")
        np.savez(folder / "stream_rows.npz", **streaming_rows(model, rows))


def _run(folder, wanted, kernels, layers):
    """Runs the child, a second time with each layer alone if the first one ended without a word.

    Raises what became of it, in words.
    """
    ended = _in_child(folder)
    if ended.returncode != 0 and _is_unexplained(folder, ended.stderr, layers):
        _write_json(folder / "wanted.json", {**wanted, "alone": True})
        ended = _first_ended(folder, ended)
    if ended.returncode != 0:
        stage = _stage(folder)
        raise_refusal(folder, layers)
        raise_death(folder, ended.returncode, stage, layers=layers, kernels=kernels)
        _raise_ended(ended, stage, layers)


def _drawn_rows(calibration, seed):
    """Returns input → array of the rows that are drawn, pictures decoded."""
    row_bytes = sum(int(np.prod(x.shape[1:])) * x.dtype.itemsize for x in calibration.x.values())
    most = min(MAX_CALIBRATION_ROWS, max(MAX_CALIBRATION_BYTES // row_bytes, 1))
    places = np.sort(np.random.default_rng(seed).permutation(len(calibration))[:most])
    return {name: read_rows(x, places) for name, x in calibration.x.items()}


def _write_json(path, values):
    path.write_text(json.dumps(values), encoding="utf-8")


def _is_unexplained(folder, text, layers):
    """Tests whether the converter gave up on the whole model, and named no operation."""
    if not _stage(folder).startswith(WHOLE):
        return False
    if (folder / "refusal.json").exists():  # by a runtime
        return False
    return not converter_reason(text, layers)


def _first_ended(folder, of_whole):
    """Returns how the child ended that converts each layer alone, if one of them ends it, else how
    that of the whole model ended.
    """
    stage = _stage(folder)
    of_layers = _in_child(folder)
    if of_layers.returncode != 0:
        return of_layers
    (folder / "stage").write_text(stage, encoding="utf-8")
    return of_whole


def _in_child(folder):
    root = str(Path(__file__).parents[2])
    environment = {
        **os.environ,
        "TF_CPP_MIN_LOG_LEVEL": "3",
        "CUDA_VISIBLE_DEVICES": "-1",
        "PYTHONPATH": os.pathsep.join(filter(None, [root, os.environ.get("PYTHONPATH")])),
    }
    command = [sys.executable, "-m", "pipelines.convert.worker", str(folder)]
    limits = Limits.of_conversion((folder / "model.keras").stat().st_size)
    with tqdm(bar_format="{desc} {elapsed}", leave=False, disable=None) as sign:

        def look():
            sign.set_description_str(_stage(folder))

        if is_kept_warm():
            ended = run_in_fork(folder, limits, environment=environment, look=look)
        else:
            ended = run_watched(command, limits, folder=folder, environment=environment, look=look)
    if ended.limit == "time":
        raise ExportError(
            f"the converter was still at work after {limits.seconds:,.0f} s, {_stage(folder)}, and "
            "was ended",
            expected="a model that converts in minutes",
            fix="make the model smaller, or give it more: "
            f"{SECONDS_NAME}={2 * int(limits.seconds)}",
        )
    if ended.limit == "memory":
        raise ExportError(
            f"the converter ran out of memory while {_stage(folder)}, and was ended",
            expected=f"at most {limits.size_bytes:,} bytes, a share of what was free",
            fix=f"end other programs, make the model smaller, or set the limit: {BYTES_NAME}=...",
        )
    return ended


def _raise_ended(ended, stage, layers):
    """Raises ExportError with what the child wrote before it ended."""
    lines = [line for line in ended.stderr.splitlines() if line.strip()]
    last_words = " ".join(lines[-3:])
    if "MemoryError" in last_words or "bad_alloc" in last_words:
        raise ExportError(
            f"the converter ran out of memory while {stage}: {lines[-1][:300]}",
            expected="a model that converts in the memory that is free",
            fix="end other programs, or make the model smaller",
        )
    how = "refused"
    reason = converter_reason(ended.stderr, layers)
    if not reason and lines:
        reason = lines[-1][:300]
    if ended.returncode < 0:
        how = f"was killed by signal {-ended.returncode}"
        reason = ""  # a killed process reported nothing of it
    if ended.returncode == -signal.SIGKILL:
        how += " (the system does that where memory runs out)"
    if reason:
        reason = f": {reason}"
    raise ExportError(
        f"the converter {how} while {stage}{reason}",
        expected="layers that convert to built-in TFLite operators",
        fix="replace the layer or operation by built-in layers that TFLite has operators for; "
        "of recurrent layers LSTM, GRU or SimpleRNN",
    )


def _stage(folder):
    path = folder / "stage"
    stage = ""
    if path.exists():
        stage = path.read_text(encoding="utf-8")
    return stage or "starting"
