"""The temporary folder, asked for before an epoch is spent: conversion, C compilers and browsers
need one.
"""

import os
import shutil
import tempfile
from pathlib import Path

from ..engine.notice import print_notice
from ..errors import BundleError

MIN_FREE_BYTES = 64 * 2**20
_FIX = "free some space, or name another folder: TMPDIR=/path python -m pipelines ..."


def check_temporary_folder() -> None:
    """Raises BundleError where temporary files have no place, or too little of it."""
    try:
        folder = Path(tempfile.gettempdir())
        _report_another(folder)
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


def _report_another(folder):
    """Reports that temporary files do not go where TMPDIR names a place: Python takes the next
    folder that it can write to.
    """
    wanted = os.environ.get("TMPDIR", "")
    if not wanted or (os.path.isdir(wanted) and os.access(wanted, os.W_OK)):
        return
    print_notice(f"TMPDIR is {wanted}, which cannot be written to: temporary files go to {folder}")
