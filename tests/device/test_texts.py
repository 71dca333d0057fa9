"""Texts to token ids: spelling, vocabularies, and the generated C against Python."""

import json
import random
import shutil

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines import steps, text
from pipelines.device import primitives as p
from pipelines.device.cells import TEXT, Column, read_column
from pipelines.device.ports import Port
from pipelines.device.primitives.texts import MAX_CHARACTERS, WHITE_SPACE, Words
from pipelines.device.signature import Signature
from pipelines.device.target import Target
from pipelines.errors import LeakError, StepError
from pipelines.rows.parts import HeldOut, Schema, TrainSet
from pipelines.rows.split import split
from pipelines.steps.tokens import spelling

STEPS = [
    steps.TokenizeWords(),
    steps.TokenizeWords(window=5, punctuation=True, min_count=1, num_buckets=3),
    steps.TokenizeCharacters(),
    steps.TokenizeCharacters(window=7),
    steps.TokenizeSubwords(max_tokens=300),
    steps.TokenizeSubwords(window=9, max_tokens=50),
]
HOSTILE = (
    "aAzZ09 "
    ".,'\t\n\u00e9e\u0301\u0130\u00df\ufb01\u4e2d\u6587\U0001f600\U0001f469\u200d\u05d0\u0627\u064b"
    "\ufffd\0\x01\x1f\u3000\u2028\uac00\u1100\ufeff\U0010ffff\u212b%$#\ufdfa\u0345\ud800\udfff"
)


def as_texts(cells):
    texts, bad = read_column(cells, Column("remarks", TEXT), frozenset())
    assert not bad
    return texts


def rows_of(texts, kind=TrainSet):
    target = Target("effect", "binary", ("no", "yes"))
    return kind(
        x={"remarks": texts},
        y=np.arange(len(texts)) % 2,
        ids=np.arange(len(texts)),
        schema=Schema((Column("remarks", TEXT),), target),
    )


@pytest.fixture(scope="module")
def remarks():
    return text.REMARKS.load.read()[0].x["remarks"]


@pytest.fixture(scope="module")
def train(remarks):
    return rows_of(remarks[:5000])


def hostile_texts(count):
    draw = random.Random(0)
    edges = [
        "",
        "\0",
        "a" * 5000,
        "\u00e9" * 300,
        " " * 1000,
        "x" * 63,
        "x" * 64,
        "x" * 65,
        "\U0001f600" * 100,
    ]
    return edges + [
        "".join(draw.choices(HOSTILE, k=draw.randrange(200))) for _ in range(count - len(edges))
    ]


def test_cells_become_texts():
    texts, bad = read_column(
        ["A", None, float("nan"), 7, "NA", " x\0y", "\ud800z", "z" * (MAX_CHARACTERS + 1)],
        Column("t", TEXT),
        frozenset({"NA"}),
    )
    assert texts.tolist() == ["A", "", "", "7", "NA", " x y", "\ufffdz", ""]
    assert [(each.row, each.reason) for each in bad] == [
        (7, "1,000,001 characters, at most 1,000,000")
    ]


@pytest.mark.parametrize(
    "written, tokens",
    [
        ("2 BIRDS, no Damage.", ["2", "birds", "no", "damage"]),
        ("caf\u00e9 cafe\u0301", ["cafe", "cafe"]),
        ("stra\u00dfe \ufb01n \uff21", ["strasse", "fin", "a"]),
        ("a\u3000b\u2028c\x1fd", ["a", "b", "c", "d"]),
        ("ok\U0001f600\U0001f600", ["ok", "\U0001f600", "\U0001f600"]),
        ("...!?", []),
        ("", []),
        ("\u0645\u0631 \u05e9\u05dc", ["\u0645\u0631", "\u05e9\u05dc"]),
        ("\ud55c\uad6d", ["\ud55c\uad6d"]),
        ("\u0928\u0938\u094d\u0924\u0947", ["\u0928\u0938\u094d\u0924\u0947"]),
        ("5% of $3", ["5", "of", "$", "3"]),
    ],
)
def test_spelling(written, tokens):
    assert Words("t", spelling(as_texts([written])), (), 1, 9).tokens(written) == tokens


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=80))
def test_any_text_is_spelled_into_words(written):
    written = as_texts([written])[0]
    reader = Words("t", spelling(as_texts(["a b"])), ("a",), 7, 6)
    tokens = reader.tokens(written)
    assert all(
        token and not any(ord(letter) in WHITE_SPACE for letter in token) for token in tokens
    )
    columns = {"t": np.array([written], np.dtypes.StringDType())}
    reader.run(columns)
    ids = columns["t"][0]
    count = min(len(tokens), 6)
    assert (
        (ids[: 6 - count] == 0).all()
        and (ids[6 - count :] > 0).all()
        and ids.max() < reader.num_ids()
    )
    assert [each == 1 for each in ids[6 - count :]] == [token == "a" for token in tokens[:6]]


@pytest.mark.parametrize("step", STEPS, ids=repr)
def test_vocabulary_is_of_training_rows(step, train, remarks):
    fitted = step.fit(train)
    reader = fitted.primitives[0]
    assert step.fit(rows_of(remarks[:5000])).primitives == fitted.primitives
    with pytest.raises(LeakError):
        step.fit(rows_of(remarks[:5000], HeldOut))
    held_out = fitted.apply(rows_of(as_texts(["zzyzx never seen", ""]), HeldOut))
    assert held_out.x["remarks"].shape == (2, step.window) and not held_out.x["remarks"][1].any()
    assert reader.num_ids() == fitted.num_ids > fitted.apply(train).x["remarks"].max()
    assert p.primitive_from_json(json.loads(json.dumps(p.primitive_to_json(reader)))) == reader


def test_subwords_are_those_of_the_package(train, remarks):
    import sentencepiece  # noqa: F401 (the step needs it)

    reader = steps.TokenizeSubwords(max_tokens=500).fit(train).primitives[0]
    assert all(len(key.encode()) < 64 for key in reader.keys) and len(reader.merges) > 400
    for written in remarks[:300].tolist():
        joined = "".join(reader.tokens(written)).replace(reader.START, " ").strip()
        assert joined == " ".join(Words.tokens(reader, written))


def test_no_token_is_an_error():
    with pytest.raises(StepError, match="hold no token 2 times"):
        steps.TokenizeWords().fit(rows_of(as_texts(["...", "!", "", "one"])))


def make_signature_of(step, train):
    fitted = step.fit(train)
    pairs = steps.PairTokens(num_buckets=999).fit(fitted.apply(train))
    primitives = (
        *fitted.primitives,
        *pairs.primitives,
        p.Pack(("remarks",), "tokens"),
        p.Pack(("remarks pairs",), "pairs"),
    )
    ports = (
        Port("tokens", (step.window,), "int32", "token id", num_ids=fitted.num_ids),
        Port("pairs", (step.window,), "int32", "token pair id", num_ids=pairs.num_ids),
    )
    signature = Signature(
        train.schema.columns,
        train.schema.target,
        primitives,
        ports,
        Port("output", (1,), "float32", "log-odds", scale=0.1),
        decisions={"int8": (0.0,)},
    )
    signature.check()
    return signature


@pytest.mark.skipif(not shutil.which("gcc"), reason="needs gcc: apt-get install gcc")
@pytest.mark.parametrize("step", STEPS, ids=repr)
def test_c_reads_ten_thousand_texts_alike(step, train, remarks, tmp_path):
    from tests.targets.c.test_c_code import assert_equal, compile_harness

    signature = make_signature_of(step, train)
    program = compile_harness(signature, tmp_path / "c")
    assert_equal(
        program,
        signature,
        {"remarks": np.concatenate([remarks[-7000:], as_texts(hostile_texts(3000))])},
    )


@pytest.mark.parametrize(
    "damage",
    [
        {"window": 0},
        {"num_buckets": 0},
        {"keys": ("b", "a")},
        {"keys": ("x" * 64,)},
        {"letters": ((97, "b"),)},
        {"letters": ((-1, "b"),)},
    ],
)
def test_damaged_vocabularies_are_refused(damage, train):
    reader = steps.TokenizeWords().fit(train).primitives[0]
    with pytest.raises(ValueError):
        type(reader)(
            **{
                **{
                    name: getattr(reader, name)
                    for name in ("column", "letters", "keys", "num_buckets", "window")
                },
                **damage,
            }
        ).check()


def test_the_protocol_of_the_peers():
    dataset, _ = text.REMARKS.load.read()
    parts = split(dataset, text.REMARKS.split)
    assert len(dataset) == 13_734 and dataset.y.sum() == 1842 and len(parts.test) == 2747
    five, _ = text.REMARKS5.load.read()
    assert dict(zip(five.schema.target.labels, np.bincount(five.y).tolist(), strict=True)) == {
        "None": 11892,
        "Precautionary Landing": 894,
        "Aborted Take-off": 492,
        "Other": 342,
        "Engine Shut Down": 114,
    }
