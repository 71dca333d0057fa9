"""The size and the classes of pictures of one's own, as their files show them."""

import numpy as np
import pytest
from PIL import Image

from pipelines import vision
from pipelines.vision.candidates import picture_candidates
from pipelines.vision.file_loader import has_long_tail


def write(folder, sizes, name="a"):
    """Writes grey pictures of (width, height)."""
    (folder / name).mkdir(exist_ok=True)
    for place, size in enumerate(sizes):
        Image.new("L", size, place).save(folder / name / f"{place}.png")


def sized(load):
    """The loader with the size of its files."""
    root, found = load.found()
    return load.sized(root, found.names)


def size_of(folder):
    load = sized(vision.LoadFolder(str(folder), height=0, width=0))
    return load.height, load.width


@pytest.mark.parametrize(
    ("sizes", "found"),
    [
        ([(28, 28)] * 3, (28, 28)),
        ([(640, 480)] * 3, (48, 64)),
        ([(20, 30), (20, 30), (900, 20)], (30, 20)),
        ([(5000, 1)], (1, 64)),
    ],
)
def test_the_median_size_or_a_smaller_one_of_its_shape(tmp_path, sizes, found):
    write(tmp_path, sizes)
    assert size_of(tmp_path) == found


def test_files_that_are_no_pictures_are_left_to_who_reads_them(tmp_path):
    write(tmp_path, [(28, 20)])
    (tmp_path / "a" / "x.png").write_bytes(b"no picture")
    assert size_of(tmp_path) == (20, 28)
    (tmp_path / "a" / "0.png").write_bytes(b"")
    assert size_of(tmp_path) == (64, 64)


def test_a_table_of_paths(tmp_path):
    write(tmp_path, [(30, 40)])
    table = tmp_path / "table.csv"
    table.write_text("path,kind\na/0.png,yes\n,no\n")
    load = sized(vision.LoadPaths(str(table), "kind", height=0, width=0))
    assert (load.height, load.width) == (40, 30)


def test_a_size_that_was_given_stays(tmp_path):
    load = vision.LoadFolder(str(tmp_path / "none"), height=96, width=80)
    assert load.sized(tmp_path, []) is load


def test_reading_finds_the_size_too(tmp_path):
    write(tmp_path, [(28, 20)] * 3)
    write(tmp_path, [(28, 20)] * 3, name="b")
    dataset, _ = vision.LoadFolder(str(tmp_path), height=0, width=0).read()
    assert dataset.x["picture"].shape == (6, 20, 28, 1)
    assert dataset.x["picture"].dtype == np.uint8


def test_a_long_tail_is_decided_by_macro_f1(tmp_path):
    write(tmp_path, [(8, 8)] * 20)
    write(tmp_path, [(8, 8)] * 2, name="b")
    load = vision.LoadFolder(str(tmp_path), height=0, width=0)
    assert has_long_tail(load.found()[1])
    write(tmp_path, [(8, 8)] * 3, name="b")
    assert not has_long_tail(load.found()[1])
    load = sized(load)
    usual, *_ = picture_candidates(load)
    assert usual.recipe.judge.deciding == "accuracy"
    for candidate in picture_candidates(load, has_long_tail=True):
        assert candidate.recipe.judge.deciding == "macro_f1"


def test_the_net_fits_the_size():
    small = vision.picture_recipe(vision.LoadFolder("pictures", height=28, width=28))
    assert small.build.pool_after == (0, 1, 2)
    usual = vision.picture_recipe(vision.LoadFolder("pictures"))
    assert usual.build.pool_after == (0, 1, 2, 3)
