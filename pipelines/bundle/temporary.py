"""The temporary folder, asked for before an epoch is spent: conversion, C compilers and browsers
need one.
"""

import shutil
import tempfile
from pathlib import Path

from ..errors import BundleError

MIN_FREE_BYTES = 64 * 2**20
_FIX = "free some space, or name another folder: TMPDIR=/path python -m pipelines ..."


def check_temporary_folder() -> None:
    """Raises BundleError where temporary files have no place, or too little of it."""
    try:
        folder = Path(tempfile.gettempdir())
        with tempfile.TemporaryFile(dir=folder) as probe:
            probe.write(b"x" * 4096)
        free = shutil.disk_usage(folder).free
    except OSError as error:
        raise BundleError(
            f"no temporary file can be written: {error.strerror or error}",
            expected="a temporary folder with room for the converter's files",
            fix=_FIX,
        ) from error
    if free < MIN_FREE_BYTES:
        raise BundleError(
            f"the temporary folder {str(folder)!r} has {free:,} bytes free",
            expected=f"{MIN_FREE_BYTES:,}, for the converter's files",
            fix=_FIX,
        )
