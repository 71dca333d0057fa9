"""A bundle that is not what was written is refused before a byte of it is used."""

import shutil
import subprocess
import time

import pytest

from pipelines.bundle.folder import Bundle, read_golden_rows
from pipelines.device import DeviceError, Runner, check_bundle
from pipelines.device.__main__ import main
from pipelines.device.checksums import checksums
from pipelines.errors import BundleError
from tests.altered import copy_of


def test_sha256sum_checks_a_bundle_too(bundle):
    files = [path for path in bundle.folder.rglob("*") if path.is_file()]
    names = {path.relative_to(bundle.folder).as_posix() for path in files}
    assert sorted(names - {"SHA256SUMS"}) == sorted(bundle.check())
    if shutil.which("sha256sum") is None:
        pytest.skip("this machine has no sha256sum (coreutils)")
    done = subprocess.run(
        ["sha256sum", "-c", "SHA256SUMS"], cwd=bundle.folder, capture_output=True, text=True
    )
    assert done.returncode == 0 and len(done.stdout.splitlines()) == len(bundle.check())


CHANGES = {
    "truncated": lambda content: content[:-1],
    "empty": lambda content: b"",
    "longer": lambda content: content + b"\0",
    "one bit": lambda content: content[:99] + bytes([content[99] ^ 1]) + content[100:],
    "another": lambda content: b"nonsense",
}


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("name", ["signature.json", "model_int8.tflite"])
def test_altered_files_are_refused_before_they_are_read(
    bundle, tmp_path, monkeypatch, name, change
):
    copy = copy_of(bundle, tmp_path / "copy")
    (copy / name).write_bytes(CHANGES[change]((copy / name).read_bytes()))
    monkeypatch.setattr(
        "pipelines.device.signature.load_json"
        if name == "signature.json"
        else "pipelines.device.runner.LiteRT",
        lambda content: pytest.fail("it was read"),
    )
    with pytest.raises(DeviceError, match=f"{name}' is damaged or was altered") as caught:
        Runner.load(copy)
    assert "\n  expected: " in str(caught.value) and "\n  fix: " in str(caught.value)


def test_a_device_needs_three_files(bundle, tmp_path):
    few = tmp_path / "few"
    few.mkdir()
    for name in ("signature.json", "model_int8.tflite", "SHA256SUMS"):
        shutil.copy(bundle.folder / name, few)
    rows = read_golden_rows(bundle.folder)
    assert (
        Runner.load(few).predict(rows).raw.tolist()
        == Runner.load(bundle.folder).predict(rows).raw.tolist()
    )
    with pytest.raises(DeviceError, match="no report.html in .*; "):
        check_bundle(few)
    with pytest.raises(BundleError, match="no report.json"):
        _ = Bundle(few).report


@pytest.mark.parametrize(
    "sums, words",
    [
        (None, "no SHA256SUMS"),
        ("", "is not in SHA256SUMS"),
        ("nonsense\n", "SHA256SUMS' is damaged"),
        ("0" * 64 + "  ../signature.json\n", "outside the bundle"),
        ("0" * 64 + "  /etc/passwd\n", "outside the bundle"),
        (("0" * 64 + "  signature.json\n") * 2, "twice"),
        ("0" * 64 + "  signature.json\n", "damaged or was altered"),
        ("\ud800", "SHA256SUMS' is damaged"),
        ("x" * 2**21, "at most"),
    ],
)
def test_odd_checksums_are_refused(bundle, tmp_path, sums, words):
    copy = copy_of(bundle, tmp_path / "copy")
    (copy / "SHA256SUMS").unlink()
    if sums is not None:
        (copy / "SHA256SUMS").write_bytes(sums.encode("utf-8", "surrogatepass"))
    with pytest.raises(DeviceError, match=words):
        Runner.load(copy)


def test_other_readers_look_too(bundle, tmp_path):
    copy = copy_of(bundle, tmp_path / "copy")
    for name in ("report.json", "golden.json"):
        (copy / name).write_bytes((copy / name).read_bytes().replace(b"0", b"1", 1))
    with pytest.raises(BundleError, match="report.json.* was altered"):
        _ = Bundle(copy).report
    with pytest.raises(BundleError, match="golden.json.* was altered"):
        read_golden_rows(copy)
    with pytest.raises(DeviceError, match="golden.json' is damaged.*; .*report.json' is damaged"):
        Bundle(copy).check()


def test_the_command_that_checks(bundle, tmp_path, capsys):
    assert main([str(bundle.folder), "--check"]) == 0
    assert capsys.readouterr().out == f"{len(bundle.check())} files, each as it was written\n"
    copy = copy_of(bundle, tmp_path / "copy")
    (copy / "c" / "model.c").write_text("altered")
    assert main([str(copy), "--check"]) == 2
    assert "c/model.c' is damaged or was altered" in capsys.readouterr().err


def test_names_that_the_format_cannot_hold():
    with pytest.raises(DeviceError, match="a file called"):
        checksums({"a\nb": b""})


def test_ten_megabytes_are_checked_in_a_moment(tmp_path):
    (tmp_path / "model.bin").write_bytes(bytes(10 * 2**20))
    (tmp_path / "SHA256SUMS").write_text(checksums({"model.bin": bytes(10 * 2**20)}))
    start = time.perf_counter()
    check_bundle(tmp_path)
    assert time.perf_counter() - start < 1
