"""The forms of a TFLite file that the converter writes.

Every file takes batch 1, inputs by their names; of a streaming form (see `stream`) float32 and int8
are written too:

    float32    float32 in and out; pictures as pixels 0..255
    int8       int8 in and out, each output in staggered copies (see `lower.stagger`); pictures as
               pixels less 128
    uint8      for nets of pictures: pixels as they are in, numbers of the same row and log-odds out
               as float32, for runtimes that take no int8
    float16    as float32, with weights of half the bytes, which the runtime widens when it loads
               them
    dynamic    as float32, with int8 weights; the runtime quantizes what they are multiplied with,
               row by row

Asked for "web", nets of other rows than pictures have one more, float32 in and out: "web_int8",
int8 inside, or of recurrent nets "web_float32", unrolled: its steps share their weights, which int8
would hold once a step.
"""

from dataclasses import dataclass

from ..errors import RecipeError
from .kernels import Kernels, XnnpackKernels

USUAL_FORMS = ("float32", "int8", "uint8", "stream_float32", "stream_int8")
ALL_FORMS = (*USUAL_FORMS, "float16", "dynamic", "web")
WRITTEN_FORMS = (*ALL_FORMS, "web_int8", "web_float32")


@dataclass(frozen=True)
class TfliteFiles:
    """Which files are written, and what must run them.

    Attributes:
        forms: Of ALL_FORMS; those come that the model has: uint8 is for pictures.
        kernels: Each file is run once on those that take its form, on zeros, in the child process:
            a file can end the process that loads it.
    """

    forms: tuple[str, ...] = USUAL_FORMS
    kernels: tuple[Kernels, ...] = (XnnpackKernels(),)

    def check(self) -> None:
        """Raises RecipeError for a form that does not exist."""
        unknown = [form for form in self.forms if form not in ALL_FORMS]
        if unknown or not self.forms:
            raise RecipeError(
                f"forms={self.forms!r}",
                expected="some of " + ", ".join(ALL_FORMS),
                fix="name some of these",
            )
