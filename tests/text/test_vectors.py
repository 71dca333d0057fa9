"""Word vectors from a file: where they go, how they are scaled, and what is refused with
its line.
"""

import gzip
from dataclasses import replace

import numpy as np
import pytest

from pipelines import text
from pipelines.device.runner import LiteRT, Runner
from pipelines.errors import LoadError, RecipeError
from pipelines.recipe import tiny
from pipelines.rows.parts import HeldOut
from pipelines.rows.split import split
from pipelines.steps import (
    TokenizeCharacters,
    TokenizeSubwords,
    TokenizeWords,
    fit_steps,
    make_signature,
    to_ports,
)
from pipelines.verify.keras_interpreter import KerasInterpreter
from pipelines.verify.ladder import answer_all
from tests.learned import learn

NET = text.TextCnn(embedding_width=3)


@pytest.fixture(scope="module")
def parts():
    return split(text.REMARKS.load.read()[0], text.REMARKS.split)


@pytest.fixture(scope="module")
def signature(parts):
    return signature_of(TokenizeWords(window=12), parts)


def signature_of(step, parts):
    encoders, encoded = fit_steps((step,), parts.train.take(np.arange(2000)))
    return make_signature((), encoders, encoded)


def few_of(valid):
    return HeldOut(
        x={"remarks": valid.x["remarks"][:100]},
        y=valid.y[:100],
        ids=valid.ids[:100],
        schema=valid.schema,
    )


def table_of(model):
    return model.get_layer("tokens_embedding").get_weights()[0]


def write(path, content):
    if isinstance(content, str):
        content = content.encode()
    path.write_bytes(gzip.compress(content) if path.suffix == ".gz" else content)
    return str(path)


@pytest.mark.parametrize(
    "name, header", [("v.txt", ""), ("v.vec", "4 3\n"), ("v.txt.gz", "\ufeff4 3\n")]
)
def test_vectors_stand_at_the_ids_of_their_words(name, header, signature, tmp_path):
    """Another case, an accent and a word of two words are spelled as texts are; the first line of a
    spelling counts.
    """
    path = write(
        tmp_path / name,
        f"{header}ENGINE 1 2 3 \nengine 9 9 9\n\nb\u00edrd -1 0 4\nbird strike 7 7 7\n"
        "never\u00a0seen 5 5 5\nzzyzx 1 x 1\n",
    )
    net = replace(NET, vectors=path)
    net.check()
    keys = signature.primitives[0].keys
    ids = [1 + keys.index("engine"), 1 + keys.index("bird")]
    drawn = table_of(NET.build(signature, seed=1))
    table = table_of(net.build(signature, seed=1))
    wanted = np.array([[1, 2, 3], [-1, 0, 4]])
    np.testing.assert_allclose(table[ids], wanted * (drawn.std() / wanted.std()), rtol=1e-5)
    assert table[ids].std() == pytest.approx(drawn.std(), rel=1e-5)
    others = np.setdiff1d(np.arange(len(table)), ids)
    np.testing.assert_array_equal(table[others], drawn[others])


@pytest.mark.parametrize(
    "step, key",
    [
        (TokenizeSubwords(max_tokens=400, window=20), "\u2581bird"),
        (TokenizeCharacters(window=40), "b"),
    ],
)
def test_other_tokens_are_found_by_their_own_spelling(step, key, parts, tmp_path):
    signature = signature_of(step, parts)
    keys = signature.primitives[0].keys
    path = write(tmp_path / "v.txt", f"{key.removeprefix(chr(0x2581)).upper()} 1 2 3\n")
    table = table_of(replace(NET, vectors=path).build(signature))
    found = table[1 + keys.index(key)]
    np.testing.assert_allclose(found / found[0], [1, 2, 3], rtol=1e-5)


def test_padding_has_no_effect_and_frozen_vectors_stay(parts, signature, tmp_path):
    from pipelines.training.feed import TrainFeed
    from pipelines.training.fit import train

    path = write(tmp_path / "v.txt", "engine 1 2 3\nbird -1 0 4\n")
    ports = to_ports(signature, parts.train.take(np.arange(200)))
    valid = to_ports(signature, few_of(parts.valid))
    tables = []
    for trained in (False, True):
        net = replace(NET, vectors=path, train_vectors=trained)
        model = train(
            net,
            TrainFeed(ports),
            valid,
            signature=signature,
            deciding="average_precision",
            training=replace(text.REMARKS.training, epochs=1),
        ).model
        tables.append(np.abs(table_of(model) - table_of(net.build(signature, seed=0))).max())
        before = model.predict({"tokens": ports.x["tokens"][:50]}, verbose=0)
        layer = model.get_layer("tokens_embedding")
        layer.set_weights([np.concatenate([np.full((1, 3), 99.0), layer.get_weights()[0][1:]])])
        np.testing.assert_array_equal(
            model.predict({"tokens": ports.x["tokens"][:50]}, verbose=0), before
        )
    assert tables[0] == 0 < tables[1]


def test_frozen_vectors_ship(parts, tmp_path):
    words = {
        word for each in parts.train.x["remarks"][:300].tolist() for word in each.lower().split()
    }
    random = np.random.default_rng(0)
    path = write(
        tmp_path / "v.txt",
        "".join(
            f"{word} {' '.join(map(str, random.normal(size=12).round(3)))}\n"
            for word in sorted(words)
        ),
    )
    recipe = tiny(
        replace(
            text.REMARKS, build=text.TextCnn(embedding_width=12, vectors=path, train_vectors=False)
        )
    )
    recipe = replace(
        recipe,
        training=replace(recipe.training, epochs=1),
        judge=replace(recipe.judge, beside=False),
    )
    valid = few_of(parts.valid)
    learned = learn(recipe, parts.train.take(np.arange(500)), valid)
    interpreter = LiteRT(learned.tflite["float32"])
    wanted = answer_all(
        Runner(learned.signature, KerasInterpreter(learned.trained.model), form="float32"),
        valid,
    )
    found = answer_all(Runner(learned.signature, interpreter, form="float32"), valid)
    np.testing.assert_allclose(found.raw, wanted.raw, atol=1e-4)


@pytest.mark.parametrize(
    "content, said",
    [
        ("engine 1 2 3\nbird 1 2\n", "line 2: 3 fields"),
        ("engine 1 x 3\n", "line 1: could not convert"),
        ("2 3\nengine 1 nan 3\n", "line 2: a number that is none"),
        ("engine 1 1e99 3\n", "line 1: a number that is none"),
        ("a" * 70_000 + " 1 2 3\n", "line 1: more than 65,536 bytes"),
        ("9 2000\n", "line 1: vectors of 2,000 numbers"),
        ("engine\n", "line 1: vectors of 0 numbers"),
        ("2 3\n\0\1\2\3", "line 2: 1 fields"),
        ("", "no line of vectors"),
        ("engine 5 5 5\n", "all alike"),
    ],
)
def test_lines_that_cannot_be_read_are_named(content, said, signature, tmp_path):
    with pytest.raises(LoadError, match=said):
        net = replace(NET, vectors=write(tmp_path / "v.txt", content))
        net.check()
        net.build(signature)


@pytest.mark.parametrize(
    "content, net, said",
    [
        ("zzyzx 1 2 3\n", NET, "holds no token"),
        ("engine 1 2\n", NET, r"--set build.embedding_width=2"),
        ("", replace(NET, train_vectors=False), "without build.vectors"),
    ],
)
def test_vectors_that_do_not_suit_are_refused(content, net, said, signature, tmp_path):
    path = content and write(tmp_path / "v.txt", content)
    with pytest.raises(RecipeError, match=said):
        net = replace(net, vectors=path)
        net.check()
        net.build(signature)


def test_files_that_are_none(tmp_path):
    (tmp_path / "v.gz").write_bytes(gzip.compress(b"engine 1 2 3\n" * 1000)[:-9])
    (tmp_path / "w.gz").write_bytes(b"engine 1 2 3\n")
    for path, said in (
        (tmp_path / "no.txt", "no file"),
        (tmp_path / "w.gz", "not a whole gzip file"),
    ):
        with pytest.raises(LoadError, match=said):
            replace(text.REMARKS, build=replace(NET, vectors=str(path))).check()
    with pytest.raises(LoadError, match="not a whole gzip file"):
        from pipelines.device.primitives.texts import Words
        from pipelines.text.vectors import check_vectors, read_vectors

        check_vectors(str(tmp_path / "v.gz"), 3)
        read_vectors(str(tmp_path / "v.gz"), Words("t", (), ("engine",), 1, 9))
