"""The web page of a bundle: static files that answer in the browser, without a build step, a
server's help or network.

The page runs the model with LiteRT.js (https://ai.google.dev/edge/litert/web) in WebAssembly. Model
and runtime are written into scripts, base64 of gzip: so the page needs no request, opens from a
folder by a double click too, and the nine megabytes of WebAssembly are less than four.
"""

import base64
import gzip
import json
import os
import sys
from functools import cache
from pathlib import Path

from ...convert.lower import unrolled_steps
from ...device.rule_book import RuleBook, read_rules
from ...device.rule_tree import to_lists
from ...device.signature import Signature
from ...errors import ExportError

PAGE = Path(__file__).parent / "page"
LITERT_VERSION = "2.5.3"
# Each is written out, some 2.7 kB and 60 ms of the converter.
MAX_UNROLLED_STEPS = 1024
# The variant without relaxed SIMD: the one that every browser has, and that rounds alike on each.
_LITERT_FILES = {
    "core.js": "core/dist/index.js",
    "wasm_utils.js": "wasm-utils/dist/index.js",
    "litert_wasm.js": "core/wasm/litert_wasm_compat_internal.js",
    "litert.wasm": "core/wasm/litert_wasm_compat_internal.wasm",
}


def web_files(
    signature: Signature,
    content: bytes,
    name: str,
    *,
    form: str = "int8",
    golden: list[dict] | None = None,
) -> dict[str, bytes | str]:
    """File name below web/ → content: a page that shows the answers of the TFLite file `content`,
    whose inputs and output are float32 (int32 for ids, uint8 for pixels). `form`: whose decision it
    shares, "int8" where it computes in int8, else "float32". `golden`: the content of golden.json,
    whose first row the page begins with.

    Raises ExportError where LiteRT.js is not installed.
    """
    bundle = {
        "name": name,
        "form": form,
        "size_bytes": len(content),
        "litert": LITERT_VERSION,
        "signature": signature.to_json(),
        "row": golden[0]["row"] if golden else None,
        "rules": rules_of(signature),
    }
    return {
        **{
            path.name: path.read_text(encoding="utf-8")
            for path in sorted(PAGE.iterdir())
            if path.is_file()
        },
        "bundle.js": _bundle_script(bundle, content),
        "litert.js": _litert_script(litert_folder()),
    }


def web_form(tflite: dict[str, bytes]) -> tuple[str, bytes]:
    """(the form whose decision it shares, its bytes) of the file for the page among the TFLite
    files of a model: of pictures the uint8 file; of a net with recurrent layers float32, unrolled;
    else int8 inside, float32 outside. Raises ExportError where there is none.
    """
    for form, decision in (("uint8", "int8"), ("web_int8", "int8"), ("web_float32", "float32")):
        if form in tflite:
            return decision, tflite[form]
    raise ExportError(
        f"no form for the page among {', '.join(tflite)}",
        expected="uint8, web_int8 or web_float32",
        fix="convert(model, rows, web=True)",
    )


def refused(model) -> str:
    """ "" where a Keras model can be written for the page, else the reason: recurrent layers are
    unrolled for it.
    """
    steps = unrolled_steps(model)
    if steps <= MAX_UNROLLED_STEPS:
        return ""
    return (
        f"its recurrent layers go over {steps:,} steps, which the browser wants written out one by "
        f"one; at most {MAX_UNROLLED_STEPS:,}"
    )


def litert_folder() -> Path:
    """node_modules/@litertjs: of the environment variable PIPELINES_NODE_MODULES, of this Python's
    environment, or next to the working directory. Raises ExportError where LiteRT.js is in none.
    """
    prefix = Path(sys.prefix)
    given = os.environ.get("PIPELINES_NODE_MODULES")
    if prefix.is_relative_to(Path.cwd()):
        prefix = prefix.relative_to(Path.cwd())
    install = f"npm install --prefix {prefix} @litertjs/core@{LITERT_VERSION}"
    if given:
        folders = [Path(given)]
    else:
        folders = [Path(sys.prefix) / "node_modules", Path.cwd() / "node_modules"]
    found = next(
        (
            folder / "@litertjs"
            for folder in folders
            if all((folder / "@litertjs" / file).is_file() for file in _LITERT_FILES.values())
        ),
        None,
    )
    if found is None:
        raise ExportError(
            f"no LiteRT.js in {' or '.join(map(str, folders))}",
            expected=f"the npm package @litertjs/core {LITERT_VERSION}",
            fix=install,
        )
    version = json.loads((found / "core" / "package.json").read_text(encoding="utf-8")).get(
        "version"
    )
    if version != LITERT_VERSION:
        raise ExportError(
            f"LiteRT.js {version} in {found}",
            expected=LITERT_VERSION,
            fix=install,
        )
    return found


def rules_of(signature: Signature) -> list[dict]:
    """The rules that answers keep, as the page reads them: trees as lists, bounds of numbers."""
    if not signature.answer_rules:
        return []
    book = read_rules(signature.answer_rules, signature.target, signature.columns)
    rules = [{"tree": to_lists(rule.tree())} for rule in book.rules]
    if isinstance(book, RuleBook):
        return rules
    for place, rule in enumerate(book.rules):
        premise = None
        if rule.premise is not None:
            premise = to_lists(rule.premise)
        bounds = [[bound.order, to_lists(bound.operand)] for bound in book.bounds[place]]
        rules[place] |= {"premise": premise, "bounds": bounds}
    return rules


@cache
def _litert_script(folder):
    parts = []
    for name, file in _LITERT_FILES.items():
        content = (folder / file).read_bytes()
        parts.append(_packed(name, content))
    return (
        f"/* LiteRT.js {LITERT_VERSION}, npm package @litertjs/core, unchanged, as base64 of gzip. "
        "Apache License 2.0: see LICENSE.txt.\n   https://github.com/google-ai-edge/LiteRT */\n"
        + "\n".join(parts)
        + "\n"
    )


def _bundle_script(bundle, content):
    # As text to be parsed, which no name in it can leave; json.dumps writes it in ASCII.
    text = json.dumps(json.dumps(bundle, ensure_ascii=False, allow_nan=False))
    return f"pipelines.bundle = JSON.parse({text});\n{_packed('model.tflite', content)}\n"


def _packed(name, content):
    packed = base64.b64encode(gzip.compress(content, 9, mtime=0)).decode("ascii")
    return f'pipelines.packed["{name}"] = "{packed}";'
