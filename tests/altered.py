"""Bundles that someone altered and whose checksums someone made right again."""

import shutil
from pathlib import Path

from pipelines.device.checksums import SUMS, checksums


def copy_of(bundle, folder: Path) -> Path:
    """A copy of a bundle at `folder`."""
    return Path(shutil.copytree(bundle.folder, folder))


def alter(folder: Path, name: str, content: bytes | str) -> None:
    """Writes a file of a bundle, and its checksum."""
    (folder / name).write_bytes(content if isinstance(content, bytes) else content.encode("utf-8"))
    mend_checksums(folder)


def mend_checksums(folder: Path) -> None:
    """Writes SHA256SUMS anew for what lies in the folder."""
    (folder / SUMS).write_text(
        checksums(
            {
                path.relative_to(folder).as_posix(): path.read_bytes()
                for path in folder.rglob("*")
                if path.is_file() and path.name != SUMS
            }
        )
    )
