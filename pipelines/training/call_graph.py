"""Functional Keras models, call by call: who reads what, and copies in which some calls are
altered.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from ..errors import RecipeError


@dataclass(eq=False)
class Call:
    """One call of a layer (or of a function of keras.ops) in a model with `arguments` (positional,
    by name), and what it makes. `givers`, `readers`: the calls that made what it reads, and those
    that read what it makes; `inputs`: which of the tensors among its arguments are the model's own
    inputs, place → name; `is_output`: whether the model gives what it makes.
    """

    layer: Any
    result: Any
    arguments: tuple[tuple, dict]
    givers: list["Call"] = field(default_factory=list)
    readers: list["Call"] = field(default_factory=list)
    inputs: dict[int, str] = field(default_factory=dict)
    is_output: bool = False

    def only_reader(self):
        """The one layer that reads what the call makes; None where there are more, or none."""
        if len(self.readers) == 1 and not self.is_output:
            return self.readers[0].layer
        return None


def calls_of(model) -> list[Call]:
    """Every call in a functional model, in the order in which they run, inputs left out; a layer
    that is shared comes once for each of its calls. The layers are copies with other weights.
    """
    import keras

    calls = []
    makers = {}

    def note(layer, *args, **kwargs):
        result = layer(*args, **kwargs)
        call = Call(layer, result, (args, kwargs))
        read = keras.tree.flatten((args, kwargs))
        call.givers = list(dict.fromkeys(makers[id(each)] for each in read if id(each) in makers))
        call.inputs = {
            place: each.name
            for place, each in enumerate(read)
            if isinstance(each, keras.KerasTensor) and id(each) not in makers
        }
        for each in call.givers:
            each.readers.append(call)
        makers.update({id(each): call for each in keras.tree.flatten(result)})
        calls.append(call)
        return result

    copy = keras.models.clone_model(
        as_functional(model), clone_function=copy_layer, call_function=note
    )
    for each in copy.outputs:
        if id(each) in makers:
            makers[id(each)].is_output = True
    return calls


def alter(model, make_layer: Callable[[Any], Any], call: Callable[..., Any]):
    """A copy of a functional model of layers that `make_layer` gives for the old ones. `call(known,
    layer, *args, **kwargs)` calls each, or does something else with what it reads; `known`: its
    Call in `calls_of(model)`. Weights are copied between layers of one name whose weights have the
    same shapes.
    """
    import keras

    known = iter(calls_of(model))

    def call_known(layer, *args, **kwargs):
        return call(next(known), layer, *args, **kwargs)

    copy = keras.models.clone_model(
        as_functional(model), clone_function=make_layer, call_function=call_known
    )
    copy_alike(model, copy)
    return copy


def copy_alike(model, copy) -> None:
    """Weights, and whether they are trained, between layers of one name whose weights have the same
    shapes.
    """
    old_layers = {layer.name: layer for layer in model.layers}
    for new in copy.layers:
        old = old_layers.get(new.name)
        if (
            old is not None
            and new.weights
            and [each.shape for each in new.weights] == [each.shape for each in old.weights]
        ):
            new.set_weights(old.get_weights())
            new.trainable = old.trainable


def call_as_it_is(known: Call, layer, *args, **kwargs):
    """Nothing altered."""
    return layer(*args, **kwargs)


def copy_layer(layer):
    """A layer of the same class and configuration, with weights of its own."""
    return layer.__class__.from_config(layer.get_config())


def as_functional(model):
    """The model, a sequential one as a functional one of the same layers. Raises RecipeError for
    others.
    """
    import keras

    if isinstance(model, keras.Sequential) and model.built:
        return keras.Model(model.inputs, model.outputs, name=model.name)
    if not isinstance(model, keras.Model) or not hasattr(model, "operations"):
        raise RecipeError(
            f"a {type(model).__name__} to look into",
            expected="a functional or sequential Keras model of built-in layers",
            fix="build it with keras.Input, layers and keras.Model(inputs, outputs)",
        )
    return model
