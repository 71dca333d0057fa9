"""The part of `make bench` on series: every family of nets that forecast, on the glucose monitor, windows of 48 steps,
int8 against float on the 1,846 test windows (last fifth of the time), training seed 0. About 15 minutes. Nothing here
gates.
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


def family(name, build):
    recipe = replace(timeseries.GLUCOSE, name="family", build=build,
                     frame=replace(timeseries.GLUCOSE.frame, window=48, stride=4),
                     training=replace(timeseries.GLUCOSE.training, epochs=10),
                     judge=replace(timeseries.GLUCOSE.judge, beside=False, tolerance=1.0))
    with tempfile.TemporaryDirectory() as folder:
        report = run(recipe, folder=folder).report
    rungs = {rung["form"]: rung for rung in report["ladder"]}
    floats, int8, micro = (rungs.get(form) for form in ("litert_float32", "litert_int8", "micro_int8"))
    lost = int8["scores"]["mase"] - floats["scores"]["mase"]
    return {"family": name, "float MASE": f"{floats['scores']['mase']:.3f}",
            "int8 MASE": f"{int8['scores']['mase']:.3f}" + (" (not for int8)" if lost > 0.01 else ""),
            "coverage": f"{int8['scores']['coverage']:.3f}", "agreement": f"{int8['agreement']:.3f}",
            "bytes": f"{int8['size_bytes']:,}", "TFLM arena": f"{micro['arena_bytes']:,}" if micro else "",
            "ms": f"{int8['latency_ms']:.3f}", "train s": f"{report['seconds']['train']:.0f}"}


def main():
    rows = []
    for name, build in FAMILIES.items():
        rows.append(family(name, build))
        print(rows[-1], flush=True)
    print(*("| " + " | ".join(line) + " |" for line in ([*rows[0]], ["---"] * len(rows[0]), *(
        [*row.values()] for row in rows))), sep="\n")


if __name__ == "__main__":
    main()
