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
    height, width, channels = next(
        column.shape for column in signature.columns if column.kind == PICTURE
    )
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
    answer = task_of(signature.target).answer_words(signature, code)
    output = signature.output
    width = signature.output.shape[0]
    copies = output.num_copies
    zero_point = output.zero_point
    scale = f"{output.scale:.9g}"
    if copies == 1:
        value = f"value i = (q[i] - {zero_point}) * {scale}".replace("- -", "+ ")
        return (
            f"Without the runner: `model_int8.tflite` gives {width} int8 "
            f"value{'s' if width > 1 else ''} q; "
            f"`{value}`, in {output.unit}. {answer}"
        )
    value = f"value i = (sum - {copies * zero_point}) * {scale} / {copies}".replace(
        "- -",
        "+ ",
    )
    each = " + ".join(f"q[{copy * width} + i]" if copy else "q[i]" for copy in range(copies))
    if width > 1:
        outputs = f"each of {width} outputs"
    else:
        outputs = "its one output"
    return (
        f"Without the runner: `model_int8.tflite` gives {copies * width} int8 values q, {outputs} "
        f"{copies} times, rounded at staggered places; their sum is finer than one int8 can be. "
        f"`sum = {each}`, `{value}`, in {output.unit}. {answer}"
    )
