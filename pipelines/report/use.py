"""How a bundle is used, as paragraphs of Markdown for its model card: what it takes, how that is
written, and what its int8 outputs mean to whoever runs the file without the runner.
"""

from ..device.cells import PICTURE, SERIES, TEXT
from ..device.signature import Signature
from ..tasks import task_of
from .markdown import code


def how_to_use(signature: Signature, name: str) -> list[str]:
    """Paragraphs; code blocks are indented by four spaces."""
    kinds = [column.kind for column in signature.columns]
    command = f"    python -m pipelines.device saved_models/{name}"
    if kinds == [PICTURE]:
        paragraphs = [f"{command} picture.png", _picture_words(signature)]
    elif PICTURE in kinds:
        paragraphs = [
            "A row holds a picture and other columns, which no CSV can hold. In Python:",
            "    from pipelines.device import Runner\n"
            f'    Runner.load("saved_models/{name}").predict([row])',
            "`row` maps each column in `signature.json` to its value.",
            _picture_words(signature),
        ]
    elif kinds == [TEXT]:
        paragraphs = [
            f'{command} "a text"',
            f"Or a table: `< rows.csv`, with the column {code(signature.columns[0].name)}.",
        ]
    else:
        paragraphs = [f"{command} < rows.csv"]
    paragraphs += _series_words(signature)
    return [
        *paragraphs,
        "A row unlike those of training has a note, a row that cannot be read an error; both are "
        "columns of the answers.",
        _output_words(signature),
    ]


def _picture_words(signature):
    """Returns what reads a picture file, and the shape that the runner takes instead."""
    shapes = [column.shape for column in signature.columns if column.kind == PICTURE]
    height, width, channels = shapes[0]
    return (
        "Reading a picture file needs Pillow (`pip install pillow`). Without it the runner takes "
        f"uint8 arrays of shape [{height}, {width}, {channels}]."
    )


def _series_words(signature):
    series = [column for column in signature.columns if column.kind == SERIES]
    frame = signature.frame
    if not series:
        return []
    longest = max(column.shape[0] for column in series)
    if frame is None:
        return [
            "A series is one cell: its numbers from the oldest to the newest, with spaces or `;` "
            f"between them, `NA` for a missing step, such as `1.5 NA 3`. The last {longest} steps "
            "are read; a shorter series lacks its first steps."
        ]
    names = ", ".join(code(column.name) for column in series)
    ahead = ", ".join(code(name) for name in frame.known)
    words = (
        f"`rows.csv` has a line a step, {frame.step_seconds:g} seconds apart, in any order: the "
        f"time in {code(frame.time)} (format {code(frame.format)}), the values in {names}; an "
        f"empty cell is a missing step. The newest {longest} steps are read."
    )
    if frame.series:
        words += f" {code(frame.series)} separates the series."
    if ahead:
        words += f" {ahead} also needs the {frame.horizon} steps that are forecast."
    return [words]


def _output_words(signature):
    """Returns what the int8 outputs mean to whoever runs the file without the runner."""
    output = signature.output
    if output.num_copies == 1:
        words = _one_copy_words(output)
    else:
        words = _copies_words(output)
    answer = task_of(signature.target).answer_words(signature, code)
    return f"Without the runner: `model_int8.tflite` gives {words}, in {output.unit}. {answer}"


def _one_copy_words(output):
    width = output.shape[0]
    values = "value"
    if width > 1:
        values = "values"
    formula = _formula("q[i]", output.zero_point, output)
    return f"{width} int8 {values} q; `{formula}`"


def _copies_words(output):
    """Returns the words of outputs that the file gives several times."""
    width = output.shape[0]
    copies = output.num_copies
    places = ["q[i]"]
    for copy in range(1, copies):
        places.append(f"q[{copy * width} + i]")
    outputs = "its one output"
    if width > 1:
        outputs = f"each of {width} outputs"
    formula = _formula("sum", copies * output.zero_point, output)
    return (
        f"{copies * width} int8 values q, {outputs} {copies} times, rounded at staggered places; "
        "their sum is finer than one int8 can be. "
        f"`sum = {' + '.join(places)}`, `{formula} / {copies}`"
    )


def _formula(raw, zero_point, output):
    """Returns how a raw output becomes a value."""
    sign = "-"
    if zero_point < 0:
        sign = "+"
    return f"value i = ({raw} {sign} {abs(zero_point)}) * {output.scale:.9g}"
