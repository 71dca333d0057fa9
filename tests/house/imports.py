"""Which file of a package imports which: at module level and inside functions, and in circles."""

import ast
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Import:
    """One import of a file of the package by another.

    Attributes:
        importer: The dotted module that imports, such as `pipelines.run`.
        imported: The dotted module that is imported.
        line: The line of the import in the importer's file.
        lazy: True inside a function: it is met when the function is called.
    """

    importer: str
    imported: str
    line: int
    lazy: bool


def modules(package: Path) -> dict[str, Path]:
    """Returns the path of each module of a package by its dotted name."""
    found = {}
    for path in sorted(package.rglob("*.py")):
        parts = path.relative_to(package.parent).with_suffix("").parts
        if parts[-1] == "__init__":
            parts = parts[:-1]
        found[".".join(parts)] = path
    return found


def imports(package: Path) -> list[Import]:
    """Returns the imports between files of a package, those of type checkers excepted."""
    known = modules(package)
    found = []
    for module, path in known.items():
        reader = _Reader(module, path, known)
        reader.visit(ast.parse(path.read_text()))
        found += reader.found
    return found


class _Reader(ast.NodeVisitor):
    def __init__(self, module, path, known):
        self.module = module
        self.folder = module if path.name == "__init__.py" else module.rpartition(".")[0]
        self.known = known
        self.found = []
        self.depth = 0

    def visit_FunctionDef(self, node):
        self.depth += 1
        self.generic_visit(node)
        self.depth -= 1

    visit_AsyncFunctionDef = visit_FunctionDef
    visit_Lambda = visit_FunctionDef

    def visit_If(self, node):
        if "TYPE_CHECKING" in ast.unparse(node.test):
            for each in node.orelse:
                self.visit(each)
        else:
            self.generic_visit(node)

    def visit_Import(self, node):
        for alias in node.names:
            self._add(alias.name, node.lineno)

    def visit_ImportFrom(self, node):
        base = node.module or ""
        if node.level:
            parts = self.folder.split(".")
            parts = parts[: len(parts) - node.level + 1]
            base = ".".join([*parts, base] if base else parts)
        for alias in node.names:
            member = f"{base}.{alias.name}"
            self._add(member if member in self.known else base, node.lineno)

    def _add(self, name, line):
        if name in self.known and name != self.module:
            self.found.append(Import(self.module, name, line, self.depth > 0))


def circles(edges: dict[str, set[str]]) -> list[list[str]]:
    """Returns the groups of names that reach one another, each sorted (Tarjan 1972)."""
    order: dict[str, int] = {}
    lowest: dict[str, int] = {}
    stack: list[str] = []
    groups = []

    def enter(name):
        order[name] = lowest[name] = len(order)
        stack.append(name)
        for other in sorted(edges.get(name, ())):
            if other not in order:
                enter(other)
                lowest[name] = min(lowest[name], lowest[other])
            elif other in stack:
                lowest[name] = min(lowest[name], order[other])
        if lowest[name] == order[name]:
            place = stack.index(name)
            group = sorted(stack[place:])
            del stack[place:]
            if len(group) > 1:
                groups.append(group)

    for name in sorted(edges):
        if name not in order:
            enter(name)
    return groups


def edges_of(found: list[Import], room=lambda module: module) -> dict[str, set[str]]:
    """Returns, for each room, the other rooms that it imports."""
    edges: dict[str, set[str]] = {}
    for each in found:
        importer = room(each.importer)
        imported = room(each.imported)
        if importer != imported:
            edges.setdefault(importer, set()).add(imported)
    return edges
