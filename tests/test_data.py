"""The bundled data are the files that data/README.md describes."""

import re
from pathlib import Path

from pipelines.engine.digest import file_digest


def test_sha256():
    listed = dict(
        re.findall(r"\| `(\S+)` \|.*`([0-9a-f]{64})` \|", Path("data/README.md").read_text())
    )
    assert set(listed) == {path.name for path in Path("data").iterdir()} - {"README.md"}
    for name, sha256 in listed.items():
        assert file_digest(str(Path("data") / name)) == sha256
