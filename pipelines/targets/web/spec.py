"""A browser as a target."""

from dataclasses import dataclass, replace
from typing import ClassVar

from ...device.cells import PICTURE
from ...device.runner import LiteRT
from ...errors import ExportError
from ...slots import Target
from ...verify.golden import golden
from ...verify.ladder import unscored
from ..budgets import Cost
from ..climbing import Reference, climb_end_to_end
from .page import litert_folder, refused, web_files, web_form
from .runner import AsInBrowser, Browser, available

MAX_WEB_ROWS = 500
_IN_WORDS = {"int8": "int8 inside, float32 outside", "float32": "float32"}


@dataclass(frozen=True)
class TargetWeb(Target):
    """Writes a page for any browser, in the folder web/ of the bundle, that runs LiteRT.js.

    The page takes a row, a picture, a text or a series, from any static server or by a double
    click, without a network (https://ai.google.dev/edge/litert/web). The ladder has headless
    Chromium answer at most 500 raw rows by that page's own code. Bytes are the model's; the page
    and LiteRT.js take four megabytes more.
    """

    form: ClassVar[str] = "web"
    converts: ClassVar[tuple[str, ...]] = ("web",)
    asks_net: ClassVar[bool] = True

    def refusal(self, signature, model):
        try:
            litert_folder()  # which the page is written with
        except ExportError as error:
            return f"{error.received}: {error.fix}"
        kinds = [column.kind for column in signature.columns]
        if PICTURE in kinds and len(kinds) > 1:
            return "its page takes one picture, or a row of other columns, not both"
        return refused(model)

    def files(self, exported):
        form, content = web_form(exported.tflite)
        rows = golden(exported.signature, exported.tflite["int8"], exported.raw)
        pages = web_files(
            exported.signature,
            content,
            exported.name,
            form=form,
            golden=rows,
        )
        return {f"web/{name}": page for name, page in pages.items()}

    def cost(self, exported):
        _, content = web_form(exported.tflite)
        return Cost(len(content))

    def climb(self, exported, test, answers):
        form, content = web_form(exported.tflite)
        if available():
            return [unscored(self.form, len(content), f"not run: {available()}")]
        with Browser(exported.files_below("web"), exported.signature) as browser:
            rung = climb_end_to_end(
                self.form,
                browser,
                test,
                answers,
                size_bytes=len(content),
                most_rows=MAX_WEB_ROWS,
                compared_with=Reference(AsInBrowser(exported.signature, LiteRT(content), form)),
            )
        kind = "uint8"
        if "uint8" not in exported.tflite:
            kind = _IN_WORDS[form]
        return [
            replace(
                rung,
                note=f"the form that is {kind}, under LiteRT.js in a browser",
            )
        ]
