"""Grad-CAM of pictures (Selvaraju et al. 2017, https://arxiv.org/abs/1610.02391)."""

import numpy as np

from ...training.keras_file import read_keras
from ...vision.draw import enlarge, grad_cam
from .focus import example_places, example_title
from .heat import montage
from .opened import OpenedBundle
from .reading import NotRead, Reading

TITLE = "Grad-CAM"


def read_grad_cam(opened: OpenedBundle) -> Reading | NotRead:
    """Draws where the last feature map of a net of pictures speaks for the answer."""
    columns = opened.signature.columns
    if len(columns) != 1 or len(columns[0].shape) != 3:
        return NotRead(TITLE, "it is of models that read a picture alone")
    if not opened.target.labels or opened.task.embeds:
        return NotRead(TITLE, "it is of labels: a value has no map that speaks for it")
    name = columns[0].name
    places = example_places(opened)
    pixels = opened.columns_at(places)[name]
    labels = opened.answers.scores[places].argmax(axis=1)
    model = read_keras(opened.folder)
    maps = grad_cam(
        model,
        pixels,
        labels,
    )
    if maps is None:
        return NotRead(TITLE, "the net does not end by averaging a feature map")
    height, width = pixels.shape[1:3]
    enlarged = []
    for each in maps:
        levels = np.uint8(each * 255)
        enlarged.append(enlarge(levels, height, width) / 255)
    names = [example_title(opened, place) for place in places]
    shares = np.mean(maps > 0.5, axis=(1, 2))
    return Reading(
        TITLE,
        f"Half of the strength or more lies on {np.median(shares):.0%} of the last feature map "
        f"({maps.shape[1]} × {maps.shape[2]}), the median of {len(places)} pictures.",
        pictures=(
            montage(
                TITLE,
                pixels,
                np.stack(enlarged),
                names,
            ),
        ),
        note="The Keras model, whose gradients int8 lacks. Red: where the last feature map speaks "
        "for the label that is answered; what speaks against it is not shown",
        values={"rows": places.tolist()},
    )
