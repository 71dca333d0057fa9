"""Whatever happens in a command, its user gets an answer or words that help; never a traceback."""

import errno
import io
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

from pipelines.bundle.folder import check_folder, write_bundle
from pipelines.device.checksums import checksums
from pipelines.device.door import (
    FAULT,
    RAISE_NAME,
    REFUSED,
    ends_on_signals,
    leave,
    through_door,
)
from pipelines.errors import BundleError, LoadError
from tests.altered import alter, copy_of
from tests.fuzz_commands import write_rows

LINUX = pytest.mark.skipif(
    not sys.platform.startswith("linux"), reason="/dev/full and process groups"
)


def raising(error):
    def work():
        raise error

    return work


@pytest.fixture
def users_door(monkeypatch, tmp_path):
    """The door as users have it, temporary files in `tmp_path`."""
    monkeypatch.delenv(RAISE_NAME)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


def test_a_fault_is_told_with_a_file_that_holds_no_data(users_door, capsys, monkeypatch):
    monkeypatch.setattr(
        sys, "argv", ["pipelines", "table", "--name", "/home/ada/patients.csv", "--target=sick"]
    )
    assert through_door(raising(KeyError("patient 17"))) == FAULT
    error = capsys.readouterr().err
    assert "a fault of this package: KeyError: 'patient 17'" in error and "Traceback" not in error
    assert "expected: " in error and "fix: report it with the file " in error
    (file,) = users_door.iterdir()
    details = file.read_text()
    assert (
        str(file) in error
        and "in work" in details
        and "tensorflow" in details
        and "--name --target" in details
    )
    assert not any(words in details for words in ("patient", "ada", "sick"))


def test_a_fault_where_no_file_can_be_written(users_door, capsys, monkeypatch):
    def full(*arguments, **options):
        raise OSError(errno.ENOSPC, "full")

    monkeypatch.setattr("pipelines.device.door.open", full, raising=False)
    assert through_door(raising(ZeroDivisionError("division by zero"))) == FAULT
    assert "report it with this place: test_door.py, line " in capsys.readouterr().err and not list(
        users_door.iterdir()
    )


def test_a_fault_goes_to_the_current_folder_where_there_is_no_temporary_one(
    users_door, capsys, monkeypatch
):
    monkeypatch.setattr(tempfile, "tempdir", str(users_door / "absent"))
    monkeypatch.chdir(users_door)
    assert through_door(raising(ValueError("x"))) == FAULT
    assert (
        len(list(users_door.glob("pipelines-fault-*.txt"))) == 1
        and "Traceback" not in capsys.readouterr().err
    )


def test_tests_see_a_fault_as_it_is():
    with pytest.raises(KeyError):
        through_door(raising(KeyError("x")))


@pytest.mark.parametrize(
    "error, words",
    [
        (MemoryError(), "no memory is left"),
        (OSError(errno.ENOSPC, "No space left on device", "/tmp/x"), "(/tmp/x)"),
        (
            ImportError("libtensorflow.so.2: failed to map segment from shared object"),
            "no memory is left",
        ),
        (OSError(errno.EROFS, "Read-only file system"), "the system refused"),
        (RuntimeError("can't start new thread"), "no more threads"),
        (LoadError("a table", expected="another", fix="this"), "[load] a table"),
    ],
)
def test_what_a_user_can_change_is_no_fault(users_door, capsys, error, words):
    assert through_door(raising(error)) == REFUSED
    said = capsys.readouterr().err
    assert (
        words in said
        and "expected: " in said
        and "fix: " in said
        and not list(users_door.iterdir())
    )


@pytest.mark.parametrize(
    "stop, code", [(SystemExit(), 0), (SystemExit(3), 3), (SystemExit("words"), 1)]
)
def test_exits_keep_their_codes(stop, code):
    assert through_door(raising(stop)) == code


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_signals_end_the_work_with_one_line(capsys, number):
    before = {
        each: signal.getsignal(each) for each in (signal.SIGINT, signal.SIGTERM, signal.SIGALRM)
    }
    closed = []

    def work():
        try:
            os.kill(os.getpid(), number)
            time.sleep(10)
        finally:
            closed.append(True)

    with pytest.raises(SystemExit) as stopped, ends_on_signals("stopped: nothing was written"):
        work()
    assert stopped.value.code == 128 + number and closed == [True]
    assert capsys.readouterr().err == "\nstopped: nothing was written\n"
    assert {each: signal.getsignal(each) for each in before} == before


def test_what_nohup_ignores_stays_ignored():
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with ends_on_signals("stopped") as came:
            os.kill(os.getpid(), signal.SIGHUP)
        assert came == []
    finally:
        signal.signal(signal.SIGHUP, before)


INTERRUPTED = """
import runpy, sys
class Interrupt:
    def find_spec(self, name, path=None, target=None):
        if name == "typer":
            raise KeyboardInterrupt
sys.meta_path.insert(0, Interrupt())
runpy.run_module("pipelines", run_name="__main__")
"""


def test_ctrl_c_while_python_loads_shows_no_stack():
    done = subprocess.run([sys.executable, "-c", INTERRUPTED], capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "")


@pytest.mark.parametrize(
    ("code", "is_at_once"), [(0, False), (REFUSED, False), (130, True), (143, True)]
)
def test_a_process_ends_at_once_after_a_signal(monkeypatch, code, is_at_once):
    codes = []
    monkeypatch.setattr(os, "_exit", codes.append)
    with pytest.raises(SystemExit) as stopped:
        leave(code)
    assert stopped.value.code == code
    assert codes == ([code] if is_at_once else [])


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_device_that_waits_for_rows_ends(bundle, number):
    child = subprocess.Popen(
        [sys.executable, "-m", "pipelines.device", str(bundle.folder)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    try:
        deadline = (
            time.monotonic() + 30
        )  # until the model is loaded: it then waits for its standard input
        while (
            b"litert" not in Path(f"/proc/{child.pid}/maps").read_bytes()
            and time.monotonic() < deadline
        ):
            time.sleep(0.05)
        time.sleep(0.3)
        os.kill(child.pid, number)
        code = child.wait(timeout=20)
        error = child.stderr.read()
    finally:
        child.kill()
        child.communicate()
    assert (code, error.strip()) == (128 + number, b"stopped")


@LINUX
def test_output_that_takes_nothing(bundle):
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "pipelines", "list"],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
        )
    assert (
        done.returncode == REFUSED
        and "No space left on device" in done.stderr
        and "Traceback" not in done.stderr
    )
    command = f"{sys.executable} -m pipelines.device --check {bundle.folder} "
    for redirect, code in (
        (">&-", 0),
        ("2>&-", 0),
        (">/dev/full", REFUSED),
        (">/dev/full 2>/dev/full", REFUSED),
    ):
        done = subprocess.run(["sh", "-c", command + redirect], capture_output=True, text=True)
        assert (done.returncode, "Traceback" in done.stderr) == (code, False), redirect


def test_a_reader_that_has_seen_enough(bundle, tmp_path):
    write_rows(bundle.folder, tmp_path / "rows.csv")
    for module, arguments in (
        ("pipelines", f"predict {bundle.folder} {tmp_path / 'rows.csv'}"),
        ("pipelines.device", f"{bundle.folder} < {tmp_path / 'rows.csv'}"),
    ):
        done = subprocess.run(
            ["sh", "-c", f"{sys.executable} -m {module} {arguments} | true"],
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0 and not done.stderr


@pytest.mark.parametrize("encoding", ["ascii", "cp1252", "utf-8"])
def test_labels_that_the_terminal_cannot_show(bundle, tmp_path, encoding):
    """Letters that an encoding lacks are escaped: in the answers of both command lines, and in
    tables.
    """
    copy = copy_of(bundle, tmp_path / "copy")
    signature = json.loads((copy / "signature.json").read_text())
    signature["target"]["labels"] = ["no → Ж", "\ud800"]
    alter(copy, "signature.json", json.dumps(signature))
    write_rows(copy, tmp_path / "rows.csv")
    environment = {**os.environ, "PYTHONIOENCODING": encoding, "PYTHONUTF8": "0"}
    code = (
        "import sys; from pipelines.cli import main; bundle, rows = sys.argv[1:]\n"
        "for arguments in (['predict', bundle, rows], ['explain', bundle], ['report', bundle]):\n"
        "    sys.argv[1:] = arguments\n    assert main() == 0"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(copy), str(tmp_path / "rows.csv")],
        capture_output=True,
        env=environment,
    )
    text = done.stdout.decode(encoding)
    assert done.returncode == 0, done.stderr.decode(errors="replace")
    assert "litert_int8" in text and r"score \ud800" in text
    assert ("score no → Ж" if encoding == "utf-8" else r"score no \u2192 \u0416") in text


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="limits of the address space")
def test_little_memory(bundle, tmp_path):
    """Where Python itself starts at all."""
    write_rows(bundle.folder, tmp_path / "rows.csv")
    limited = (
        "import resource; resource.setrlimit(resource.RLIMIT_AS, (400 * 2**20,) * 2); import sys; "
        "from pipelines.cli import main; sys.exit(main())"
    )
    done = subprocess.run(
        [sys.executable, "-c", limited, "predict", str(bundle.folder), str(tmp_path / "rows.csv")],
        env={**os.environ, "OPENBLAS_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
    )
    assert (
        done.returncode == REFUSED
        and "no memory is left" in done.stderr
        and "Traceback" not in done.stderr
    )


def test_the_temporary_folder_is_asked_for_before_anything_is_read(tmp_path, monkeypatch):
    check_folder(tmp_path, "name")
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "absent"))
    with pytest.raises(
        BundleError, match="no temporary file can be written: No such file"
    ) as refused:
        check_folder(tmp_path, "name")
    assert "TMPDIR=" in str(refused.value)
    monkeypatch.setattr(tempfile, "tempdir", None)
    monkeypatch.setattr(
        tempfile, "gettempdir", raising(FileNotFoundError(errno.ENOENT, "No usable folder"))
    )
    with pytest.raises(BundleError, match="No usable folder"):
        check_folder(tmp_path, "name")


def test_a_temporary_folder_that_is_full(tmp_path, monkeypatch):
    (tmp_path / "tmp").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "tmp"))
    usage = shutil.disk_usage(tmp_path)._replace(free=1000)
    real = shutil.disk_usage
    monkeypatch.setattr(
        shutil, "disk_usage", lambda path: usage if Path(path).name == "tmp" else real(path)
    )
    with pytest.raises(BundleError, match=f"{tmp_path / 'tmp'}' has 1,000 bytes free"):
        check_folder(tmp_path, "name")
    assert not list((tmp_path / "tmp").iterdir())


@pytest.mark.parametrize(
    "name", ["../evil", "/tmp/evil", "a/b", "", ".", "a\n", "a\0", "x" * 65, "-a"]
)
def test_nothing_is_written_out_of_the_folder(tmp_path, name):
    with pytest.raises(BundleError, match="the name "):
        check_folder(tmp_path / "models", name)
    assert not list(tmp_path.iterdir())


def test_a_file_whose_name_is_not_utf8_is_written_as_its_escape(tmp_path):
    folder = write_bundle(
        tmp_path / "a",
        {
            "recipe.json": json.dumps({"source": "caf\udce9.csv"}, ensure_ascii=False),
            "README.md": "caf\udce9.csv",
        },
    )
    assert json.loads((folder / "recipe.json").read_bytes()) == {"source": "caf\udce9.csv"}
    assert (folder / "README.md").read_bytes() == rb"caf\udce9.csv"
    assert "README.md" in checksums({"README.md": b""})


def test_the_door_does_with_a_plain_stream(monkeypatch):
    monkeypatch.setattr(sys, "stdout", io.StringIO())
    assert through_door(lambda: print("x")) == 0
