"""The claims of textbooks as the answers find them: each verdict, and each part of a claim.

An answer that comes out otherwise fails here, and its page is to be read again. Those of a few
seconds run always, the others in `make test-full`.
"""

import pytest

from pipelines.answers.frame.answer import findings_of
from pipelines.answers.frame.claims import verdict
from pipelines.answers.listed import ANSWERS

# Question → its verdict, and the outcomes of the parts of its claim.
FOUND = {
    1: "depends: not shown, not shown, not shown, yes, not shown, not shown, not shown, not shown",
    2: "depends: yes, yes, not shown, not shown, not shown",
    3: "holds: yes, yes, yes",
    4: "depends: yes, no, yes, not shown, not shown, not shown, not shown, not shown",
    5: "holds: yes, yes, yes",
    6: "depends: yes, no, no, yes, yes, yes, yes",
    7: "depends: yes, yes, not shown, yes, yes, yes, yes",
    8: "depends: yes, yes, yes, no",
    9: "depends: yes, yes, yes, no",
    10: "depends: not shown, not shown, yes",
    11: "depends: yes, no, not shown, not shown, yes",
    12: "depends: yes, yes, yes, yes, yes, yes, not shown, not shown, not shown",
    13: "depends: yes, not shown, yes, no",
    14: "depends: not shown, yes, not shown, not shown, yes",
    15: "depends: not shown, not shown, not shown, not shown, not shown, yes",
    16: "depends: yes, yes, yes, yes, not shown",
    17: "depends: yes, yes, not shown, no, no",
    18: "depends: yes, yes, yes, no, not shown",
    19: "depends: yes, no, not shown, no, no",
    20: "depends: yes, yes, not shown, not shown",
    21: "depends: yes, yes, no, no, not shown",
    22: "depends: yes, yes, not shown, not shown, not shown",
    23: "depends: yes, yes, no",
    24: "depends: yes, yes, yes, not shown",
    25: "depends: yes, yes, not shown, no, yes",
    26: "does not hold here: not shown, not shown, not shown, not shown, no",
    27: "depends: yes, yes, not shown",
    28: "depends: yes, yes, yes, not shown",
    29: "depends: yes, no, yes, not shown, not shown",
    30: "depends: yes, yes, yes, yes, no",
    31: "does not hold here: not shown, no, not shown, not shown, not shown, not shown",
    32: "depends: yes, yes, yes, no, yes",
    33: "depends: no, yes, yes, no",
    34: "depends: yes, yes, yes, no",
    35: "depends: yes, no, yes, no",
    36: "depends: yes, yes, yes, no",
    37: "depends: no, no, no, no, yes, no",
    38: (
        "depends: not shown, yes, yes, yes, not shown, not shown, "
        "not shown, no, yes, not shown, not shown"
    ),
    39: "depends: not shown, yes, yes, no, not shown",
    40: "depends: not shown, yes, not shown, yes, not shown, yes",
    41: "depends: yes, yes, not shown, not shown, no",
    42: "holds: yes, yes, yes, yes, yes, yes",
    43: "depends: yes, yes, not shown, not shown",
    44: "depends: yes, yes, not shown, yes, no",
    45: "depends: yes, no, no, not shown, yes, no, yes, no, no",
    46: "depends: yes, not shown, not shown",
    47: "depends: yes, yes, no, no, yes",
    48: "depends: yes, not shown, yes, not shown, not shown",
    49: "depends: yes, yes, yes, no",
    50: "depends: no, no, not shown, yes, not shown, not shown, not shown, yes",
}
QUICK = {5, 42, 47, 49}


def _mark(answer):
    marks = () if answer.number in QUICK else (pytest.mark.full,)
    return pytest.param(answer, id=str(answer.number), marks=marks)


@pytest.mark.parametrize("answer", [_mark(answer) for answer in ANSWERS])
def test_an_answer_comes_out_as_its_page_states(answer):
    parts = findings_of(answer).parts
    outcomes = ", ".join(part.outcome for part in parts)
    assert f"{verdict(parts)}: {outcomes}" == FOUND[answer.number]


def test_every_answer_has_a_verdict_to_hold():
    assert list(FOUND) == [answer.number for answer in ANSWERS]
