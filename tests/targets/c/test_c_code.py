"""The generated C: compiled by gcc, fed raw rows, equal to the Python runner bit for bit."""

import math
import re
import shutil
import struct
import subprocess
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.device import primitives as p
from pipelines.device.cells import Column
from pipelines.device.frame import Frame
from pipelines.device.ports import Port
from pipelines.device.runner import Runner, answer
from pipelines.device.signature import Signature
from pipelines.device.target import Target
from pipelines.device.tasks.multilabel import split_labels
from pipelines.targets.c.c_files import c_files
from pipelines.tasks.c_text import comment

pytestmark = pytest.mark.skipif(not shutil.which("gcc"), reason="needs gcc: apt-get install gcc")
FLAGS = ["-std=c99", "-Wall", "-Wextra", "-Wpedantic", "-Werror", "-O2"]
INT64_MIN = -(2**63)


def compile_harness(signature, folder, flags=()):
    """A program that reads rows from standard input as bytes and writes their int8 inputs."""
    folder.mkdir(exist_ok=True)
    for name, text in c_files(signature, "t").items():
        (folder / name).write_text(text, encoding="utf-8")
    from pipelines.targets.c.names import identifier

    reads = []
    for place, column in enumerate(signature.columns):
        field = f"row.{identifier(place, column.name)}"
        if column.kind in ("categorical", "boolean", "text"):
            reads.append(
                f"if (fread(&n, 4, 1, stdin) != 1) return 0;\n    if (n >= 0) {{ if (n && fread("
                f"text[{place}], (size_t)n, 1, stdin) != 1) return 1; text[{place}][n] = 0; }}\n"
                f"    {field} = n < 0 ? NULL : text[{place}];"
            )
        elif column.kind == "picture":
            size = math.prod(column.shape)
            reads.append(
                f"static uint8_t picture[{size}]; if (fread(picture, {size}, 1, stdin) != 1) "
                f"return 0; {field} = picture;"
            )
        elif column.kind == "series":
            size = column.shape[0]
            reads.append(
                f"static float series{place}[{size}]; if (fread(series{place}, sizeof "
                f"series{place}, 1, stdin) != 1) return 0; {field} = series{place};"
            )
        else:
            reads.append(f"if (fread(&{field}, sizeof {field}, 1, stdin) != 1) return 0;")
    writes = [
        f"fwrite(inputs.{port.name}, sizeof inputs.{port.name}, 1, stdout);"
        for port in signature.inputs
    ]
    (folder / "main.c").write_text(
        '#include "signature.h"\n#include <stdio.h>\n#include <stddef.h>\n'
        f"static char text[{len(signature.columns)}][100001];\nint main(void) "
        f"{{\n  signature_row row; "
        "signature_inputs inputs; int n = 0;\n  (void)n; (void)text; prepare_reset();\n  for "
        "(;;) {\n    "
        + "\n    ".join(reads)
        + "\n    if (prepare(&row, &inputs)) return 2;\n    "
        + " ".join(writes)
        + "\n  }\n}\n"
    )
    subprocess.run(
        [
            "gcc",
            *FLAGS,
            *flags,
            "-o",
            str(folder / "harness"),
            "main.c",
            "prepare.c",
            "-lm",
        ],
        cwd=folder,
        check=True,
        capture_output=True,
        text=True,
    )
    return folder / "harness"


def run_harness(program, signature, columns):
    """Port name → array, as C prepared the typed raw columns."""
    num_rows = len(next(iter(columns.values())))
    fed = bytearray()
    for row in range(num_rows):
        for column in signature.columns:
            value = columns[column.name][row]
            if column.kind == "numeric":
                fed += struct.pack("<f", value)
            elif column.kind in ("picture", "series"):
                fed += value.tobytes()
            elif column.kind == "date":
                fed += struct.pack(
                    "<q", INT64_MIN if np.isnat(value) else int(value.astype("int64"))
                )
            else:
                if value is None:
                    content = b""
                else:
                    content = value.encode("utf-8")
                fed += struct.pack("<i", -1 if value is None else len(content)) + content
    made = subprocess.run([str(program)], input=bytes(fed), capture_output=True, check=True).stdout
    table = np.frombuffer(
        made,
        np.dtype(
            [
                (port.name, "i1" if port.dtype == "float32" else "<i4", port.shape)
                for port in signature.inputs
            ]
        ),
    )
    assert len(table) == num_rows
    return {port.name: table[port.name] for port in signature.inputs}


class Nothing:
    def run(self, inputs):
        raise AssertionError


def assert_equal(program, signature, columns):
    wanted = Runner(signature, Nothing(), form="int8").prepare(columns)
    for name, x in run_harness(program, signature, columns).items():
        np.testing.assert_array_equal(x, wanted[name])


@pytest.fixture(scope="module")
def all_birds():
    from pipelines import tabular

    return tabular.BIRDS.load.read()[0]


@pytest.mark.parametrize(
    "flags", [(), ("-O0",), ("-O3", "-march=native")], ids=["O2", "O0", "native"]
)
def test_a_thousand_raw_bird_strikes(bundle, all_birds, tmp_path, flags):
    signature = bundle.signature
    columns = {column.name: all_birds.x[column.name][1000:2000] for column in signature.columns}
    program = compile_harness(signature, tmp_path / "c", flags)
    assert_equal(program, signature, columns)


def test_the_c_in_the_bundle_is_that_c(bundle):
    for name, text in c_files(bundle.signature, bundle.report["name"]).items():
        assert (bundle.folder / "c" / name).read_text(encoding="utf-8") == text


@settings(max_examples=3, deadline=None)
@given(st.integers(1, 9), st.integers(1, 9), st.sampled_from([1, 3]))
def test_a_picture_is_its_own_quantized_input(tmp_path_factory, height, width, channels):
    shape = (height, width, channels)
    signature = Signature(
        (Column("picture", "picture", shape=shape),),
        Target("label", "multiclass", ("a", "b", "c")),
        (p.Pack(("picture",), "image"),),
        (Port("image", shape, "float32", "pixels", scale=1.0, zero_point=-128),),
        Port("output", (3,), "float32", "log-odds", scale=0.1),
        decisions={"int8": (0.0, 0.0, 0.0)},
    )
    signature.check()
    pixels = np.random.default_rng(0).integers(0, 256, (5, *shape), np.uint8)
    pixels[0], pixels[1] = 0, 255
    program = compile_harness(signature, tmp_path_factory.mktemp("c"))
    assert_equal(program, signature, {"picture": pixels})
    made = run_harness(program, signature, {"picture": pixels})["image"]
    np.testing.assert_array_equal(made, pixels.astype(np.int16) - 128)


EVERY = Signature(
    columns=(
        Column("n */ int x; /*", "numeric"),
        Column("../m", "numeric"),
        Column('naïve "☃" ??/', "categorical"),
        Column("f", "boolean"),
        Column("d", "date"),
        Column("ids", "categorical"),
    ),
    target=Target("y", "multiclass", ("a", "b*/", "c\\")),
    primitives=(
        p.Missing("n */ int x; /*", "flag"),
        p.Missing("d", "no date"),
        p.Missing("f", "no f"),
        p.Fill("n */ int x; /*", 0.1),
        p.FillPrevious("../m", -1.5),
        p.Fill("f", "true"),
        p.Affine("n */ int x; /*", 3.3, 0.7),
        p.Clip("n */ int x; /*", -5.0, 5.0),
        p.Bins("../m", (-2.0, 0.25, 1e6), (0.44444445, 1.00000025e-06)),
        p.Bins("flag", (0.0, 1.0), (1.0,)),
        p.Bins("no date", (0.0, 1.0), (1.0,)),
        p.Bins("no f", (0.0, 1.0), (1.0,)),
        p.Lookup('naïve "☃" ??/', ("", "a", 'b"\\', "z?", "é", "☃"), 2, 0, 1),
        p.Onehot('naïve "☃" ??/', 8),
        p.Lookup("f", ("false", "true"), 2, 0, 1),
        p.Onehot("f", 4),
        p.DatePart("d", "d month", "month"),
        p.Table("d month", tuple((k / 12, 0.5) for k in range(13))),
        p.DatePart("d", "d day", "day_of_month"),
        p.Table("d day", tuple((k / 31,) for k in range(32))),
        p.DatePart("d", "d year", "day_of_year"),
        p.Table("d year", tuple((k / 366,) for k in range(367))),
        p.DatePart("d", "d week", "weekday"),
        p.Table("d week", tuple((k / 7,) for k in range(8))),
        p.DatePart("d", "d hour", "hour"),
        p.Table("d hour", tuple((k / 24,) for k in range(25))),
        p.DatePart("d", "d minute", "minute"),
        p.Table("d minute", tuple((k / 60,) for k in range(61))),
        p.DatePart("d", "d years", "year"),
        p.Table("d years", tuple((k / 256,) for k in range(257))),
        p.Lookup("ids", ("k1", "k2"), 2, 0, 1),
        p.Pack(("n */ int x; /*",), "spreads"),
        p.Pack(
            (
                "../m",
                'naïve "☃" ??/',
                "f",
                "d month",
                "d day",
                "d year",
                "d week",
                "d hour",
                "d minute",
                "d years",
                "flag",
                "no date",
                "no f",
            ),
            "unit",
        ),
        p.Pack(("ids",), "category_ids"),
    ),
    inputs=(
        Port("spreads", (1,), "float32", "", 0.0392, 3),
        Port("unit", (25,), "float32", "", 1 / 255, -128),
        Port("category_ids", (1,), "int32", "category id", num_ids=4),
    ),
    output=Port("output", (3,), "float32", "log-odds", 0.05, -3, num_copies=4),
    decisions={"int8": (0.1, -0.2, 0.3)},
)


@pytest.fixture(scope="module")
def every_program(tmp_path_factory):
    return compile_harness(EVERY, tmp_path_factory.mktemp("every") / "c")


NUMBERS = st.one_of(
    st.just(float("nan")), st.floats(-(2.0**99), 2.0**99, width=32)
)  # runners refuse larger ones
CELLS = st.fixed_dictionaries(
    {
        "n": NUMBERS,
        "m": NUMBERS,
        "c": st.one_of(
            st.none(),
            st.sampled_from(["", "a", 'b"\\', "z?", "é", "☃"]),
            st.text(
                st.characters(exclude_categories=("Cs",), exclude_characters="\0"), max_size=20
            ),
        ),
        "f": st.sampled_from([None, "true", "false"]),
        "d": st.one_of(st.none(), st.integers(-(10**10), 10**11)),
        "i": st.sampled_from([None, "k1", "k2", "k3"]),
    }
)


@settings(max_examples=60, deadline=None)
@given(st.lists(CELLS, min_size=1, max_size=20))
def test_every_primitive_and_hostile_cells(every_program, rows):
    names = [column.name for column in EVERY.columns]
    raw = [[row[key] for row in rows] for key in "nmcfdi"]
    columns = {
        names[0]: np.array(raw[0], np.float32),
        names[1]: np.array(raw[1], np.float32),
        names[4]: np.array(["NaT" if cell is None else cell for cell in raw[4]], "datetime64[s]"),
    }
    for place in (2, 3, 5):
        columns[names[place]] = np.array(raw[place] + [None], object)[:-1]
    assert_equal(every_program, EVERY, columns)


WINDOWS = Signature(
    columns=(
        Column("when", "date"),
        Column("a", "series", shape=(9,)),
        Column("b", "series", shape=(9,)),
        Column("c", "series", shape=(9,)),
        Column("ahead", "series", shape=(3,)),
    ),
    target=Target(
        "a",
        "forecast",
        quantiles=(0.1, 0.5, 0.9),
        step_offsets=(0.25, 1 / 3, -7e-5),
        step_factors=(3.7, 0.1, 1e5 / 7),
        base="a offset",
        spread="a factor",
        mase_scale=2.0,
    ),
    primitives=(
        p.Missing("a", "a missing"),
        p.SinceSeen("b", "b since", 4),
        p.FillSteps("a", "previous", 1, 0.3),
        p.FillSteps("b", "line", 1, -1.7),
        p.FillSteps("c", "season", 4, 11.1),
        p.SeasonMean("b", "b base", 2, 3, 3),
        p.FillSteps("ahead", "previous", 1, 0.0),
        p.OwnScale("a", "none", False, 1.0, "no offset", "no factor", "a level"),
        p.Affine("a level", 3.3, 0.7),
        p.Clip("a level", -5.0, 5.0),
        p.OwnScale("a", "mean", True, 0.013, "a offset", "a factor", "a"),
        p.OwnScale("b", "last", False, 1.0, "b offset", "b factor", "b"),
        p.Affine("b", 0.1, 0.31),
        p.Affine("c", 0.2, 0.17),
        p.Clip("c", -3.0, 3.0),
        p.Affine("ahead", 1.5, 0.1),
        p.DatePart("when", "year", "day_of_year"),
        p.Table("year", tuple((k / 366,) for k in range(367))),
        p.Pack(("year",), "unit"),
        p.PackSteps(("a", "a level", "b", "c"), "series"),
        p.PackSteps(("ahead", "b base"), "series1"),
        p.PackSteps(("a missing", "b since"), "marks"),
    ),
    inputs=(
        Port("unit", (1,), "float32", "", 1 / 255, -128),
        Port("series", (9, 4), "float32", "", 0.0392, 3),
        Port("series1", (3, 2), "float32", "", 0.05, 0),
        Port("marks", (9, 2), "float32", "", 1 / 255, -128),
    ),
    output=Port("output", (9,), "float32", "", 0.05, -3, num_copies=4),
    decisions={"int8": (0.1, -0.2, 0.3) * 3},
    frame=Frame("when", 60.0, 3),
)


# The same with what is added to each step ahead.
SEASONS = replace(WINDOWS, target=replace(WINDOWS.target, base="b base"))


@pytest.fixture(scope="module", params=["-O0", "-O3 -march=native"])
def windows_program(tmp_path_factory, request):
    return compile_harness(WINDOWS, tmp_path_factory.mktemp("windows") / "c", request.param.split())


STEP = st.one_of(
    st.just(float("nan")),
    st.floats(-1000, 1000, width=32),
    st.floats(-(2.0**99), 2.0**99, width=32),
)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.lists(STEP, min_size=30, max_size=30), min_size=1, max_size=8))
def test_every_primitive_of_series(windows_program, rows):
    x = np.array(rows, np.float32)
    columns = {
        "when": (np.arange(len(x)) * 97).astype("datetime64[D]").astype("datetime64[s]"),
        "a": x[:, :9],
        "b": x[:, 9:18],
        "c": x[:, 18:27],
        "ahead": x[:, 27:],
    }
    columns = {name: np.ascontiguousarray(values) for name, values in columns.items()}
    assert_equal(windows_program, WINDOWS, columns)


@pytest.mark.parametrize("signature", [WINDOWS, SEASONS], ids=["one base", "a base a step"])
def test_forecasts_agree_on_every_output(tmp_path, signature):
    """signature_forecast against the runner to the last bit, quantiles that cross included."""
    generator = np.random.default_rng(0)
    raw = generator.integers(-128, 128, (2000, 36)).astype(np.int8)
    num_bases = max(signature.base_steps(), 1)
    own = generator.normal(size=(2000, num_bases + 1)).astype(np.float32) * np.float32(50)
    for name, text in c_files(signature, "t").items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    (tmp_path / "main.c").write_text(
        '#include "signature.h"\n#include <stdio.h>\n#include <string.h>\n'
        "int main(void) {\n  int8_t output[SIGNATURE_NUM_OUTPUTS];\n"
        f"  static signature_inputs inputs; double values[9]; float own[{num_bases + 1}];\n"
        "  while (fread(output, sizeof output, 1, stdin) == 1 && fread(own, sizeof own, 1, "
        "stdin) == 1) {\n"
        "    memcpy(&inputs.base, own, sizeof inputs.base);\n"
        f"    inputs.spread = own[{num_bases}];\n    signature_forecast(output, "
        "&inputs, values);\n"
        "    fwrite(values, sizeof values, 1, stdout);\n  }\n  return 0;\n}\n"
    )
    subprocess.run(
        ["gcc", *FLAGS, "-march=native", "-o", "main", "main.c", "prepare.c", "-lm"],
        cwd=tmp_path,
        check=True,
    )
    fed = b"".join(each.tobytes() + scale.tobytes() for each, scale in zip(raw, own, strict=True))
    made = subprocess.run(
        [str(tmp_path / "main")], input=fed, capture_output=True, check=True
    ).stdout
    bases = own[:, 0]
    if signature.base_steps():
        bases = own[:, :num_bases]
    prepared = {signature.target.base: bases, "a factor": own[:, num_bases]}
    answers = answer(signature, raw, form="int8", prepared=prepared)
    np.testing.assert_array_equal(
        np.frombuffer(made, np.float64).reshape(-1, 3, 3), answers.quantiles
    )


@pytest.mark.parametrize("task", ["binary", "multiclass", "regression"])
def test_answers_agree_on_every_output(tmp_path, task):
    """signature_label and signature_value against the runner, on outputs near and far from the
    decision.
    """
    labels = {"binary": ("no", "yes"), "multiclass": ("a", "b", "c"), "regression": ()}[task]
    if task == "multiclass":
        width = 3
    else:
        width = 1
    signature = replace(
        EVERY,
        target=Target("y", task, labels, offset=4200.5, factor=812.25),
        output=replace(EVERY.output, shape=(width,)),
        decisions={"int8": (0.1, -0.2, 0.3)[:width]} if labels else {},
    )
    raw = np.random.default_rng(0).integers(-128, 128, (4000, 4 * width)).astype(np.int8)
    raw[:2000] = np.clip(raw[:2000] // 40, -128, 127)
    for name, text in c_files(signature, "t").items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    if task == "regression":
        call = "signature_value(output)"
    else:
        call = "(float)signature_label(output)"
    (tmp_path / "main.c").write_text(
        '#include "signature.h"\n#include <stdio.h>\nint main(void) {\n  int8_t '
        "output[SIGNATURE_NUM_OUTPUTS];\n"
        "  while (fread(output, sizeof output, 1, stdin) == 1) "
        f"{{ float y = {call}; fwrite(&y, 4, 1, stdout); }}\n"
        "  return 0;\n}\n"
    )
    subprocess.run(
        ["gcc", *FLAGS, "-o", "main", "main.c", "prepare.c", "-lm"],
        cwd=tmp_path,
        check=True,
    )
    made = np.frombuffer(
        subprocess.run(
            [str(tmp_path / "main")], input=raw.tobytes(), capture_output=True, check=True
        ).stdout,
        np.float32,
    )
    answers = answer(signature, raw, form="int8")
    if task == "regression":
        np.testing.assert_allclose(
            made, answers.scores, rtol=1e-6, atol=1e-3
        )  # float32 against float64
    else:
        assert [labels[int(place)] for place in made] == list(answers.labels)


def test_labels_agree_on_every_output(tmp_path):
    """signature_labels against the runner, on outputs near and far from each threshold."""
    labels = ("a", "b", "c")
    signature = replace(
        EVERY,
        target=Target("y", "multilabel", labels, separator="|"),
        output=replace(EVERY.output, shape=(3,)),
        decisions={"int8": (0.1, -0.2, 0.3)},
    )
    raw = np.random.default_rng(0).integers(-128, 128, (4000, 12)).astype(np.int8)
    raw[:2000] = np.clip(raw[:2000] // 40, -128, 127)
    for name, text in c_files(signature, "t").items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    (tmp_path / "main.c").write_text(
        '#include "signature.h"\n#include <stdio.h>\nint main(void) {\n'
        "  int8_t output[SIGNATURE_NUM_OUTPUTS];\n  uint8_t labels[SIGNATURE_NUM_LABELS];\n"
        "  while (fread(output, sizeof output, 1, stdin) == 1) {\n"
        "    signature_labels(output, labels);\n"
        "    fwrite(labels, sizeof labels, 1, stdout);\n  }\n  return 0;\n}\n"
    )
    subprocess.run(
        ["gcc", *FLAGS, "-o", "main", "main.c", "prepare.c", "-lm"],
        cwd=tmp_path,
        check=True,
    )
    done = subprocess.run(
        [str(tmp_path / "main")], input=raw.tobytes(), capture_output=True, check=True
    )
    made = np.frombuffer(done.stdout, np.uint8).reshape(-1, 3)
    wanted = split_labels(answer(signature, raw, form="int8").labels, signature.target)
    np.testing.assert_array_equal(made.astype(bool), wanted)
    assert 0 < wanted.mean() < 1


@given(st.text())
def test_names_cannot_leave_their_comment(name):
    assert not set(comment(name)) & set("*/\\?\n\r")


HOSTILE = (
    "x*\\ int evil_global; /\\*",
    "q\\*",
    "date_x",
    "update_month",
    "clip",
    "quantize",
    "",
    "int",
    "a" * 300,
)
NUMBER = (p.Fill("c", 1.0), p.Bins("c", (0.0, 1.0), (1.0,)), p.Pack(("c",), "unit"))
SMALL = {
    "number": ("numeric", NUMBER, 1),
    "scaled": ("numeric", (p.Affine("c", 1.0, 2.0), p.Pack(("c",), "unit")), 1),
    "category": (
        "categorical",
        (p.Lookup("c", ("a",), 2, 0, 1), p.Onehot("c", 3), p.Pack(("c",), "unit")),
        3,
    ),
    "no category": (
        "categorical",
        (p.Lookup("c", (), 2, 0, 1), p.Onehot("c", 2), p.Pack(("c",), "unit")),
        2,
    ),
    "hour": (
        "date",
        (p.DatePart("c", "h", "hour"), p.Table("h", ((0.5,),) * 25), p.Pack(("h",), "unit")),
        1,
    ),
    "weekday": (
        "date",
        (p.DatePart("c", "h", "weekday"), p.Table("h", ((0.5,),) * 8), p.Pack(("h",), "unit")),
        1,
    ),
    "month": (
        "date",
        (p.DatePart("c", "h", "month"), p.Table("h", ((0.5,),) * 13), p.Pack(("h",), "unit")),
        1,
    ),
}


@pytest.mark.parametrize("what", SMALL)
@pytest.mark.parametrize("name", HOSTILE)
def test_every_small_table_compiles_without_a_warning(tmp_path, what, name):
    kind, primitives, width = SMALL[what]
    named = tuple(
        replace(each, **{key: name for key in ("column",) if getattr(each, key, None) == "c"})
        if not isinstance(each, p.Pack)
        else replace(
            each, columns=tuple(name if column == "c" else column for column in each.columns)
        )
        for each in primitives
    )
    signature = Signature(
        (Column(name, kind),),
        Target("y", "binary", ("no", name)),
        named,
        (Port("unit", (width,), "float32", "", 0.01, 0),),
        Port("output", (1,), "float32", ""),
        decisions={"int8": (0.5,)},
    )
    signature.check()
    for file, text in c_files(signature, "t").items():
        (tmp_path / file).write_text(text, encoding="utf-8")
    subprocess.run(["gcc", *FLAGS, "-c", "prepare.c"], cwd=tmp_path, check=True)
    code = re.sub(r"/\*.*?\*/", "", (tmp_path / "signature.h").read_text(), flags=re.DOTALL)
    assert " evil_global;" not in code


def test_infinite_numbers_are_refused(every_program):
    fed = (
        struct.pack("<f", float("inf")) + struct.pack("<f", 0) + struct.pack("<iiqi", -1, -1, 0, -1)
    )
    assert subprocess.run([str(every_program)], input=fed, capture_output=True).returncode == 2
