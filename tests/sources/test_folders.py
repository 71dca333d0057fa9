"""Folders of class folders: the paths that stay inside, and whether folders are parts or
classes.
"""

import pytest

from pipelines.sources.folders import names_parts, path_inside


@pytest.mark.parametrize(
    "folders, are_parts",
    [
        (("train", "test"), True),
        (("Training", "val", "TEST"), True),
        (("train", "test", ".git"), True),
        (("train", "bus"), False),
        (("valid", "test"), False),
        ((), False),
    ],
)
def test_parts_are_told_from_classes(folders, are_parts, tmp_path):
    for name in folders:
        (tmp_path / name).mkdir()
    (tmp_path / "README").write_text("a file is no part")
    assert names_parts(str(tmp_path)) == are_parts


@pytest.mark.parametrize("source", ["nowhere", "\0", "a" * 5000])
def test_a_folder_that_is_not_there_names_none(source):
    assert not names_parts(source)


@pytest.mark.parametrize(
    "name", ["../b.txt", "a/../../b.txt", "/etc/hostname", "out/b.txt", "..", "a\0b"]
)
def test_paths_that_lead_out(name, tmp_path):
    (tmp_path / "root").mkdir()
    (tmp_path / "root" / "out").symlink_to(tmp_path)
    with pytest.raises(ValueError, match="leads out of the folder|no such file"):
        path_inside(tmp_path / "root", name)


def test_paths_that_stay_inside(tmp_path):
    (tmp_path / "in").symlink_to("..a.txt")
    assert path_inside(tmp_path, "in") == str(tmp_path / "..a.txt")
    assert path_inside(tmp_path, "a/b.txt") == str(tmp_path / "a" / "b.txt")
