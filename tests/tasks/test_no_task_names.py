"""Only a task's own files compare the name of a task, or look something up by it."""

import ast
import re
from pathlib import Path

import pytest

from pipelines.device.tasks import TASKS as DEVICE_TASKS
from pipelines.tasks import TASKS

PACKAGE = Path("pipelines")
# Where the tasks themselves stand: on the host, on the device, and on the page.
OWN = ("tasks", "device/tasks", "targets/web/page/answers.js")
NAMES = frozenset(TASKS)
# `=== "binary"`, `case "binary":`, and `binary:` as a key.
COMPARED = re.compile(r"(?:[!=]==?|case|in)\s*\(?\s*[\"'](\w+)[\"']|[\"'](\w+)[\"']\s*[!=]==?")
KEYED = re.compile(r"[{,]\s*[\"']?(\w+)[\"']?\s*:")


def others(*suffixes):
    return [
        path
        for path in sorted(PACKAGE.rglob("*"))
        if path.suffix in suffixes and not path.relative_to(PACKAGE).as_posix().startswith(OWN)
    ]


def names_in(node):
    """Task names among the constants of an expression: "binary", or ("binary", "multiclass")."""
    found = [each.value for each in ast.walk(node) if isinstance(each, ast.Constant)]
    return [value for value in found if isinstance(value, str) and value in NAMES]


def found_in_python(text):
    found = []
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Compare):
            names = [name for each in (node.left, *node.comparators) for name in names_in(each)]
        elif isinstance(node, ast.MatchValue):
            names = names_in(node.value)
        elif isinstance(node, ast.Dict):
            names = [name for key in node.keys if key for name in names_in(key)]
        elif isinstance(node, ast.Subscript):
            names = names_in(node.slice)
        elif isinstance(node, ast.Call) and getattr(node.func, "attr", "") in ("get", "Target"):
            names = [name for each in node.args for name in names_in(each)]
        elif isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Target":
            names = [name for each in node.args[1:2] for name in names_in(each)]
        elif isinstance(node, ast.keyword) and node.arg == "task":
            names = names_in(node.value)
        else:
            names = []
        found += [f"line {getattr(node, 'lineno', 0)}: {name}" for name in names]
    return found


def found_in_page(text):
    words = [word for match in COMPARED.finditer(text) for word in match.groups() if word]
    words += [match[1] for match in KEYED.finditer(text)]
    return [word for word in words if word in NAMES]


@pytest.mark.parametrize("path", others(".py"), ids=str)
def test_no_python_file_asks_for_the_name_of_a_task(path):
    assert found_in_python(path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize("path", others(".js", ".html"), ids=str)
def test_no_page_asks_for_the_name_of_a_task(path):
    assert found_in_page(path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    "text",
    (
        'if target.task == "binary": pass',
        'if target.task not in ("multiclass", "regression"): pass',
        'width = {"forecast": 3}.get(task, 1)',
        'width = widths.get("forecast")',
        'width = widths["anomaly"]',
        'target = Target("y", "regression")',
        'target = replace(target, task="anomaly")',
        'match task:\n    case "binary":\n        pass',
    ),
)
def test_the_finder_finds_it_in_python(text):
    assert len(found_in_python(text)) >= 1


@pytest.mark.parametrize(
    "text",
    (
        'if (target.task === "forecast") return;',
        "{% if target.task == 'anomaly' %}",
        "{% if target.task in ('binary', 'multiclass') %}",
        'switch (task) { case "regression": }',
        "const answers = {binary: one, multiclass: many};",
    ),
)
def test_the_finder_finds_it_in_a_page(text):
    assert len(found_in_page(text)) >= 1


def test_every_task_has_its_half_on_the_device_and_on_the_page():
    assert set(TASKS) == set(DEVICE_TASKS)
    for name, task in TASKS.items():
        assert task.name == task.device.name == name
    page = (PACKAGE / OWN[-1]).read_text(encoding="utf-8")
    table = re.search(r"const TASKS = \{([^}]*)\}", page)[1]
    assert set(re.findall(r"(?:^|,)\s*(\w+)", table)) == NAMES
