"""One reading of a picture: every format and mode, what is refused, and pixels that stay as they
are.
"""

import io
import os
import struct
import tracemalloc
import warnings
import zlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from PIL import Image

from pipelines.device.cells import PICTURE, Column, read_column, shorten
from pipelines.device.picture_headers import picture_format
from pipelines.device.pictures import MAX_PIXELS, picture_digest, read_picture

SHAPE = (32, 32, 3)


@pytest.fixture(scope="module")
def emoji():
    """A real picture with colours and edges: uint8 [32, 32, 3]."""
    with np.load("data/emoji_32.npz") as stored:
        return stored["X"][300]


def encode(image, kind, **how):
    buffer = io.BytesIO()
    (image if isinstance(image, Image.Image) else Image.fromarray(image)).save(buffer, kind, **how)
    return buffer.getvalue()


def half(image, kind):
    content = encode(image, kind)
    return content[: len(content) // 2]


def png(width, height, bits, color, rows, *chunks):
    """A PNG by hand, for what Pillow does not write. rows: raw scan lines, a filter byte first."""

    def chunk(name, content):
        return (
            struct.pack(">I", len(content))
            + name
            + content
            + struct.pack(">I", zlib.crc32(name + content))
        )

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, bits, color, 0, 0, 0))
    return (
        b"\x89PNG\r\n\x1a\n"
        + header
        + b"".join(chunk(*each) for each in chunks)
        + chunk(b"IDAT", zlib.compress(rows))
        + chunk(b"IEND", b"")
    )


@pytest.mark.parametrize("kind, how", [("PNG", {}), ("BMP", {}), ("WEBP", {"lossless": True})])
def test_lossless_formats_keep_every_pixel(emoji, tmp_path, kind, how):
    content = encode(emoji, kind, **how)
    path = tmp_path / "a"
    path.write_bytes(content)
    for cell in (
        content,
        bytearray(content),
        memoryview(content),
        path,
        str(path),
        Image.open(io.BytesIO(content)),
        emoji,
    ):
        np.testing.assert_array_equal(read_picture(cell, SHAPE), emoji)
    assert picture_format(content[:12]) == kind
    grey = encode(emoji[:, :, 0], kind, **how)
    np.testing.assert_array_equal(read_picture(grey, (32, 32, 1))[:, :, 0], emoji[:, :, 0])


def test_lossy_formats_are_what_pillow_decodes(emoji):
    for content in (
        encode(emoji, "JPEG", quality=95, subsampling=0),
        encode(emoji, "WEBP", quality=95),
        encode(emoji, "JPEG", quality=95, progressive=True),
        encode(emoji, "GIF"),
    ):
        there = read_picture(content, SHAPE)
        np.testing.assert_array_equal(
            there, np.asarray(Image.open(io.BytesIO(content)).convert("RGB"))
        )
        assert np.abs(there.astype(int) - emoji).mean() < 16


def test_cmyk_becomes_rgb(emoji):
    there = read_picture(
        encode(Image.fromarray(emoji).convert("CMYK"), "JPEG", quality=95, subsampling=0), SHAPE
    )
    assert np.abs(there.astype(int) - emoji).mean() < 6


def test_sixteen_bits_are_scaled_not_cut(emoji):
    grey = emoji[:, :, 1].astype(np.uint16)
    for cell in (
        encode(grey * 257, "PNG"),
        Image.fromarray(grey * 257),
        Image.fromarray(grey.astype(np.int32) * 257),
        grey * 257,
        (grey * 257).astype(">u2"),
    ):
        np.testing.assert_array_equal(read_picture(cell, (32, 32, 1))[:, :, 0], emoji[:, :, 1])
    with pytest.raises(ValueError, match="outside 0 to 65,535"):
        read_picture(Image.fromarray(np.full((4, 4), -1, np.int32)), (4, 4, 1))
    rows = b"".join(b"\0" + struct.pack(">4H", 0, 100, 40_000, 65_535) for _ in range(4))
    through = read_picture(png(4, 4, 16, 0, rows, (b"tRNS", struct.pack(">H", 40_000))), (4, 4, 1))
    assert through[0, :, 0].tolist() == [0, 0, 255, 255]


@given(arrays(np.uint16, (3, 4)))
def test_sixteen_bits_are_rounded(pixels):
    np.testing.assert_array_equal(
        read_picture(pixels, (3, 4, 1))[:, :, 0], np.round(pixels / 257).astype(np.uint8)
    )


@given(arrays(np.uint16, (3, 4)), st.integers(1, 65_535))
def test_the_white_point_becomes_255_whatever_it_is(pixels, white):
    pixels = np.minimum(pixels, white).astype(np.uint16)
    pixels[0, 0] = white
    there = read_picture(pixels, (3, 4, 1), white=white)[:, :, 0]
    assert there[0, 0] == 255 and np.abs(there - pixels * (255 / white)).max() <= 0.5 + 1e-9
    np.testing.assert_array_equal(
        read_picture(encode(pixels, "PNG"), (3, 4, 1), white=white)[:, :, 0], there
    )
    if white < 65_535:
        pixels[1, 1] = white + 1
        with pytest.raises(
            ValueError, match=f"go up to {white + 1:,}, and the white point is {white:,}"
        ):
            read_picture(pixels, (3, 4, 1), white=white)


def test_transparent_pixels_lie_over_white(emoji):
    alpha = np.zeros((32, 32, 1), np.uint8)
    alpha[:16] = 255
    rgba = np.concatenate([emoji, alpha], axis=2)
    expected = np.where(alpha, emoji, np.uint8(255))
    for cell in (
        rgba,
        Image.fromarray(rgba),
        encode(rgba, "PNG"),
        encode(rgba, "WEBP", lossless=True),
    ):
        np.testing.assert_array_equal(read_picture(cell, SHAPE), expected)
    grey = encode(
        Image.merge("LA", (Image.fromarray(emoji[:, :, 0]), Image.fromarray(alpha[:, :, 0]))), "PNG"
    )
    np.testing.assert_array_equal(read_picture(grey, (32, 32, 1))[16:], 255)
    np.testing.assert_array_equal(read_picture(grey, (32, 32, 1))[:16, :, 0], emoji[:16, :, 0])
    half = np.concatenate([np.zeros_like(emoji), np.full_like(alpha, 128)], axis=2)
    assert set(np.unique(read_picture(half, SHAPE))) <= {126, 127, 128}


@pytest.mark.parametrize("mark", [b"\xff\x00", 0])
def test_palette_with_transparency(mark):
    """One entry transparent by a list of alphas, or by its number; Pillow warns of the first in
    other conversions.
    """
    image = Image.new("P", (2, 2), 1)
    image.putpalette([10, 20, 30, 200, 100, 0])
    image.putpixel((0, 0), 0)
    pixels = read_picture(encode(image, "PNG", transparency=mark), (2, 2, 3))
    if isinstance(mark, bytes):
        white, colour = ((1, 1), (0, 0))
    else:
        white, colour = ((0, 0), (1, 1))
    assert pixels[white].tolist() == [255, 255, 255]
    assert pixels[colour].tolist() == ([10, 20, 30] if isinstance(mark, bytes) else [200, 100, 0])


def test_bits_and_colours_that_are_marked_transparent():
    rows = b"\0\xa0" * 4
    assert read_picture(png(4, 4, 1, 0, rows), (4, 4, 1))[0, :, 0].tolist() == [255, 0, 255, 0]
    assert read_picture(np.array([[True, False]] * 2), (2, 2, 1))[0, :, 0].tolist() == [255, 0]
    marked = png(2, 1, 8, 2, b"\0\x01\x02\x03\x09\x09\x09", (b"tRNS", struct.pack(">3H", 1, 2, 3)))
    assert read_picture(marked, (1, 2, 3))[0].tolist() == [[255, 255, 255], [9, 9, 9]]


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "PNG"])
def test_the_first_frame_of_an_animation(emoji, kind):
    frames = [Image.fromarray(emoji), Image.fromarray(emoji[::-1].copy())]
    if kind == "WEBP":
        how = {"lossless": True}
    else:
        how = {}
    content = encode(frames[0], kind, save_all=True, append_images=frames[1:], duration=100, **how)
    first = read_picture(encode(frames[0], kind, **how), SHAPE)
    np.testing.assert_array_equal(read_picture(content, SHAPE), first)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_orientation(emoji, kind, orientation):
    from PIL import ImageOps

    exif = Image.Exif()
    exif[0x010E], exif[0x0112] = "words before it", orientation
    content = encode(emoji[:20], kind, exif=exif, **({"lossless": True} if kind == "WEBP" else {}))
    expected = ImageOps.exif_transpose(Image.open(io.BytesIO(content)))
    there = read_picture(content, (*expected.size[::-1], 3))
    np.testing.assert_array_equal(there, np.asarray(expected))
    assert there.shape[:2] == ((20, 32) if orientation < 5 else (32, 20))


@given(st.binary(max_size=60))
def test_damaged_exif_is_no_orientation(block):
    image = Image.new("L", (3, 2))
    image.info["exif"] = b"Exif\0\0II*\0" + block
    assert read_picture(image, (2, 3, 1)).shape == (2, 3, 1) or b"\x12\x01" in block


@settings(max_examples=30, deadline=None)
@given(
    arrays(np.uint8, st.tuples(st.integers(1, 40), st.integers(1, 40), st.sampled_from([1, 3]))),
    st.integers(1, 20),
    st.integers(1, 20),
)
def test_resizing_is_pillows_and_the_same_for_every_way_in(pixels, height, width):
    channels = pixels.shape[2]
    image = Image.fromarray(pixels[:, :, 0] if channels == 1 else pixels)
    expected = np.asarray(image.resize((width, height), Image.Resampling.BILINEAR)).reshape(
        height, width, channels
    )
    for cell in (pixels, image, encode(image, "PNG")):
        there = read_picture(cell, (height, width, channels))
        assert there.dtype == np.uint8
        np.testing.assert_array_equal(there, expected)


def test_grey_and_rgb_become_each_other(emoji):
    grey = read_picture(emoji, (32, 32, 1))
    np.testing.assert_array_equal(grey[:, :, 0], np.asarray(Image.fromarray(emoji).convert("L")))
    np.testing.assert_array_equal(read_picture(grey, SHAPE), np.repeat(grey, 3, axis=2))
    np.testing.assert_array_equal(read_picture(grey[:, :, 0], SHAPE), np.repeat(grey, 3, axis=2))


def large(kind):
    """The header of a picture of 20,000 × 20,000, with little or nothing behind it."""
    side = 20_000
    if kind == "PNG":
        return png(side, side, 1, 0, (b"\0" * (side // 8 + 1)) * side)
    if kind == "GIF":
        size = struct.pack("<HH", side, side)
        return b"GIF89a" + size + b"\0\0\0,\0\0\0\0" + size + b"\0\2"
    if kind == "BMP":
        return b"BM" + struct.pack(
            "<IHHIIiiHHIIiiII", 54, 0, 0, 54, 40, side, side, 1, 24, 0, 0, 0, 0, 0, 0
        )
    content = bytearray(encode(np.zeros((8, 8), np.uint8), "JPEG"))
    place = content.index(b"\xff\xc0")
    content[place + 5 : place + 9] = struct.pack(">HH", side, side)
    return bytes(content)


@pytest.mark.parametrize("kind", ["PNG", "GIF", "BMP", "JPEG"])
def test_too_many_pixels_are_refused_by_the_header(kind):
    content = large(kind)
    tracemalloc.start()
    with pytest.raises(
        ValueError, match=r"20,000 × 20,000 pixels, at most 64,000,000|more than 64,000,000 pixels"
    ):
        read_picture(content, SHAPE)
    assert tracemalloc.get_traced_memory()[1] < 2**20
    tracemalloc.stop()


def test_pillows_own_warning_is_the_same_reason():
    """Between Pillow's warning (89 million pixels) and its error (179 million)."""
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        with pytest.raises(ValueError, match="10,000 × 10,000 pixels"):
            read_picture(png(10_000, 10_000, 1, 0, b""), SHAPE)
    assert not said
    with pytest.raises(ValueError, match="at most"):
        read_picture(np.broadcast_to(np.zeros((1, 1), np.uint8), (MAX_PIXELS + 1, 1)), SHAPE)


REFUSED = {
    "nothing": (b"", "zero bytes"),
    "text": (b"path,label\na.png,cat\n", "not a JPEG, PNG, GIF, WebP or BMP picture"),
    "svg": (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "not a JPEG"),
    "tiff": (lambda emoji: encode(emoji, "TIFF"), "not a JPEG"),
    "pdf": (b"%PDF-1.4", "not a JPEG"),
    "wave": (b"RIFF\0\0\0\0WAVEfmt ", "not a JPEG"),
    "half a PNG": (lambda emoji: half(emoji, "PNG"), "truncated|broken"),
    "half a JPEG": (lambda emoji: half(emoji, "JPEG"), "truncated|broken"),
    "half a GIF": (lambda emoji: half(emoji, "GIF"), "truncated|broken"),
    "half a WebP": (lambda emoji: half(emoji, "WEBP"), "truncated|broken"),
    "half a BMP": (lambda emoji: half(emoji, "BMP"), "truncated|broken"),
    "a PNG's first bytes": (b"\x89PNG\r\n\x1a\n", "broken|truncated"),
    "JPEG without anything": (b"\xff\xd8\xff\xd9", "broken|truncated"),
    "a PNG of zero width": (png(0, 5, 8, 0, b""), "broken|truncated"),
    "real numbers": (np.zeros((4, 4), np.float32), "array of float32: pass uint8"),
    "signed numbers": (np.zeros((4, 4), np.int64), "array of int64"),
    "objects": (np.array([[None, None]]), "array of object"),
    "two channels": (np.zeros((4, 4, 2), np.uint8), r"shape \(4, 4, 2\)"),
    "channels first": (np.zeros((3, 8, 8), np.uint8), r"shape \(3, 8, 8\)"),
    "a row of pictures": (np.zeros((1, 8, 8, 3), np.uint8), "shape"),
    "no pixels": (np.zeros((0, 4), np.uint8), "shape"),
    "real numbers in an image": (Image.new("F", (2, 2)), "real numbers"),
    "a list": ([[1, 2], [3, 4]], "not a picture but a list"),
    "a number": (3, "not a picture but a int"),
    "none": (None, "no picture"),
    "no file": ("nowhere/a.png", "no such file"),
    "an address": ("https://example.org/a.png", "no such file"),
    "a name that no file has": ("a\0.png", "no such file"),
    "a long name": ("a" * 5000, "no such file"),
    "a folder": ("tests", "a folder, not a file"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_refused_in_words(emoji, case):
    cell, words = REFUSED[case]
    with pytest.raises(ValueError, match=words) as caught:
        read_picture(cell(emoji) if callable(cell) else cell, SHAPE)
    assert type(caught.value).__name__ == "RefusedPicture" and len(str(caught.value)) < 130


def test_files_that_are_not_regular_or_too_large(tmp_path, monkeypatch):
    os.mkfifo(tmp_path / "pipe.png")
    with pytest.raises(ValueError, match="not a regular file"):
        read_picture(tmp_path / "pipe.png", SHAPE)
    with open(tmp_path / "huge.png", "wb") as file:
        file.truncate(257 * 2**20)
    with pytest.raises(ValueError, match="269,484,032 bytes, at most 268,435,456"):
        read_picture(tmp_path / "huge.png", SHAPE)
    (tmp_path / "loop.png").symlink_to(tmp_path / "loop.png")
    with pytest.raises(ValueError, match="no such file"):
        read_picture(tmp_path / "loop.png", SHAPE)


def test_a_wrong_suffix_is_read_by_content(emoji, tmp_path):
    (tmp_path / "a.png").write_bytes(encode(emoji, "BMP"))
    np.testing.assert_array_equal(read_picture(tmp_path / "a.png", SHAPE), emoji)


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(["JPEG", "PNG", "GIF", "WEBP", "BMP"]), st.data())
def test_damaged_bytes_give_pixels_or_a_reason(kind, data):
    """Whatever a file holds, nothing but ValueError comes out, and no warning."""
    content = bytearray(encode(np.arange(192, dtype=np.uint8).reshape(8, 8, 3), kind))
    for _ in range(data.draw(st.integers(1, 6))):
        content[data.draw(st.integers(4, len(content) - 1))] = data.draw(st.integers(0, 255))
    try:
        assert read_picture(bytes(content), (8, 8, 3)).shape == (8, 8, 3)
    except ValueError as error:
        assert type(error).__name__ == "RefusedPicture"


def test_without_pillow_arrays_of_the_size_pass(emoji, monkeypatch):
    import sys

    monkeypatch.setitem(sys.modules, "PIL", None)
    np.testing.assert_array_equal(read_picture(emoji, SHAPE), emoji)
    assert read_picture(emoji[:, :, 0], (32, 32, 1)).shape == (32, 32, 1)
    with pytest.raises(ValueError, match="needs Pillow"):
        read_picture(emoji, (16, 16, 3))


@given(arrays(np.uint8, (2, 3, 1)), arrays(np.uint8, (2, 3, 1)))
def test_digest(one, other):
    assert (picture_digest(one) == picture_digest(other)) == np.array_equal(one, other)
    assert (
        picture_digest(one) != picture_digest(one.reshape(3, 2, 1))
        and len(picture_digest(one)) == 16
    )
    assert picture_digest(one) == picture_digest(one[::-1][::-1])


def test_a_column_of_pictures(emoji, tmp_path):
    column = Column("picture", PICTURE, shape=SHAPE)
    stored = np.stack([emoji, emoji[::-1]])
    values, bad = read_column(stored, column, frozenset())
    assert values is stored and not bad
    (tmp_path / "a.png").write_bytes(encode(emoji, "PNG"))
    cells = [tmp_path / "a.png", b"no picture" * 10**6, None, "", np.zeros((500, 500)), emoji]
    values, bad = read_column(cells, column, frozenset({""}))
    assert values.shape == (6, *SHAPE) and not values[1:5].any()
    np.testing.assert_array_equal(values[[0, 5]], np.stack([emoji, emoji]))
    assert [(each.row, each.reason[:10]) for each in bad] == [
        (1, "not a JPEG"),
        (2, "no picture"),
        (3, "no picture"),
        (4, "an array o"),
    ]
    assert (
        bad[0].value == "10,000,000 bytes"
        and bad[3].value == "an array of float64, shape (500, 500)"
    )
    grey, bad = read_column(
        stored[..., 0], Column("picture", PICTURE, shape=(32, 32, 1)), frozenset()
    )
    assert grey.shape == (2, 32, 32, 1) and not bad
    small, bad = read_column(stored, Column("picture", PICTURE, shape=(8, 8, 1)), frozenset())
    assert small.shape == (2, 8, 8, 1) and not bad
    assert len(shorten(stored)) < 60 and len(shorten(bytes(10**7))) < 60
