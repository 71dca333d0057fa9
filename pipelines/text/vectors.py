"""Word vectors that others trained as the start of a table: the text files of word2vec, GloVe and
fastText.

A line is `word v1 ... vn`; before the first there may be one of "count width". word2vec: Mikolov et
al. 2013, https://arxiv.org/abs/1301.3781; GloVe: Pennington et al. 2014,
https://aclanthology.org/D14-1162; fastText: Bojanowski et al. 2017,
https://arxiv.org/abs/1607.04606.
"""

import codecs
import gzip
import re
import zlib
from collections.abc import Iterator

import numpy as np

from ..device.cells import MAX_NUMBER, shorten
from ..device.primitives.texts import Words
from ..device.signature import Signature
from ..errors import LoadError, RecipeError
from ..sources.files import find_file
from ..sources.limits import UnpackedTooLarge, open_unpacked

MAX_LINE_BYTES = 65_536
MAX_WIDTH = 1024
MAX_VECTOR_BYTES = 16 * 2**30  # the largest of fastText have 7 GB
_A_FILE = "a file of word vectors: `word v1 ... vn` a line, .gz too"


def check_vectors(source: str, width: int) -> None:
    """Looks at the first line. Raises LoadError where it is none of word vectors, RecipeError where
    they are not `width` wide.
    """
    for _, fields in _parted_lines(source):
        found = len(fields) - 1
        if found != width:
            raise RecipeError(
                f"build.embedding_width={width} and vectors of {found} numbers in "
                f"{shorten(source, 120)}",
                expected="one width",
                fix=f"--set build.embedding_width={found}",
            )
        return
    raise LoadError(
        f"no line of vectors in {shorten(source, 120)}", expected=_A_FILE, fix="check the file"
    )


def start_table(table, source: str, signature: Signature) -> None:
    """Puts the file's vectors into a built keras.layers.Embedding, at the ids of the words that the
    signature's vocabulary holds; other ids keep what was drawn for them. Raises LoadError for a
    line that cannot be read, RecipeError where the file holds no token of the vocabulary.

    All vectors are multiplied by one number, so that their standard deviation is that of the drawn
    ones: a step of Adam moves a number by the rate, however large it is, so that both kinds learn
    at one pace; and int8 has one scale for the whole table.
    """
    (drawn,) = table.get_weights()
    reader = next((each for each in signature.primitives if isinstance(each, Words)), None)
    if reader is not None:
        found = read_vectors(source, reader)
    else:
        found = {}
    if not found:
        raise RecipeError(
            f"{shorten(source, 120)} holds no token of the vocabulary",
            expected="words of the texts' language, one a line",
            fix="--set 'encode=(TokenizeWords(),)', or take another file",
        )
    vectors = np.stack(list(found.values()))
    if vectors.std() < 1 / MAX_NUMBER:
        raise LoadError(
            f"the {len(vectors):,} vectors of {shorten(source, 120)} that are needed are all alike",
            expected="vectors that tell words apart",
            fix="take another file",
        )
    drawn[list(found)] = vectors * (drawn.std() / vectors.std())
    table.set_weights([drawn])


def read_vectors(source: str, reader: Words) -> dict[int, np.ndarray]:
    """Id → float64 [width] of every key of the reader that is a word of the file once it is spelled
    as texts are; of words that are spelled alike the first counts. Raises LoadError naming the line
    that cannot be read; the numbers of words that are not needed are only counted.
    """
    ids = {key: place for place, key in enumerate(reader.keys, start=1)}
    found: dict[int, np.ndarray] = {}
    for number, fields in _parted_lines(source):
        tokens = reader.tokens(fields[0].decode("utf-8", "replace"))
        if len(tokens) == 1:
            place = ids.get(tokens[0])
        else:
            place = None
        if place is not None and place not in found:
            found[place] = _numbers(fields[1:], source, number)
    return found


def _parted_lines(source: str) -> Iterator[tuple[int, list[bytes]]]:
    """(line, [word, numbers...]) of each line but the header and empty ones. A word may hold
    spaces, as some of GloVe's do; bytes, because text would be parted at other white space too,
    which stands in words.
    """
    width = 0
    for number, line in _lines(source):
        if len(line) > MAX_LINE_BYTES:
            raise _unreadable(source, number, f"more than {MAX_LINE_BYTES:,} bytes")
        if not width:
            fields = line.removeprefix(codecs.BOM_UTF8).split()
            is_header = (
                number == 1
                and len(fields) == 2
                and all(re.fullmatch(rb"\d{1,12}", each) for each in fields)
            )
            if is_header:
                width = int(fields[1])
            else:
                width = len(fields) - 1
            if not 0 < width <= MAX_WIDTH:
                raise _unreadable(source, number, f"vectors of {width:,} numbers")
            if is_header:
                continue
        fields = line.rsplit(None, width)
        if len(fields) == width + 1:
            yield number, fields
        elif fields:
            raise _unreadable(
                source, number, f"{len(fields)} fields where a word and {width} numbers go"
            )


def _lines(source):
    path = find_file(source, _A_FILE)
    with open_unpacked(path, MAX_VECTOR_BYTES) as file:
        try:
            yield from enumerate(
                iter(lambda: file.readline(MAX_LINE_BYTES + 1), b""),
                start=1,
            )
        except UnpackedTooLarge as error:
            raise LoadError(
                str(error),
                expected=f"at most {MAX_VECTOR_BYTES:,} bytes of vectors",
                fix="keep the lines of frequent words",
            ) from error
        except (EOFError, zlib.error, gzip.BadGzipFile) as error:
            raise LoadError(
                f"{path.name!r} is not a whole gzip file: {error}",
                expected="gzip, as the name ends",
                fix="compress it again, or rename it to .txt",
            ) from error


def _numbers(fields, source, number):
    try:
        vector = np.array([float(each) for each in fields])
    except ValueError as error:
        raise _unreadable(source, number, str(error)) from error
    if not np.all(np.abs(vector) <= MAX_NUMBER):
        raise _unreadable(source, number, "a number that is none or too large")
    return vector


def _unreadable(source, number, why):
    return LoadError(
        f"{shorten(source, 120)}, line {number:,}: {why}",
        expected=f"a word and 1 to {MAX_WIDTH:,} numbers, as many in every line",
        fix="correct the line, or write the vectors as text (word2vec: binary=False)",
    )
