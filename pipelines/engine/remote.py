"""A place by its URL that machines without a common folder share results through.

The folder of each machine stays the store that everything reads and writes; entries are copied.
An object store has no rename, so an entry's files go first, each under the sha256 of its content,
and the list of them goes last: an entry is there once its list is, and two machines that send the
same key at once spoil nothing.
"""

import contextlib
import hashlib
import json
import re
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..device.checksums import SUMS, checksums, parse_sums, read_bundle
from ..errors import DeviceError, EngineError
from .notice import print_notice
from .store import ABOUT, Store

_URL = re.compile(r"([a-z][a-z0-9+.-]*)://([^/?#]*)([^?#]*)")
# Where a file needs a folder. An object store has none, and may take the wish for a new bucket.
_WITH_FOLDERS = ("file", "local", "ftp", "sftp", "ssh", "smb", "hdfs", "webhdfs", "webdav", "dbfs")
_CREDENTIALS = (
    "keep credentials in fsspec's configuration (~/.config/fsspec/*.json, variables FSSPEC_...) or "
    "where the package of the scheme looks for them, on every machine"
)


@dataclass(frozen=True, eq=False)
class Remote:
    """Results of stages at a URL; see `open_remote`.

    Attributes:
        url: as it was given; a plain path as file://.
    """

    url: str
    _files: Any
    _root: str

    def fetch(self, key: str, store: Store, *, workspace: Path) -> bool:
        """Copies an entry to a store, and reports whether it is there now.

        One that is damaged, or cannot be reached, is reported and is as good as absent.

        Args:
            key: of the entry.
            store: that it is missing in.
            workspace: a folder on the store's file system for what is unfinished.
        """
        try:
            files = self._read(key)
            about = json.loads(files.pop(ABOUT))
            store.write(key, files, stage=about["stage"], about=about["about"], workspace=workspace)
        except FileNotFoundError:
            return False
        except (ValueError, KeyError) as error:
            print_notice(f"{key[:12]}… at {self.url} is damaged, and as good as absent: {error}")
            return False
        except Exception as error:  # each scheme has its own
            print_notice(f"{key[:12]}… was not taken from {self.url}: {_words(error)}")
            return False
        return True

    def has(self, key: str) -> bool:
        """Tests whether an entry is there; its files are not read."""
        try:
            return bool(self._read_sums(key))
        except Exception:
            return False

    def send(self, key: str, store: Store) -> None:
        """Copies an entry of a store to the URL; one that is there is replaced.

        Raises:
            EngineError: it did not arrive.
        """
        try:
            files = read_bundle(store.folder / key)
            sums = checksums(files)
            for name, digest in parse_sums(sums.encode()).items():
                self._write(f"{key}/{digest}", files[name])
            # By its last line a whole list is known from one that was cut off.
            self._write(f"{key}/{SUMS}", f"{sums}{_digest(sums.encode())}  {SUMS}\n".encode())
        except DeviceError as error:
            raise self._error(error.received) from error
        except Exception as error:
            raise self._error(_words(error)) from error

    def probe(self) -> None:
        """Writes, reads and removes a small file.

        Raises:
            EngineError: one of them is not possible.
        """
        name = f"probe-{uuid.uuid4().hex}"
        content = name.encode()
        try:
            self._write(name, content)
            found = self._files.cat_file(self._path(name))
            with contextlib.suppress(Exception):  # some may write and not remove
                self._files.rm_file(self._path(name))
        except Exception as error:
            raise self._error(_words(error)) from error
        if found != content:
            raise self._error("it does not give back what was written")

    def _read(self, key):
        """Returns name → content. Raises ValueError if a file is not what was sent."""
        files = {}
        for name, digest in self._read_sums(key).items():
            try:
                content = self._files.cat_file(self._path(f"{key}/{digest}"))
            except FileNotFoundError as error:
                raise ValueError(f"{name} is missing") from error
            if _digest(content) != digest:
                raise ValueError(f"{name} was altered")
            files[name] = content
        return files

    def _read_sums(self, key):
        """Returns name → sha256. Raises FileNotFoundError, or ValueError for a torn list."""
        content = self._files.cat_file(self._path(f"{key}/{SUMS}"))
        sums = parse_sums(content)
        listed = b"".join(content.splitlines(keepends=True)[:-1])
        if sums.pop(SUMS, None) != _digest(listed):
            raise ValueError(f"{SUMS} is not whole")
        return sums

    def _write(self, name, content):
        path = self._path(name)
        if self.url.partition("://")[0] in _WITH_FOLDERS:
            self._files.makedirs(path.rpartition("/")[0], exist_ok=True)
        self._files.pipe_file(path, content)

    def _path(self, name):
        return f"{self._root}/{name}"

    def _error(self, words):
        return EngineError(
            f"the cache {self.url} cannot be used: {words}",
            expected="a place that this machine may write to and read from",
            fix=f"check the name, the network and the permissions; {_CREDENTIALS}",
        )


def find_result(
    key: str, store: Store, remote: "Remote | None", *, workspace: Path, damaged: str
) -> dict[str, bytes] | None:
    """Returns the files of a result of this machine, or else of the URL; None if none has it.

    Args:
        key: of the entry.
        store: of this machine; a damaged entry is removed from it, with a line that reports it.
        remote: the results at a URL, or None.
        workspace: a folder on the store's file system for what is unfinished.
        damaged: how that line begins.
    """
    try:
        files = store.read(key)
    except DeviceError as error:
        print_notice(f"{damaged}: {error.received}")
        store.remove(key)
        files = None
    if files is not None or remote is None:
        return files
    remote.fetch(key, store, workspace=workspace)
    return store.read(key)


def open_remote(url: str) -> Remote:
    """Returns the results at a URL, or in a folder, after a small file was written and read there.

    Args:
        url: of fsspec, such as s3://bucket/pipelines, or the path of a folder.

    Raises:
        EngineError: the URL holds credentials, its scheme is unknown or its package is missing, or
            the place cannot be written to and read from.
    """
    url = _checked_url(url)
    try:
        import fsspec

        files, root = fsspec.url_to_fs(url)
    except ImportError as error:
        raise EngineError(
            f"the cache {url} needs a package that is missing: {_words(error)}",
            expected="fsspec's package for this scheme, such as s3fs for s3:// or gcsfs for gs://",
            fix="install it on every machine: pip install s3fs",
        ) from error
    except ValueError as error:
        raise EngineError(
            f"the cache {url}: {_words(error)}",
            expected="a scheme that fsspec knows, such as s3://, gs://, abfs://, sftp:// or file://",
            fix="--cache s3://bucket/pipelines",
        ) from error
    except Exception as error:
        raise Remote(url, None, "")._error(_words(error)) from error
    remote = Remote(url, files, root.rstrip("/"))
    remote.probe()
    return remote


def _checked_url(url):
    """Returns a URL without secrets in it, a plain path as file://."""
    if "://" not in url:
        return f"file://{Path(url).absolute().as_posix()}"
    parts = _URL.fullmatch(url)
    # What is refused may be a secret: the error does not repeat it.
    if parts is None or "::" in url:
        raise EngineError(
            "the URL of the cache has a part that is none of a place",
            expected="scheme://place/folder, without ?, # and ::",
            fix=f"--cache s3://bucket/pipelines; {_CREDENTIALS}",
        )
    if ":" in parts[2].rpartition("@")[0]:
        raise EngineError(
            f"the URL of the cache, {parts[1]}://…, holds a password",
            expected="a URL without user:password@, because requests and errors repeat it",
            fix=_CREDENTIALS,
        )
    return url


def _digest(content):
    return hashlib.sha256(content).hexdigest()


def _words(error):
    """Returns the kind of an error and its first line."""
    words = str(error).strip().partition("\n")[0]
    return f"{type(error).__name__}: {words}"
