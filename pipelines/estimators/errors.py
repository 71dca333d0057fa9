"""A fit among many: errors as scikit-learn expects them, and nothing printed."""

import io
import re
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, redirect_stderr, redirect_stdout

from ..errors import EstimatorError, PipelineError

_SETTING = re.compile(r"--set (?:'(?P<quoted>[a-z][\w.]*=[^']*)'|(?P<bare>[a-z][\w.]*=[^\s',]+))")
_KIND = re.compile(r"--kind '(?P<column>[^'=]+)=(?P<kind>[^']+)'")
_WORDS = ("None", "True", "False")
# One fit at a time in a process: what is printed, the seeds of Keras and its session are global.
_ONE_FIT = threading.RLock()


@contextmanager
def as_value_errors() -> Iterator[None]:
    """Raises every PipelineError of the block as an EstimatorError, which is a ValueError too."""
    try:
        yield
    except PipelineError as error:
        if isinstance(error, ValueError):
            raise
        raise EstimatorError(
            error.received,
            expected=error.expected,
            fix=_fix_of(error.fix),
            stage=error.stage,
        ) from error


def _fix_of(fix):
    """Returns what to do, with options of the command line as the argument `knobs`."""
    fix = _SETTING.sub(_as_knobs, fix)
    return _KIND.sub(_as_kinds, fix)


def _as_kinds(found):
    kinds = {found["column"]: found["kind"]}
    return f"knobs={{'load.kinds': {kinds!r}}}"


def _as_knobs(found):
    knob, _, value = (found["quoted"] or found["bare"]).partition("=")
    return f"knobs={{{knob!r}: {_in_python(value)}}}"


def _in_python(value):
    """Returns a value of the command line as Python writes it: a bare word there is a text."""
    if value.isidentifier() and value not in _WORDS:
        return repr(value)
    return value


@contextmanager
def one_fit(*, prints: bool) -> Iterator[None]:
    """Surrounds a fit: one at a time in a process.

    Args:
        prints: Whether what the stages print is shown.
    """
    with _ONE_FIT, ExitStack() as stack:
        if not prints:
            stack.enter_context(redirect_stdout(io.StringIO()))
            stack.enter_context(redirect_stderr(io.StringIO()))
        yield
