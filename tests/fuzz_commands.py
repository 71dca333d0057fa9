"""Altered bundles with checksums made right again, through every command:

    python -m tests.fuzz_commands BUNDLE ROWS NUMBER [SEED]

prints (command, file, exit code) → number as JSON lines, and each fault once. A mutant is one file
of a copy of the bundle, or the rows, altered at random; it goes through one command that reads it.
What counts as wrong: an exit code that is none of the door's, a fault, more than MAX_SECONDS, a
file outside of the output folder that is new or changed.
"""

import contextlib
import csv
import io
import json
import os
import resource
import shutil
import signal
import sys
import tempfile
import traceback
import zipfile
from collections import Counter
from pathlib import Path

import numpy as np

from pipelines.engine.machine import peak_mib
from tests.altered import alter
from tests.mutants import mutate_bytes, mutate_json

MAX_SECONDS, KNOWN_CODES = 60, (0, 1, 2)  # of one command, on a busy machine
HOSTILE = (
    "../../evil",
    "/etc/passwd",
    "a/../../b",
    "[/red]",
    "[bold]",
    "x" * 10_000,
    2**31,
    2**40,
    -(2**63),
    10**400,
    "\ud800",
    "\0",
    "=cmd|' /C calc'!A0",
    "\x1b[31mred\x1b[0m",
    "%Y%Y",
    "%Q",
    "-1",
    "\u202e",
    {"spec": "Recipe"},
    {"spec": "dict", "items": [[1]]},
    [0] * 5000,
    json.loads("[" * 400 + "]" * 400),
    "<script>",
    1e308,
    -0.0,
)


class Hang(BaseException):
    """A command that took more than MAX_SECONDS."""


class Sandbox:
    """A copy of a bundle in a folder of its own, with an output folder and a temporary one, and all
    that is told of a command that runs there.
    """

    def __init__(self, bundle: Path, rows: Path, root: Path):
        self.root, self.bundle, self.out = root, root / "models" / "bundle", root / "models" / "out"
        shutil.copytree(bundle, self.bundle)
        self.out.mkdir()
        (root / "tmp").mkdir()
        (root / "evil.txt").write_text("untouched")
        shutil.copy(rows, root / rows.name)
        self.rows = root / rows.name
        self.whole = {
            path.relative_to(self.bundle).as_posix(): path.read_bytes()
            for path in self.bundle.rglob("*")
            if path.is_file()
        }
        self.before, self.last = self._outside(), b""

    def _outside(self):
        found = {}
        for folder, folders, files in os.walk(self.root):
            if Path(folder) in (self.bundle, self.out):
                folders.clear()
                continue
            for name in (*folders, *files):
                if name.startswith("__autograph_generated_file"):
                    continue  # TensorFlow's, which removes them at its end
                stat = os.lstat(os.path.join(folder, name))
                is_rows = os.path.join(folder, name) == str(self.rows)
                if is_rows:
                    found[os.path.join(folder, name)] = 0
                else:
                    found[os.path.join(folder, name)] = (
                        stat.st_size,
                        stat.st_mtime_ns * bool(name in files),
                    )
        return found

    def restore(self, name: str) -> None:
        """Takes a mutant back."""
        alter(self.bundle, name, self.whole[name])

    def call(self, work, stdin: bytes = b"") -> tuple[int, str]:
        """(exit code, "" or what is wrong) of a command: `work` takes no argument and returns its
        exit code.
        """
        out, error = (io.TextIOWrapper(io.BytesIO(), encoding="utf-8") for _ in range(2))
        sys.stdin, before = io.TextIOWrapper(io.BytesIO(stdin), encoding="utf-8"), sys.stdin
        signal.signal(signal.SIGALRM, _hang)
        signal.setitimer(signal.ITIMER_REAL, MAX_SECONDS)
        try:
            with contextlib.redirect_stdout(out), contextlib.redirect_stderr(error):
                code = work()
        except Hang:
            return -1, "hang: " + _frames()
        except SystemExit as stop:
            code = stop.code or 0
        except BaseException as fault:
            return -1, f"{type(fault).__name__}: {str(fault)[:200]} " + _frames()
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
            sys.stdin = before
        error.flush()
        said = error.buffer.getvalue().decode(errors="replace")
        if "Traceback" in said:
            wrong = "a traceback"
        elif code in KNOWN_CODES:
            wrong = ""
        else:
            wrong = f"exit code {code}: {said}"
        outside = self._outside()
        if outside != self.before:
            wrong = f"outside: {sorted(set(outside.items()) ^ set(self.before.items()))[:5]}"
            self.before = outside
        if (
            code == 2
            and not wrong
            and not ("expected: " in said and "fix: " in said)
            and "Usage" not in said
        ):
            wrong = f"no help in: {said[:300]}"
        return code, wrong


def _hang(number, frame):
    raise Hang


def _frames():
    return " < ".join(
        f"{Path(each.filename).name}:{each.lineno} {each.name}"
        for each in reversed(traceback.extract_tb(sys.exc_info()[2])[-8:])
    )


def commands_of(name: str) -> tuple[str, ...]:
    """The commands that read a file of a bundle, or the rows."""
    if name == "signature.json":
        return ("predict", "explain", "explain rows", "device", "device float32", "check")
    if name.endswith(".tflite"):
        return ("predict", "explain", "device", "device float32", "device check")
    return {
        "golden.json": ("explain",),
        "report.json": ("report",),
        "recipe.json": ("compress",),
        "model.keras": ("read_keras", "export"),
        "SHA256SUMS": ("check", "device check", "predict", "report"),
        "rows": ("predict", "device", "explain rows"),
        "rows.npy": ("export rows",),
    }.get(name, ("check", "device check"))


def run_command(sandbox: Sandbox, command: str) -> tuple[int, str]:
    """One command on the sandbox's bundle, in this process."""
    from pipelines.cli import main
    from pipelines.device.__main__ import main as device
    from pipelines.device.door import through_door

    bundle = str(sandbox.bundle)
    rows = str(sandbox.rows)

    def cli(*arguments):
        def work():
            before, sys.argv = sys.argv, ["pipelines", *map(str, arguments)]
            try:
                return main()
            finally:
                sys.argv = before

        return work

    if command == "device" or command.startswith("device float"):
        form = command.partition(" ")[2] or "int8"
        return sandbox.call(
            lambda: device([bundle, "--form", form]), stdin=sandbox.rows.read_bytes()
        )
    if command == "device check":
        return sandbox.call(lambda: device([bundle, "--check"]))
    if command == "read_keras":
        from pipelines.training.keras_file import read_keras

        return sandbox.call(lambda: through_door(lambda: 0 if read_keras(bundle) else 1))
    if command.startswith("export"):
        return sandbox.call(
            cli(
                "export",
                sandbox.bundle / "model.keras",
                "--rows",
                sandbox.root / "tmp" / "rows.npy",
                "--name",
                "own",
                "--folder",
                sandbox.out,
            )
        )
    arguments = {
        "predict": ("predict", bundle, rows),
        "explain": ("explain", bundle),
        "explain rows": ("explain", bundle, rows),
        "report": ("report", bundle),
        "check": ("check", bundle),
        "compress": ("compress", bundle, "--folder", sandbox.out),
        "list": ("list",),
    }[command]
    return sandbox.call(cli(*arguments))


def mutant_of(name: str, content: bytes, random: np.random.Generator) -> bytes:
    """A file altered: values of JSON, members of a .keras file, or bytes."""
    if name.endswith(".json") and random.random() < 0.85:
        return _mutate_values(content, random)
    if name.endswith(".keras") and random.random() < 0.85:
        return _mutate_keras(content, random)
    return mutate_bytes(content, random)


def _mutate_values(content, random):
    values = json.loads(mutate_json(content, random) if random.random() < 0.5 else content)
    if random.random() < 0.6:
        _put(values, HOSTILE[random.integers(len(HOSTILE))], random)
    return json.dumps(values).encode()


def _put(values, hostile, random):
    holder = values
    while True:
        if isinstance(holder, dict):
            keys = list(holder)
        else:
            keys = range(len(holder))
        if not len(keys):
            return
        key = keys[random.integers(len(keys))]
        if not isinstance(holder[key], (dict, list)) or random.random() < 0.1:
            holder[key] = hostile
            return
        holder = holder[key]


def _mutate_keras(content, random):
    members = {}
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        for name in archive.namelist():
            members[name] = archive.read(name)
    names = list(members)
    if random.random() < 0.7:
        name = "config.json"
    else:
        name = names[random.integers(len(names))]
    members[name] = mutant_of(name, members[name], random)
    if random.random() < 0.05:
        members[str(random.choice(["../evil", "assets/../../evil", "other.py"]))] = b"x"
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name, each in members.items():
            archive.writestr(name, each)
    return packed.getvalue()


@contextlib.contextmanager
def nothing_long():
    """Reading data again, and conversions, in doubles that refuse: they take minutes, and read
    nothing of a bundle.
    """
    from pipelines.errors import ExportError, LoadError
    from pipelines.studies import tradeoff
    from pipelines.targets import export

    def no_rows(recipe, source=None):
        raise LoadError("the fuzz reads no rows", expected="nothing", fix="none")

    def no_conversion(*arguments, **options):
        raise ExportError("the fuzz converts nothing", expected="nothing", fix="none")

    before = tradeoff.read, export.convert
    tradeoff.read, export.convert = no_rows, no_conversion
    try:
        yield
    finally:
        tradeoff.read, export.convert = before


def fuzz(
    bundle: Path,
    rows: Path,
    number: int,
    *,
    seed: int = 0,
    forks: bool = True,
    arrays: np.ndarray | None = None,
) -> tuple[Counter, dict[str, int]]:
    """((command, file, exit code) → number, what is wrong → number) of so many mutants. forks:
    whether the files of models, which can end a process, get one of their own; without, they are
    left out. arrays: rows as the Keras model takes them.
    """
    random = np.random.default_rng(seed)
    counts = Counter()
    wrong = Counter()
    with tempfile.TemporaryDirectory(prefix="fuzz_") as root:
        sandbox = Sandbox(bundle, rows, Path(root).resolve())
        before = {key: os.environ.get(key) for key in ("TMPDIR",)}
        place = os.getcwd()
        if arrays is not None:
            np.save(sandbox.root / "tmp" / "rows.npy", arrays)
        sandbox.before = sandbox._outside()
        os.environ["TMPDIR"], tempfile.tempdir = str(sandbox.root / "tmp"), None
        os.chdir(sandbox.root)
        names = [name for name in sandbox.whole if forks or not name.endswith(".tflite")]
        heavy = [name for name in names if name.endswith((".json", ".keras", ".tflite"))]
        try:
            with nothing_long():
                for _ in range(number):
                    if random.random() < 0.85:
                        pool = heavy
                    else:
                        pool = names
                    if random.random() < 0.08:
                        name = "rows"
                    else:
                        name = pool[random.integers(len(pool))]
                    command = str(random.choice(commands_of(name)))
                    if command == "export" and arrays is None:
                        command = "read_keras"
                    code, words = _one(sandbox, name, command, random)
                    counts[command, name, code] += 1
                    if words and (kept := os.environ.get("FUZZ_KEEP")):
                        Path(kept, f"{len(wrong)}-{name.replace('/', '_')}").write_bytes(
                            sandbox.last
                        )
                    if words:
                        wrong[f"{command} of {name}: {words}"] += 1
        finally:
            os.chdir(place)
            tempfile.tempdir = None
            for key, value in before.items():
                os.environ.pop(key, None) if value is None else os.environ.__setitem__(key, value)
    return counts, wrong


def _one(sandbox, name, command, random):
    if name == "rows":
        whole = sandbox.rows.read_bytes()
        sandbox.last = mutate_bytes(whole, random)
        sandbox.rows.write_bytes(sandbox.last)
        try:
            return run_command(sandbox, command)
        finally:
            sandbox.rows.write_bytes(whole)
    mutant = sandbox.last = mutant_of(name, sandbox.whole[name], random)
    if name == "SHA256SUMS":
        (sandbox.bundle / name).write_bytes(mutant)
    else:
        alter(sandbox.bundle, name, mutant)
    try:
        if name.endswith(".tflite"):
            return _in_fork(sandbox, command)
        return run_command(sandbox, command)
    finally:
        sandbox.restore(name)


def _in_fork(sandbox, command):
    """A command in a fork: the exit code, and what is wrong. LiteRT's own deaths by a signal are
    counted as code -2 and are no fault here (see tests/deaths.py).
    """
    read, write = os.pipe()
    child = os.fork()
    if not child:
        os.close(read)
        os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        resource.setrlimit(resource.RLIMIT_CPU, (MAX_SECONDS, MAX_SECONDS))
        code = -1
        words = "the fork failed"
        try:
            code, words = run_command(sandbox, command)
        finally:
            os.write(write, json.dumps([code, words[:4000]]).encode())
            os._exit(0)
    os.close(write)
    with os.fdopen(read, "rb") as pipe:
        said = pipe.read()
    os.waitpid(child, 0)
    if said:
        return json.loads(said)
    return (-2, "")


def main(bundle, rows, number, seed="0", arrays=""):
    os.environ["PIPELINES_RAISE_FAULTS"] = "1"
    counts, wrong = fuzz(
        Path(bundle),
        Path(rows),
        int(number),
        seed=int(seed),
        arrays=np.load(arrays) if arrays else None,
    )
    for (command, name, code), count in sorted(counts.items(), key=str):
        print(json.dumps([command, name, code, count]))
    print(
        json.dumps(
            {
                "wrong": wrong,
                "most_mebibytes": peak_mib(),
            }
        )
    )


def write_rows(bundle, path: Path) -> None:
    """The golden rows of a bundle of a table as CSV."""
    from pipelines.bundle.folder import read_golden_rows

    rows = read_golden_rows(bundle)
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


if __name__ == "__main__":
    main(*sys.argv[1:])
