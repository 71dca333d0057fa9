"""The streaming form in C: fed the steps that a Stream is fed, it gives the model the same inputs
and states, bit for bit.
"""

import math
import shutil
import struct
import subprocess
from dataclasses import replace

import numpy as np
import pytest

from pipelines.device import DeviceError, Stream
from pipelines.device.calendar import Calendar
from pipelines.device.ports import Port, Streaming
from pipelines.errors import ExportError
from pipelines.steps import CountSinceSeen, FillGaps, FlagGaps, ScaleSeries
from pipelines.targets.c.stream import stream_files
from tests.convert.test_stream import HORIZON, WINDOW, shaped

pytestmark = pytest.mark.skipif(not shutil.which("gcc"), reason="needs gcc: apt-get install gcc")
STATES = (
    Port("state0", (2, 3), "float32", "", 0.1, -7),
    Port("state1", (1, 4), "float32", "", 0.2, 5),
)


class Counting:
    """In the place of a model: states and outputs made of what comes in, by a rule that C can
    follow.
    """

    def __init__(self, signature):
        self.signature, self.seen = signature, b""

    def call(self, inputs):
        stream = self.signature.stream
        self.seen += b"".join(
            inputs[port.name].tobytes() for port in (*stream.inputs, *stream.states)
        )
        first = int(inputs[stream.inputs[0].name].flat[0])
        given = {
            port.name: (inputs[port.name].astype(np.int32) * 3 + first + 1).astype(np.int8)
            for port in stream.states
        }
        start = int(inputs["state0"].flat[0])
        output = np.arange(math.prod(stream.output.shape)) * 7 + start
        return {**given, "output": output.astype(np.int32).astype(np.int8)[None]}


def compiled(signature, folder):
    """A program that reads steps (a letter: r for a reset, s and the step) and writes what each
    call gave.
    """
    folder.mkdir()
    for name, text in stream_files(signature, "t").items():
        (folder / name).write_text(text, encoding="utf-8")
    stream = signature.stream
    fields = [
        line.split()[-1].rstrip(";")
        for line in (folder / "stream.h")
        .read_text()
        .split("int64_t time;")[1]
        .split("} stream_step")[0]
        .split("*/")
        for line in [line.split("/*")[0].strip()]
        if line.endswith(";")
    ]
    load, wind, holiday, site = (
        next(each for each in fields if each.lstrip("*").endswith(name))
        for name in ("load", "wind", "holiday", "site")
    )
    first = f"inputs.{stream.inputs[0].name}[0]"
    states = "".join(
        f"static int8_t {port.name}[{math.prod(port.shape)}];\n"
        f"for (int i = 0; i < {math.prod(port.shape)}; ++i)\n"
        f"  {port.name}[i] = (int8_t)(inputs.{port.name}[i] * 3 + {first} + 1);\n"
        for port in stream.states
    )
    outputs = math.prod(stream.output.shape)
    (folder / "main.c").write_text(
        f"""#include "stream.h"
#include <stdio.h>
int main(void) {{
  stream_step step; stream_inputs inputs; int letter;
  static float known[{HORIZON}]; static int8_t output[{outputs}]; double values[{outputs}];
  stream_reset();
  while ((letter = getchar()) != EOF) {{
    if (letter == 'r') {{ stream_reset(); continue; }}
    float two[2]; char place;
    if (fread(&step.time, 8, 1, stdin) + fread(two, 8, 1, stdin) + fread(known, sizeof known, 1, stdin)
        + fread(&place, 1, 1, stdin) != 4) return 1;
    step.{load} = two[0]; step.{wind} = two[1]; step.{holiday.lstrip("*")} = known;
    step.{site.lstrip("*")} = place == 1 ? "roof" : place == 2 ? "field" : NULL;
    int code = stream_push(&step);
    printf("%d\\n", code);
    if (code) continue;
    while (stream_next(&inputs)) {{
      printf("i");
      fwrite(&inputs, sizeof inputs, 1, stdout);
      {states}
      for (int i = 0; i < {outputs}; ++i) output[i] = (int8_t)(i * 7 + inputs.state0[0]);
      stream_keep(state0, state1);
    }}
    stream_forecast(output, values);
    printf("%d", stream_ready());
    fwrite(values, sizeof values, 1, stdout);
  }}
}}
""",
        encoding="utf-8",
    )
    subprocess.run(
        [
            "gcc",
            "-std=c99",
            "-Wall",
            "-Wextra",
            "-Wpedantic",
            "-Werror",
            "-O2",
            "-o",
            "harness",
            "main.c",
            "stream.c",
            "prepare.c",
            "-lm",
        ],
        cwd=folder,
        check=True,
    )
    return folder / "harness"


def streaming(*encode):
    _, signature = shaped(*encode)
    inputs = tuple(
        replace(
            port,
            shape=(1, *port.shape[1:]) if port.shape[0] == WINDOW else port.shape,
            scale=0.03,
            zero_point=place - 3,
        )
        for place, port in enumerate(signature.inputs)
    )
    outputs = signature.output.shape[0]
    if signature.target.quantiles:
        offsets = tuple(np.linspace(-0.3, 0.3, outputs).tolist())
    else:
        offsets = (0.0,) * outputs
    return replace(
        signature,
        decisions={"int8": offsets},
        stream=Streaming(
            inputs, STATES, Port("output", signature.output.shape, "float32", "", 0.05, 3), 5
        ),
    )


def drawn_steps(random, num_steps):
    """None for a reset, else (seconds, load, wind, known values, the number of the site): gaps,
    missing values, times out of order and numbers that are too large among them.
    """
    hour = 473_352
    steps = []
    for _ in range(num_steps):
        hour += int(random.choice([1, 1, 1, 1, 2, 4, 0, -2, WINDOW, WINDOW + 1, 3 * WINDOW]))
        if random.random() < 0.1:
            large = 1e31
        else:
            large = 0.0
        values = [
            random.choice([np.nan, *random.normal(size=2), random.normal() * 50, large])
            for _ in range(2)
        ]
        known = np.where(random.random(HORIZON) < 0.1, np.nan, random.integers(0, 2, HORIZON))
        steps.append(
            None
            if random.random() < 0.05
            else (
                hour * 3600 + int(random.integers(0, 3600)),
                *values,
                known,
                int(random.integers(0, 3)),
            )
        )
    return steps


@pytest.mark.parametrize(
    "holes, calendar",
    [
        (FlagGaps(), Calendar()),
        (CountSinceSeen(), Calendar(phase_seconds=1800, early_seconds=1800)),
        (FlagGaps(), Calendar(phase_seconds=600)),
    ],
    ids=repr,
)
def test_steps_go_through_c_as_through_python(tmp_path, holes, calendar):
    signature = streaming(holes, FillGaps(), ScaleSeries())
    signature = replace(signature, frame=replace(signature.frame, calendar=calendar))
    program = compiled(signature, tmp_path / "c")
    fed = b""
    wanted = b""
    unsaid = []
    stream = Stream(signature, Counting(signature))
    length = sum(math.prod(port.shape) for port in (*signature.stream.inputs, *STATES))
    places = {column.name: place for place, column in enumerate(signature.columns)}
    for step in drawn_steps(np.random.default_rng(3), 150):
        if step is None:
            fed += b"r"
            stream.reset()
            continue
        seconds, load, wind, known, site = step
        fed += (
            b"s"
            + struct.pack("<qff", seconds, load, wind)
            + known.astype("<f4").tobytes()
            + bytes([site])
        )
        large = next(
            (name for name, value in (("load", load), ("wind", wind)) if value > 1e30), None
        )
        if large:
            wanted += f"{1 + places[large]}\n".encode()
            continue
        row = {
            "when": np.datetime_as_string(np.datetime64(seconds, "s")),
            "load": load,
            "wind": wind,
            "holiday": known.tolist(),
            "site": ["", "roof", "field"][site],
        }
        stream.interpreter.seen = b""
        try:
            said = stream.push(row)
        except DeviceError as error:
            assert "not in a later step" in str(error)
            wanted += b"-1\n"
            continue
        seen = stream.interpreter.seen
        wanted += b"0\n" + b"".join(
            b"i" + seen[start : start + length] for start in range(0, len(seen), length)
        )
        if said is None:
            unsaid.append(len(wanted) + 1)
            wanted += b"0" + bytes(8 * signature.output.shape[0])
        else:
            if said.quantiles is None:
                values = said.scores
            else:
                values = said.quantiles
            wanted += b"1" + np.ascontiguousarray(values, "<f8").tobytes()
    given = subprocess.run([program], input=fed, capture_output=True, check=True).stdout
    for place in unsaid:  # what C would forecast while it is not ready
        given = (
            given[:place]
            + bytes(8 * signature.output.shape[0])
            + given[place + 8 * signature.output.shape[0] :]
        )
    assert given == wanted
    assert wanted.count(b"-1\n") > 5 and 5 < len(unsaid) < wanted.count(b"0\n") - 5


def test_a_model_of_windows_alone_has_none():
    _, signature = shaped(FillGaps(), ScaleSeries())
    with pytest.raises(ExportError, match="no streaming form"):
        stream_files(signature, "t")


def test_a_stream_of_months_has_no_c():
    signature = streaming(FillGaps(), ScaleSeries())
    months = replace(signature.frame, calendar=Calendar("month", months=1, day=1))
    with pytest.raises(ExportError, match="a stream of month steps in C"):
        stream_files(replace(signature, frame=months), "t")
