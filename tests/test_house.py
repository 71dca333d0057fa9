"""The house as it was meant: layers without circles, sizes, words, public names and the style.

`tests/house/known.py` lists what is still against a rule. The list may only shrink: a violation
that is not in it fails here, and so does an entry that is no longer one. `python -m tests.house`
prints the list as it is now.
"""

import ast
from pathlib import Path

import pytest

from tests.house import known
from tests.house.asserts import cannot_fail
from tests.house.imports import circles, edges_of, imports, modules
from tests.house.layers import LAYERS, room_of, upward
from tests.house.public import PUBLIC_NAMES, names_of
from tests.house.sizes import asks_for_attributes, long_files, long_functions, many_arguments
from tests.house.words import found_in, words
from tests.measure_style import measure

PACKAGE = Path("pipelines")
PAGES = [Path("README.md"), Path("CONTRIBUTING.md"), *sorted(Path("docs").rglob("*.md"))]


def compare(found: dict, expected: dict, rule: str):
    """Asserts that nothing is worse than the list of known violations, and each is still one."""
    worse = {name: count for name, count in found.items() if count > expected.get(name, 0)}
    assert not worse, f"{rule}: {worse}"
    gone = sorted(set(expected) - set(found))
    assert not gone, f"no longer against '{rule}': remove from tests/house/known.py: {gone}"


@pytest.fixture(scope="module")
def found_imports():
    return imports(PACKAGE)


def test_every_module_has_a_layer():
    rooms = {room_of(module) for module in modules(PACKAGE)}
    assert rooms <= set(LAYERS), "a new room: put it into tests/house/layers.py"
    assert len(LAYERS) == len(set(LAYERS))


def test_imports_point_downward(found_imports):
    found = dict.fromkeys(upward(found_imports), 1)
    compare(found, dict.fromkeys(known.UPWARD, 1), "imports point downward")


def test_no_circle_of_files(found_imports):
    assert circles(edges_of(found_imports)) == known.CIRCLES_OF_FILES


def test_no_circle_of_rooms(found_imports):
    assert circles(edges_of(found_imports, room_of)) == known.CIRCLES_OF_ROOMS


def test_the_finder_of_circles():
    edges = {"a": {"b"}, "b": {"c"}, "c": {"b", "d"}, "d": set()}
    assert circles(edges) == [["b", "c"]]


def test_the_device_imports_nothing_of_the_rest(found_imports):
    outside = [
        each
        for each in found_imports
        if each.importer.startswith("pipelines.device")
        and not each.imported.startswith("pipelines.device")
    ]
    assert outside == []


def test_few_files_and_rooms_at_the_top():
    files = [path.name for path in PACKAGE.glob("*.py")]
    rooms = [path.parent.name for path in PACKAGE.glob("*/__init__.py")]
    assert len(files) <= known.FILES_AT_THE_TOP, sorted(files)
    assert len(rooms) <= 25, sorted(rooms)


def test_files_are_short():
    compare(long_files(PACKAGE), known.LONG_FILES, "at most 400 lines a file")


def test_functions_are_short():
    compare(long_functions(PACKAGE), known.LONG_FUNCTIONS, "at most 50 lines a function")


def test_functions_take_few_arguments():
    compare(many_arguments(PACKAGE), known.MANY_ARGUMENTS, "at most 7 arguments")


def test_nobody_asks_an_object_what_it_has():
    """Of our own objects. Those of Keras, of LiteRT and of the system are in `OF_OTHERS`."""
    allowed = known.OF_OTHERS | known.ASKS_FOR_ATTRIBUTES
    compare(asks_for_attributes(PACKAGE), allowed, "no hasattr and no getattr on our own objects")


def test_words():
    found = {}
    for path in [*sorted(PACKAGE.rglob("*.py")), *(page for page in PAGES if page.exists())]:
        number = len(words(path))
        if number:
            found[path.as_posix()] = number
    compare(found, known.WORDS, "the words of tests/house/words.py")


def test_the_finder_of_words():
    assert found_in("an odd cell, beside the\nothers; nobody\nknows") == [
        "odd",
        "beside",
        "nobody knows",
    ]
    assert found_in("an odd number of steps, besides") == []


def test_public_names_are_kept():
    found = set(names_of(PACKAGE))
    assert set(PUBLIC_NAMES) <= found, sorted(set(PUBLIC_NAMES) - found)


@pytest.mark.parametrize("path", sorted(PACKAGE.glob("*/__init__.py")), ids=str)
def test_a_room_lists_what_it_imports(path):
    tree = ast.parse(path.read_text())
    imported = set()
    listed = []
    for node in tree.body:
        if isinstance(node, ast.ImportFrom) and node.level:
            imported |= {alias.asname or alias.name for alias in node.names}
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__":
            listed = ast.literal_eval(node.value)
    assert len(listed) == len(set(listed)), "a name is listed twice"
    used = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    assert imported <= set(listed) | used, "an imported name is not in __all__"


def test_the_style():
    found = measure(PACKAGE)
    assert found["nodes_a_line"] <= known.NODES_A_LINE
    assert found["lines_over_100"] <= 0.02
    assert found["conditionals_per_1000"] <= 12


@pytest.mark.parametrize("path", sorted(Path("tests").rglob("*.py")), ids=str)
def test_every_assert_can_fail(path):
    assert cannot_fail(path) == []


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("def test_a():\n    assert x == 1 or True\n", "always true"),
        ("def test_a():\n    assert (x == 1, 'message')\n", "tuple"),
        ("def test_a():\n    assert (x for x in y)\n", "generator"),
        ("def test_a():\n    assert x == x\n", "itself"),
        ("def test_a():\n    f()\n", "asserts nothing"),
        ("def test_a():\n    with pytest.raises(E):\n        f()\n        assert x\n", "reached"),
        ("def test_a():\n    with pytest.raises(E):\n        pass\n", "around nothing"),
    ],
)
def test_the_finder_of_asserts(tmp_path, code, reason):
    (tmp_path / "test_a.py").write_text(code)
    [found] = cannot_fail(tmp_path / "test_a.py")
    assert reason in found
