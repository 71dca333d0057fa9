"""Pictures from folders, tables of paths, arrays and tensorflow-datasets: what is found, what is
refused.
"""

import gzip
import io
import os
import struct
import threading
import time
import unicodedata
import zipfile

import numpy as np
import pytest
from PIL import Image

from pipelines.errors import LoadError, RecipeError
from pipelines.rows.columns import read_rows
from pipelines.rows.duplicates import find_duplicates
from pipelines.rows.split import SplitGiven, split
from pipelines.sources.files import PictureFiles
from pipelines.vision import LoadArrays, LoadFolder, LoadPaths, LoadTfds

SIZE = {"height": 32, "width": 32}


@pytest.fixture(scope="module")
def emoji():
    """Ten flags and fourteen activities: pixels uint8 [24, 32, 32, 3], labels [24]."""
    with np.load("data/emoji_32.npz") as stored:
        x = stored["X"]
        y = stored["y"]
    places = np.concatenate(
        [np.flatnonzero(y == "Flags")[:10], np.flatnonzero(y == "Activities")[:14]]
    )
    return x[places], y[places]


@pytest.fixture
def folder(emoji, tmp_path):
    """The emoji as PNG files in class folders."""
    return write(tmp_path / "pictures", *emoji)


def write(root, x, y, *, prefix="", suffix="png"):
    for place, (pixels, label) in enumerate(zip(x, y, strict=True)):
        path = root / label / f"{prefix}{place:03d}.{suffix}"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(pixels).save(path)
    return root


def said(inferred):
    return {each.name: (each.kind, each.why) for each in inferred}


def refused(spec, words, source=None):
    with pytest.raises(LoadError) as caught:
        spec.read(source)
    message = str(caught.value)
    assert (
        words in message
        and message.startswith("[load] ")
        and "\n  expected: " in message
        and "\n  fix: " in message
    )
    assert len(message) < 2000 and message.encode()
    return message


def test_a_folder_of_classes(folder, emoji):
    x, y = emoji
    dataset, inferred = LoadFolder(str(folder), **SIZE).read()
    assert dataset.schema.target.labels == ("Activities", "Flags") and dataset.part is None
    assert dataset.schema.columns[0].shape == (32, 32, 3) and dataset.ids.tolist() == list(
        range(24)
    )
    order = np.argsort(y, kind="stable")
    np.testing.assert_array_equal(dataset.x["picture"], x[order])
    assert (dataset.y == (y[order] == "Flags")).all()
    assert said(inferred)["picture"][1].startswith("24 pictures 32 × 32 × 3 from ")
    again, _ = LoadFolder(str(folder), **SIZE, positive="Activities").read()
    assert (
        again.schema.target.labels == ("Flags", "Activities") and (again.y == 1 - dataset.y).all()
    )
    small, _ = LoadFolder(str(folder), height=8, width=12, channels=1).read()
    assert small.x["picture"].shape == (24, 8, 12, 1)
    assert (
        "sha256" in LoadFolder(str(folder)).describe()
        and LoadFolder(str(folder)).describe()["name"] == "pictures"
    )


@pytest.mark.parametrize("valid", ["", "valid", "Validation", "val"])
def test_a_folder_of_parts(emoji, tmp_path, valid):
    x, y = emoji
    rest = slice(0, 24, 2)
    write(tmp_path / "d" / "train", x[rest], y[rest])
    write(tmp_path / "d" / "test", x[1::4], y[1::4])
    if valid:
        write(tmp_path / "d" / valid, x[3::4], y[3::4])
    dataset, inferred = LoadFolder(str(tmp_path / "d"), **SIZE).read()
    assert (
        said(inferred)["part"][1]
        == "as the source gives them: train 12, " + ("valid 6, " if valid else "") + "test 6"
    )
    parts = split(dataset, SplitGiven(valid=0.25))
    assert (len(parts.train), len(parts.valid), len(parts.test)) == (
        (12, 6, 6) if valid else (9, 3, 6)
    )
    assert find_duplicates(parts) == {
        "test_in_train": 0,
        "valid_in_train": 0,
        "test_in_valid": 0,
        "examples": [],
    }


def test_roles_of_folders_that_are_not_sure(emoji, tmp_path):
    x, y = emoji
    for name in ("train", "test", "extra"):
        write(tmp_path / "d" / name, x, y)
    refused(LoadFolder(str(tmp_path / "d")), "holds 'test', 'train' and next to them 'extra'")
    write(tmp_path / "vehicles", x[:9], ["train", "bus", "car"] * 3)
    dataset, _ = LoadFolder(str(tmp_path / "vehicles")).read()
    assert dataset.schema.target.labels == ("bus", "car", "train")


def test_what_cannot_be_read_is_set_aside_and_named(folder, emoji):
    flags = folder / "Flags"
    whole = (flags / "000.png").read_bytes()
    (flags / "a.png").write_bytes(b"")
    (flags / "b.png").write_bytes(whole[: len(whole) // 2])
    (flags / "c.png").write_text("not a picture")
    Image.fromarray(emoji[0][0]).save(flags / "d.png", "JPEG")
    (flags / "e.JPG").write_bytes((flags / "d.png").read_bytes())
    os.mkfifo(flags / "f.png")
    (folder / "g.png").write_bytes(whole)
    (flags / ".hidden.png").write_bytes(whole)
    (flags / "Thumbs.db").write_text("?")
    (folder / ".git").mkdir()
    (folder / ".git" / "h.png").write_bytes(whole)
    dataset, inferred = LoadFolder(str(folder), **SIZE).read()
    lines = said(inferred)
    assert len(dataset) == 26 and lines["skipped"][0] == "4 files"
    assert lines["skipped"][1].split("; ") == [
        "'Flags/a.png': zero bytes",
        "'Flags/b.png': truncated",
        "'Flags/c.png': not a JPEG, PNG, GIF, WebP or BMP picture",
        "'Flags/f.png': not a regular file",
    ]
    assert lines["named otherwise"] == ("1 file", "read by content: 'Flags/d.png': a JPEG")
    assert lines["ignored"][0] == "4 files" and "'Flags/Thumbs.db'" in lines["ignored"][1]
    assert LoadFolder(str(folder)).describe()["sha256"]


def test_more_than_half_unreadable_is_refused(folder):
    for place, path in enumerate(sorted(folder.rglob("*.png"))):
        if place >= 11:
            path.write_bytes(b"\0")
    message = refused(LoadFolder(str(folder)), "13 of 24 pictures in")
    assert "not a JPEG" in message


def test_links_out_of_the_folder_and_loops(folder, emoji, tmp_path):
    outside = write(tmp_path / "outside", *emoji) / "Flags"
    (folder / "Flags" / "out.png").symlink_to(outside / "000.png")
    (folder / "Flags" / "up.png").symlink_to("../../outside/Flags/001.png")
    (folder / "Flags" / "in.png").symlink_to("000.png")
    (folder / "Flags" / "lost.png").symlink_to("nothing.png")
    (folder / "Flags" / "round.png").symlink_to("round.png")
    (folder / "Flags" / "loop").symlink_to(folder)
    (folder / "Elsewhere").symlink_to(outside)
    dataset, inferred = LoadFolder(str(folder), **SIZE).read()
    assert len(dataset) == 25 and dataset.schema.target.labels == ("Activities", "Flags")
    aside = said(inferred)["skipped"]
    assert aside[0] == "6 files"
    for words in (
        "'Flags/out.png': leads out of the folder",
        "'Elsewhere': a link to a folder",
        "'Flags/loop': a link to a folder",
    ):
        assert words in aside[1]
    (tmp_path / "link").symlink_to(folder)  # the folder itself may be a link
    assert len(LoadFolder(str(tmp_path / "link")).read()[0]) == 25


def test_odd_class_names_are_only_names(emoji, tmp_path):
    names = [
        "..%2f..",
        "-rf",
        "two\nlines",
        unicodedata.normalize("NFD", "café"),
        "日本",
        "a b",
        "%s{0}",
        "NA",
    ]
    x = emoji[0][[*range(24)]]
    write(tmp_path / "d", x, [names[place % 8] for place in range(24)])
    dataset, _ = LoadFolder(str(tmp_path / "d")).read()
    assert set(dataset.schema.target.labels) == {
        unicodedata.normalize("NFC", name) for name in names
    }
    assert sorted(path.name for path in tmp_path.iterdir()) == ["d"]


def test_class_names_that_are_none(folder):
    (folder / "Flags").rename(folder / " ")
    refused(LoadFolder(str(folder)), "the class folder ' ' has a name of white space")
    os.rename(folder / " ", os.fsencode(folder) + b"/\xff\xfe")
    refused(LoadFolder(str(folder)), "has a name that no class can have")


def test_groups_by_name(emoji, tmp_path):
    x, y = emoji
    write(tmp_path / "d", x[:12], y[:12], prefix="p1_")
    write(tmp_path / "d", x[12:], y[12:], prefix="p2_")
    dataset, _ = LoadFolder(str(tmp_path / "d"), group=r"(p\d)_").read()
    assert np.bincount(dataset.group).tolist() == [12, 12]
    for pattern, words in (
        (r"q(\d)", "finds no group in 24 names, such as 'Activities/p1_010.png'"),
        ("(", "unterminated"),
        ("p1", "has 0 groups"),
        ("(p)(1)", "has 2 groups"),
    ):
        refused(LoadFolder(str(tmp_path / "d"), group=pattern), words)


def test_a_file_that_cannot_be_read_needs_no_group(emoji, tmp_path):
    x, y = emoji
    folder = write(tmp_path / "d", x, y, prefix="p1_")
    damaged = folder / y[0] / "damaged.png"
    damaged.write_bytes(b"no picture")
    spec = LoadFolder(str(folder), group=r"(p\d)_")
    dataset, inferred = spec.read()
    assert len(dataset) == len(dataset.group) == 24
    assert "damaged.png" in said(inferred)["skipped"][1]
    Image.fromarray(x[0]).save(damaged)
    refused(spec, f"finds no group in 1 names, such as '{y[0]}/damaged.png'")


def test_folders_that_hold_nothing(folder, tmp_path):
    refused(LoadFolder(str(tmp_path / "none")), "no folder")
    refused(LoadFolder("\0"), "no folder")
    refused(LoadFolder(str(folder / "Flags" / "000.png")), "a file, not a folder:")
    refused(LoadFolder(str(folder / "Flags")), "no pictures in the folder")
    (tmp_path / "empty").mkdir()
    refused(LoadFolder(str(tmp_path / "empty")), "no pictures in the folder")
    with pytest.raises(RecipeError, match="load.height=-1"):
        LoadFolder(str(folder), height=-1).read()
    refused(LoadFolder(str(folder), channels=2), "load.channels=2")


def test_too_few_of_a_class(folder):
    refused(LoadFolder(str(folder), positive="Flag"), "load.positive='Flag'")
    for path in sorted((folder / "Flags").iterdir())[1:]:
        path.unlink()
    refused(LoadFolder(str(folder)), "class 'Flags' of the target 'label' has one picture")
    (folder / "Flags" / "000.png").write_bytes(b"")
    refused(LoadFolder(str(folder)), "has one class, 'Activities', in all pictures")


@pytest.fixture
def on_disk(folder, monkeypatch):
    monkeypatch.setattr("pipelines.vision.pixels.MAX_MEMORY_BYTES", 1000)
    return LoadFolder(str(folder), **SIZE).read()


def test_pictures_that_stay_on_disk(on_disk, folder, monkeypatch):
    dataset, inferred = on_disk
    column = dataset.x["picture"]
    monkeypatch.setattr("pipelines.vision.pixels.MAX_MEMORY_BYTES", 2**20)
    whole = LoadFolder(str(folder), **SIZE).read()[0].x["picture"]
    assert isinstance(column, PictureFiles) and isinstance(whole, np.ndarray)
    assert (column.shape, column.dtype, column.ndim, len(column)) == (
        whole.shape,
        whole.dtype,
        whole.ndim,
        len(whole),
    )
    assert any(each.kind == "on disk" for each in inferred)
    mask = np.arange(24) % 3 == 0
    for places in (slice(3, 9, 2), np.array([5, 5, 0, -1]), mask, np.array([], int), slice(None)):
        assert isinstance(column[places], PictureFiles) and len(column[places]) == len(
            whole[places]
        )
        np.testing.assert_array_equal(column[places].read(), whole[places])
        np.testing.assert_array_equal(column.read(places), whole[places])
    np.testing.assert_array_equal(column[7], whole[7])
    np.testing.assert_array_equal(read_rows(column), read_rows(whole))
    if dataset.part is not None:
        parts = split(dataset, SplitGiven())
    else:
        parts = None
    assert parts is None and len(repr(column)) < 300
    results = [None] * 4

    def work(place):
        results[place] = column.read()

    threads = [threading.Thread(target=work, args=(place,)) for place in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for each in results:
        np.testing.assert_array_equal(each, whole)


@pytest.mark.parametrize("bits, knobs", [(12, {"white": 4095}), (16, {}), (8, {})])
def test_grey_pictures_of_every_depth_stay_on_disk_as_they_are_in_memory(
    tmp_path, monkeypatch, bits, knobs
):
    random = np.random.default_rng(0)
    for label in "ab":
        (tmp_path / label).mkdir()
        for place in range(4):
            values = random.integers(0, 2**bits, (32, 32)).astype(
                np.uint8 if bits == 8 else np.uint16
            )
            Image.fromarray(values).save(tmp_path / label / f"{place}.png")
    spec = LoadFolder(str(tmp_path), **SIZE, **knobs)
    whole, _ = spec.read()
    monkeypatch.setattr("pipelines.vision.pixels.MAX_MEMORY_BYTES", 1000)
    files, _ = spec.read()
    assert isinstance(files.x["picture"], PictureFiles) and files.x["picture"].shape == (
        8,
        32,
        32,
        1,
    )
    np.testing.assert_array_equal(files.x["picture"][::2].read(), whole.x["picture"][::2])
    assert (
        files.schema == whole.schema
        and whole.schema.columns[0].white == {8: 0, 12: 4095, 16: 65_535}[bits]
    )


def test_files_that_change_while_a_recipe_runs(on_disk, folder):
    column = on_disk[0].x["picture"]
    Image.fromarray(np.zeros((32, 32, 3), np.uint8)).save(folder / "Flags" / "000.png")
    (folder / "Flags" / "001.png").unlink()
    assert len(column[:14].read()) == 14
    for place, words in (
        (14, "'Flags/000.png' has changed since it was loaded: its pixels are others"),
        (15, "'Flags/001.png' has changed since it was loaded: no such file"),
    ):
        with pytest.raises(LoadError, match=words):
            column[place : place + 1].read()


def test_reading_takes_no_memory_for_what_stays_on_disk(on_disk, folder):
    import tracemalloc

    spec = LoadFolder(str(folder), height=1024, width=1024)
    tracemalloc.start()
    spec.read()
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert most < 10 * 3 * 2**20  # of 24 pictures, 3 MiB each, no more than the threads hold


def paths_csv(folder, rows, header="path,label"):
    (folder / "index.csv").write_text("\n".join([header, *rows]) + "\n")
    return str(folder / "index.csv")


def test_a_table_of_paths(folder, emoji):
    names = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*.png"))
    parts = ["test", "Training", "Training"]
    rows = [
        f"{name},{name.split('/')[0].lower()},{parts[place % 3]},s{place // 4}"
        for place, name in enumerate(names)
    ]
    source = paths_csv(folder, rows, "path,kind,part,scene")
    spec = LoadPaths(source, "kind", part="part", group=("scene",), **SIZE)
    dataset, inferred = spec.read()
    assert dataset.schema.target.name == "kind" and dataset.schema.target.labels == (
        "activities",
        "flags",
    )
    assert len(np.unique(dataset.group)) == 6 and (dataset.part == "test").sum() == 8
    np.testing.assert_array_equal(
        dataset.x["picture"], LoadFolder(str(folder), **SIZE).read()[0].x["picture"]
    )
    assert spec.describe()["name"] == "index.csv" and len(spec.describe()["sha256_pictures"]) == 64
    elsewhere = folder.parent / "elsewhere.csv"
    elsewhere.write_text(
        "\n".join(["path;kind", *(";".join(row.split(",")[:2]).replace("/", "\\") for row in rows)])
    )
    again, _ = LoadPaths(str(elsewhere), "kind", folder=str(folder), **SIZE).read()
    np.testing.assert_array_equal(again.x["picture"], dataset.x["picture"])


def test_paths_that_lead_out_are_set_aside(folder, tmp_path):
    (tmp_path / "secret.png").write_bytes((folder / "Flags" / "000.png").read_bytes())
    (folder / "link.png").symlink_to(tmp_path / "secret.png")
    rows = [
        f"{label}/{place:03d}.png,{label}"
        for place, label in [
            *((place, "Flags") for place in range(10)),
            *((place, "Activities") for place in range(10, 24)),
        ]
    ]
    odd = [
        f"{tmp_path}/secret.png,Flags",
        "../secret.png,Flags",
        "Flags/../../secret.png,Flags",
        "link.png,Flags",
        ",Flags",
        "Flags/099.png,Flags",
        "Flags/001.png,",
    ]
    dataset, inferred = LoadPaths(paths_csv(folder, [*odd, *rows]), "label").read()
    assert len(dataset) == 24 and dataset.ids[0] == 7
    kind, why = said(inferred)["skipped"]
    assert (
        kind == "7 files"
        and why.count("leads out of the folder") == 4
        and "'row 4': no path" in why
    )
    refused(
        LoadPaths(paths_csv(folder, odd), "label"), "7 of 7 pictures in 'index.csv' cannot be used"
    )


def test_tables_of_paths_that_are_refused(folder, tmp_path):
    source = paths_csv(folder, ["Flags/000.png,Flags"])
    refused(LoadPaths(str(tmp_path / "none.csv"), "label"), "no file")
    refused(LoadPaths(source, "class"), "the column 'class' is not in 'index.csv'")
    refused(LoadPaths(source, "label", folder=str(tmp_path / "none")), "no folder")
    refused(LoadPaths(source, "label", part="label"), "the part 'Flags' in row 0")
    refused(LoadPaths(paths_csv(folder, []), "label"), "no rows")


def test_arrays(emoji, tmp_path):
    x, y = emoji
    np.savez(tmp_path / "a.npz", X=x, y=y)
    dataset, inferred = LoadArrays(str(tmp_path / "a.npz")).read()
    np.testing.assert_array_equal(dataset.x["picture"], x)
    assert dataset.schema.target.labels == ("Activities", "Flags") and dataset.part is None
    assert said(inferred)["picture"][1] == "24 pictures 32 × 32 × 3 from 'a.npz'"
    assert len(LoadArrays(str(tmp_path / "a.npz")).describe()["sha256"]) == 64
    small, _ = LoadArrays(str(tmp_path / "a.npz"), height=16, width=8, channels=1).read()
    assert small.x["picture"].shape == (24, 16, 8, 1)
    np.savez(
        tmp_path / "many.npz", other=x, pixels=x[..., 0], y=(y == "Flags")[:, None], z=np.arange(24)
    )
    refused(LoadArrays(str(tmp_path / "many.npz")), "2 arrays of pictures and 2 of labels")
    named, _ = LoadArrays(str(tmp_path / "many.npz"), images="pixels", labels="y").read()
    assert named.x["picture"].shape == (24, 32, 32, 1) and named.schema.target.labels == (
        "False",
        "True",
    )
    transparent = np.concatenate([x, np.zeros_like(x[..., :1])], axis=3)
    over_white, _ = LoadArrays("").read({"picture": transparent, "label": y.tolist()})
    assert over_white.x["picture"].shape == x.shape and (over_white.x["picture"] == 255).all()


def test_arrays_of_parts_and_named_numbers(emoji, tmp_path):
    x, y = emoji
    numbers = np.where(y == "Flags", 10, np.arange(24) % 2 * 2)
    np.savez(
        tmp_path / "a.npz",
        x_train=x[::2],
        y_train=numbers[::2],
        x_test=x[1::2],
        y_test=numbers[1::2],
    )
    dataset, _ = LoadArrays(str(tmp_path / "a.npz")).read()
    assert dataset.schema.target.labels == ("0", "2", "10") and (dataset.part == "test").sum() == 12
    names = tuple("abcdefghijk")
    named, _ = LoadArrays(str(tmp_path / "a.npz"), classes=names).read()
    assert named.schema.target.labels == ("a", "c", "k") and (named.y == dataset.y).all()
    few, _ = LoadArrays(str(tmp_path / "a.npz"), max_rows=11).read()
    assert len(few) == 22 and (few.part == "train").sum() == 11
    refused(LoadArrays(str(tmp_path / "a.npz"), classes=names[:10]), "labels 0 to 10 for 10 names")
    refused(LoadArrays(str(tmp_path / "a.npz"), classes=("a", "a")), "load.classes=('a', 'a')")
    np.savez(tmp_path / "b.npz", x_train=x, y_train=y, x_test=x[:, :16], y_test=y)
    refused(LoadArrays(str(tmp_path / "b.npz")), "parts of shapes")


def idx(array):
    return (
        bytes((0, 0, 8, array.ndim))
        + struct.pack(f">{array.ndim}I", *array.shape)
        + array.tobytes()
    )


def write_idx(folder, x, y, *, gz=False):
    folder.mkdir(exist_ok=True)
    for part, few in (("train", slice(0, None, 2)), ("t10k", slice(1, None, 2))):
        for name, array in (
            (f"{part}-images-idx3-ubyte", x[few]),
            (f"{part}-labels-idx1-ubyte", y[few]),
        ):
            content = idx(array)
            (folder / (name + ".gz" * gz)).write_bytes(gzip.compress(content) if gz else content)
    return folder


@pytest.mark.parametrize("gz", [False, True])
def test_idx_files(emoji, tmp_path, gz):
    x = emoji[0][..., 0]
    y = (emoji[1] == "Flags").astype(np.uint8)
    spec = LoadArrays(str(write_idx(tmp_path / "mnist", x, y, gz=gz)), classes=("activity", "flag"))
    dataset, _ = spec.read()
    np.testing.assert_array_equal(dataset.x["picture"][:12, :, :, 0], x[::2])
    assert (dataset.part[:12] == "train").all() and (dataset.part[12:] == "test").all()
    assert (
        dataset.schema.target.labels == ("activity", "flag") and spec.describe()["name"] == "mnist"
    )


def test_idx_files_that_lie(emoji, tmp_path):
    x = emoji[0][..., 0]
    y = (emoji[1] == "Flags").astype(np.uint8)
    folder = write_idx(tmp_path / "mnist", x, y)
    path = folder / "train-images-idx3-ubyte"
    spec = LoadArrays(str(folder))
    whole = path.read_bytes()
    for content, words in (
        (whole[:-1], "holds fewer"),
        (whole + b"\0", "holds more"),
        (whole[:9], "does not begin as"),
        (b"\x1f\x8b" + whole, "does not begin as"),
        (whole[:4] + struct.pack(">3I", 2**31, 2**10, 2**10), "bytes"),
        (b"", "does not begin as"),
    ):
        path.write_bytes(content)
        refused(spec, words)
    path.unlink()
    refused(spec, "no idx file of the train images")
    bomb = gzip.compress(whole[:16] + b"\0" * 2**24)
    (folder / "train-images-idx3-ubyte.gz").write_bytes(bomb)
    refused(spec, "holds more")
    (folder / "train-images-idx3-ubyte.gz").write_bytes(bomb[:100])
    refused(spec, "cannot be read")
    path.write_bytes(whole)
    refused(spec, "in one folder")
    (tmp_path / "empty").mkdir()
    refused(LoadArrays(str(tmp_path / "empty")), "no idx file of the train images")


def bad_npz(path, **arrays):
    np.savez(path, **arrays)
    return path


def test_npz_files_that_are_refused(emoji, tmp_path):
    x, y = emoji
    path = tmp_path / "a.npz"
    spec = LoadArrays(str(path))
    refused(spec, "no file")
    for content in (b"", b"PK\x03\x04 and nothing more", os.urandom(1000)):
        path.write_bytes(content)
        refused(spec, "cannot be read")
    for arrays, words in (
        ({"x": x, "y": y.astype(object)}, "holds Python objects"),
        ({"x": x[:5], "y": y}, "labels of shape (24,) for 5 pictures"),
        ({"x": x.astype(np.float32), "y": y}, "0 arrays of pictures and 1 of labels"),
        ({"x": x, "y": np.eye(24)}, "1 arrays of pictures and 0 of labels"),
        ({"x": x.transpose(0, 3, 1, 2), "y": y}, "pictures uint8 (24, 3, 32, 32)"),
        ({"x": x, "y": np.linspace(0, 1, 24)}, "labels of type float64"),
        ({"x": x[:0], "y": y[:0]}, "no pictures in"),
        ({"x": x, "y": np.zeros(24, int)}, "has one class, '0', in all pictures"),
        ({"x": x, "y": np.arange(24) // 23}, "class '1' of the target 'label' has one picture"),
    ):
        bad_npz(path, **arrays)
        refused(spec, words)
    refused(LoadArrays(str(path), images="pixels"), "no array 'pixels'")
    bad_npz(path, x=x.astype(np.float32), y=y)
    refused(LoadArrays(str(path), images="x"), "pictures float32 (24, 32, 32, 3)")


def test_npz_sizes_are_checked_before_memory_is_taken(emoji, tmp_path):
    header = io.BytesIO()
    np.lib.format.write_array_header_1_0(
        header, {"descr": "|u1", "fortran_order": False, "shape": (2**40, 8, 8)}
    )
    with zipfile.ZipFile(tmp_path / "a.npz", "w") as archive:
        archive.writestr("x.npy", header.getvalue() + b"\0" * 64)
        archive.writestr("y.npy", header.getvalue())
    refused(
        LoadArrays(str(tmp_path / "a.npz")), "x.npy declares 70,368,744,177,664 bytes and holds 64"
    )
    import pickle

    with zipfile.ZipFile(tmp_path / "b.npz", "w") as archive:
        archive.writestr("x.npy", pickle.dumps({"a": 1}))
    refused(LoadArrays(str(tmp_path / "b.npz")), "cannot be read")


def test_pictures_in_memory(emoji, folder):
    x, y = emoji
    files = sorted(folder.rglob("*.png"))
    spec = LoadArrays("", **SIZE, channels=3)
    by_path, _ = spec.read(
        {
            "picture": files,
            "label": [path.parent.name for path in files],
            "part": ["train", "test"] * 12,
            "group": list(range(12)) * 2,
        }
    )
    np.testing.assert_array_equal(by_path.x["picture"], x[np.argsort(y, kind="stable")])
    assert (by_path.part == "test").sum() == 12 and len(np.unique(by_path.group)) == 12
    for other in (LoadFolder("", **SIZE), LoadPaths("", "label", **SIZE), LoadTfds("any")):
        again, _ = other.read({"picture": x, "label": y})
        np.testing.assert_array_equal(again.x["picture"], x)
        assert other.describe({})["sha256"] == ""
    mixed, inferred = spec.read({"picture": [*x[:23], b"?"], "label": [*y[:22], None, "Flags"]})
    assert len(mixed) == 22 and "'row 22': no label" in said(inferred)["skipped"][1]
    refused(LoadArrays(""), "not stored in one size", {"picture": files, "label": y})
    refused(spec, "columns of different lengths", {"picture": files, "label": y[:3]})
    refused(spec, "a source of type list", [1, 2])
    refused(spec, "a source of type dict with 'picture'", {"picture": files})
    refused(spec, "pictures float64", {"picture": x / 255, "label": y})


def test_prepared_by_tfds(emoji, tmp_path):
    from pipelines.sources.tensorflow import load_tensorflow

    load_tensorflow()
    import tensorflow as tf
    import tensorflow_datasets as tfds

    x, y = emoji
    numbers = (y == "Flags").astype(np.int64)
    features = tfds.features.FeaturesDict(
        {
            "image": tfds.features.Image(shape=(32, 32, 3)),
            "label": tfds.features.ClassLabel(names=["party", "flag"]),
        }
    )
    tfds.dataset_builders.store_as_tfds_dataset(
        name="small_emoji",
        version="1.0.0",
        features=features,
        data_dir=tmp_path,
        split_datasets={
            split: tf.data.Dataset.from_tensor_slices({"image": x[few], "label": numbers[few]})
            for split, few in (("train", slice(0, 24, 2)), ("test", slice(1, 24, 2)))
        },
    )
    for spec in (
        LoadTfds("small_emoji", str(tmp_path)),
        LoadTfds("x", str(tmp_path / "small_emoji" / "1.0.0")),
    ):
        dataset, inferred = spec.read()
        assert (
            dataset.schema.target.labels == ("party", "flag")
            and (dataset.part == "test").sum() == 12
        )
        order = [
            next(place for place in range(24) if (x[place] == pixels).all())
            for pixels in dataset.x["picture"]
        ]
        assert sorted(order) == list(range(24)) and (dataset.y == numbers[order]).all()
        assert (
            spec.describe()["name"] == "small_emoji/1.0.0" and len(spec.describe()["sha256"]) == 64
        )
    few, _ = LoadTfds(
        "small_emoji", str(tmp_path), splits=("train[:75%]",), height=8, width=8, channels=1
    ).read()
    assert few.x["picture"].shape == (9, 8, 8, 1)
    refused(
        LoadTfds("small_emoji", str(tmp_path), splits=("extra",)),
        "no split 'extra' in small_emoji/1.0.0",
    )
    refused(
        LoadTfds("small_emoji", str(tmp_path), image="picture"),
        "no feature 'picture' in small_emoji/1.0.0",
    )
    (next((tmp_path / "small_emoji" / "1.0.0").glob("*train.tfrecord*"))).write_bytes(b"\0" * 100)
    refused(LoadTfds("small_emoji", str(tmp_path)), "tensorflow-datasets cannot read 'small_emoji'")
    (tmp_path / "small_emoji" / "1.0.0" / "dataset_info.json").write_text("{")
    refused(LoadTfds("small_emoji", str(tmp_path)), "tensorflow-datasets cannot read 'small_emoji'")


def test_tfds_image_folder(emoji, tmp_path):
    x, y = emoji
    write(tmp_path / "d" / "train", x[::2], y[::2])
    write(tmp_path / "d" / "test", x[1::2], y[1::2])
    spec = LoadTfds("image_folder", str(tmp_path / "d"), height=32, width=32, channels=3)
    dataset, _ = spec.read()
    own, _ = LoadFolder(str(tmp_path / "d"), **SIZE).read()
    assert (dataset.part == "test").sum() == 12 and dataset.schema.target == own.schema.target
    assert sorted(map(bytes, dataset.x["picture"])) == sorted(map(bytes, own.x["picture"]))
    (tmp_path / "d" / "train" / "Flags" / "000.png").write_bytes(b"")
    some, inferred = spec.read()
    assert len(some) == 23 and "zero bytes" in said(inferred)["skipped"][1]
    refused(LoadTfds("image_folder", str(tmp_path / "d")), "not stored in one size")


def test_tfds_without_the_data_fails_fast(tmp_path):
    refused(LoadTfds("mnist", str(tmp_path / "none")), "no folder")
    start = time.monotonic()
    message = refused(LoadTfds("mnist", str(tmp_path)), "the data set 'mnist' is not prepared in")
    assert "tfds.load('mnist', data_dir='tfds')" in message
    refused(LoadTfds("huggingface:mnist", str(tmp_path)), "is not prepared in")
    refused(LoadTfds("../../etc", str(tmp_path)), "'../../etc'")
    assert time.monotonic() - start < 20
