"""Answers that no other test of the page has: texts that are spelled, class means, kept rules; each
by the page's own code in a headless browser.
"""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from pipelines import catalog
from pipelines.device.runner import LiteRT
from pipelines.recipe import Shipping, tiny
from pipelines.rows.split import split
from pipelines.run import settle
from pipelines.targets.web.page import web_files, web_form
from pipelines.targets.web.runner import AsInBrowser, Browser, available
from pipelines.targets.web.spec import TargetWeb
from pipelines.verify.golden import golden
from tests.learned import learn

pytestmark = [
    pytest.mark.skipif(bool(available()), reason=f"needs {available()}"),
    pytest.mark.full,
]
NUM_ROWS = 60


def dates():
    return pd.read_csv("data/dates.csv.gz", dtype=str).iloc[:600]


def clothes():
    with np.load("data/fashion_mnist_8k.npz") as file:
        return {"picture": file["x_test"][:900], "label": file["y_test"][:900]}


def storms():
    return pd.read_csv("data/storms.csv.gz")


CASES = {
    "dates_attention": (dates, ()),
    "dates_stepwise": (dates, ()),
    "fashion_prototypes": (clothes, ("split=SplitRandom(test=0.2, valid=0.2, seed=0)",)),
    "storms_rules": (
        storms,
        ("judge.rules=(\"status != 'tropical storm'\",)",),
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_the_page_answers_as_python(name):
    make, settings = CASES[name]
    recipe = catalog.override(tiny(catalog.RECIPES[name]), *settings, "training.epochs=1")
    recipe = replace(recipe, shipping=Shipping((TargetWeb(),)))
    parts = split(recipe.load.read(make())[0], recipe.split)
    learned = learn(settle(recipe, parts.train.schema), parts.train, parts.valid)
    signature = learned.signature
    form, content = web_form(learned.tflite)
    rows = golden(signature, learned.tflite["int8"], parts.test)
    columns = {column.name: parts.test.x[column.name][:NUM_ROWS] for column in signature.columns}
    wanted = AsInBrowser(signature, LiteRT(content), form).predict_columns(columns)
    files = web_files(signature, content, name, form=form, golden=rows)
    with Browser(files, signature) as browser:
        made = browser.predict_columns(columns)
        assert made.labels.tolist() == wanted.labels.tolist()
        np.testing.assert_allclose(made.raw, wanted.raw, atol=1e-5)
        np.testing.assert_allclose(made.scores, wanted.scores, rtol=1e-4, atol=1e-7)
        if signature.answer_rules:
            plain = replace(signature, answer_rules=())
            free = AsInBrowser(plain, LiteRT(content), form).predict_columns(columns)
            assert (free.labels != wanted.labels).any()
        if name.startswith("dates"):
            text = str(columns["written"][0])
            assert browser.ask_page(text) == wanted.labels[0]
