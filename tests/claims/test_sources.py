"""Claims are held with their sources: at least forty name where they come from."""

import ast
import re
from pathlib import Path

FEWEST = 40
FOLDER = Path(__file__).parent
# A page, or a year as in "Elkan 2001, theorem 1".
SOURCE = re.compile(r"https?://|\b(19|20)\d\d\b")


def sourced_claims(path: Path) -> list[str]:
    """Returns the tests of a file whose docstrings name a source."""
    found = []
    for each in ast.parse(path.read_text(encoding="utf-8")).body:
        if not isinstance(each, ast.FunctionDef) or not each.name.startswith("test_"):
            continue
        if SOURCE.search(ast.get_docstring(each) or ""):
            found.append(each.name)
    return found


def test_forty_claims_and_more_name_their_source():
    claims = [name for path in FOLDER.glob("test_*.py") for name in sourced_claims(path)]
    assert len(set(claims)) >= FEWEST
