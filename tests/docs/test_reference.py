"""docs/reference/ is what the specs say now, and links between pages lead somewhere."""

import re
import runpy
from pathlib import Path

import pytest

from pipelines import catalog
from pipelines.slots import CONTRACTS

PAGES = [Path("README.md"), Path("CONTRIBUTING.md"), *sorted(Path("docs").rglob("*.md"))]
_LINK = re.compile(r"\]\(([^)#\s]+)(?:#[^)]*)?\)")


@pytest.fixture(scope="module")
def reference():
    return runpy.run_path("docs/make_reference.py")


def test_the_reference_is_made_from_the_specs(reference):
    wanted = reference["pages"]()
    found = {path.name: path.read_text() for path in Path("docs/reference").glob("*.md")}
    assert found.keys() == wanted.keys(), "run `make docs`"
    for name, content in wanted.items():
        assert found[name] == content, f"docs/reference/{name} is not up to date: run `make docs`"


def test_every_spec_has_its_place(reference):
    listed = [spec for specs in reference["members"]().values() for spec in specs]
    assert sorted(map(repr, listed)) == sorted(map(repr, catalog.SPECS))


def test_every_slot_names_its_knob(reference):
    slots = {contract.__name__ for contract in CONTRACTS}
    assert set(reference["_WHERE"]) == slots - set(reference["_ON_THE_PAGE_OF"])


@pytest.mark.parametrize("page", PAGES, ids=str)
def test_links_lead_somewhere(page):
    links = [link for link in _LINK.findall(page.read_text()) if "://" not in link]
    broken = [link for link in links if not (page.parent / link).exists()]
    assert broken == []
