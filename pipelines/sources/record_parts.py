"""TFRecord files in parts: a tf.train.Example a row, each feature a column of one value. Data sets
that tensorflow-datasets has prepared are such files, with the names of classes next to them.

Framing: https://www.tensorflow.org/tutorials/load_data/tfrecord#tfrecords_format_details
"""

import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ..device.cells import shorten
from ..errors import LoadError
from .part_format import FoundFile, ReadColumns, TablePart, unreadable
from .tensorflow import load_tensorflow
from .text_parts import MAX_ROW_BYTES, TextFormat

_IS_RECORDS = re.compile(r".*\.tfrecords?(-\d{5,}-of-\d{5,})?(\.gz)?", re.IGNORECASE)
_OF_TFDS = ("dataset_info.json", "features.json")
_LABELS = ".labels.txt"
_HEAD = 12  # bytes before a record: its length, and the checksum of that
_TAIL = 4  # the checksum of the record
_CRC = 0x82F63B78  # Castagnoli's polynomial, bits reversed
_EXPECTED = "records of tf.train.Example, each feature one number or one text in UTF-8"


def is_records(path: str) -> bool:
    """Tests whether a name is that of a TFRecord file, perhaps one of several shards."""
    found = _IS_RECORDS.fullmatch(path)
    return found is not None


def is_of_tfds(name: str) -> bool:
    """Tests whether a name is of what tensorflow-datasets writes next to its TFRecord files."""
    return name in _OF_TFDS or name.endswith(_LABELS)


def read_labels(filesystem: Any, paths: list[str]) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """Reads the names of classes that tensorflow-datasets has written, one a line.

    Args:
        filesystem: Of pyarrow.
        paths: Of files in the folder, of which those of labels are read.

    Returns:
        (name of a feature, its classes by number).

    Raises:
        LoadError: A file cannot be read.
    """
    found = {}
    for path in paths:
        _, _, name = path.rpartition("/")
        if not name.endswith(_LABELS):
            continue
        try:
            with filesystem.open_input_file(path) as file:
                content = file.read()
            text = content.decode("utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise unreadable(path, "the names of classes in UTF-8", error) from error
        feature = name.removesuffix(_LABELS)
        found[feature] = tuple(text.splitlines())
    pairs = found.items()
    return tuple(sorted(pairs))


@dataclass(frozen=True)
class RecordsFormat(TextFormat):
    """TFRecord: rows one after the other, as text has them.

    Attributes:
        labels: (name of a feature, its classes by number); such a column holds the names.
    """

    labels: tuple[tuple[str, tuple[str, ...]], ...] = ()

    @property
    def name(self) -> str:
        return "TFRecord"

    @property
    def may_lack_columns(self) -> bool:
        return True

    def find(self, filesystem: Any, info: Any) -> FoundFile:
        """See `PartFormat`. In memory the rows are arrays, whatever the size of the file."""
        found = super().find(filesystem, info)
        return replace(found, num_bytes=0)

    def head(self, block: bytes, path: str) -> tuple[int, Any]:
        """See `TextFormat`."""
        if not block:
            return 0, None
        is_records_file = len(block) >= _HEAD and _is_head(block)
        if not is_records_file:
            raise LoadError(
                f"{path!r} does not begin as TFRecord: {shorten(block[:20])}",
                expected=_EXPECTED,
                fix="write it anew, or rename it as what it is",
            )
        return 0, None

    def row_end(self, block: bytes) -> int:
        """See `TextFormat`."""
        end = 0
        while end + _HEAD <= len(block):
            length = _length_at(block, end)
            after = end + _HEAD + length + _TAIL
            if length <= MAX_ROW_BYTES and after > len(block):
                break
            # The first record vouches for those after it, whose lengths follow from each other.
            if length > MAX_ROW_BYTES or (end == 0 and not _is_head(block)):
                raise LoadError(
                    f"TFRecord with a record of {length:,} bytes, or with a length that is damaged",
                    expected=f"a whole file, and records of {MAX_ROW_BYTES:,} bytes at most",
                    fix="write the file anew",
                )
            end = after
        return end

    def rows(self, piece: bytes, part: TablePart, columns: ReadColumns) -> Any:
        """See `TextFormat`."""
        import pyarrow as pa

        records = list(_records(piece, part))
        kinds = {}
        if not columns.names:
            kinds = self._kinds_of(records, part)
        for name in columns.names:
            field = columns.schema.field(name)
            kinds[name] = field.type
        labels = dict(self.labels)
        features = _parsed(records, kinds, labels, part)
        arrays = {}
        for name, kind in kinds.items():
            arrays[name] = self._array(features[name], kind, part, name)
        return pa.table(arrays)

    def joined(self, schema: Any, found: Any) -> Any:
        """See `TextFormat`."""
        import pyarrow as pa

        types = {}
        if schema is not None:
            types = dict(zip(schema.names, schema.types, strict=True))
        for field in found:
            known = types.setdefault(field.name, field.type)
            if known != field.type:
                raise _mixed(shorten(field.name), f"{known} and {field.type}")
        return pa.schema(list(types.items()))

    def _kinds_of(self, records, part):
        """Returns the type of pyarrow of each feature, in the order of their names."""
        import pyarrow as pa

        types = {"int64_list": pa.int64(), "float_list": pa.float32(), "bytes_list": pa.string()}
        found: dict[str, str] = {}
        for place, record in enumerate(records):
            features = _features_of(record, part, place)
            for name, feature in features.items():
                kind = feature.WhichOneof("kind")
                if kind is None:
                    continue
                num_values = _num_values(feature, kind)
                _refuse_several(num_values, name, part, place)
                known = found.setdefault(name, kind)
                if known != kind:
                    raise _mixed(shorten(name), f"{known} and {kind}", part, place)
        kinds = {}
        for name in sorted(found):
            kind = found[name]
            kinds[name] = types[kind]
        for name in dict(self.labels):
            if name in kinds:
                kinds[name] = pa.string()
        return kinds

    def _array(self, feature, kind, part, name):
        """Returns the values of a feature (ragged, one a row at most) as an array of pyarrow."""
        import pyarrow as pa

        row_lengths = feature.row_lengths()
        lengths = row_lengths.numpy()
        longest = int(lengths.argmax())
        num_values = int(lengths[longest])
        _refuse_several(num_values, name, part, longest)
        values = feature.values.numpy()
        has_value = lengths == 1
        labels = dict(self.labels)
        if name in labels:
            values = _class_names(values, labels[name], name, part)
        cells = np.empty(len(lengths), values.dtype)
        cells[has_value] = values
        if values.dtype != object:
            return pa.array(cells, kind, mask=~has_value)
        try:
            texts = pa.array(cells, pa.binary(), mask=~has_value)
            return texts.cast(pa.string())
        except pa.ArrowInvalid as error:
            raise LoadError(
                f"{part.file!r}, after row {part.first_row:,}: the column {shorten(name)} holds "
                "bytes that are no UTF-8",
                expected=_EXPECTED,
                fix="write a table without it; pictures are read from a folder of files",
            ) from error


def _parsed(records, kinds, labels, part):
    """Returns the features of some records by name, tf.RaggedTensor [rows, values]."""
    import pyarrow as pa

    load_tensorflow()
    import tensorflow as tf

    types = {pa.int64(): tf.int64, pa.float32(): tf.float32, pa.string(): tf.string}
    wanted = {}
    for name, kind in kinds.items():
        stored = types[kind]
        if name in labels:
            stored = tf.int64
        wanted[name] = tf.io.RaggedFeature(stored)
    try:
        return tf.io.parse_example(records, wanted)
    except tf.errors.InvalidArgumentError as error:
        raise LoadError(
            f"{part.file!r}, after row {part.first_row:,}: {shorten(str(error), 200)}",
            expected="a file that stays as it is while it is read",
            fix="write it again",
        ) from error


def _features_of(record, part, place):
    """Returns the features of a record by name."""
    load_tensorflow()
    import tensorflow as tf
    from google.protobuf.message import DecodeError

    try:
        example = tf.train.Example.FromString(record)
        return example.features.feature
    except DecodeError as error:
        raise LoadError(
            f"{part.file!r}, row {part.first_row + place:,} is no tf.train.Example",
            expected=_EXPECTED,
            fix="write each row as an Example",
        ) from error


def _num_values(feature, kind):
    """Returns how many values a tf.train.Feature of a kind holds."""
    lists = {
        "int64_list": feature.int64_list,
        "float_list": feature.float_list,
        "bytes_list": feature.bytes_list,
    }
    return len(lists[kind].value)


def _refuse_several(num_values, name, part, place):
    """Raises LoadError for a feature of several values."""
    if num_values <= 1:
        return
    raise LoadError(
        f"{part.file!r}, row {part.first_row + place:,}: the column {shorten(name)} holds "
        f"{num_values:,} values",
        expected=_EXPECTED,
        fix="write each value as a feature of its own",
    )


def _mixed(name, kinds, part=None, place=0):
    """Returns the error of a feature that has values of two types."""
    where = ""
    if part is not None:
        where = f"{part.file!r}, row {part.first_row + place:,}: "
    return LoadError(
        f"{where}the column {name} holds {kinds}",
        expected="one type of values a feature",
        fix="write the records anew with one type",
    )


def _class_names(numbers, names, name, part):
    """Returns the names of classes as bytes, object [values]; of a negative number none."""
    if len(numbers) and numbers.max() >= len(names):
        raise LoadError(
            f"{part.file!r}, after row {part.first_row:,}: {shorten(name)} is class "
            f"{numbers.max()}, of {len(names):,}",
            expected=f"numbers below the count of the lines in {name}{_LABELS}",
            fix="prepare the data set again",
        )
    classes: list[bytes | None] = [name.encode() for name in names]
    classes.append(None)
    table = np.array(classes, object)
    places = np.maximum(numbers, -1)  # the last one is no class
    return table[places]


def _records(piece, part) -> Iterator[bytes]:
    """Yields the records of a piece. Raises LoadError if it ends inside one."""
    place = 0
    num_rows = 0
    while place < len(piece):
        start = place + _HEAD
        length = len(piece)
        if start <= len(piece):
            length = _length_at(piece, place)
        place = start + length + _TAIL
        if place > len(piece):
            raise LoadError(
                f"{part.file!r} ends inside row {part.first_row + num_rows:,}",
                expected="a whole TFRecord file",
                fix="copy it again, or write it anew",
            )
        num_rows += 1
        yield piece[start : start + length]


def _length_at(block, place):
    (length,) = struct.unpack_from("<Q", block, place)
    return length


def _is_head(block):
    """Tests whether some bytes begin with a length and its masked checksum (CRC-32C)."""
    (stored,) = struct.unpack_from("<I", block, 8)
    crc = 0xFFFFFFFF
    for byte in block[:8]:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (_CRC if crc & 1 else 0)
    crc ^= 0xFFFFFFFF
    rotated = (crc >> 15 | crc << 17) & 0xFFFFFFFF
    return stored == (rotated + 0xA282EAD8) & 0xFFFFFFFF
