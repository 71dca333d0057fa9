#!/usr/bin/env python3
"""Counts how dense Python code is: `python -m tests.measure_style pipelines`.

The figures are those of the house's style: AST nodes a code line, the share of lines over 100
characters, conditional expressions and comprehensions per 1,000 code lines, the share of comments.
"""

import ast
import pathlib
import sys

_COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
_DOCUMENTED = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)


def docstring_lines(tree):
    """Returns the numbers of the lines that docstrings take."""
    lines = set()
    for node in ast.walk(tree):
        if not isinstance(node, _DOCUMENTED):
            continue
        if ast.get_docstring(node, clean=False) is not None:
            lines.update(range(node.body[0].lineno, node.body[0].end_lineno + 1))
    return lines


def measure(folder):
    """Returns the figures of all Python files in a folder by name."""
    nodes = code = long_lines = comments = written = conditionals = comprehensions = 0
    for path in sorted(pathlib.Path(folder).rglob("*.py")):
        text = path.read_text()
        tree = ast.parse(text)
        docs = docstring_lines(tree)
        for number, line in enumerate(text.splitlines(), 1):
            if not line.strip():
                continue
            written += 1
            if line.strip().startswith("#"):
                comments += 1
            elif number not in docs:
                code += 1
                long_lines += len(line) > 100
        for node in ast.walk(tree):
            nodes += isinstance(node, (ast.expr, ast.stmt)) and not isinstance(node, ast.Expr)
            conditionals += isinstance(node, ast.IfExp)
            comprehensions += isinstance(node, _COMPREHENSIONS)
    return {
        "nodes_a_line": round(nodes / code, 2),
        "lines_over_100": round(long_lines / code, 4),
        "conditionals_per_1000": round(1000 * conditionals / code, 1),
        "comprehensions_per_1000": round(1000 * comprehensions / code, 1),
        "comment_lines": round(comments / written, 4),
    }


if __name__ == "__main__":
    for folder in sys.argv[1:]:
        print(folder, measure(folder))
