"""What a model is judged by: a spec."""

from dataclasses import dataclass, replace

from ..device.errors import DeviceError
from ..device.logic import Rule
from ..errors import RecipeError
from ..rows.sketch import DataSketch
from ..spec import Refusal, Spec, knob
from ..tasks.class_sets import ADAPTIVE, NEAREST
from ..tasks.costs import COST, check_matrix
from ..tasks.metrics import LABEL_METRICS


@dataclass(frozen=True)
class Judge(Spec):
    """What the model is judged by.

    Attributes:
        deciding: The metric that stops training and gates the ladder; "": the task's usual one.
        threshold: The metric of validation rows that the decision threshold is chosen for; "cost":
            the answers with the least of `costs`; "none": the threshold stays where the network
            puts it, which is better than what a handful of rows would choose.
        costs: What each answer costs, in `cost_unit`: a line for each true class with a cost for
            each answer, in the order of the target's labels; (): unknown. The report states the
            cost a row.
        cost_unit: Of the costs, in words.
        tolerance: How much of the deciding metric a rung of the ladder may lose.
        min_agreement: The share of test rows to which every rung must give the label that Keras
            gives, whatever the deciding metric is; 0: no such gate.
        quantile: Of the scores of training windows; a window above it is an anomaly.
        coverage: Of classes, the share of rows whose set of labels shall hold the true one; of one
            number a row, the share of rows whose interval shall. By split conformal prediction on
            validation rows; 0: neither.
        coverage_by_class: Whether each class is covered as often by itself, which rare ones are
            not otherwise.
        sets: Which labels are in a set: "nearest", those whose logit lies near enough to the
            largest; "adaptive", those that are needed to reach a sum of probabilities, so that
            hard rows are held more often (Romano, Sesia and Candès 2020) by larger sets.
        rules: That answers keep, wherever the model runs: expressions over the columns of a row and
            the target, such as "status == 'hurricane' implies wind >= 64" (docs/rules.md).
        beside: Whether a second model is trained for comparison in the report: of an ensemble one
            net, of uneven classes with the other choice of balancing, of series a linear one.
        peers: Whether plain models of scikit-learn are fitted on the same rows, for comparison in
            the report.
    """

    deciding: str = ""
    threshold: str = "macro_f1"
    costs: tuple[tuple[float, ...], ...] = ()
    cost_unit: str = "units"
    tolerance: float = knob(0.01, 0, 1)
    min_agreement: float = knob(0.9, 0, 1)
    quantile: float = knob(0.99, 0, 1)
    coverage: float = knob(0.0, 0, 0.999)
    coverage_by_class: bool = False
    sets: str = NEAREST
    rules: tuple[str, ...] = ()
    beside: bool = True
    peers: bool = True

    def tiny(self) -> "Judge":
        """Returns the same without peers, which take longer than a tiny training."""
        return replace(self, peers=False)

    def check(self) -> None:
        """Raises RecipeError for a threshold of an unknown metric."""
        allowed = (*LABEL_METRICS, COST, "none")
        if self.threshold not in allowed:
            raise RecipeError(
                f"judge.threshold={self.threshold!r}",
                expected=", ".join(allowed),
                fix="--set judge.threshold=macro_f1",
            )
        check_matrix(self.costs, "judge.costs")
        if self.coverage_by_class and not self.coverage:
            raise RecipeError(
                "judge.coverage_by_class=True without judge.coverage",
                expected="the share of rows whose set shall hold their label",
                fix="--set judge.coverage=0.9",
            )
        if self.sets not in (NEAREST, ADAPTIVE):
            raise RecipeError(
                f"judge.sets={self.sets!r}",
                expected=f"{NEAREST} or {ADAPTIVE}",
                fix=f"--set judge.sets={NEAREST}",
            )
        if self.sets == ADAPTIVE and not self.coverage:
            raise RecipeError(
                "judge.sets=adaptive without judge.coverage",
                expected="the share of rows whose set shall hold their label",
                fix="--set judge.coverage=0.9",
            )
        for text in self.rules:
            parse_rule(text)
        if self.threshold == COST and not self.costs:
            raise RecipeError(
                "judge.threshold=cost without judge.costs",
                expected="what each mistake costs",
                fix="--set 'judge.costs=((0, 1), (5, 0))'",
            )

    def peer_threshold(self) -> str:
        """Returns what the decision of plain models is chosen for; they know of no costs."""
        if self.threshold == COST:
            return "macro_f1"
        return self.threshold

    def suits(self, sketch: DataSketch) -> str:
        """Returns which knob the task has no use for, or ""."""
        if self.threshold != "macro_f1" and not sketch.may_have_labels():
            return Refusal(
                f"judge.threshold={self.threshold!r} for {sketch.target_words()}",
                expected="labels, which a threshold decides between",
                fix="--set judge.threshold=macro_f1, which is not used here",
            )
        if self.costs and not sketch.may_have_classes():
            return Refusal(
                f"judge.costs={self.costs} for {sketch.target_words()}",
                expected="one class a row, which an answer hits or misses",
                fix="--set 'judge.costs=()'",
            )
        refused = self._refused_coverage(sketch)
        if refused:
            return refused
        if self.rules and not sketch.may_be(_may_keep_rules):
            return Refusal(
                f"judge.rules={self.rules} for {sketch.target_words()}",
                expected="classes, labels or one number a row",
                fix="--set 'judge.rules=()'",
            )
        if self.quantile != 0.99 and not sketch.may_be(lambda task: task.gives_back):
            return Refusal(
                f"judge.quantile={self.quantile:g} for {sketch.target_words()}",
                expected="anomalies, whose threshold is a quantile of scores",
                fix="--set judge.quantile=0.99, which is not used here",
            )
        has_gate = self.min_agreement not in (0, 0.9)
        if has_gate and not sketch.may_be(_gives_labels):
            return Refusal(
                f"judge.min_agreement={self.min_agreement:g} for {sketch.target_words()}",
                expected="labels, which two models give alike or not; numbers are held against "
                "each other by judge.tolerance",
                fix="--set judge.min_agreement=0.9, which is not used here",
            )
        allowed = {metric for task in sketch.tasks for metric in task.deciding_metrics}
        if self.deciding and allowed and self.deciding not in allowed:
            return Refusal(
                f"judge.deciding={self.deciding!r} for {sketch.target_words()}",
                expected=", ".join(sorted(allowed)),
                fix=f"--set judge.deciding={sketch.tasks[0].deciding_metrics[0]}, or set "
                "load.target_kind",
            )
        return ""

    def _refused_coverage(self, sketch):
        """Returns why the task has neither sets nor intervals of this kind, or ""."""
        covers = sketch.may_have_classes() or sketch.may_be(lambda task: task.device.takes_margins)
        if self.coverage and not covers:
            return Refusal(
                f"judge.coverage={self.coverage:g} for {sketch.target_words()}",
                expected="one class or one number a row; a forecast has build.quantiles",
                fix="--set judge.coverage=0",
            )
        of_classes = self.coverage_by_class or self.sets == ADAPTIVE
        if of_classes and not sketch.may_have_classes():
            return Refusal(
                f"judge.coverage_by_class or judge.sets for {sketch.target_words()}",
                expected="classes",
                fix="--set judge.coverage_by_class=False --set judge.sets=nearest",
            )
        return ""


def parse_rule(text: str) -> Rule:
    """Returns a rule that is parsed. Raises RecipeError if it cannot be read."""
    try:
        return Rule.parse(text)
    except DeviceError as error:
        raise RecipeError(error.received, expected=error.expected, fix=error.fix) from error


def _may_keep_rules(task):
    has_labels = task.has_classes or task.has_label_sets
    return task.device.takes_margins or (has_labels and not task.embeds)


def _gives_labels(task):
    has_labels = task.has_classes or task.spells
    return task.gives_back or has_labels or task.output_kind != "values"
