"""Files of people who mean harm, and of machines that broke: each is refused in words, at once,
with little memory.
"""

import gzip
import io
import json
import os
import socket
import struct
import warnings
import zipfile
import zlib
from unittest import mock

import numpy as np

from pipelines import catalog
from pipelines.bundle.folder import read_golden_rows, read_json
from pipelines.bundle.saved_recipe import read_recipe
from pipelines.device.checksums import SUMS, check_bundle, checksums, read_checked, unlisted
from pipelines.device.pictures import read_picture
from pipelines.device.regular import read_regular
from pipelines.device.signature import read_signature
from pipelines.own_model.export import export_model, load_rows
from pipelines.settings import to_json
from pipelines.sources import csv_files, limits
from pipelines.sources.array_files import read_arrays
from pipelines.sources.memory import table_from_memory
from pipelines.sources.table import read_table
from pipelines.tabular import LoadTable
from pipelines.text.augment import synonym_table
from pipelines.text.vectors import check_vectors
from pipelines.timeseries import LoadSeries, LoadTsFiles
from pipelines.training.keras_zip import read_config
from pipelines.vision import LoadArrays
from tests.odd_files import OddFile, file_of

DEEP = "[" * 100_000 + "]" * 100_000


def words_of(read):
    """Readers that raise ValueError or OSError with the reason in words, for their callers: the
    words.
    """

    def caught(path):
        try:
            return read(path)
        except (ValueError, OSError) as error:
            return getattr(error, "strerror", None) or str(error)

    return caught


def fifo(name):
    def write(folder):
        os.mkfifo(folder / name)
        return folder / name

    return write


def a_socket(name):
    def write(folder):
        # A path of a socket holds 107 bytes: bound by a short one.
        before = os.getcwd()
        os.chdir(folder)
        try:
            with socket.socket(socket.AF_UNIX) as opened:
                opened.bind(name)
        finally:
            os.chdir(before)
        return folder / name

    return write


def a_folder(name):
    def write(folder):
        (folder / name).mkdir()
        return folder / name

    return write


def link(name, to):
    def write(folder):
        (folder / name).symlink_to(to)
        return folder / name

    return write


def bundle_of(**files):
    """A folder with these files, "/" in a name written as "__" and "." as "_", and their
    checksums.
    """

    def write(folder):
        contents = {}
        for name, content in files.items():
            if name != SUMS:
                name = name.replace("__", "/").replace("_", ".")
            if isinstance(content, bytes):
                contents[name] = content
            else:
                contents[name] = content.encode("utf-8", "surrogatepass")
        for name, content in {SUMS: checksums(contents).encode(), **contents}.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes(content)
        return folder

    return write


def then(write, change):
    """What `write` writes, and `change` does to its folder."""

    def both(folder):
        path = write(folder)
        change(folder)
        return path

    return both


def recipe_with(**changes):
    values = {**to_json(catalog.RECIPES["birds_mlp"]), **changes}
    return bundle_of(recipe_json=json.dumps(values))


def read_saved_recipe(folder):
    return read_recipe(folder, catalog.SPECS).name


def of_lines(name, *lines):
    return file_of(name, "\n".join(lines) + "\n")


def packed(name, unit, times):
    """A .gz file of one unit many times over."""

    def write(folder):
        (folder / name).write_bytes(gzip.compress(b"a,b\n" + unit * times))
        return folder / name

    return write


def with_limit(name, value, read, *, module=limits):
    """`read` under a smaller limit: what passes the real one takes minutes to write."""

    def limited(path):
        with mock.patch.object(module, name, value):
            return read(path)

    return limited


def table(path):
    return {name: list(cells) for name, cells in read_table(str(path)).items()}


def npy(shape, *, dtype="<f4", values=b""):
    header = repr({"descr": dtype, "fortran_order": False, "shape": shape}).encode()
    header += b" " * (63 - (len(header) + 10) % 64) + b"\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header + values


def zipped(members, *, declared=None):
    """A zip file; `declared`: the size that its directory says of every member."""
    file = io.BytesIO()
    with warnings.catch_warnings(), zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        warnings.simplefilter("ignore")  # of a name that stands twice
        for name, content in members:
            archive.writestr(name, content)
    content = bytearray(file.getvalue())
    place = content.find(b"PK\x01\x02")
    while declared is not None and place >= 0:
        content[place + 24 : place + 28] = struct.pack("<I", declared)
        place = content.find(b"PK\x01\x02", place + 4)
    return bytes(content)


def keras_zip(config, *more):
    return zipped(
        [("config.json", config), ("model.weights.h5", b"x"), ("metadata.json", "{}"), *more]
    )


def png(width, height, *chunks):
    def chunk(kind, content):
        return (
            struct.pack(">I", len(content))
            + kind
            + content
            + struct.pack(">I", zlib.crc32(kind + content))
        )

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    pixels = zlib.compress(b"".join(b"\0" + b"\x80" * width for _ in range(min(height, 8))))
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + b"".join(chunk(*each) for each in chunks)
        + chunk(b"IDAT", pixels)
        + chunk(b"IEND", b"")
    )


def parquet_of_one_long_text(folder):
    """5,000 rows of one text of a megabyte: 5 GB, packed in a dictionary."""
    import pyarrow as pa
    import pyarrow.parquet

    column = pa.DictionaryArray.from_arrays(
        pa.array(np.zeros(5000, np.int32)), pa.array(["x" * 1_000_000])
    )
    pa.parquet.write_table(
        pa.table({"a": column}), folder / "t.parquet", compression="zstd", store_schema=False
    )
    return folder / "t.parquet"


def parquet_of_equal_rows(folder):
    import pyarrow as pa
    import pyarrow.parquet

    pa.parquet.write_table(
        pa.table({"a": pa.array(np.zeros(1_000_000, np.int8))}), folder / "t.parquet"
    )
    return folder / "t.parquet"


def pixels(path):
    return read_picture(path, (8, 8, 1)).shape


TS = ("@problemName a", "@timeStamps false", "@univariate true", "@classLabel true a b", "@data")

ODD_FILES = (
    # What is no regular file: nothing waits for a writer.
    OddFile(
        "a table that is a pipe", fifo("t.csv"), table, error="a named pipe, not a regular file: "
    ),
    OddFile(
        "a table that is a socket", a_socket("t.csv"), table, error="a socket, not a regular file: "
    ),
    OddFile("a table that is a folder", a_folder("t.csv"), table, error="a folder, not a file: "),
    OddFile(
        "a table that is a device",
        link("t.csv", "/dev/zero"),
        table,
        error="a device, not a regular file: ",
    ),
    OddFile("a link to itself", link("t.csv", "t.csv"), table, error="no file "),
    OddFile(
        "rows that are a pipe", fifo("r.npy"), load_rows, error="a named pipe, not a regular file"
    ),
    OddFile(
        "rows that are a device",
        link("r.npy", "/dev/zero"),
        load_rows,
        error="a device, not a regular file",
    ),
    OddFile("a picture that is a pipe", fifo("a.png"), words_of(pixels), "not a regular file"),
    OddFile(
        "series that are a pipe",
        fifo("a.ts"),
        lambda path: LoadTsFiles(str(path)).read(),
        error="a named pipe, not a regular file",
    ),
    OddFile(
        "synonyms that are a pipe",
        fifo("a.txt"),
        lambda path: synonym_table(str(path), None),
        error="a named pipe, not a regular file",
    ),
    OddFile(
        "vectors that are a pipe",
        fifo("a.txt"),
        lambda path: check_vectors(str(path), 8),
        error="a named pipe, not a regular file",
    ),
    OddFile(
        "a file of /proc that has no size",
        link("a", "/proc/self/maps"),
        words_of(lambda path: read_regular(path, 100)),
        "more than 100 bytes",
    ),
    OddFile(
        "checksums that are a pipe",
        then(
            bundle_of(signature_json="{}"),
            lambda folder: ((folder / SUMS).unlink(), os.mkfifo(folder / SUMS)),
        ),
        check_bundle,
        error="a named pipe, not a regular file",
    ),
    OddFile(
        "checksums that are a device",
        then(
            bundle_of(signature_json="{}"),
            lambda folder: ((folder / SUMS).unlink(), (folder / SUMS).symlink_to("/dev/zero")),
        ),
        check_bundle,
        error="a device, not a regular file",
    ),
    OddFile(
        "a signature that is a pipe",
        then(
            bundle_of(signature_json="{}"),
            lambda folder: (
                (folder / "signature.json").unlink(),
                os.mkfifo(folder / "signature.json"),
            ),
        ),
        read_signature,
        error="a named pipe, not a regular file",
    ),
    OddFile(
        "a listed file that is a pipe",
        then(
            bundle_of(c__model_c="int x;"),
            lambda folder: ((folder / "c/model.c").unlink(), os.mkfifo(folder / "c/model.c")),
        ),
        check_bundle,
        error="a named pipe, not a regular file",
    ),
    # What a bundle holds and does not list.
    OddFile(
        "an added C file",
        then(
            bundle_of(c__model_c="int x;"), lambda folder: (folder / "c/prepare.c").write_text("")
        ),
        check_bundle,
        error="'c/prepare.c' in ",
    ),
    OddFile(
        "an added model",
        then(
            bundle_of(signature_json="{}"),
            lambda folder: (folder / "model_uint8.tflite").write_bytes(b""),
        ),
        check_bundle,
        error="'model_uint8.tflite' in ",
    ),
    OddFile(
        "an added folder of a page",
        then(bundle_of(signature_json="{}"), lambda folder: (folder / "web").mkdir()),
        check_bundle,
        error="'web/' in ",
    ),
    OddFile(
        "an added pipe with a model's name",
        then(bundle_of(signature_json="{}"), lambda folder: os.mkfifo(folder / "model.keras")),
        check_bundle,
        error="'model.keras' in ",
    ),
    OddFile(
        "an added note and folder",
        then(
            bundle_of(signature_json="{}"),
            lambda folder: ((folder / "note.txt").write_text(""), (folder / "mine").mkdir()),
        ),
        unlisted,
        ["mine/", "note.txt"],
    ),
    OddFile(
        "a file that is a link out of the bundle, with the content that was written",
        then(
            bundle_of(signature_json="{}"),
            lambda folder: (
                (folder / "signature.json").rename(folder.with_name("other"))
                and (folder / "signature.json").symlink_to(folder.with_name("other"))
            ),
        ),
        check_bundle,
        ["signature.json"],
    ),
    OddFile(
        "a link out of the bundle to other content",
        then(
            bundle_of(signature_json="{}"),
            lambda folder: (
                (folder / "signature.json").unlink(),
                (folder / "signature.json").symlink_to("/etc/hosts"),
            ),
        ),
        check_bundle,
        error="is damaged or was altered",
    ),
    OddFile(
        "checksums of a file above the bundle",
        bundle_of(SHA256SUMS="0" * 64 + "  ../a\n"),
        check_bundle,
        error="one outside the bundle",
    ),
    # Recipes that lead out, and what is none.
    OddFile(
        "a recipe whose name leads out",
        recipe_with(name="../../evil"),
        read_saved_recipe,
        error="the name '../../evil'",
    ),
    OddFile(
        "a recipe with an absolute name",
        recipe_with(name="/tmp/evil"),
        read_saved_recipe,
        error="the name ",
    ),
    OddFile(
        "a recipe with a null in its name",
        recipe_with(name="a\0b"),
        read_saved_recipe,
        error="the name ",
    ),
    OddFile(
        "a recipe whose name is a line",
        recipe_with(name="a\n"),
        read_saved_recipe,
        error="the name ",
    ),
    OddFile(
        "a recipe with a name of 10,000 characters",
        recipe_with(name="x" * 10_000),
        read_saved_recipe,
        error="the name ",
    ),
    OddFile(
        "a recipe with a number as name",
        recipe_with(name=5),
        read_saved_recipe,
        error="does not hold a recipe",
    ),
    OddFile(
        "a recipe that loads nothing", recipe_with(load=None), read_saved_recipe, error="load=None"
    ),
    OddFile(
        "a recipe with a spec that there is not",
        recipe_with(build={"spec": "os.system"}),
        read_saved_recipe,
        error="no spec is called 'os.system'",
    ),
    OddFile(
        "a recipe that is another spec",
        bundle_of(recipe_json='{"spec": "ImputeMedian"}'),
        read_saved_recipe,
        error="it is a ImputeMedian",
    ),
    OddFile(
        "a deep recipe",
        bundle_of(recipe_json=DEEP),
        read_saved_recipe,
        error="recipe.json of the bundle",
    ),
    OddFile("a good recipe", recipe_with(), read_saved_recipe, "birds_mlp"),
    OddFile(
        "a deep report",
        bundle_of(report_json=DEEP),
        lambda folder: read_json(folder, "report.json"),
        error="report.json of the bundle",
    ),
    OddFile(
        "a report with a key that stands twice",
        bundle_of(report_json='{"ladder": 1, "ladder": 2}'),
        lambda folder: read_json(folder, "report.json"),
        error="a key stands twice",
    ),
    OddFile(
        "golden rows that are a number",
        bundle_of(golden_json="5"),
        read_golden_rows,
        error="golden.json in ",
    ),
    OddFile(
        "a bundle's file of more bytes than it may have",
        bundle_of(a_json="x" * 100),
        lambda folder: read_checked(folder, "a.json", most=10),
        error="100 bytes, at most 10",
    ),
    # Arrays whose headers promise more than there is.
    OddFile(
        "an array of 10**12 rows",
        file_of("r.npy", npy((10**12, 4))),
        load_rows,
        error="declares 16,000,000,000,000 bytes and holds 0",
    ),
    OddFile(
        "an array of a negative size",
        file_of("r.npy", npy((-1, 4))),
        load_rows,
        error="an array of shape (-1, 4)",
    ),
    OddFile(
        "an array of objects",
        file_of("r.npy", npy((1,), dtype="|O", values=b"cos\nsystem\n")),
        load_rows,
        error="Python objects, which are never unpacked",
    ),
    OddFile(
        "an array with a header that is no literal",
        file_of("r.npy", npy((1,)).replace(b"False", b"f()  ")),
        load_rows,
        error="cannot be read",
    ),
    OddFile(
        "arrays of which one leads out",
        file_of("r.npz", zipped([("../x.npy", npy((1,), values=b"\0" * 4))])),
        load_rows,
        error="'../x.npy' leads out of the file",
    ),
    OddFile(
        "arrays that declare 3 GB of a few bytes",
        file_of("r.npz", zipped([("x.npy", npy((1,), values=b"\0" * 4))], declared=3 * 10**9)),
        load_rows,
        error="declares 3,000,000,000 bytes of",
    ),
    OddFile(
        "arrays of one name",
        file_of("r.npz", zipped([("x.npy", npy(())), ("x.npy", npy(()))])),
        load_rows,
        error="two members have one name",
    ),
    OddFile(
        "pictures that declare 3 GB of a few bytes",
        file_of("p.npz", zipped([("x.npy", npy((1,), values=b"\0" * 4))], declared=3 * 10**9)),
        lambda path: LoadArrays(str(path)).read(),
        error="declares 3,000,000,000 bytes of",
    ),
    OddFile(
        "a good array",
        file_of("r.npy", npy((2,), values=struct.pack("<2f", 1, 2))),
        lambda path: read_arrays(path).tolist(),
        [1.0, 2.0],
    ),
    # Tables that unpack to more than memory.
    OddFile(
        "a million empty cells in a kilobyte",
        packed("t.csv.gz", b",\n", 500_000),
        with_limit("MAX_CELLS", 10_000, table),
        error="more than 10,000 cells",
    ),
    OddFile(
        "ten megabytes of zeros packed",
        packed("t.csv.gz", b"0", 10**7),
        with_limit("MAX_TABLE_BYTES", 10**6, table, module=csv_files),
        error="unpacks to more than 1,000,000 bytes",
    ),
    OddFile(
        "Parquet of a million equal rows",
        parquet_of_equal_rows,
        with_limit("MAX_CELLS", 10_000, table),
        error="1,000,000 rows of 1 columns, more than 10,000 cells",
    ),
    OddFile(
        "Parquet of one long text 5,000 times",
        parquet_of_one_long_text,
        table,
        error="unpacks to more than 4,294,967,296 bytes",
    ),
    OddFile(
        "a header of 100,000 columns",
        file_of("t.csv", ",".join(map(str, range(100_000))) + "\n"),
        table,
        error="100,000 columns",
    ),
    OddFile(
        "Parquet that is none",
        file_of("t.parquet", b"PAR1" + b"\xff" * 40 + b"PAR1"),
        table,
        error="cannot be read as Parquet",
    ),
    OddFile(
        "a packed table with a torn end",
        file_of("t.csv.gz", gzip.compress(b"a,b\n1,2\n" * 1000)[:-9]),
        table,
        error="is not a whole gzip file",
    ),
    OddFile(
        "deep JSON on a line",
        of_lines("t.jsonl", '{"a": ' + DEEP + "}"),
        table,
        error="row 0",
    ),
    OddFile(
        "a JSON number of 5,000 digits",
        of_lines("t.jsonl", '{"a": ' + "9" * 5000 + "}"),
        table,
        error="row 0",
    ),
    OddFile(
        "half of a surrogate pair as a column's name",
        of_lines("t.jsonl", '{"\\ud800": 1}'),
        table,
        error="half of a surrogate pair",
    ),
    OddFile(
        "a null character in a column's name",
        of_lines("t.jsonl", '{"a\\u0000b": 1}'),
        table,
        error="a null character",
    ),
    OddFile(
        "half of a surrogate pair as the name of a column in memory",
        file_of("t", ""),
        lambda path: table_from_memory({"\ud800": [1, 2]}),
        error="half of a surrogate pair",
    ),
    OddFile(
        "a date format with a part twice",
        of_lines("t.csv", "a,y", *["2001,1", "2002,2"] * 5),
        lambda path: LoadTable(str(path), "y", kinds={"a": "date:%Y%Y"}).read(),
        error="'date:%Y%Y'",
    ),
    OddFile(
        "a date format with a letter that is none",
        of_lines("t.csv", "a,y", *["2001,1", "2002,2"] * 5),
        lambda path: LoadTable(str(path), "y", kinds={"a": "date:%Q"}).read(),
        error="'date:%Q'",
    ),
    OddFile(
        "a kind of series that there is not",
        of_lines("t.csv", "t,a,y", "2001-01-01,1,2"),
        lambda path: LoadSeries(str(path), "t", "y", kinds={"a": "nonsense"}).read(),
        error="kind 'nonsense'",
    ),
    # Series, vectors, pictures.
    OddFile(
        "a series of a million commas",
        of_lines("a.ts", *TS, "," * 1_000_000 + ":a"),
        lambda path: LoadTsFiles(str(path)).read(),
        error="1,000,001 steps",
    ),
    OddFile(
        "a series of 10**18 steps",
        of_lines("a.ts", f"@seriesLength {10**18}", *TS, "1:a"),
        lambda path: LoadTsFiles(str(path)).read(),
        error="@seriesLength and a number of 1 to 32,768",
    ),
    OddFile(
        "vectors of 10**11 numbers",
        of_lines("v.txt", "5 99999999999", "a 1"),
        lambda path: check_vectors(str(path), 8),
        error="vectors of 99,999,999,999 numbers",
    ),
    OddFile(
        "a picture of 60,000 × 60,000",
        file_of("a.png", png(60_000, 60_000)),
        words_of(pixels),
        "60,000 × 60,000 pixels, at most 30,000 a side",
    ),
    OddFile(
        "a picture with a packed text of 10 MB",
        file_of("a.png", png(8, 8, (b"zTXt", b"a\0\0" + zlib.compress(b"0" * 10**7)))),
        words_of(pixels),
        "broken (Decompressed data too large for PngImagePlugin.MAX_TEXT_CHUNK)",
    ),
    OddFile(
        "a label that is not UTF-8",
        file_of("m.keras", b""),
        lambda path: export_model(
            path, path, name="own", labels=("a", "caf\udce9"), folder=path.parent
        ),
        error="the label 'caf\\udce9'",
    ),
    # .keras files.
    OddFile(
        "a model that is no zip file",
        file_of("m.keras", b"nonsense"),
        words_of(lambda path: read_config(path.read_bytes())),
        "no .keras file: BadZipFile: File is not a zip file",
    ),
    OddFile(
        "a deep configuration",
        file_of("m.keras", keras_zip(DEEP)),
        words_of(lambda path: read_config(path.read_bytes())[:30]),
        "no .keras file: RecursionError: maximum "
        "recursion depth exceeded while decoding a JSON array from a unicode string",
    ),
    OddFile(
        "a configuration of 9 MB",
        file_of("m.keras", keras_zip(b" " * 9 * 2**20)),
        words_of(lambda path: read_config(path.read_bytes())),
        "the member 'config.json' unpacks to more than 8,388,608 bytes",
    ),
    OddFile(
        "a member of a model that leads out",
        file_of("m.keras", keras_zip("{}", ("assets/../../evil", "x"))),
        words_of(lambda path: read_config(path.read_bytes())),
        "the member 'assets/../../evil' leads out of the file",
    ),
    OddFile(
        "a member that no model has",
        file_of("m.keras", keras_zip("{}", ("run.py", "x"))),
        words_of(lambda path: read_config(path.read_bytes())),
        "it holds config.json, metadata.json, model.weights.h5, run.py, not config.json and "
        "model.weights.h5",
    ),
    OddFile(
        "weights that declare 3 GB",
        file_of(
            "m.keras",
            zipped([("config.json", "{}"), ("model.weights.h5", b"x" * 2000)], declared=2**31),
        ),
        words_of(lambda path: read_config(path.read_bytes())),
        "its members unpack to 4,294,967,296 bytes, at most 2,147,483,648",
    ),
)
