"""Two values have one digest only if they are equal, whatever process computes it."""

import subprocess
import sys
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines import catalog, text
from pipelines.compress import Distil
from pipelines.engine.digest import NotHashableError, digest
from pipelines.recipe import tiny
from tests.contracts.samples import table

PLAIN = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text()
    | st.binary(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)


def same(one, other):
    """Equality that tells True from 1, 1 from 1.0 and 0.0 from -0.0."""
    return repr(one) == repr(other)


@given(PLAIN, PLAIN)
def test_other_values_have_another_digest(one, other):
    assert (digest(one) == digest(other)) == same(sorted_dicts(one), sorted_dicts(other))


def sorted_dicts(value):
    if isinstance(value, dict):
        return {name: sorted_dicts(value[name]) for name in sorted(value)}
    if isinstance(value, list):
        return [sorted_dicts(each) for each in value]
    return value


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (("ab", "c"), ("a", "bc")),
        (np.zeros(4), np.zeros((2, 2))),
        (np.zeros(4, np.float32), np.zeros(2, np.float64)),
        (np.array(["a", None], object), np.array(["a", "None"], object)),
        (np.array([1, 0], object), np.array([True, False], object)),
        (np.array(["a,b"], object), np.array(["a", "b"], object)),
        (pd.DataFrame({"a": [1, 2]}), pd.DataFrame({"a": [2, 1]})),
        (pd.DataFrame({"a": [1]}), pd.DataFrame({"a": [1.0]})),
        (pd.DataFrame({"a": ["x"]}), pd.DataFrame({"b": ["x"]})),
        (catalog.RECIPES["birds_mlp"], tiny(catalog.RECIPES["birds_mlp"])),
    ],
    ids=range(10),
)
def test_what_looks_alike_is_told_apart(one, other):
    assert digest(one) != digest(other)


def test_views_and_orders_in_memory_do_not_count():
    square = np.arange(12.0).reshape(3, 4)
    assert digest(square) == digest(np.asfortranarray(square)) == digest(square[::-1][::-1])


def test_rows_differ_by_any_value_label_weight_and_schema():
    rows = table().dataset
    name = next(name for name, x in rows.x.items() if x.dtype == np.float32)
    altered = {**rows.x, name: rows.x[name].copy()}
    altered[name][3] = 7.25
    others = [
        replace(rows, x=altered),
        replace(rows, y=rows.y[::-1].copy()),
        replace(rows, weight=rows.weight * 2),
        replace(rows, schema=replace(rows.schema, missing_words=("?",))),
    ]
    assert len({digest(each) for each in [rows, *others]}) == 5


def test_an_object_without_content_is_refused():
    with pytest.raises(NotHashableError, match="a object"):
        digest({"a": [object()]})


def test_a_file_counts_by_its_content_and_not_by_its_path(tmp_path):
    one, other = tmp_path / "one.txt", tmp_path / "other.txt"
    one.write_text("word 1 2\n")
    other.write_text("word 1 2\n")
    nets = [text.TextCnn(embedding_width=2, vectors=str(path)) for path in (one, other)]
    assert digest(nets[0]) == digest(nets[1])
    other.write_text("word 1 3\n")
    assert digest(nets[0]) != digest(nets[1])


def test_a_teacher_counts_by_its_weights(tmp_path):
    for name in ("one", "other"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "model.keras").write_bytes(b"weights")
    one, other = (Distil(teacher=str(tmp_path / name)) for name in ("one", "other"))
    assert digest(one) == digest(other)
    (tmp_path / "other" / "model.keras").write_bytes(b"others")
    assert digest(one) != digest(other)


def test_another_process_computes_the_same():
    code = (
        "from pipelines import catalog; from pipelines.engine.digest import digest;"
        "print(digest(catalog.RECIPES['birds_mlp']), digest({'a': {1, 'b', None}}))"
    )
    first, second = (
        subprocess.run([sys.executable, "-c", code], check=True, capture_output=True).stdout
        for _ in range(2)
    )
    assert first == second
