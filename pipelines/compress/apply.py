"""A step of compression as a stage of its own, which is done once."""

from ..engine.arrays import from_bytes, to_bytes
from ..engine.cache import Work, begin
from ..slots import Compression
from ..training.keras_file import keras_bytes, keras_from_bytes
from ..training.model_state import model_digest, put_state, state_of
from .tuning import Tuning

_FILE = "model.keras"
_STATE = "state.npz"  # with the seeds of dropout, which a .keras file does not hold


def apply_compression(spec: Compression, model, tuning: Tuning):
    """Returns the keras.Model that a step of compression makes of another, or made of it before.

    Args:
        spec: the step.
        model: a keras.Model; it stays as it is.
        tuning: what fitting it further takes.
    """
    work = _work(spec, model, tuning)
    files = work.recall()
    if files is not None:
        with tuning.scope():
            smaller = keras_from_bytes(files[_FILE])
            put_state(smaller, from_bytes(files[_STATE]))
        return smaller
    with work.going_on():
        smaller = spec.compress(model, tuning)
    if work.is_kept:
        state = to_bytes(state_of(smaller))
        work.keep({_FILE: keras_bytes(smaller), _STATE: state})
    return smaller


def _work(spec, model, tuning):
    stage = type(spec).__name__
    if not tuning.digest:
        return Work(stage)
    return begin(stage, spec, model_digest(model), tuning.digest)
