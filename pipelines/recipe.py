"""A Recipe says what we intend: the stages in order, each slot holding a frozen spec that prints,
compares, can be overridden (`training.epochs=3`) and is written beside its result.
"""

import ast
import difflib
import re
from collections.abc import Mapping, Sequence
from dataclasses import MISSING, dataclass, field, fields, is_dataclass, replace
from typing import Any

from .errors import RecipeError
from .rows.split import Split, SplitRandom
from .shipping import Shipping
from .spec import check_knobs, knob
from .tasks.metrics import LABEL_METRICS
from .training.fit import Training

NAME_PATTERN = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")


@dataclass(frozen=True)
class Judge:
    """What the model is judged by. `deciding`: stops training and gates the ladder ("": the task's
    `usual_deciding`). `min_agreement`: of labels, the share of test rows to which
    every rung must give the one that Keras gives, whatever the deciding metric says. `threshold`:
    what the decision threshold is chosen for on validation rows; "none": it stays where the net
    puts it, better than what a handful of rows would say. `tolerance`: how much of the deciding
    metric a rung of the ladder may lose. `quantile`: of the scores of training windows, above which
    a window is an anomaly. `beside`: whether uneven classes get a second training with the other
    choice of balancing, to show in the report what the choice did; a net for series, a linear one
    beside it.
    """

    deciding: str = ""
    threshold: str = "macro_f1"
    tolerance: float = knob(0.01, 0, 1)
    min_agreement: float = knob(0.9, 0, 1)
    quantile: float = knob(0.99, 0, 1)
    beside: bool = True


@dataclass(frozen=True)
class Recipe:
    """From a source to a bundle. `frame` cuts steps in time to windows, after the split; `prepare`
    comes before balancing and leaves one value a cell, `encode` after it; both are fitted on the
    training rows as they were before balancing; `augment` alters training batches only; `shipping`
    makes the model small and names where it runs. `about`: what it is, and the result to expect.
    """

    name: str
    load: Any
    build: Any
    split: Split = SplitRandom()
    frame: Any = None
    prepare: tuple = ()
    balance: Any = None
    encode: tuple = ()
    teacher: Any = None
    augment: tuple = ()
    training: Training = Training()
    shipping: Shipping = Shipping()
    judge: Judge = Judge()
    about: str = field(default="", compare=False)

    def balancer(self) -> Any:
        """What balances the rows, or of a net's features, or None."""
        if self.balance is not None:
            return self.balance
        return getattr(self.build, "balancer", None)

    def plain_build(self) -> Any:
        """The net with nothing of its own balanced."""
        if hasattr(self.build, "plain"):
            return self.build.plain()
        return self.build

    def check(self) -> None:
        """Raises RecipeError for what cannot work, before a row is read."""
        if not NAME_PATTERN.fullmatch(self.name):
            raise RecipeError(
                f"the name {self.name!r}",
                expected="letters, digits, _ and -, at most 64: it becomes a folder",
                fix="--name my_model",
            )
        for slot, does in (
            ("load", "read"),
            ("split", "parts"),
            ("build", "build"),
            ("training", "strategy"),
            ("judge", "tolerance"),
            ("shipping", "targets"),
        ):
            if not hasattr(getattr(self, slot), does):
                raise RecipeError(
                    f"{slot}={getattr(self, slot)!r}",
                    expected=f"a spec for {slot}",
                    fix=f"turn a knob below it, such as {slot}.{does}, or give a whole spec",
                )
        check_knobs(self)
        if self.frame is not None:
            self.frame.check()
        self.training.check()
        self.build.check()
        self.shipping.check()
        for slot in ("prepare", "encode"):
            for step in (
                getattr(self, slot)
                if isinstance(getattr(self, slot), tuple)
                else (getattr(self, slot),)
            ):
                if not hasattr(step, "fit") and not (
                    slot == "prepare" and hasattr(step, "filter_rows")
                ):
                    raise RecipeError(
                        f"{slot} holds {step!r}",
                        expected="a tuple of steps from pipelines.steps",
                        fix=f"--set '{slot}=(ImputeMedian(),)'",
                    )
        if self.balance is not None and not hasattr(self.balance, "resample"):
            raise RecipeError(
                f"balance={self.balance!r}",
                expected="a balancer from pipelines.balance, or None",
                fix="--set 'balance=WeightByClass()'",
            )
        if self.teacher is not None:
            if not hasattr(self.teacher, "soften"):
                raise RecipeError(
                    f"teacher={self.teacher!r}",
                    expected="ForestTeacher() for tables, TfidfTeacher() for texts, or None",
                    fix="--set teacher=None",
                )
            if self.balance is not None and type(self.balance).__name__ != "WeightByClass":
                raise RecipeError(
                    f"a teacher together with {type(self.balance).__name__}",
                    expected="rows that the teacher has answered",
                    fix="--set balance=None or 'balance=WeightByClass()', or --set teacher=None",
                )
        for spec in self.augment if isinstance(self.augment, tuple) else (self.augment,):
            if not hasattr(spec, "compose"):
                raise RecipeError(
                    f"augment holds {spec!r}",
                    expected="a tuple of specs from the augment.py of "
                    "pipelines.vision, text or timeseries",
                    fix="--set 'augment=(AugmentFlip(),)', or augment=()",
                )
        if self.judge.threshold not in (*LABEL_METRICS, "none"):
            raise RecipeError(
                f"judge.threshold={self.judge.threshold!r}",
                expected=", ".join((*LABEL_METRICS, "none")),
                fix="judge.threshold=macro_f1",
            )


def to_json(spec: object) -> object:
    """A recipe or any spec in it as plain JSON values: {"spec": its class, field: value, ...}."""
    if is_dataclass(spec):
        return {
            "spec": type(spec).__name__,
            **{each.name: to_json(getattr(spec, each.name)) for each in fields(spec)},
        }
    if isinstance(spec, Mapping):
        return {"spec": "dict", "items": [[key, to_json(value)] for key, value in spec.items()]}
    if isinstance(spec, (tuple, list)):
        return [to_json(item) for item in spec]
    return spec


def from_json(values: object, specs: Sequence[type]) -> Any:
    """The inverse of `to_json`, for the spec classes given; nothing else can come of it. Raises
    RecipeError.
    """
    if isinstance(values, list):
        return tuple(from_json(item, specs) for item in values)
    if not isinstance(values, dict):
        return values
    kind = values.get("spec")
    if kind == "dict":
        return {str(key): from_json(value, specs) for key, value in values.get("items", [])}
    spec = _spec_class(str(kind), specs)
    known = {each.name for each in fields(spec)}
    unknown = set(values) - known - {"spec"}
    if unknown:
        raise RecipeError(
            f"{kind} with {', '.join(sorted(unknown))}",
            expected=", ".join(sorted(known)),
            fix="make the recipe again with this version",
        )
    return _make(
        spec, {name: from_json(value, specs) for name, value in values.items() if name != "spec"}
    )


def override(recipe: Recipe, setting: str, specs: Sequence[type]) -> Recipe:
    """The recipe with one knob turned: "training.epochs=3", "balance=Smote(k_neighbors=3)",
    "split.seed=1".

    Values are Python literals or specs; a bare word is text. Raises RecipeError naming the knobs
    there are.
    """
    path, separator, text = setting.partition("=")
    if not separator:
        raise RecipeError(
            f"the setting {setting!r}", expected="knob=value", fix="--set training.epochs=3"
        )
    return _replace(
        recipe, path.strip().split("."), _parse(text.strip(), specs), recipe.name, path.strip()
    )


def _replace(spec, path, value, recipe_name, whole):
    name = path[0]
    rest = path[1:]
    if is_dataclass(spec):
        names = [each.name for each in fields(spec)]
    else:
        names = []
    if name not in names:
        before = whole[: len(whole) - len(".".join(path))]
        knobs = [before + each for each in names]
        close = difflib.get_close_matches(before + name, knobs, n=1)
        raise RecipeError(
            f"recipe {recipe_name!r} has no knob {whole!r}",
            expected=", ".join(knobs) or f"nothing below {before.rstrip('.')!r}",
            fix=f"did you mean {close[0]}?" if close else "name one of these",
        )
    now = getattr(spec, name)
    return replace(
        spec,
        **{
            name: _replace(now, rest, value, recipe_name, whole)
            if rest
            else _same_kind(now, value, whole)
        },
    )


def _same_kind(now, value, knob):
    if isinstance(now, float) and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if isinstance(now, tuple) and not isinstance(value, tuple):
        value = (value,)
    if isinstance(now, str) and not isinstance(value, str):
        value = str(value)
    plain = (bool, int, float, str, tuple, Mapping)
    if isinstance(now, plain) and (
        not isinstance(value, plain)
        or isinstance(now, bool) != isinstance(value, bool)
        or not isinstance(value, Mapping if isinstance(now, Mapping) else type(now))
    ):
        raise RecipeError(
            f"{knob}={value!r}",
            expected=f"a {type(now).__name__}, as {now!r}",
            fix=f"--set {knob}={now!r}",
        )
    return value


def _parse(text, specs):
    try:
        return _value(ast.parse(text, mode="eval").body, specs)
    except (SyntaxError, ValueError, TypeError, RecursionError, MemoryError):
        return text


def _value(node, specs):
    """A literal, a spec call such as Smote(k_neighbors=3), or a tuple of these; nothing is
    evaluated.
    """
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and not node.args:
        spec = _spec_class(node.func.id, specs)
        given = {each.arg: _value(each.value, specs) for each in node.keywords}
        known = [each.name for each in fields(spec)]
        unknown = [name for name in given if name not in known]
        if unknown:
            raise RecipeError(
                f"{spec.__name__} has no knob {unknown[0]!r}",
                expected=", ".join(known),
                fix="name one of these",
            )
        return _make(spec, given)
    if isinstance(node, (ast.Tuple, ast.List)):
        return tuple(_value(item, specs) for item in node.elts)
    if isinstance(node, ast.Name):
        if node.id[:1].isupper() and any(each.__name__ == node.id for each in specs):
            return _make(_spec_class(node.id, specs), {})
        raise ValueError(node.id)
    return ast.literal_eval(node)


def _make(spec, given):
    """The spec with the knobs given. Raises RecipeError where one without a default is not."""
    lacking = [
        each.name
        for each in fields(spec)
        if each.name not in given and each.default is MISSING and each.default_factory is MISSING
    ]
    if lacking:
        raise RecipeError(
            f"{spec.__name__} without {', '.join(lacking)}",
            expected=", ".join(lacking),
            fix=f"{spec.__name__}({lacking[0]}=...)",
        )
    return spec(**given)


def _spec_class(name, specs):
    for spec in specs:
        if spec.__name__ == name:
            return spec
    close = difflib.get_close_matches(name, [spec.__name__ for spec in specs], n=1)
    raise RecipeError(
        f"no spec is called {name!r}",
        expected=", ".join(spec.__name__ for spec in specs),
        fix=f"did you mean {close[0]}?" if close else "name one of these",
    )


def tiny(recipe: Recipe) -> Recipe:
    """The same line in seconds: two epochs, a small net, a quick teacher."""
    changes: dict[str, Any] = {
        "training": replace(recipe.training, epochs=2),
        "build": recipe.build.tiny(),
    }
    if recipe.teacher is not None:
        changes["teacher"] = recipe.teacher.tiny()
    return replace(recipe, name=f"{recipe.name}_tiny", **changes)
