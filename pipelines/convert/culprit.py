"""What happens where a TFLite file is run once:  python -m pipelines.convert.culprit FILE KERNELS

KERNELS is where they are imported from, "module:class" (see `kernels.Kernels.place`). Prints JSON:
{"fatal": the place of the operator that ends the process, or null, "refused": the runtime's
reason, or ""}. To find the operator the file is cut behind an operator, and each part is run in a
fork of this process, which holds nothing but the runtimes and numpy.
"""

import json
import os
import signal
import sys
from pathlib import Path

from ..device.errors import PipelineError
from ..engine.starter import end_with_parent
from .graph import Graph
from .kernels import Kernels, kernels_at

SECONDS = 20


def first_fatal(content: bytes, kernels: Kernels) -> int | None:
    """The place of the first operator up to which the file ends the process; None where the whole
    file does not. An operator that ends a part ends every longer part: the places are halved.
    """
    count = len(Graph(content).subgraph.operators)
    if not _is_fatal(content, kernels, count):
        return None
    least, most = 0, count  # operators that do not end the process, and that do
    while most - least > 1:
        middle = (least + most) // 2
        if _is_fatal(content, kernels, middle):
            most = middle
        else:
            least = middle
    return most - 1


def _is_fatal(content, kernels, count):
    this = os.getpid()
    child = os.fork()
    if not child:
        end_with_parent(this)
        signal.alarm(SECONDS)
        os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
        try:
            kernels.run_once(_first_operators(content, count))
        except PipelineError:
            os._exit(2)
        except BaseException:
            os._exit(1)
        os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) < 0


def _first_operators(content, count):
    graph = Graph(content)
    if count < len(graph.subgraph.operators):
        graph.subgraph.operators = graph.subgraph.operators[:count]
        graph.subgraph.outputs = list(graph.subgraph.operators[-1].outputs)
    return graph.to_bytes()


def main(content: bytes, kernels: Kernels) -> dict:
    """What is printed."""
    place = first_fatal(content, kernels)
    if place is None:
        try:
            kernels.run_once(content)
        except PipelineError as error:
            return {"fatal": None, "refused": error.received}
    return {"fatal": place, "refused": ""}


if __name__ == "__main__":
    print(json.dumps(main(Path(sys.argv[1]).read_bytes(), kernels_at(sys.argv[2]))))
