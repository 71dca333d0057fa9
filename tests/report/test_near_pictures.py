"""Pictures that are nearly one of another part: named, equal and other ones are not."""

from dataclasses import replace

import numpy as np

from pipelines.device.cells import Column
from pipelines.report.near_pictures import find_near_pictures
from pipelines.report.screening import screen_rows
from pipelines.rows.parts import HeldOut
from tests.contracts.samples import table
from tests.report.test_doubtful_rows import rows_of

SHAPE = (24, 32, 3)


def smooth_pictures(number, seed):
    """Pictures of a few waves, as different from each other as photographs are."""
    random = np.random.default_rng(seed)
    down = np.linspace(0, 1, SHAPE[0])[:, None, None]
    across = np.linspace(0, 1, SHAPE[1])[None, :, None]
    found = []
    for _ in range(number):
        waves = random.uniform(1, 9, (3, 2, 3))
        phases = random.uniform(0, 6, (3, 3))
        picture = sum(
            np.sin(wave[0] * down + wave[1] * across + phase)
            for wave, phase in zip(waves, phases, strict=True)
        )
        found.append((127 + 40 * picture).astype(np.uint8))
    return np.stack(found)


def splits_of(train, test):
    """The splits of two arrays of pictures; validation rows are a few others."""
    y = np.arange(len(train)) % 2
    rows = rows_of({"picture": train}, y, kind="picture")
    columns = (Column("picture", "picture", shape=SHAPE),)
    schema = replace(rows.schema, columns=columns)
    held = []
    for first, pictures in ((1000, smooth_pictures(30, 9)), (2000, test)):
        ids = first + np.arange(len(pictures))
        y = np.zeros(len(pictures), int)
        held.append(HeldOut(x={"picture": pictures}, y=y, ids=ids, schema=schema))
    valid, test_rows = held
    parts = table().splits()
    return replace(parts, train=replace(rows, schema=schema), valid=valid, test=test_rows)


def test_altered_copies_are_named_and_equal_and_other_ones_are_not():
    train = smooth_pictures(200, 1)
    test = smooth_pictures(60, 2)
    noise = np.random.default_rng(3).normal(0, 4, (3, *SHAPE))
    test[5:8] = np.clip(0.85 * train[10:13].astype(float) + 15 + noise, 0, 255)
    test[20] = train[50]
    (doubt,) = find_near_pictures(splits_of(train, test))
    assert doubt.rows == (2005, 10, 2006, 11, 2007, 12)
    assert doubt.reason.startswith("3 test pictures are nearly training pictures")
    assert "rows 2,005 and 10" in doubt.reason and "nothing was left out" in doubt.fix


def test_another_colour_is_another_picture():
    train = smooth_pictures(200, 1)
    test = smooth_pictures(60, 2)
    test[5:8] = train[10:13][..., ::-1]
    assert find_near_pictures(splits_of(train, test)) == []


def test_screening_asks_it_and_other_rows_have_no_pictures():
    train = smooth_pictures(100, 1)
    test = smooth_pictures(40, 2)
    test[3] = np.clip(train[4].astype(float) * 0.9 + 9, 0, 255)
    found = screen_rows(splits_of(train, test)).doubtful_rows
    assert [each for each in found if "nearly a training picture" in each.reason]
    assert find_near_pictures(table().splits()) == []
