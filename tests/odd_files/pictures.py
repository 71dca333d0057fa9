"""Pictures that people have: the pixels that are read of them, or why they are refused."""

import io
import struct
import zlib
from pathlib import Path

import numpy as np
from PIL import Image

from pipelines.device import DeviceError
from pipelines.device.cells import PICTURE, Column, read_column
from pipelines.vision import LoadArrays, LoadFolder, LoadPaths
from tests.odd_files import OddFile

GREYS = np.array([[0, 64], [128, 255]], np.uint8)
COLOURS = np.array([[[255, 0, 0], [0, 255, 0]], [[0, 0, 255], [255, 255, 255]]], np.uint8)


def encoded(pixels, kind="PNG", **how):
    """The bytes of a picture file of an array or a PIL image."""
    buffer = io.BytesIO()
    (pixels if isinstance(pixels, Image.Image) else Image.fromarray(pixels)).save(
        buffer, kind, **how
    )
    return buffer.getvalue()


def png(values, colour_type, *chunks, bits=16):
    """A PNG by hand: of uint16 [height, width(, channels)], or rows of bytes that are packed
    already.
    """

    def chunk(name, content):
        return (
            struct.pack(">I", len(content))
            + name
            + content
            + struct.pack(">I", zlib.crc32(name + content))
        )

    height, width = values.shape[:2]
    rows = b"".join(
        b"\0" + row.astype(">u2" if bits == 16 else np.uint8).tobytes() for row in values
    )
    header = struct.pack(
        ">IIBBBBB", width * (8 // bits if bits < 8 else 1), height, bits, colour_type, 0, 0, 0
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        chunk(*each)
        for each in ((b"IHDR", header), *chunks, (b"IDAT", zlib.compress(rows)), (b"IEND", b""))
    )


def folder_of(content, name="a.png", *, others=(), num=3):
    """Writes class folders a and b, each with `num` pictures of the content; `others`: (name,
    content) in a.
    """

    def write(folder: Path) -> Path:
        for label in "ab":
            (folder / "d" / label).mkdir(parents=True)
            for place in range(num):
                (folder / "d" / label / f"{place}{name}").write_bytes(content)
        for other, odd in others:
            (folder / "d" / "a" / other).write_bytes(odd)
        return folder / "d"

    return write


def arrays_of(x, **more):
    """Writes a .npz file of the pictures x [rows, ...] with two classes in turn."""

    def write(folder: Path) -> Path:
        np.savez(folder / "a.npz", x=x, y=np.arange(len(x)) % 2, **more)
        return folder / "a.npz"

    return write


def first(path, **knobs):
    """The pixels of the first picture of a folder of class folders, in its own size of 2 × 2."""
    dataset, _ = LoadFolder(str(path), **{"height": 2, "width": 2, **knobs}).read()
    return dataset.x["picture"][0].squeeze().tolist()


def with_white(path):
    return first(path, white=4095)


def column(path, **knobs):
    """(channels, white point) of the column that a folder becomes."""
    dataset, _ = LoadFolder(str(path), height=2, width=2, **knobs).read()
    return dataset.schema.columns[0].shape[2], dataset.schema.columns[0].white


def noted(name, **knobs):
    """Reads what a folder's schema reports under a name: (kind, why), or None."""

    def read(path):
        _, notes = LoadFolder(str(path), **{"height": 2, "width": 2, **knobs}).read()
        return next(((each.kind, each.why) for each in notes if each.name == name), None)

    return read


def first_of_arrays(path, **knobs):
    dataset, _ = LoadArrays(str(path), **knobs).read()
    return dataset.x["picture"][0].squeeze().tolist()


def on_device(white, shape=(2, 2, 1)):
    """Reads a file as the device runner does, for a column of that white point."""

    def read(path):
        pixels, bad = read_column(
            [path], Column("picture", PICTURE, shape=shape, white=white), frozenset({""})
        )
        if bad:
            raise DeviceError(bad[0].reason, expected="a picture", fix="another file")
        return pixels[0].squeeze().tolist()

    return read


def only(content, name="a.png"):
    def write(folder: Path) -> Path:
        (folder / name).write_bytes(content)
        return folder / name

    return write


def by_table(path):
    """What a table of paths reads of a folder's pictures."""
    table = path / "index.csv"
    rows = [f"{label}/{place}a.png,{label}\n" for label in "ab" for place in range(3)]
    table.write_text("path,label\n" + "".join(rows))
    dataset, _ = LoadPaths(str(table), "label", height=2, width=2, white=4095).read()
    return dataset.x["picture"][0].squeeze().tolist(), dataset.schema.columns[0].white


def exif(orientation):
    block = Image.Exif()
    block[0x0112] = orientation
    return block


def palette(transparency=None):
    image = Image.new("P", (2, 2), 1)
    image.putpalette([10, 20, 30, 200, 100, 0])
    image.putpixel((0, 0), 0)
    return encoded(image, **({} if transparency is None else {"transparency": transparency}))


def idx_of(content_type):
    """Writes a folder of idx files, of which the pictures declare a type of values."""

    def write(folder: Path) -> Path:
        images = bytes((0, 0, content_type, 3)) + struct.pack(">3I", 6, 2, 2) + b"\0" * 48
        (folder / "train-images-idx3-ubyte").write_bytes(images)
        (folder / "train-labels-idx1-ubyte").write_bytes(
            b"\0\0\x08\1" + struct.pack(">I", 6) + b"\0\1" * 3
        )
        return folder

    return write


def parts_of(train, test):
    """Writes a .npz file of a training and a test part, six times the same picture each."""

    def write(folder: Path) -> Path:
        np.savez(
            folder / "p.npz",
            x_train=np.stack([train] * 6),
            y_train=np.arange(6) % 2,
            x_test=np.stack([test] * 6),
            y_test=np.arange(6) % 2,
        )
        return folder / "p.npz"

    return write


def cells(path):
    """(first picture, white point) of files in memory."""
    files = [path.read_bytes()] * 6
    dataset, _ = LoadArrays("", height=2, width=2, white=4095).read(
        {"picture": files, "label": list("ababab")}
    )
    return dataset.x["picture"][0].squeeze().tolist(), dataset.schema.columns[0].white


TWELVE = np.array([[0, 1024], [2048, 4095]], np.uint16)
TEN = np.array([[0, 256], [512, 1000]], np.uint16)
FULL = np.array([[0, 16_448], [32_896, 65_535]], np.uint16)
TWELVE_COLOURS = np.array(
    [[[4095, 0, 0], [0, 4095, 0]], [[0, 0, 4095], [4095, 4095, 4095]]], np.uint16
)
OPAQUE_TWELVE = np.concatenate([TWELVE_COLOURS, np.full((2, 2, 1), 65_535, np.uint16)], axis=2)
BYTES = [[0, 64], [128, 255]]
RGB = COLOURS.tolist()
NOT_A_PICTURE = "not a JPEG, PNG, GIF, WebP or BMP picture"

ODD_FILES = (
    OddFile(
        "12 bits in 16",
        folder_of(png(TWELVE, 0)),
        first,
        error="16-bit pictures whose largest value is 4,095: with white at 65,535 they would "
        "be nearly black\n"
        "  expected: the value that is white; 12 bits have 4,095\n  fix: --set load.white=4095",
    ),
    OddFile("12 bits with the white point", folder_of(png(TWELVE, 0)), with_white, BYTES),
    OddFile(
        "12 bits, the white point is kept",
        folder_of(png(TWELVE, 0)),
        lambda path: column(path, white=4095),
        (1, 4095),
    ),
    OddFile("12 bits by a table of paths", folder_of(png(TWELVE, 0)), by_table, (BYTES, 4095)),
    OddFile(
        "10 bits in 16",
        folder_of(png(TEN, 0)),
        first,
        error="10 bits have 1,023\n  fix: --set load.white=1023",
    ),
    OddFile("14 bits in 16", folder_of(png(TWELVE * 4, 0)), first, error="--set load.white=16383"),
    OddFile(
        "bytes in 16 bits",
        folder_of(png(GREYS.astype(np.uint16), 0)),
        first,
        error="--set load.white=255",
    ),
    OddFile("all 16 bits", folder_of(png(FULL, 0)), first, BYTES),
    OddFile("all 16 bits, the white point is kept", folder_of(png(FULL, 0)), column, (1, 65_535)),
    OddFile(
        "16 bits that are that dark",
        folder_of(png(TWELVE, 0)),
        lambda path: first(path, white=65_535),
        [[0, 4], [8, 16]],
    ),
    OddFile("16 bits, all black", folder_of(png(TWELVE * 0, 0)), column, (1, 0)),
    OddFile(
        "16 bits above the white point",
        folder_of(png(FULL, 0)),
        with_white,
        error="its 16-bit pixels go up to 65,535, and the white point is 4,095",
    ),
    OddFile(
        "one of 12 bits among those of 16",
        folder_of(png(FULL, 0), others=[("x.png", png(TWELVE, 0))]),
        noted("16-bit pictures"),
        (
            "white 65,535",
            "7 pictures, the largest value is 65,535; 1 stay below 16,384, dark or of fewer bits",
        ),
    ),
    OddFile(
        "12 bits for a white point of 14",
        folder_of(png(TWELVE, 0)),
        noted("16-bit pictures", white=16_383),
        (
            "white 16,383",
            "6 pictures, the largest value is 4,095: they may use fewer bits, white at 4,095",
        ),
    ),
    OddFile(
        "12 bits of colours",
        folder_of(png(TWELVE_COLOURS, 2)),
        first,
        error="--set load.white=4095",
    ),
    OddFile(
        "12 bits of colours with the white point",
        folder_of(png(TWELVE_COLOURS, 2)),
        with_white,
        RGB,
    ),
    OddFile(
        "12 bits of colours and transparency", folder_of(png(OPAQUE_TWELVE, 6)), with_white, RGB
    ),
    OddFile(
        "12 bits of grey and transparency",
        folder_of(png(OPAQUE_TWELVE[:, :, 2:], 4)),
        with_white,
        error="16-bit grey with transparency is read with the white point 65,535 alone",
    ),
    OddFile(
        "a colour of 16 bits that is transparent",
        folder_of(png(TWELVE_COLOURS, 2, (b"tRNS", struct.pack(">3H", 4095, 0, 0)))),
        with_white,
        [[[255, 255, 255], *RGB[0][1:]], RGB[1]],
    ),
    OddFile(
        "a grey of 16 bits that is transparent",
        folder_of(png(TWELVE, 0, (b"tRNS", struct.pack(">H", 0)))),
        with_white,
        [[255, 64], [128, 255]],
    ),
    OddFile(
        "12 bits for a device trained on bytes",
        only(png(TWELVE, 0)),
        on_device(0),
        error="its 16-bit pixels go up to 4,095 of 65,535, which would be nearly black",
    ),
    OddFile(
        "colours of 12 bits for a device trained on bytes",
        only(png(TWELVE_COLOURS, 2)),
        on_device(0, (2, 2, 3)),
        error="which would be nearly black",
    ),
    OddFile("16 bits for a device trained on bytes", only(png(FULL, 0)), on_device(0), BYTES),
    OddFile("12 bits for a device trained on 12", only(png(TWELVE, 0)), on_device(4095), BYTES),
    OddFile(
        "16 bits for a device trained on 12",
        only(png(FULL, 0)),
        on_device(4095),
        error="its 16-bit pixels go up to 65,535, and the white point is 4,095",
    ),
    OddFile("bytes for a device trained on 12 bits", only(encoded(GREYS)), on_device(4095), BYTES),
    OddFile(
        "12 bits for a bundle of format 1",
        only(png(TWELVE, 0)),
        on_device(65_535),
        [[0, 4], [8, 16]],
    ),
    OddFile(
        "an array of 12 bits",
        arrays_of(np.stack([TWELVE] * 6)),
        first_of_arrays,
        error="--set load.white=4095",
    ),
    OddFile(
        "an array of 12 bits with the white point",
        arrays_of(np.stack([TWELVE] * 6)),
        lambda path: first_of_arrays(path, white=4095),
        BYTES,
    ),
    OddFile(
        "an array of 16 bits, big-endian",
        arrays_of(np.stack([FULL] * 6).astype(">u2")),
        first_of_arrays,
        BYTES,
    ),
    OddFile("files of 12 bits in memory", only(png(TWELVE, 0)), cells, (BYTES, 4095)),
    OddFile(
        "arrays of bytes and of 16 bits",
        parts_of(FULL, GREYS),
        first_of_arrays,
        error="parts of types uint16, uint8",
    ),
    OddFile(
        "idx files of int16",
        idx_of(11),
        first_of_arrays,
        error="an idx file of int16; those of bytes, 0 to 255, are read: write the arrays as .npz",
    ),
    OddFile(
        "an array of real numbers",
        arrays_of(np.stack([TWELVE / 4095] * 6)),
        lambda path: first_of_arrays(path, images="x"),
        error="pictures float64 (6, 2, 2)",
    ),
    OddFile(
        "an array of signed numbers",
        arrays_of(np.stack([TWELVE] * 6).astype(np.int16)),
        lambda path: first_of_arrays(path, images="x"),
        error="pictures int16 (6, 2, 2)",
    ),
    OddFile(
        "8-bit pictures of four bits",
        folder_of(encoded(GREYS // 17)),
        noted("brightness"),
        (
            "at most 15 of 255",
            "8-bit pictures that look black; if they are not that dark, multiply them by 17 and "
            "write them again",
        ),
    ),
    OddFile("8-bit pictures of eight bits", folder_of(encoded(GREYS)), noted("brightness"), None),
    OddFile(
        "one bit",
        folder_of(png(np.array([[0x40], [0x80]]), 0, bits=1)),
        lambda path: first(path, width=8),
        [[0, 255, 0, 0, 0, 0, 0, 0], [255, 0, 0, 0, 0, 0, 0, 0]],
    ),
    OddFile("grey pictures", folder_of(encoded(GREYS)), column, (1, 0)),
    OddFile(
        "grey pictures are named",
        folder_of(encoded(GREYS)),
        noted("channels"),
        ("1", "every picture is grey; --set load.channels=3 reads 3"),
    ),
    OddFile(
        "grey pictures as three channels",
        folder_of(encoded(GREYS)),
        lambda path: column(path, channels=3),
        (3, 0),
    ),
    OddFile(
        "grey stored as colours",
        folder_of(encoded(np.repeat(GREYS[:, :, None], 3, axis=2))),
        first,
        BYTES,
    ),
    OddFile(
        "one of colours among grey ones",
        folder_of(encoded(GREYS), others=[("x.png", encoded(COLOURS))]),
        column,
        (3, 0),
    ),
    OddFile(
        "an array of grey in three channels",
        arrays_of(np.repeat(GREYS[None, :, :, None], 3, axis=3).repeat(6, 0)),
        lambda path: [
            each.why for each in LoadArrays(str(path)).read()[1] if each.name == "channels"
        ],
        ["equal in every picture: --set load.channels=1 reads one"],
    ),
    OddFile("a PNG named .jpg", folder_of(encoded(COLOURS), "a.jpg"), first, RGB),
    OddFile(
        "a PNG named .jpg is named",
        folder_of(encoded(COLOURS), others=[("x.jpg", encoded(COLOURS))]),
        noted("named otherwise"),
        ("1 file", "read by content: 'a/x.jpg': a PNG"),
    ),
    OddFile(
        "a JPEG named .png", folder_of(encoded(GREYS * 0 + 200, "JPEG")), first, [[200, 200]] * 2
    ),
    OddFile(
        "text named .png",
        folder_of(encoded(COLOURS), others=[("x.png", b"path,label\n")]),
        noted("skipped"),
        ("1 file", f"'a/x.png': {NOT_A_PICTURE}"),
    ),
    OddFile(
        "a web page named .jpg",
        folder_of(encoded(COLOURS), others=[("x.jpg", b"\n<!DOCTYPE html><html>404")]),
        noted("skipped"),
        ("1 file", f"'a/x.jpg': {NOT_A_PICTURE}, but a web page"),
    ),
    OddFile(
        "a pointer of Git LFS",
        folder_of(b"version https://git-lfs.github.com/spec/v1\n"),
        first,
        error=f"{NOT_A_PICTURE}, but a Git LFS pointer",
    ),
    OddFile(
        "a TIFF named .png",
        folder_of(encoded(COLOURS, "TIFF")),
        first,
        error=f"{NOT_A_PICTURE}, but a TIFF",
    ),
    OddFile(
        "a HEIC named .jpg",
        folder_of(b"\0\0\0\x18ftypheic\0\0\0\0"),
        first,
        error="a picture of the format HEIC",
    ),
    OddFile(
        "TIFF files",
        folder_of(encoded(COLOURS, "TIFF"), "a.tif"),
        first,
        error="no pictures in the folder",
    ),
    OddFile(
        "half a PNG",
        folder_of(encoded(COLOURS), others=[("x.png", encoded(COLOURS)[:-30])]),
        noted("skipped"),
        ("1 file", "'a/x.png': truncated"),
    ),
    OddFile(
        "CMYK",
        folder_of(encoded(Image.new("CMYK", (2, 2), (0, 0, 0, 255)), "JPEG"), "a.jpg"),
        first,
        [[0, 0], [0, 0]],
    ),
    OddFile(
        "turned by EXIF",
        folder_of(encoded(COLOURS, exif=exif(3))),
        first,
        COLOURS[::-1, ::-1].tolist(),
    ),
    OddFile(
        "an animation",
        folder_of(
            encoded(
                Image.fromarray(COLOURS),
                "PNG",
                save_all=True,
                append_images=[Image.fromarray(COLOURS[::-1].copy())],
            )
        ),
        first,
        RGB,
    ),
    OddFile(
        "a palette",
        folder_of(palette()),
        first,
        [[[10, 20, 30], [200, 100, 0]], [[200, 100, 0]] * 2],
    ),
    OddFile(
        "a palette with transparency",
        folder_of(palette(1)),
        first,
        [[[10, 20, 30], [255] * 3], [[255] * 3] * 2],
    ),
    OddFile(
        "a palette of greys", folder_of(encoded(Image.fromarray(GREYS).convert("P"))), first, BYTES
    ),
)
