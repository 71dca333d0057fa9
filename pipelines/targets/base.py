"""Where a model shall run: a spec a runtime, with its budget. Each knows what the bundle holds for
it, whether a net can run there, what it costs, and climbs its rungs of the ladder.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass, field, replace
from functools import lru_cache
from importlib.util import find_spec
from typing import ClassVar

import numpy as np

from ..bundle.keras_file import keras_bytes
from ..convert.trial import fault
from ..device.answers import Answers
from ..device.cells import PICTURE, TEXT
from ..device.runner import FORMS, LiteRT, Runner
from ..device.signature import Signature
from ..errors import ExportError, RecipeError
from ..rows.parts import HeldOut, TrainSet
from ..sources.files import read_pixels
from ..spec import knob
from ..tasks import task_of
from ..verify.ladder import (
    InRunner,
    KerasInterpreter,
    Rung,
    answer_all,
    climb,
    some_places,
    time_rows,
    unscored,
)
from .micro.runner import micro_available

MAX_C_ROWS = MAX_MEDIAPIPE_ROWS = MAX_WEB_ROWS = 500
CLOSE = 1e-5  # of probabilities that two runtimes compute from the same int8 output


@dataclass(frozen=True)
class Made:
    """What targets write files from and run: the name of the bundle, the signature with its
    decisions, the Keras model that gives [rows, outputs], its TFLite files by form, the training
    rows as ports that int8 was calibrated with, those rows raw, and files of the bundle by name.
    """

    name: str
    signature: Signature
    model: object
    tflite: dict[str, bytes]
    calibration: TrainSet
    seed: int = 0
    raw: TrainSet | None = None
    files: dict[str, bytes | str] = field(default_factory=dict)


@dataclass(frozen=True)
class Cost:
    """What a form takes of its runtime: bytes of the file, bytes of memory while it runs and
    milliseconds a row; None where the runtime does not tell, or is not there.
    """

    size_bytes: int
    arena_bytes: int | None = None
    latency_ms: float | None = None


@dataclass(frozen=True)
class RunsOn(ABC):
    """The knobs that all targets share. `max_bytes` of the file and `max_ms` a row, median, on this
    machine: budgets that the untrained net is checked against before an epoch is spent, and the
    bundle at the end; 0: none. `required`: whether a net that cannot run there is refused; if not,
    the report gives the reason.
    """

    form: ClassVar[str]  # the rung that the budget is held against
    converts: ClassVar[tuple[str, ...]] = ()  # forms of the file beside the usual ones
    kernels: ClassVar[
        tuple[str, ...]
    ] = ()  # what runs the files, beside LiteRT's fastest (see `convert.trial`)
    max_bytes: int = knob(0, 0, 2**40)
    max_ms: float = knob(0.0, 0, 1e9)
    required: bool = True

    @classmethod
    def word(cls) -> str:
        """Its name on the command line."""
        return cls.__name__.removeprefix("Target").lower()

    def has_budget(self) -> bool:
        """Whether a cost could be over it."""
        return bool(self.max_bytes or self.max_ms or getattr(self, "max_arena_bytes", 0))

    def check(self) -> None:
        """Raises RecipeError where the target is not possible."""

    def refusal(self, signature: Signature, model) -> str:
        """Why a Keras model cannot run there, or ""; asked before it is trained."""
        return ""

    def files(self, made: Made) -> dict[str, bytes | str]:
        """Name → content of what the bundle holds for this target, beside the files of its
        forms.
        """
        return {}

    @abstractmethod
    def cost(self, made: Made) -> Cost:
        """What the form takes, on training rows."""

    @abstractmethod
    def climb(self, made: Made, test: HeldOut, answers: dict[str, Answers]) -> list[Rung]:
        """The rungs of this target; adds its answers by form to `answers`, which has those of
        "keras".
        """

    def broken_budget(self, cost: Cost) -> str:
        """Which budget a cost is over, in words, or ""."""
        for value, most, unit in (
            (cost.size_bytes, self.max_bytes, "bytes"),
            (cost.arena_bytes, getattr(self, "max_arena_bytes", 0), "bytes of memory"),
            (cost.latency_ms, self.max_ms, "ms a row"),
        ):
            if most and value is not None and value > most:
                return (
                    f"{type(self).__name__}: {value:,.10g} {unit} where the budget is {most:,.10g}"
                )
        return ""


@dataclass(frozen=True)
class TargetLiteRT(RunsOn):
    """LiteRT: Linux, Android, Raspberry Pi. The forms float32, int8 and, of pictures, uint8; the
    budget is of int8.
    """

    form: ClassVar[str] = "litert_int8"

    def cost(self, made):
        return Cost(
            len(made.tflite["int8"]), latency_ms=_int8_ms(made, LiteRT(made.tflite["int8"]))
        )

    def climb(self, made, test, answers):
        rungs = []
        for form in (form for form in FORMS if form in made.tflite):
            content = made.tflite[form]
            rung, answers[f"litert_{form}"] = climb(
                f"litert_{form}",
                InRunner(made.signature, LiteRT(content), form=form),
                test,
                size_bytes=len(content),
                keras_answers=answers["keras"],
            )
            rungs.append(rung)
        return rungs


@dataclass(frozen=True)
class TargetMicro(RunsOn):
    """Microcontrollers: TFLM's interpreter (`tflite-micro`, Linux). `max_arena_bytes`: of its
    arena.
    """

    form: ClassVar[str] = "micro_int8"
    kernels: ClassVar[tuple[str, ...]] = ("reference", "micro")

    max_arena_bytes: int = knob(0, 0, 2**40)

    def cost(self, made):
        from .micro.runner import Micro

        if not micro_available():
            return Cost(len(made.tflite["int8"]))
        micro = Micro(made.tflite["int8"], LiteRT(made.tflite["int8"]).port_names())
        return Cost(len(made.tflite["int8"]), micro.arena_bytes(), _int8_ms(made, micro))

    def climb(self, made, test, answers):
        from .micro.runner import Micro, check_kernels, micro_places, most_steps

        int8 = made.tflite["int8"]
        if not micro_available():
            return [unscored("micro_int8", len(int8), "not run: pip install tflite-micro (Linux)")]
        (plain, compared_with), places = check_kernels(int8), micro_places(made.model, len(test))
        micro = Micro(int8, plain.port_names())
        rung, answers["micro_int8"] = climb(
            "micro_int8",
            InRunner(made.signature, micro),
            test,
            size_bytes=len(int8),
            keras_answers=answers["keras"],
            arena_bytes=micro.arena_bytes(),
            places=places,
        )
        wanted = answer_all(InRunner(made.signature, plain), test, places)
        steps = np.abs(answers["micro_int8"].raw.astype(np.int32) - wanted.raw)
        lost = made.signature.output.to_float(wanted.raw) - made.signature.output.to_float(
            answers["keras"].raw[places]
        )
        most = most_steps(made.model, float(np.abs(lost).max()), made.signature)
        return [
            replace(
                rung, int8_steps=int(steps.max()), most_int8_steps=most, compared_with=compared_with
            )
        ]


@dataclass(frozen=True)
class TargetC(RunsOn):
    """C99 without allocation: what stands between a raw row and the int8 model, the model as an
    array, and an example main for TFLM with one row in it; of a streaming form another folder,
    c/stream/. The ladder compiles it and has TFLM, or LiteRT, run the model in between, on at most
    500 rows.
    """

    form: ClassVar[str] = "c_int8"
    kernels: ClassVar[tuple[str, ...]] = ("reference", "micro")

    def files(self, made):
        from .c.example import main_files
        from .c.prepare import c_files
        from .c.stream import stream_files
        from .micro.runner import Micro, check_kernels

        int8 = made.tflite["int8"]
        plain, _ = check_kernels(int8)
        if micro_available():
            micro = Micro(int8, plain.port_names())
        else:
            micro = None
        row = {
            column.name: read_pixels(made.raw.x[column.name][:1])
            for column in made.signature.columns
        }
        output = (micro or plain).run(Runner(made.signature, plain).prepare(row))[0]
        files = {
            **c_files(made.signature, int8, made.name),
            **main_files(
                made.signature,
                int8,
                made.name,
                row=row,
                output=output,
                arena_bytes=micro.arena_bytes() if micro else None,
            ),
        }
        if made.signature.stream is not None:
            stream = stream_files(made.signature, made.tflite["stream_int8"], made.name)
            files |= {f"stream/{name}": text for name, text in stream.items()}
        return {f"c/{name}": text for name, text in files.items()}

    def cost(self, made):
        return Cost(len(made.tflite["int8"]))

    def climb(self, made, test, answers):
        from .c.runner import CCode, compiler
        from .micro.runner import Micro, check_kernels, micro_places

        int8 = made.tflite["int8"]
        if not compiler():
            return [
                unscored("c_int8", len(int8), "not run: needs a C compiler (apt-get install gcc)")
            ]
        sources = {
            name.removeprefix("c/"): text
            for name, text in made.files.items()
            if name.startswith("c/")
        }
        plain, _ = check_kernels(int8)
        if micro_available():
            interpreter = Micro(int8, plain.port_names())
        else:
            interpreter = plain
        affordable = min(MAX_C_ROWS, len(micro_places(made.model, len(test))))
        return [
            on_its_own(
                self.form,
                CCode(sources, made.signature, interpreter),
                made,
                test,
                answers,
                size_bytes=len(int8),
                most_rows=affordable,
                beside=InRunner(made.signature, interpreter),
            )
        ]


@dataclass(frozen=True)
class TargetMediaPipe(RunsOn):
    """MediaPipe Tasks on phones and in browsers: ImageClassifier and TextClassifier, with labels
    and words in the file. The ladder has them answer at most 500 raw rows.
    """

    form: ClassVar[str] = "mediapipe"

    def refusal(self, signature, model):
        from .mediapipe.graph import refusal

        if find_spec("mediapipe"):
            absent = ""
        else:
            absent = "its metadata are written with a package: pip install mediapipe"
        return absent or refusal(signature)

    def files(self, made):
        from .mediapipe.graph import mediapipe_model

        column = made.signature.columns[0]
        if column.kind == TEXT:
            texts = [str(text) for text in made.raw.x[column.name]]
        else:
            texts = ()
        return {
            "model_mediapipe.tflite": mediapipe_model(
                made.tflite["int8"], made.signature, made.name, texts=texts
            )
        }

    def cost(self, made):
        return Cost(len(self.files(made)["model_mediapipe.tflite"]))

    def climb(self, made, test, answers):
        from .mediapipe.runner import MediaPipe, available

        content = made.files["model_mediapipe.tflite"]
        if available():
            return [unscored(self.form, len(content), f"not run: {available()}")]
        beside = InRunner(made.signature, LiteRT(made.tflite["int8"]))
        rung = on_its_own(
            self.form,
            MediaPipe(content, made.signature),
            made,
            test,
            answers,
            size_bytes=len(content),
            most_rows=MAX_MEDIAPIPE_ROWS,
            beside=beside,
        )
        wanted = answer_all(beside, test, some_places(len(test), MAX_MEDIAPIPE_ROWS)).scores
        differences = np.abs(answers[self.form].scores - wanted).max(axis=1)
        note = (
            f"probabilities are the device runner's within {CLOSE:g} on "
            f"{(differences <= CLOSE).mean():.1%} of the "
            f"rows, within {differences.max():.1g} on all"
        )
        if made.signature.columns[0].kind == TEXT:
            note += " (words that no training text holds share one vector)"
        note += (
            "; the label is the one with the largest score × weight, see decision.json in the file"
        )
        if made.signature.calibration(
            "int8"
        ).logits:  # a table makes log-odds level: they cannot be read back
            rung = replace(rung, largest_difference=None)
        return [replace(rung, probability_difference=float(differences.mean()), note=note)]


@dataclass(frozen=True)
class TargetEthosU(RunsOn):
    """Arm's Ethos-U beside a microcontroller: the int8 file compiled by Vela, and its estimate;
    nothing is run, because no such processor is here. `accelerator`: by Vela's name.
    `max_arena_bytes`: of its SRAM, `max_ms`: as estimated.
    """

    form: ClassVar[str] = "ethosu"
    accelerator: str = "ethos-u55-128"
    max_arena_bytes: int = knob(0, 0, 2**40)

    def check(self):
        from .ethosu.runner import ACCELERATORS

        if self.accelerator not in ACCELERATORS:
            raise RecipeError(
                f"accelerator={self.accelerator!r}",
                expected=", ".join(ACCELERATORS),
                fix="TargetEthosU(accelerator='ethos-u55-128')",
            )

    def files(self, made):
        if self._missing():
            return {}
        return {"model_ethosu.tflite": self._compiled(made).content}

    def cost(self, made):
        if self._missing():
            compiled = None
        else:
            compiled = self._compiled(made)
        if compiled is None:
            return Cost(len(made.tflite["int8"]))
        return Cost(compiled.size_bytes, compiled.sram_bytes, compiled.latency_ms)

    def climb(self, made, test, answers):
        if self._missing():
            return [
                unscored(self.form, len(made.tflite["int8"]), f"not compiled: {self._missing()}")
            ]
        said = self._compiled(made)
        note = (
            f"Vela's estimate for {said.accelerator} at {said.clock_hz / 1e6:.0f} MHz: "
            f"{said.cycles:,} cycles a row, {said.npu_share:.0%} of the operators on it"
            + (f"; {said.remark()}" if said.remark() else "")
        )
        return [
            unscored(
                self.form,
                said.size_bytes,
                note,
                arena_bytes=said.sram_bytes,
                latency_ms=said.latency_ms,
            )
        ]

    def _missing(self):
        from .ethosu.runner import available

        return available()

    def _compiled(self, made):
        return _vela(made.tflite["int8"], self.accelerator)


@lru_cache(maxsize=2)
def _vela(content, accelerator):
    from .ethosu.runner import estimate

    return estimate(content, accelerator)


@dataclass(frozen=True)
class TargetWeb(RunsOn):
    """A browser, by LiteRT.js: the folder web/, a page that takes a row, a picture, a text or a
    series, from any static server or by a double click, without a network. The ladder has headless
    Chromium answer at most 500 raw rows by that page's own code. Bytes are the model's; the page
    and LiteRT.js take four megabytes more.
    """

    form: ClassVar[str] = "web"
    converts: ClassVar[tuple[str, ...]] = ("web",)

    def refusal(self, signature, model):
        from .web.page import litert_folder, refused

        try:
            litert_folder()  # which the page is written with
        except ExportError as error:
            return f"{error.received}: {error.fix}"
        kinds = [column.kind for column in signature.columns]
        if PICTURE in kinds and len(kinds) > 1:
            return "its page takes one picture, or a row of other columns, not both"
        return refused(model)

    def files(self, made):
        from ..bundle.folder import golden
        from .web.page import web_files, web_form

        form, content = web_form(made.tflite)
        pages = web_files(
            made.signature,
            content,
            made.name,
            form=form,
            golden=golden(made.signature, made.tflite["int8"], made.raw),
        )
        return {f"web/{name}": page for name, page in pages.items()}

    def cost(self, made):
        from .web.page import web_form

        return Cost(len(web_form(made.tflite)[1]))

    def climb(self, made, test, answers):
        from .web.page import web_form
        from .web.runner import AsInBrowser, Browser, available

        form, content = web_form(made.tflite)
        if available():
            return [unscored(self.form, len(content), f"not run: {available()}")]
        files = {
            name.removeprefix("web/"): page
            for name, page in made.files.items()
            if name.startswith("web/")
        }
        beside = AsInBrowser(made.signature, LiteRT(content), form)
        with Browser(files, made.signature) as browser:
            rung = on_its_own(
                self.form,
                browser,
                made,
                test,
                answers,
                size_bytes=len(content),
                most_rows=MAX_WEB_ROWS,
                beside=beside,
            )
        if "uint8" in made.tflite:
            kind = "uint8"
        else:
            kind = {"int8": "int8 inside, float32 outside"}.get(form, "float32")
        return [replace(rung, note=f"the form that is {kind}, under LiteRT.js in a browser")]


def ask_targets(targets: tuple, signature: Signature, model) -> dict[str, str]:
    """Rung → why a target that is not required is left out. Raises RecipeError where one that is
    cannot be.
    """
    refused = {}
    for target in targets:
        reason = target.refusal(signature, model)
        if reason and target.required:
            raise RecipeError(
                f"{type(target).__name__} for this net: {reason}",
                expected="a net that can run there",
                fix="another net or other steps; or leave the target out, or make it optional, so "
                f"that the others are written: {target.word()}? among the names of the targets "
                f"({type(target).__name__}(required=False))",
            )
        if reason:
            refused[target.form] = f"not possible: {reason}"
    return refused


def ask_files(targets: tuple, tflite: dict[str, bytes]) -> dict[str, str]:
    """Rung → why a target that is not required is left out: its runtime refuses the converted file,
    or ends its process. Of required targets `convert` has run the files.
    """
    optional = [target for target in targets if not target.required]
    found = {
        kernels: fault(tflite["int8"], kernels)
        for kernels in dict.fromkeys(
            kernels for target in optional for kernels in target.kernels if kernels == "micro"
        )
        if micro_available()
    }
    return {
        target.form: f"not possible: {found[kernels]}"
        for target in optional
        for kernels in target.kernels
        if found.get(kernels)
    }


def files_for(made: Made, targets: tuple) -> dict[str, bytes | str]:
    """Name → content of the model's files in the bundle, and of what it holds for each target."""
    files = {
        "model.keras": keras_bytes(made.model),
        **{
            f"model_{form}.tflite": content
            for form, content in made.tflite.items()
            if not form.startswith("web_")
        },
    }  # the page has that in it
    for target in targets:
        files |= target.files(made)
    return files


def climb_all(
    made: Made, targets: tuple, test: HeldOut, *, refused: dict[str, str]
) -> tuple[list[Rung], dict[str, Answers]]:
    """Keras and every target on raw test rows; of a target in `refused` (rung → why) the reason
    alone.
    """
    first, answer = climb(
        "keras",
        InRunner(made.signature, KerasInterpreter(made.model), form="float32"),
        test,
        keras_answers=None,
        size_bytes=len(made.files["model.keras"]),
    )
    rungs = [first]
    answers = {"keras": answer}
    for target in targets:
        if target.form in refused:
            rungs.append(unscored(target.form, 0, refused[target.form]))
        else:
            rungs += target.climb(made, test, answers)
    return rungs, answers


def on_its_own(
    form: str,
    runtime,
    made: Made,
    test: HeldOut,
    answers: dict[str, Answers],
    *,
    size_bytes: int,
    most_rows: int,
    beside: InRunner,
) -> Rung:
    """The rung of a runtime that goes from the raw row to the label by itself, on at most so many
    rows, with its agreement with the device runner `beside`, which has the same kernels under it.
    """
    places = some_places(len(test), most_rows)
    rung, answers[form] = climb(
        form, runtime, test, size_bytes=size_bytes, keras_answers=answers["keras"], places=places
    )
    return replace(
        rung,
        runner_agreement=task_of(made.signature.target).agreement(
            answer_all(beside, test, places), answers[form]
        ),
    )


def _int8_ms(made, interpreter):
    """Median milliseconds of the int8 file for a training row."""
    runner = InRunner(made.signature, interpreter)
    few = {name: x[:8] for name, x in made.calibration.x.items()}
    return float(
        np.median(time_rows(interpreter, runner.quantize(few), min(len(made.calibration), 8)))
    )


def broken_budgets(targets: tuple, rungs: list[Rung]) -> str:
    """The first budget that what was measured at the end is over, in words, or ""."""
    costs = {rung.form: Cost(rung.size_bytes, rung.arena_bytes, rung.latency_ms) for rung in rungs}
    broken = (
        target.broken_budget(costs[target.form]) for target in targets if target.form in costs
    )
    return next(filter(None, broken), "")
