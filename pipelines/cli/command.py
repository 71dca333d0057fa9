"""Commands whose options are the fields of a dataclass: a command states its own options, and
inherits those that it shares with others.
"""

import dataclasses
import inspect
import typing
from collections.abc import Callable

import typer

# The words after the first one are another command's.
PASSES_ON = {"allow_interspersed_args": False}


def add_command(
    app: typer.Typer,
    name: str,
    act: Callable,
    options: type,
    *,
    settings: dict[str, bool] | None = None,
) -> None:
    """Adds a command to `app`.

    Args:
        app: the command line.
        name: what a user types.
        act: takes one instance of `options`; its docstring is the help of the command.
        options: a frozen dataclass, each field annotated with a `typer.Argument` or a
            `typer.Option`.
        settings: of click's context.
    """
    app.command(name, context_settings=settings)(_with_parameters(act, options))


def _with_parameters(act, options):
    """`act` as a function with a parameter for each field, which is what typer reads."""

    def command(**values):
        act(options(**values))

    hints = typing.get_type_hints(options, include_extras=True)
    parameters = [_parameter(field, hints[field.name]) for field in _own_first(options)]
    command.__signature__ = inspect.Signature(parameters)
    command.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    command.__doc__ = act.__doc__
    return command


def _parameter(field, hint):
    if field.default is dataclasses.MISSING:
        default = inspect.Parameter.empty
    else:
        default = field.default
    return inspect.Parameter(
        field.name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=hint
    )


def _own_first(options):
    """The fields of a dataclass, those of its bases last: the order of the help."""
    own = options.__dict__.get("__annotations__", {})
    fields = dataclasses.fields(options)
    inherited = [field for field in fields if field.name not in own]
    return [field for field in fields if field.name in own] + inherited
