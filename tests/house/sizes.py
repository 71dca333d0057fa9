"""How long files and functions are, how many arguments they take, and what they ask objects for."""

import ast
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

MAX_FILE_LINES = 400
MAX_FUNCTION_LINES = 50
MAX_ARGUMENTS = 7
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


def functions(path: Path) -> Iterator[tuple[str, ast.FunctionDef]]:
    """Yields every function of a file with its name, such as `Runner.predict`."""
    yield from _functions(ast.parse(path.read_text()), "")


def _functions(node, prefix):
    for child in ast.iter_child_nodes(node):
        if isinstance(child, _FUNCTIONS):
            yield prefix + child.name, child
            yield from _functions(child, f"{prefix}{child.name}.")
        elif isinstance(child, ast.ClassDef):
            yield from _functions(child, f"{prefix}{child.name}.")
        else:
            yield from _functions(child, prefix)


def long_files(folder: Path) -> dict[str, int]:
    """Returns the number of lines of each file that is too long."""
    found = {}
    for path in sorted(folder.rglob("*.py")):
        num_lines = len(path.read_text().splitlines())
        if num_lines > MAX_FILE_LINES:
            found[path.relative_to(folder).as_posix()] = num_lines
    return found


def long_functions(folder: Path) -> dict[str, int]:
    """Returns the number of lines of each function that is too long, by `file:function`."""
    found = {}
    for path in sorted(folder.rglob("*.py")):
        for name, node in functions(path):
            num_lines = node.end_lineno - node.lineno + 1
            if num_lines > MAX_FUNCTION_LINES:
                found[f"{path.relative_to(folder).as_posix()}:{name}"] = num_lines
    return found


def many_arguments(folder: Path) -> dict[str, int]:
    """Returns the number of arguments of each function that takes too many, `self` not counted."""
    found = {}
    for path in sorted(folder.rglob("*.py")):
        for name, node in functions(path):
            each = node.args
            names = [one.arg for one in (*each.posonlyargs, *each.args, *each.kwonlyargs)]
            count = len(names) + bool(each.vararg) + bool(each.kwarg)
            if names and names[0] in ("self", "cls"):
                count -= 1
            if count > MAX_ARGUMENTS:
                found[f"{path.relative_to(folder).as_posix()}:{name}"] = count
    return found


def asks_for_attributes(folder: Path) -> dict[str, int]:
    """Returns how often each file calls `hasattr`, or `getattr` with a default or a built name."""
    found: Counter[str] = Counter()
    for path in sorted(folder.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                if node.func.id in ("hasattr", "getattr"):
                    found[path.relative_to(folder).as_posix()] += 1
    return dict(found)
