"""A part of `make bench-nets`, on series, training seed 0, int8 against float: every family of nets
that forecast, on the glucose monitor, windows of 48 steps, 1,846 test windows (last fifth of the
time); that tell whole series apart, one member, on ItalyPowerDemand, 1,029 test series (official
parts); that give windows back, on the weather, faults injected into copies of test windows. About
20 minutes. Nothing here gates.
"""

import tempfile
from dataclasses import replace

from pipelines import run, timeseries

FAMILIES = {
    "NLinear": timeseries.NLinear(),
    "DLinear": timeseries.DLinear(kernel=13),
    "dense, 64": timeseries.SeriesMlp(widths=(64,), dropout=0.2),
    "N-BEATS, 3 blocks of 64": timeseries.NBeats(),
    "SimpleRNN(16)": timeseries.SeriesRnn(widths=(16,)),
    "GRU(16)": timeseries.SeriesGru(widths=(16,)),
    "LSTM(32)": timeseries.SeriesLstm(widths=(32,)),
    "LSTM encoder, decoder, attention": timeseries.EncoderDecoder(width=24),
    "temporal convolutions, 5 blocks of 24": timeseries.Tcn(),
    "patch transformer, 2 layers of 32": timeseries.PatchTransformer(patch=6),
}
CLASSES = {
    "fully convolutional net": timeseries.SeriesFcn(),
    "ResNet": timeseries.SeriesResNet(),
    "InceptionTime": timeseries.InceptionTime(kernels=(19, 9, 5)),
    "LSTM-FCN": timeseries.LstmFcn(),
}
ANOMALIES = {
    "convolutional autoencoder": timeseries.WEATHER_ANOMALY.build,
    "dense autoencoder": timeseries.Autoencoder(),
    "linear autoencoder": timeseries.WEATHER_ANOMALY.build.linear(),
}


def forecasting(name, build):
    recipe = replace(
        timeseries.GLUCOSE,
        name="family",
        build=build,
        frame=replace(timeseries.GLUCOSE.frame, window=48, stride=4),
        training=replace(timeseries.GLUCOSE.training, epochs=10),
        judge=replace(timeseries.GLUCOSE.judge, beside=False, tolerance=1.0),
    )
    return line(name, recipe, "mase", "coverage")


def classes(name, build):
    recipe = replace(
        timeseries.ITALY_POWER,
        name="family",
        build=build,
        judge=replace(timeseries.ITALY_POWER.judge, tolerance=1.0),
    )
    return line(name, recipe, "accuracy", "macro_f1")


def anomalies(name, build):
    recipe = replace(
        timeseries.WEATHER_ANOMALY,
        name="family",
        build=build,
        judge=replace(timeseries.WEATHER_ANOMALY.judge, beside=False, tolerance=1.0),
    )
    return line(name, recipe, "roc_auc", "average_precision")


def line(name, recipe, metric, other):
    """One row of the table: float and int8 in `metric`, int8 in another one, and what it costs."""
    with tempfile.TemporaryDirectory() as folder:
        report = run(recipe, folder=folder).report
    rungs = {rung["form"]: rung for rung in report["ladder"]}
    floats, int8, micro = (
        rungs.get(form) for form in ("litert_float32", "litert_int8", "micro_int8")
    )
    lost = abs(int8["scores"][metric] - floats["scores"][metric])
    return {
        "family": name,
        "metric": metric,
        "float": f"{floats['scores'][metric]:.3f}",
        "int8": f"{int8['scores'][metric]:.3f}" + (" (not for int8)" if lost > 0.01 else ""),
        other: f"{int8['scores'][other]:.3f}",
        "agreement": f"{int8['agreement']:.3f}",
        "bytes": f"{int8['size_bytes']:,}",
        "TFLM arena": f"{micro['arena_bytes']:,}" if micro else "",
        "ms": f"{int8['latency_ms']:.3f}",
        "train s": f"{report['seconds']['train']:.0f}",
    }


def main():
    for made, families in ((forecasting, FAMILIES), (classes, CLASSES), (anomalies, ANOMALIES)):
        print_table([made(name, build) for name, build in families.items()])


def print_table(rows):
    print(
        *(
            "| " + " | ".join(line) + " |"
            for line in ([*rows[0]], ["---"] * len(rows[0]), *([*row.values()] for row in rows))
        ),
        sep="\n",
        flush=True,
    )


if __name__ == "__main__":
    main()
