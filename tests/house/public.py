"""The public names: what users import. A name is removed only with a note in CHANGELOG.md."""

import ast
from pathlib import Path


def names_of(package: Path) -> list[str]:
    """Returns the names in `__all__` of the package and its rooms, read without importing them."""
    found = []
    for path in sorted([package / "__init__.py", *package.glob("*/__init__.py")]):
        room = ".".join(path.parent.parts)
        for node in ast.parse(path.read_text()).body:
            if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__":
                found += [f"{room}.{name}" for name in _listed(path, node.value)]
    return sorted(found)


def _listed(path: Path, value) -> list[str]:
    if isinstance(value, (ast.List, ast.Tuple)):
        names: list[str] = []
        for each in value.elts:
            if isinstance(each, ast.Starred):
                names += _named(path, ast.unparse(each.value))
            else:
                names.append(ast.literal_eval(each))
        return names
    return []


def _named(path: Path, name: str) -> list[str]:
    for node in ast.parse(path.read_text()).body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == name:
            return list(ast.literal_eval(node.value))
    return []


PUBLIC_NAMES = (Path(__file__).parent / "public_names.txt").read_text().split()
