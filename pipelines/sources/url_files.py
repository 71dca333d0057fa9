"""Files behind a URL, as pyarrow reads them."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from pyarrow.fs import FSSpecHandler


class UrlFiles(FSSpecHandler):
    """Gives an error of fsspec's clients that is no OSError as one: where credentials, rights or a
    connection are missing, botocore and aiohttp raise classes of their own.
    """

    def get_file_info(self, paths: list[str]) -> list:
        """See `pyarrow.fs.FileSystemHandler`."""
        with _as_os_error():
            return super().get_file_info(paths)

    def get_file_info_selector(self, selector: Any) -> list:
        """See `pyarrow.fs.FileSystemHandler`."""
        with _as_os_error():
            return super().get_file_info_selector(selector)

    def open_input_stream(self, path: str) -> Any:
        """See `pyarrow.fs.FileSystemHandler`."""
        with _as_os_error():
            return super().open_input_stream(path)

    def open_input_file(self, path: str) -> Any:
        """See `pyarrow.fs.FileSystemHandler`."""
        with _as_os_error():
            return super().open_input_file(path)


@contextmanager
def _as_os_error() -> Iterator[None]:
    try:
        yield
    except OSError:
        raise
    except Exception as error:
        words = str(error) or type(error).__name__
        raise OSError(words) from error
