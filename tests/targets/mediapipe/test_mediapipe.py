"""MediaPipe's own classifiers say what the runner says, from raw pictures and raw texts."""

import io
import json
import re
import zipfile
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines import text, vision
from pipelines.convert.convert import convert
from pipelines.convert.scales import with_scales
from pipelines.device import primitives as p
from pipelines.device.calibration import Calibration
from pipelines.device.cells import Column
from pipelines.device.pictures import read_picture
from pipelines.device.ports import Port
from pipelines.device.primitives.texts import Characters, Words
from pipelines.device.runner import LiteRT, Runner
from pipelines.device.signature import Signature
from pipelines.device.target import Target
from pipelines.errors import ExportError, VerifyError
from pipelines.recipe import tiny
from pipelines.rows.parts import Schema, TrainSet
from pipelines.rows.split import split
from pipelines.steps.tokens import spelling
from pipelines.targets.mediapipe.graph import delimiters, mediapipe_model, refusal, vocabulary
from pipelines.targets.mediapipe.runner import MediaPipe, available
from pipelines.targets.mediapipe.scores import decide
from pipelines.training.members import average_members
from pipelines.training.optimizers import AdamW
from pipelines.verify.ladder import Rung
from pipelines.verify.tolerance import failed_step
from tests.learned import learn

needs_mediapipe = pytest.mark.skipif(bool(available()), reason=f"needs MediaPipe: {available()}")


def of_pictures(shape, labels):
    """A signature for pictures."""
    binary = len(labels) == 2
    return Signature(
        (Column("picture", "picture", shape=shape),),
        Target("kind", "binary" if binary else "multiclass", labels),
        (p.Pack(("picture",), "image"),),
        (Port("image", shape, "float32", "pixels 0..255"),),
        Port("output", (1 if binary else len(labels),), "float32", "log-odds"),
    )


def spread_logits(model, inputs):
    """Takes an untrained net far from the ties that it is made of."""
    logits = model.predict(inputs, verbose=0)
    last = model.layers[-1]
    (kernel, bias), factor = last.get_weights(), 2 / logits.std(axis=0)
    last.set_weights([kernel * factor, (bias - logits.mean(axis=0)) * factor])


@pytest.fixture(
    scope="module",
    params=[((12, 16, 1), ("cat", "dog", "owl's")), ((10, 10, 3), ("no", "yes"))],
    ids=["grey", "colours"],
)
def pictures(request):
    """(signature with a decision, int8 file, pictures) of an untrained net."""
    shape, labels = request.param
    signature = of_pictures(shape, labels)
    generator = np.random.default_rng(0)
    coarse = generator.integers(0, 256, (120, 2, 2, shape[2]), np.uint8)
    x = coarse.repeat(shape[0] // 2, axis=1).repeat(shape[1] // 2, axis=2)
    model = average_members(vision.Cnn(widths=(8, 8), pool_after=(0,)).build(signature, seed=1))
    spread_logits(model, {"image": x.astype(np.float32)})
    rows = TrainSet({"image": x}, np.zeros(120, int), np.arange(120), Schema((), signature.target))
    int8 = convert(model, rows)["int8"]
    signature = with_scales(signature, LiteRT(int8), model)
    raw = Runner(signature, LiteRT(int8)).predict_columns({"picture": x}).raw
    middle = np.median(signature.output.to_float(raw), axis=0)
    return replace(signature, decisions={"int8": tuple((-middle).tolist())}), int8, x


@pytest.fixture(scope="module")
def remarks():
    """What a tiny recipe learns of remarks, and its splits."""
    recipe = tiny(text.REMARKS5)
    recipe = replace(
        recipe,
        teacher=None,
        judge=replace(recipe.judge, beside=False),
        build=text.TextCnn(width=16),
        training=replace(recipe.training, epochs=2, optimizer=AdamW(learning_rate=5e-3)),
    )
    splits = split(recipe.load.read(None)[0], recipe.split)
    return learn(recipe, splits.train, splits.valid), splits


def litert_scores(content, arrays):
    """float32 [rows, labels]: what LiteRT makes of the file's only input, one row a call."""
    interpreter = LiteRT(content)
    (name,) = interpreter.port_names()
    return interpreter.run({name: arrays})


def labels_of(content, signature, scores):
    """The labels that the decision in the file makes of scores."""
    with zipfile.ZipFile(io.BytesIO(content)) as files:
        decision = json.loads(files.read("decision.json"))
    return np.array(signature.target.labels)[decide(scores, decision)].tolist()


@needs_mediapipe
def test_pictures_get_the_runners_labels(pictures):
    signature, int8, x = pictures
    wanted = Runner(signature, LiteRT(int8)).predict_columns({"picture": x})
    content = mediapipe_model(int8, signature, "t")
    given = litert_scores(content, np.repeat(x, 3, axis=3) if x.shape[3] == 1 else x)
    np.testing.assert_allclose(given, wanted.scores, atol=1e-5)
    assert labels_of(content, signature, given) == list(wanted.labels)
    np.testing.assert_allclose(given.sum(axis=1), 1, atol=1e-6)
    answers = MediaPipe(content, signature).predict_columns({"picture": x})
    np.testing.assert_allclose(answers.scores, wanted.scores, atol=1e-5)
    assert (answers.labels == wanted.labels).all() and len(set(wanted.labels)) > 1
    times = MediaPipe(content, signature).one_row_ms({"picture": x}, 5)
    assert times.shape == (5,) and (times > 0).all()


@needs_mediapipe
def test_a_net_for_grey_pictures_sees_colours_as_the_runner_does(pictures):
    signature, int8, x = pictures
    height, width, channels = signature.columns[0].shape
    colours = np.random.default_rng(0).integers(0, 256, (40, height, width, 3), np.uint8)
    read = np.stack([read_picture(each, (height, width, channels)) for each in colours])
    wanted = Runner(signature, LiteRT(int8)).predict_columns({"picture": read})
    content = mediapipe_model(int8, signature, "t")
    given = litert_scores(content, colours)
    np.testing.assert_allclose(given, wanted.scores, atol=1e-5)
    assert labels_of(content, signature, given) == list(wanted.labels)


@needs_mediapipe
@pytest.mark.parametrize(
    "calibration",
    [
        Calibration(0.4),
        Calibration(1.7, -0.3),
        Calibration(logits=(-3.0, -0.5, -0.2, 0.9, 2.0), shares=(0.01, 0.2, 0.2, 0.7, 0.95)),
    ],
    ids=["temperature", "platt", "isotonic"],
)
def test_calibrated_probabilities_and_every_threshold(pictures, calibration):
    """Whatever the threshold, on the grid of int8 or between, labels are the runner's; and scores
    to 1e-5.
    """
    signature, int8, x = pictures
    if signature.target.task != "binary" and calibration != Calibration(0.4):
        pytest.skip("of two classes alone")
    step = float(signature.output.step())
    raw = Runner(signature, LiteRT(int8)).predict_columns({"picture": x}).raw
    seen = np.unique(signature.output.to_float(raw)[:, 0])
    places = seen[[5, len(seen) // 2, -5]]
    for middle in (*places, *(places + step / 2), *(places - step / 3), seen[-1] + 9):
        offsets = tuple([-float(np.float32(middle)), 0.3, -0.2][: signature.output.shape[0]])
        changed = replace(
            signature, decisions={"int8": offsets}, calibrations={"int8": calibration}
        )
        wanted = Runner(changed, LiteRT(int8)).predict_columns({"picture": x})
        content = mediapipe_model(int8, changed, "t")
        given = litert_scores(content, np.repeat(x, 3, axis=3) if x.shape[3] == 1 else x)
        np.testing.assert_allclose(given, wanted.scores, atol=1e-5)
        assert labels_of(content, changed, given) == list(wanted.labels)
    answers = MediaPipe(content, changed).predict_columns({"picture": x})
    np.testing.assert_allclose(answers.scores, wanted.scores, atol=1e-5)
    assert answers.labels.tolist() == wanted.labels.tolist()


@needs_mediapipe
def test_several_labels_have_their_own_scores_and_thresholds(pictures):
    """The net's outputs read as labels that are each yes or no."""
    signature, int8, x = pictures
    if signature.target.task == "binary":
        pytest.skip("one output")
    target = Target("kinds", "multilabel", signature.target.labels, separator="|")
    signature = replace(signature, target=target, calibrations={"int8": Calibration(0.4)})
    wanted = Runner(signature, LiteRT(int8)).predict_columns({"picture": x})
    content = mediapipe_model(int8, signature, "t")
    answers = MediaPipe(content, signature).predict_columns({"picture": x})
    np.testing.assert_allclose(answers.scores, wanted.scores, atol=1e-5)
    assert answers.labels.tolist() == wanted.labels.tolist()
    assert len(set(wanted.labels)) > 3
    logits = signature.output.to_float(wanted.raw)
    np.testing.assert_allclose(answers.raw, logits, rtol=1e-3, atol=1e-3)
    with zipfile.ZipFile(io.BytesIO(content)) as files:
        assert len(json.loads(files.read("decision.json"))["thresholds"]) == 3


def test_probabilities_of_another_computation_fail_the_ladder():
    """As those with the threshold in the logits did: the labels were the runner's, the
    probabilities were not.
    """
    keras = Rung("keras", {"accuracy": 0.9}, 1.0, 0.0, 1, 1.0, 1.0, 500)
    rung = Rung(
        "mediapipe",
        {"accuracy": 0.9},
        1.0,
        0.0,
        1,
        1.0,
        1.0,
        500,
        runner_agreement=1.0,
        probability_difference=0.24,
    )
    said = failed_step([keras, rung], "accuracy", 0.02)
    assert "probabilities that differ from the device runner's by 0.2400" in said
    assert not failed_step([keras, replace(rung, probability_difference=1e-6)], "accuracy", 0.02)


@needs_mediapipe
def test_texts_get_the_runners_labels(remarks):
    learned, splits = remarks
    signature = learned.signature
    int8 = learned.tflite["int8"]
    texts = splits.test.x["remarks"]
    content = mediapipe_model(int8, signature, "t", texts=splits.train.x["remarks"])
    wanted = Runner(signature, LiteRT(int8)).predict_columns({"remarks": texts})
    answers = MediaPipe(content, signature).predict_columns({"remarks": texts})
    assert len(texts) >= 500 and (answers.labels == wanted.labels).mean() >= 0.99
    known = splits.train.x["remarks"][:100]  # every word has its own id, or the one that it shares
    np.testing.assert_allclose(
        MediaPipe(content, signature).predict_columns({"remarks": known}).scores,
        Runner(signature, LiteRT(int8)).predict_columns({"remarks": known}).scores,
        atol=0.02,
    )
    odd = np.array(
        ["", " ", "...", "\U0001f600" * 50, "a" * 100_000, "e\u0301" * 200, "\ufffd", "<PAD>"],
        object,
    )
    assert set(MediaPipe(content, signature).predict_columns({"remarks": odd}).labels) <= set(
        signature.target.labels
    )


@needs_mediapipe
def test_an_lstm_forgets_the_text_before():
    """MediaPipe itself keeps the state of one call for the next."""
    random = np.random.default_rng(0)
    known = [f"w{place}" for place in range(20)]
    texts = np.array(
        [" ".join(random.choice(known, random.integers(1, 12))) for _ in range(60)], object
    )
    words = Words("t", spelling(texts), tuple(sorted(known)), num_buckets=2, window=12)
    columns = {"t": texts}
    port = Port("tokens", (12,), "int32", "token id", num_ids=words.num_ids())
    words.run(columns)
    signature = replace(
        of_pictures((1, 1, 1), ("a", "b", "c")),
        columns=(Column("t", "text"),),
        inputs=(port,),
        primitives=(words, p.Pack(("t",), "tokens")),
    )
    model = average_members(text.Lstm(widths=(8,)).build(signature, seed=2))
    spread_logits(model, {"tokens": columns["t"]})
    rows = TrainSet(
        {"tokens": columns["t"]}, np.zeros(60, int), np.arange(60), Schema((), signature.target)
    )
    int8 = convert(model, rows)["int8"]
    signature = with_scales(signature, LiteRT(int8), model)
    runtime = MediaPipe(mediapipe_model(int8, signature, "t"), signature)
    forward, backward = (
        runtime.predict_columns({"t": each}).scores for each in (texts, texts[::-1])
    )
    np.testing.assert_array_equal(forward, backward[::-1])
    wanted = Runner(signature, LiteRT(int8)).predict_columns({"t": texts}).scores
    np.testing.assert_allclose(forward, wanted, atol=0.05)


@needs_mediapipe
def test_the_file_holds_labels_and_words_and_is_the_same_again(remarks):
    learned, splits = remarks
    contents = [mediapipe_model(learned.tflite["int8"], learned.signature, "t") for _ in range(2)]
    assert contents[0] == contents[1]
    with zipfile.ZipFile(io.BytesIO(contents[0])) as files:
        assert files.namelist() == ["labels.txt", "decision.json", "vocabulary.txt"]
        assert files.read("labels.txt").decode().splitlines() == list(
            learned.signature.target.labels
        )


@needs_mediapipe
def test_files_that_do_not_fit_are_refused(remarks, pictures):
    (learned, _), (signature, int8, _) = remarks, pictures
    with pytest.raises(VerifyError, match="INT8"):
        MediaPipe(int8, signature)
    with pytest.raises(VerifyError, match="MediaPipe refuses"):
        MediaPipe(b"no model", signature)
    with pytest.raises(ExportError, match="values"):
        mediapipe_model(int8, learned.signature, "t")
    more = replace(
        learned.signature,
        primitives=(
            replace(learned.signature.primitives[0], num_buckets=7),
            *learned.signature.primitives[1:],
        ),
    )
    with pytest.raises(ExportError, match="one for each id"):
        mediapipe_model(learned.tflite["int8"], more, "t")


def words_of(texts, *, punctuation):
    """A tokenizer whose keys are the longer words of the texts."""
    letters = spelling(np.array(texts), punctuation=punctuation)
    keys = {
        token
        for each in texts
        for token in Words("", letters, (), 1, 1).tokens(each)
        if len(token) > 2
    }
    return Words("t", letters, tuple(sorted(keys, key=str.encode)), num_buckets=5, window=40)


def as_mediapipe(words, found, unknown, given):
    """The ids that MediaPipe's RegexTokenizer gives a text, in Python: tokens are what stands
    before the first group of each match.
    """
    pattern = re.compile(
        "("
        + re.sub(
            r"\\x\{([0-9a-f]+)\}", lambda match: f"\\U{int(match[1], 16):08x}", delimiters(words)
        )
        + ")"
    )
    tokens = []
    while match := pattern.search(given):
        tokens.append(given[: match.start(1)])
        given = given[match.end() :]
    return [found.get(token, unknown) for token in [*tokens, given] if token]


LETTERS = st.text(
    st.sampled_from("aäÉßxX09.,'-/ \t\n\u00a0+$<=>%&#\U0001f600\u4e2d\u0301_"), max_size=30
)


@settings(max_examples=60, deadline=None)
@given(st.lists(LETTERS, min_size=1, max_size=4), st.booleans())
def test_the_pattern_cuts_texts_as_the_tokenizer_does(texts, punctuation):
    words = words_of(texts, punctuation=punctuation)
    found = vocabulary(words, words.num_ids(), texts)
    for each in texts:
        columns = {"t": np.array([each], object)}
        words.run(columns)
        wanted = [place for place in columns["t"][0].tolist() if place]
        start = each.lstrip(" \n")  # of all spaces these cannot stand in a vocabulary
        given = [place for place in as_mediapipe(words, found, words.num_ids(), start) if place]
        assert given == wanted, (each, delimiters(words))


def test_what_mediapipe_cannot_run_is_refused_with_the_reason():
    grey = of_pictures((8, 8, 1), ("a", "b"))
    words = Words("t", (), ("a",), 2, 4)
    port = Port("tokens", (4,), "int32", "token id", num_ids=4)
    texts = replace(
        grey,
        columns=(Column("t", "text"),),
        inputs=(port,),
        primitives=(words, p.Pack(("t",), "tokens")),
    )
    assert refusal(grey) == refusal(texts) == ""
    for signature, said in (
        (replace(grey, target=Target("price", "regression")), "'price' is no class"),
        (replace(grey, target=Target("y", "binary", ("a", "b\n"))), "one label a line"),
        (
            replace(grey, columns=(Column("n", "numeric"), Column("c", "categorical"))),
            "categorical, numeric",
        ),
        (
            replace(texts, primitives=(words, p.Bigrams("t", "u", 9), p.Pack(("t",), "tokens"))),
            "Words, Bigrams",
        ),
        (
            replace(
                texts, primitives=(Characters("t", (), ("a",), 2, 4), p.Pack(("t",), "tokens"))
            ),
            "Characters",
        ),
    ):
        assert said in refusal(signature)
