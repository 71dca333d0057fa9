"""Arm's Ethos-U, a neural processor next to a microcontroller: what its compiler Vela makes of an
int8 file, and what Vela estimates that it takes. Nothing is run: there is no such processor here
(https://pypi.org/project/ethos-u-vela).
"""

import csv
import subprocess
import sys
import tempfile
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from ...convert.operators import operator_sequence
from ...engine.starter import ending_with_this
from ...errors import RecipeError, VerifyError

ACCELERATORS = (
    "ethos-u55-32",
    "ethos-u55-64",
    "ethos-u55-128",
    "ethos-u55-256",
    "ethos-u65-256",
    "ethos-u65-512",
    "ethos-u85-128",
    "ethos-u85-256",
    "ethos-u85-512",
    "ethos-u85-1024",
    "ethos-u85-2048",
)
COMPILE_SECONDS = 300
_ON_NPU = "ethos-u"  # the one custom operator that stands for all that went to the processor


@dataclass(frozen=True)
class EthosEstimate:
    """What Vela reports of a model on an accelerator. `content`: the compiled file, for TFLM with
    AddEthosU(). `sram_bytes`: memory at most; `flash_bytes`: weights and commands read there.
    `cycles` of the accelerator for one row, weights fetched from flash too, at `clock_hz` in
    `latency_ms`: of what the CPU does nothing is counted. `num_macs`: multiply-accumulates of a
    row. `npu_share`: of the operators in the int8 file; `cpu_operators`: those that stay on the
    CPU, as the schema names them, each with how often.
    """

    accelerator: str
    size_bytes: int
    sram_bytes: int
    flash_bytes: int
    cycles: int
    clock_hz: float
    latency_ms: float
    num_macs: int
    npu_share: float
    cpu_operators: tuple[tuple[str, int], ...]
    content: bytes = field(repr=False)

    def remark(self) -> str:
        """ "" where everything runs on the accelerator, else what does not, in words."""
        names = ", ".join(
            f"{name} ({count} times)" if count > 1 else name for name, count in self.cpu_operators
        )
        if names:
            return f"on the CPU: {names}"
        return ""


def available() -> str:
    """ "" where Vela is installed, else what to install."""
    import importlib.util

    if importlib.util.find_spec("ethosu"):
        return ""
    return "pip install ethos-u-vela"


def estimate(
    content: bytes, accelerator: str = "ethos-u55-128", *, seconds: float = COMPILE_SECONDS
) -> EthosEstimate:
    """An int8 TFLite file compiled for one of ACCELERATORS, in a process of its own that gets
    `seconds`.

    Raises RecipeError for another accelerator, VerifyError where Vela refuses the file, dies or
    takes longer.
    """
    if accelerator not in ACCELERATORS:
        raise RecipeError(
            f"accelerator {accelerator!r}",
            expected=", ".join(ACCELERATORS),
            fix="name one of these",
        )
    with tempfile.TemporaryDirectory(prefix="ethosu_") as folder:
        folder = Path(folder)
        (folder / "model.tflite").write_bytes(content)
        done = _run_vela(folder, accelerator, seconds)
        compiled = folder / "out" / "model_vela.tflite"
        summaries = list((folder / "out").glob("*_summary_*.csv"))
        if done.returncode or not compiled.exists() or len(summaries) != 1:
            _raise_refusal(done)
        with open(summaries[0], encoding="utf-8", newline="") as file:
            summary = next(csv.DictReader(file))
        return _estimate(content, compiled.read_bytes(), accelerator, summary)


def _run_vela(folder, accelerator, seconds):
    options = ["--accelerator-config", accelerator, "--output-dir", "out"]
    command = [sys.executable, "-m", "ethosu.vela", "model.tflite", *options]
    try:
        return subprocess.run(
            ending_with_this(command),
            cwd=folder,
            capture_output=True,
            text=True,
            timeout=seconds,
        )
    except subprocess.TimeoutExpired as error:
        raise VerifyError(
            f"Vela was still at work after {seconds:g} s",
            expected="a model that compiles in time",
            fix="make the model smaller, or leave the target ethosu out",
        ) from error


def _raise_refusal(done):
    lines = (done.stderr + done.stdout).splitlines()
    lines = [line for line in lines if line and "Warning" not in line]
    how = "refused the model"
    if done.returncode < 0:
        how = f"was killed by signal {-done.returncode}"
    reason = "without a word"
    if lines:
        reason = lines[-1][:300]
    raise VerifyError(
        f"Vela {how}: {reason}",
        expected="an int8 TFLite file",
        fix="leave the target ethosu out, or choose another net",
    )


def _estimate(content, compiled, accelerator, summary):
    """`summary`: Vela's, of strings; memory is in KiB there, times in seconds."""
    on_cpu = Counter(name for name in operator_sequence(compiled) if name != _ON_NPU)
    num_operators = len(operator_sequence(content))
    flash = float(summary["on_chip_flash_memory_used"]) + float(
        summary["off_chip_flash_memory_used"]
    )
    return EthosEstimate(
        accelerator,
        len(compiled),
        round(1024 * float(summary["sram_memory_used"])),
        round(1024 * flash),
        round(float(summary["cycles_total"])),
        float(summary["core_clock"]),
        1000 * float(summary["inference_time"]),
        int(summary["nn_macs"]),
        max(1 - on_cpu.total() / num_operators, 0.0),
        tuple(sorted(on_cpu.items())),
        compiled,
    )
