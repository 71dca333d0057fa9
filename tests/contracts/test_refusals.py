"""Settings that cannot work are refused by the specs alone, before a row is read."""

from dataclasses import replace

import pytest

from pipelines import catalog
from pipelines.errors import RecipeError
from pipelines.recipe import Judge, Shipping
from pipelines.rows.sketch import DataSketch
from pipelines.tasks import TASKS

LABELS = {"binary", "multiclass", "multilabel"}
# Knob → the tasks that use it.
USED_BY = {
    "threshold": LABELS,
    "min_agreement": {*LABELS, "anomaly", "prototypes", "spelled"},
    "quantile": {"anomaly"},
    "rules": {*LABELS, "regression"},
    "probabilities": LABELS,
}
TASK_KNOBS = [
    ("threshold", "accuracy"),
    ("threshold", "none"),
    ("min_agreement", 0.5),
    ("quantile", 0.5),
    ("rules", ("wind >= 0",)),
    ("probabilities", "temperature"),
]
TASK_KNOBS_OF = {
    "threshold": Judge(),
    "min_agreement": Judge(),
    "quantile": Judge(),
    "rules": Judge(),
    "probabilities": Shipping(),
}

REFUSED = {
    "penguins_mlp": [  # a table, a number to predict
        "build=Tcn()",
        "build=Cnn()",
        "build=ResNet8()",
        "build=TextCnn()",
        "build=SeriesMlp()",
        "build=SeriesFcn()",
        "build=MiniRocket()",
        "build=Autoencoder()",
        "build=Transfer()",
        "build=BalancedHead()",
        "build=Head()",
        "balance=Smote()",
        "balance=WeightByClass()",
        "balance=OversampleRandom()",
        "teacher=TfidfTeacher()",
        "augment=AugmentFlip()",
        "augment=AugmentDelete()",
        "augment=AugmentJitter()",
        "frame=CutWindows()",
        "frame=CutSegments()",
        "split=SplitByTime()",
        "split=SplitGrouped()",
        "split=SplitGiven()",
        "encode=TokenizeWords()",
        "encode=ScaleSeries()",
        "prepare=FillGaps()",
        "encode=PairTokens()",
        "judge.threshold=accuracy",
        "judge.quantile=0.9",
        "judge.min_agreement=0.8",
        "judge.deciding=accuracy",
        "shipping.probabilities=temperature",
        "shipping.quantize=Quantize(percentile=99)",
        "shipping.targets=(TargetMediaPipe(),)",
        "shipping.compress=(ConvolveByFft(),)",
        "load.positive=yes",
    ],
    "birds_mlp": [  # a table, two classes
        "build=NLinear()",
        "build=MobileNetV1()",
        "build=Lstm()",
        "build=LinearAutoencoder()",
        "build=KerasApplication(weights='none')",
        "teacher=TfidfTeacher()",
        "augment=AugmentMixUp()",
        "augment=AugmentMixUpSeries()",
        "encode=TokenizeCharacters()",
        "judge.quantile=0.5",
        "judge.deciding=mase",
        "judge.deciding=rmse",
        "shipping.targets=(TargetMediaPipe(),)",
        "frame=CutSegments()",
        "split=SplitGiven()",
    ],
    "fashion_cnn": [  # pictures
        "build=Mlp()",
        "build=Tcn()",
        "build=TextCnn()",
        "build=SeriesFcn()",
        "build=MiniRocket()",
        "build=ConvAutoencoder()",
        "build=EncoderDecoder()",
        "balance=Smote()",
        "balance=SmoteNC()",
        "balance=Adasyn()",
        "teacher=ForestTeacher()",
        "teacher=TfidfTeacher()",
        "augment=AugmentDelete()",
        "augment=AugmentJitter()",
        "prepare=ImputeMedian()",
        "encode=EncodeBins()",
        "encode=TokenizeWords()",
        "frame=CutWindows()",
        "split=SplitByTime()",
        "split=SplitGrouped()",
        "judge.deciding=rmse",
        "judge.quantile=0.9",
        "shipping.compress=(ConvolveByFft(),)",
    ],
    "remarks_cnn": [  # texts
        "build=Cnn()",
        "build=Tcn()",
        "build=SeriesMlp()",
        "build=Autoencoder()",
        "balance=Smote()",
        "balance=SmoteENN()",
        "teacher=ForestTeacher()",
        "augment=AugmentFlip()",
        "augment=AugmentScaling()",
        "encode=()",
        "encode=EncodeOnehot()",
        "encode=ScaleStandard()",
        "frame=CutWindows()",
        "split=SplitByTime()",
        "split=SplitGiven()",
        "judge.deciding=mae",
    ],
    "glucose_mlp": [  # a forecast
        "build=MiniRocket()",
        "build=Mlp()",
        "build=Cnn()",
        "build=TextCnn()",
        "build=Autoencoder()",
        "build=PatchTransformer(patch=100)",
        "build=Tcn(stream=True, depth=8)",
        "balance=WeightByClass()",
        "balance=SampleByClass()",
        "teacher=ForestTeacher()",
        "teacher=TfidfTeacher()",
        "augment=AugmentFlip()",
        "augment=AugmentScaling()",
        "augment=AugmentTimeWarp()",
        "encode=TokenizeWords()",
        "frame=None",
        "split=SplitRandom()",
        "split=SplitGrouped()",
        "split=SplitGiven()",
        "judge.threshold=accuracy",
        "judge.quantile=0.9",
        "judge.deciding=macro_f1",
        "judge.min_agreement=0.8",
        "shipping.probabilities=temperature",
        "shipping.targets=(TargetMediaPipe(),)",
    ],
    "weather_anomaly": [  # windows to be judged themselves
        "build=MiniRocket()",
        "build=SeriesMlp()",
        "build=EncoderDecoder()",
        "build=Mlp()",
        "build=Cnn()",
        "build=Tcn(stream=True)",
        "balance=WeightByClass()",
        "balance=Smote()",
        "teacher=ForestTeacher()",
        "frame=None",
        "frame=CutWindows()",
        "augment=AugmentErasing()",
        "encode=TokenizeWords()",
        "split=SplitRandom()",
        "judge.threshold=accuracy",
        "judge.deciding=rmse",
        "shipping.probabilities=temperature",
    ],
    "gun_point": [  # whole series with classes
        "build=MiniRocket()",
        "build=Mlp()",
        "build=Cnn()",
        "build=Gru()",
        "build=EncoderDecoder()",
        "build=Autoencoder()",
        "build=Tcn(stream=True)",
        "teacher=ForestTeacher()",
        "augment=AugmentFlip()",
        "augment=AugmentSwap()",
        "encode=EncodeBins()",
        "encode=TokenizeWords()",
        "frame=CutWindows()",
        "split=SplitByTime()",
        "split=SplitGrouped()",
        "judge.quantile=0.9",
        "judge.deciding=mase",
        "shipping.quantize=Quantize(calibration='mse', percentile=99)",
        "shipping.targets=(TargetMediaPipe(),)",
    ],
}
CASES = [(name, setting) for name, settings in REFUSED.items() for setting in settings]


@pytest.mark.parametrize(("name", "setting"), CASES)
def test_refused_before_a_row_is_read(name, setting, monkeypatch):
    recipe = catalog.override(catalog.RECIPES[name], setting)

    def read(self, source=None):
        raise AssertionError("a row was read")

    monkeypatch.setattr(type(recipe.load), "read", read)
    with pytest.raises(RecipeError) as refused:
        recipe.check()
    error = refused.value
    assert error.stage == "recipe"
    assert error.received and error.expected and error.fix


@pytest.mark.parametrize("name", catalog.RECIPES)
def test_what_works_is_not_refused(name):
    assert catalog.RECIPES[name].check() is None


@pytest.mark.parametrize("name", REFUSED)
def test_a_dozen_for_each_kind_of_data(name):
    assert len(REFUSED[name]) >= 12


@pytest.mark.parametrize("how", ["platt", "isotonic"])
@pytest.mark.parametrize("task", TASKS.values(), ids=lambda task: task.name)
def test_a_calibration_of_one_output_is_for_two_classes(task, how):
    reason = Shipping(probabilities=how).suits(DataSketch((task,)))
    assert bool(reason) == (task.name != "binary")


@pytest.mark.parametrize("task", TASKS.values(), ids=lambda task: task.name)
@pytest.mark.parametrize(("knob", "value"), TASK_KNOBS)
def test_a_knob_of_judging_is_used_or_refused(task, knob, value):
    """A knob that the task has no use for is refused; with its default nothing is."""
    sketch = DataSketch((task,))
    assert not Judge().suits(sketch) and not Shipping().suits(sketch)
    reason = replace(TASK_KNOBS_OF[knob], **{knob: value}).suits(sketch)
    assert bool(reason) == (task.name not in USED_BY[knob])
    if reason:
        assert f"{knob}=" in reason and reason.expected and reason.fix
