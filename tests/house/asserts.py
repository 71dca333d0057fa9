"""Tests that cannot fail: asserts of constants, of tuples, tests that assert nothing."""

import ast
from pathlib import Path

_CHECKS = ("raises", "warns", "assert_", "check", "deprecated_call", "fail")


def cannot_fail(path: Path) -> list[str]:
    """Returns `line: reason` for each assert that cannot fail and each test that checks nothing."""
    tree = ast.parse(path.read_text())
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Assert):
            reason = _always_true(node.test)
            if reason:
                found.append(f"{node.lineno}: {reason}")
        if isinstance(node, (ast.With, ast.AsyncWith)):
            found += _after_the_error(node)
    checking = _checking_functions(tree)
    for node in tree.body:
        members = node.body if isinstance(node, ast.ClassDef) else [node]
        for member in members:
            if isinstance(member, ast.FunctionDef) and member.name.startswith("test"):
                found += _checks_nothing(member, checking)
    return found


def _always_true(test) -> str:
    if isinstance(test, ast.Constant) and test.value:
        return f"assert of the constant {test.value!r}"
    if isinstance(test, ast.Tuple) and test.elts:
        return "assert of a tuple, which is true whatever it holds"
    if isinstance(test, (ast.GeneratorExp, ast.Lambda)):
        return "assert of a generator or a lambda, which is always true"
    if isinstance(test, (ast.JoinedStr, ast.List, ast.Dict, ast.Set)):
        if not isinstance(test, ast.Dict) and getattr(test, "elts", [1]):
            return "assert of a display, which is true whatever it holds"
    if isinstance(test, ast.BoolOp):
        reasons = [_always_true(value) for value in test.values]
        if isinstance(test.op, ast.Or) and any(reasons):
            return "`or` with what is always true"
        if isinstance(test.op, ast.And) and any(reasons):
            return "`and` with what is always true"
    if isinstance(test, ast.Compare) and len(test.comparators) == 1:
        same = ast.dump(test.left) == ast.dump(test.comparators[0])
        calls = any(isinstance(each, ast.Call) for each in ast.walk(test))
        negated = isinstance(test.left, ast.UnaryOp)
        if same and not calls and not negated and isinstance(test.ops[0], (ast.Eq, ast.Is)):
            return "comparison of something with itself"
    return ""


def _after_the_error(node) -> list[str]:
    """Finds asserts that follow the statement which raises, in the same `with pytest.raises`."""
    calls = [ast.unparse(item.context_expr) for item in node.items]
    if not any(call.startswith("pytest.raises(") for call in calls):
        return []
    found = []
    if len(node.body) == 1 and isinstance(node.body[0], ast.Pass):
        found.append(f"{node.lineno}: pytest.raises around nothing")
    for statement in node.body[1:]:
        if isinstance(statement, ast.Assert):
            found.append(f"{statement.lineno}: never reached after the error")
    return found


def _checking_functions(tree) -> set[str]:
    """Names of a file's functions that assert something, themselves or by another one."""
    bodies = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef):
            bodies[node.name] = node
    checking: set[str] = set()
    grew = True
    while grew:
        grew = False
        for name, node in bodies.items():
            if name not in checking and _checks(node, checking):
                checking.add(name)
                grew = True
    return checking


def _checks(node, checking) -> bool:
    for each in ast.walk(node):
        if isinstance(each, (ast.Assert, ast.Raise)):
            return True
        if isinstance(each, ast.Call):
            called = each.func.attr if isinstance(each.func, ast.Attribute) else None
            called = each.func.id if isinstance(each.func, ast.Name) else called
            if called and (called in checking or called.startswith(_CHECKS)):
                return True
            if called == "run" and "check=True" in ast.unparse(each):
                return True
    return False


def _checks_nothing(function, checking) -> list[str]:
    found = []
    if not _checks(function, checking):
        found.append(f"{function.lineno}: {function.name} asserts nothing")
    for node in ast.walk(function):
        if isinstance(node, ast.For) and isinstance(node.iter, (ast.List, ast.Tuple)):
            if not node.iter.elts:
                found.append(f"{node.lineno}: a loop over nothing")
    return found
