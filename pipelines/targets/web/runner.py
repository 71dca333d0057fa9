"""The browser: the page of a bundle in headless Chromium, on a server of this machine that lives as
long as it does.
"""

import base64
import json
import os
import queue
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np

from ...device.answers import Answers
from ...device.cells import PICTURE, TEXT
from ...device.draws import pooled
from ...device.primitives import Columns, at_draw, num_draws, run_primitives
from ...device.runner import Runner, answer
from ...device.signature import Signature
from ...engine.starter import ending_with_this
from ...errors import ExportError, VerifyError
from ...tasks import task_of
from .page import litert_folder

PROGRAMS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
# No sandbox: in containers there is none to be had, and the pages are our own.
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
PIECE_ROWS = 256
TASK_SECONDS = 120
POLL_SECONDS = 5
_TYPES = {".html": "text/html", ".js": "text/javascript", ".txt": "text/plain"}
# With them a page may read the clock to 0.005 ms; without, to 0.1 ms.
_ISOLATED = {
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Embedder-Policy": "require-corp",
}


def available() -> str:
    """ "" where the page of a bundle can be written and run here, else what to install."""
    try:
        litert_folder()
    except ExportError as error:
        return str(error.fix)
    if browser_program():
        return ""
    return "Chromium or Google Chrome: apt-get install chromium"


def browser_program() -> str:
    """The path of the browser that is used, or ""."""
    return next(filter(None, map(shutil.which, PROGRAMS)), "")


class AsInBrowser:
    """What the device runner answers with the page's own file. Its decision is of another form:
    "int8" where it computes in int8, though floats or pixels go in.
    """

    def __init__(self, signature: Signature, interpreter, form: str):
        self.signature, self._interpreter, self._form = signature, interpreter, form

    def predict_columns(self, columns: Columns) -> Answers:
        primitives = self.signature.primitives
        if any(port.is_picture for port in self.signature.inputs):
            kind = "uint8"
        else:
            kind = "float32"
        runner = Runner(self.signature, self._interpreter, form=kind)
        raw, prepared = runner.run(runner.prepared(columns))
        raws = [raw]
        for draw in range(1, num_draws(primitives)):
            drawn = run_primitives(at_draw(primitives, draw), columns)
            raws.append(self._interpreter.run(runner.quantize(drawn)))
        if len(raws) > 1:
            raw = pooled(raws, self.signature.output)
        answers = answer(self.signature, raw, form=self._form, prepared=prepared)
        return runner.with_rules(columns, answers)


class Browser:
    """The page of a bundle in a headless browser; a context manager, or close() it.

    Has the `predict_columns` of `device.runner.Runner`.
    """

    def __init__(
        self,
        files: str | Path | Mapping[str, bytes | str],
        signature: Signature,
        *,
        task_seconds: float = TASK_SECONDS,
    ):
        """`files`: the folder web/ of a bundle, or what `web_files` gives.
        `task_seconds`: how long 256 rows, or one answer of the page, may take. Raises VerifyError
        where there is no browser.
        """
        if not browser_program():
            raise VerifyError(
                "no browser on this machine",
                expected="Chromium or Google Chrome",
                fix="apt-get install chromium",
            )
        if not isinstance(files, Mapping):
            files = {path.name: path.read_bytes() for path in Path(files).iterdir()}
        self.signature, self.task_seconds = signature, task_seconds
        self._tasks, self._done, token = queue.Queue(), queue.Queue(), secrets.token_urlsafe(16)
        harness = Path(__file__).with_name("harness.html").read_bytes()
        content = {
            f"/{token}/": harness,
            **{
                f"/{token}/page/{name}": text.encode() if isinstance(text, str) else text
                for name, text in files.items()
            },
        }
        self._server = _Server(
            ("127.0.0.1", 0),
            _handler(content, token, self._tasks, self._done),
        )
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        self._profile = tempfile.mkdtemp(prefix="browser_")
        self._process = subprocess.Popen(
            ending_with_this(
                [
                    browser_program(),
                    *FLAGS,
                    f"--user-data-dir={self._profile}",
                    f"http://127.0.0.1:{self._server.server_port}/{token}/",
                ]
            ),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )

    def __enter__(self) -> "Browser":
        return self

    def __exit__(self, *_) -> None:
        self.close()

    def close(self) -> None:
        """Ends the browser, all its processes, and the server."""
        if self._process.poll() is None:
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        self._server.shutdown()
        self._server.server_close()
        shutil.rmtree(self._profile, ignore_errors=True)

    def predict_columns(self, columns: Columns) -> Answers:
        """Answers of the page's own code to columns that are typed already, as
        `Runner.predict_columns`; `raw` is float32. Raises VerifyError where the browser refuses the
        model or takes too long.
        """
        answers = self._predict(columns)
        target = self.signature.target
        task = task_of(target)
        scores = np.array([each["scores"] for each in answers], np.float64)
        scores = scores.reshape(len(answers), *task.device.scores_shape(self.signature))
        if target.quantiles:
            quantiles = np.array([each["quantiles"] for each in answers], np.float64)
        else:
            quantiles = None
        sets = None
        if self.signature.sets:
            sets = np.empty(len(answers), object)
            sets[:] = [tuple(each["set"]) for each in answers]
        bounds = None
        if self.signature.margins:
            bounds = np.array([each["bounds"] for each in answers], np.float64)
        spread = None
        if num_draws(self.signature.primitives) > 1:
            spread = np.array([each["spread"] for each in answers], np.float64)
        return Answers(
            np.array(
                [each["label"] for each in answers],
                object,
            )
            if target.labels or task.spells
            else None,
            scores,
            np.array([each["raw"] for each in answers], np.float32),
            quantiles,
            sets=sets,
            bounds=bounds,
            spread=spread,
        )

    def one_row_ms(self, columns: Columns, num_rows: int) -> np.ndarray:
        """float64 [num_rows]: milliseconds of the model alone, one prepared row a call; of the rows
        given, over and over.
        """
        places = np.arange(num_rows + 1) % len(
            next(iter(columns.values()))
        )  # the first call sets things up
        answers = self._predict({name: x[places] for name, x in columns.items()})
        return np.array([each["milliseconds"] for each in answers[1:]], np.float64)

    def read_picture(self, content: bytes) -> np.ndarray:
        """uint8 [height, width, channels]: the pixels that the page gives its model of a picture
        file. Raises VerifyError where it refuses the file.
        """
        decoded = self._do("decode", file=base64.b64encode(content).decode("ascii"))
        return np.frombuffer(base64.b64decode(decoded), np.uint8).reshape(
            self.signature.columns[0].shape
        )

    def ask_page(self, given: Mapping[str, object] | str | bytes) -> str:
        """The label (or value) that the page shows for input that is put into its own controls: a
        raw row by column, a text, the CSV of steps, or the bytes of a picture file. Raises
        VerifyError with what the page reports if it refuses the input.
        """
        answer = self._do("ask", **self._controls(given))
        if "refused" in answer:
            raise VerifyError(
                f"the page reports: {answer['refused']}", expected="a label", fix="fix the input"
            )
        return answer["label"]

    def _controls(self, given):
        if isinstance(given, bytes):
            return {"file": base64.b64encode(given).decode("ascii")}
        if isinstance(given, str):
            return {
                "fields": [["#text" if self.signature.columns[0].kind == TEXT else "#steps", given]]
            }
        return {
            "fields": [
                [
                    f"[name=column{place}]",
                    "" if given[column.name] is None else str(given[column.name]),
                ]
                for place, column in enumerate(self.signature.columns)
            ]
        }

    def _predict(self, columns):
        answers = []
        cells = [_cells(columns[column.name], column.kind) for column in self.signature.columns]
        num_rows = len(cells[0])
        for start in range(0, num_rows, PIECE_ROWS):
            piece = [each[start : start + PIECE_ROWS] for each in cells]
            answers += self._do(
                "predict",
                rows=list(zip(*piece, strict=True)),
                reset=start == 0,
            )
        return answers

    def _do(self, what, **given):
        self._tasks.put(json.dumps({"what": what, **given}).encode())
        end = time.monotonic() + self.task_seconds
        while time.monotonic() < end:
            try:
                done = self._done.get(timeout=0.2)
            except queue.Empty:
                if self._process.poll() is not None:
                    raise VerifyError(
                        f"the browser ended with code {self._process.returncode}",
                        expected="a browser that stays",
                        fix=f"try {browser_program()} --headless",
                    ) from None
                continue
            if "error" in done:
                raise VerifyError(
                    f"the page failed in the browser: {done['error'][:500]}",
                    expected="answers",
                    fix="open web/index.html of the bundle in a browser and look at its console",
                )
            return done["said"]
        self.close()
        raise VerifyError(
            f"the browser did not answer within {self.task_seconds:g} s",
            expected="answers",
            fix="make the model smaller, or free the machine",
        )


def _cells(x, kind):
    """A typed column as JSON values: null where missing, dates as seconds, pictures as base64."""
    if kind == PICTURE:
        return [base64.b64encode(np.ascontiguousarray(each)).decode("ascii") for each in x]
    if x.dtype.kind == "M":
        return [
            None if cell is None else int(cell)
            for cell in np.where(
                np.isnat(x), None, x.astype("datetime64[s]").astype(np.int64).astype(object)
            )
        ]
    if x.dtype.kind == "f":
        return np.where(np.isnan(x), None, x.astype(object)).tolist()
    return x.tolist()


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request, client_address):
        if not isinstance(
            sys.exc_info()[1], ConnectionError
        ):  # a browser that is ended closes no connection
            super().handle_error(request, client_address)


def _handler(content, token, tasks, done):
    """Returns a request handler for those files, the tasks and what was done.

    All are below a token that is known to the page only.
    """

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self):
            path = self.path.split("?")[0]
            if path == f"/{token}/task":
                try:
                    self._send(200, tasks.get(timeout=POLL_SECONDS), "application/json")
                except queue.Empty:
                    self._send(204, b"", "application/json")
            elif path in content:
                self._send(200, content[path], _TYPES.get(Path(path).suffix, "text/html"))
            else:
                self._send(404, b"", "text/plain")

        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if self.path == f"/{token}/done":
                done.put(json.loads(body))
            self._send(204, b"", "text/plain")

        def _send(self, status, body, kind):
            self.send_response(status)
            self.send_header("Content-Type", f"{kind}; charset=utf-8")
            if status != 204:
                self.send_header("Content-Length", str(len(body)))
            for name, value in _ISOLATED.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    return Handler
