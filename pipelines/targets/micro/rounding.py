"""Where TFLM and LiteRT differ in an int8 file: by the rounding of its operators, or by more.

Given the same inputs, two kernels may round a tie differently, and what follows multiplies that.
So each operator is run alone on TFLM, with what LiteRT gave the operators before it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from ...convert.one_operator import single_operators
from ...device.litert import plain_name
from ...device.quiet import quiet
from ...verify.ladder import Rung
from .runner import Micro

# Of what an operator gives. Over all networks: FULLY_CONNECTED in 0.14 % of 250,000 values,
# where LiteRT's reference kernel rounds ties as XNNPACK does, and TFLM's as LiteRT's optimized one.
# The other operators: in none of 7 million. LiteRT's optimized kernels, which stand in where the
# reference ones lack an operator, round convolutions in their own way too.
MOST_STEPS = 1
# The answer of a step is read by the next one: 1 step in 2 % of 11,000 values, no more over windows
# of 400 steps.
MOST_STEPS_OF = {"UNIDIRECTIONAL_SEQUENCE_LSTM": 2}
_RESOLVERS = ("BUILTIN_REF", "BUILTIN_WITHOUT_DEFAULT_DELEGATES")


@dataclass(frozen=True)
class OperatorDifference:
    """How an operator alone differs on two runtimes.

    Attributes:
        name: As the schema has it.
        place: Its number in the file.
        steps: The largest difference, in steps of what it gives.
    """

    name: str
    place: int
    steps: int

    def is_rounding(self) -> bool:
        """Tests whether it is no more than the operator may round differently."""
        return self.steps <= MOST_STEPS_OF.get(self.name, MOST_STEPS)


def explain_steps(
    rung: Rung, content: bytes, inputs: Mapping[str, np.ndarray], most_steps: int
) -> Rung:
    """Looks at each operator of a file whose answers differ by more than one operator's rounding.

    Args:
        rung: TFLM's, with `int8_steps`.
        content: The int8 file.
        inputs: Input → int8 (or int32 ids) [rows, ...], of few rows.
        most_steps: How many steps of the output rounding may add up to.

    Returns:
        The rung with a note: with `most_steps` allowed if every operator alone keeps to its
        rounding, else with the name of the operator that does not.
    """
    differences = operator_differences(content, inputs)
    worst = max(differences, key=lambda each: each.steps)
    for each in differences:
        if not each.is_rounding():
            worst = each
            break
    if worst.is_rounding():
        note = f"each operator alone differs by at most {worst.steps} steps: rounding that adds up"
        return replace(rung, most_int8_steps=most_steps, note=note)
    note = f"{worst.name} (operator {worst.place}) alone differs by {worst.steps} steps"
    return replace(rung, note=note)


def operator_differences(
    content: bytes, inputs: Mapping[str, np.ndarray]
) -> list[OperatorDifference]:
    """Runs each operator of an int8 file alone on TFLM, with what LiteRT gave those before it.

    Args:
        content: The TFLite file.
        inputs: Input → int8 (or int32 ids) [rows, ...].

    Returns:
        An entry an operator, in their order.
    """
    operators = list(single_operators(content))
    traces = _traces(content, inputs, operators)
    differences = []
    for operator in operators:
        names = [str(place) for place in operator.inputs]
        micro = Micro(operator.content, names)
        steps = 0
        for trace in traces:
            micro.reset()
            found = micro.call({name: trace[int(name)] for name in names})["output"]
            steps = max(steps, _largest_difference(found, trace[operator.output]))
        differences.append(OperatorDifference(operator.name, operator.place, steps))
    return differences


def _traces(content, inputs, operators):
    """Returns what LiteRT gives each operator and gets of it, by the place of the tensor, a row
    each.
    """
    interpreter = _interpreter(content)
    places = set()
    for operator in operators:
        places |= {*operator.inputs, operator.output}
    traces = []
    num_rows = len(next(iter(inputs.values())))
    for row in range(num_rows):
        interpreter.reset_all_variables()
        for each in interpreter.get_input_details():
            name = plain_name(each["name"])
            interpreter.set_tensor(each["index"], inputs[name][row : row + 1])
        interpreter.invoke()
        traces.append({place: interpreter.get_tensor(place) for place in places})
    return traces


def _interpreter(content):
    """Returns LiteRT with the kernels of `check_kernels`, which keeps every tensor of a row."""
    from ai_edge_litert.interpreter import Interpreter, OpResolverType

    for name in _RESOLVERS:
        try:
            with quiet():
                interpreter = Interpreter(
                    model_content=content,
                    num_threads=1,
                    experimental_op_resolver_type=OpResolverType[name],
                    experimental_preserve_all_tensors=True,
                )
                interpreter.allocate_tensors()
            return interpreter
        except RuntimeError as error:
            refused = error
    raise refused


def _largest_difference(one, other):
    steps = one.astype(np.int64).ravel() - other.astype(np.int64).ravel()
    return int(np.abs(steps).max(initial=0))
