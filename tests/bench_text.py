"""A part of `make bench-nets`, on texts: how fast they become token ids, and every family of nets
for texts on the remarks of the bird strikes, int8 against float on the 2,747 test rows, training
seed 0. About 25 minutes. Nothing here gates.
"""

import shutil
import subprocess
import tempfile
import time
from dataclasses import replace
from pathlib import Path

from pipelines import run, text
from pipelines.rows.split import split
from pipelines.steps import (
    PairTokens,
    TokenizeCharacters,
    TokenizeSubwords,
    TokenizeWords,
    fit_steps,
)

WORDS = TokenizeWords(min_count=3)
FEW_WORDS = TokenizeWords(min_count=3, window=32)
SHARED = {"token_dropout": 0.4}
FAMILIES = {
    "averaged embeddings, hashed pairs": ((WORDS, PairTokens()), text.AveragedEmbeddings(**SHARED)),
    "text CNN (`remarks_cnn`)": (text.REMARKS.encode, text.REMARKS.build),
    "SimpleRNN(16), 32 tokens": (
        (FEW_WORDS,),
        text.SimpleRnn(widths=(16,), pooling="max", **SHARED),
    ),
    "GRU(16), 32 tokens": ((FEW_WORDS,), text.Gru(widths=(16,), pooling="max", **SHARED)),
    "LSTM(32)": ((WORDS,), text.Lstm(pooling="max", **SHARED)),
    "LSTM(32), attention pooling": ((WORDS,), text.Lstm(pooling="attention", **SHARED)),
    "bidirectional LSTM(32)": ((WORDS,), text.Lstm(bidirectional=True, pooling="max", **SHARED)),
    "two-layer LSTM(32)": ((WORDS,), text.Lstm(widths=(32, 32), pooling="max", **SHARED)),
    "transformer, 1 layer of 48": (
        (WORDS,),
        text.TransformerEncoder(width=48, depth=1, pooling="max", **SHARED),
    ),
}
AIM = 50_000


def bench_tokenizers():
    """Remarks a second on one core, words seen before and not."""
    dataset, _ = text.REMARKS.load.read()
    train = split(dataset, text.REMARKS.split).train
    for step in (TokenizeWords(), TokenizeCharacters(), TokenizeSubwords()):
        fitted, _ = fit_steps((step,), train)
        best = 0.0
        for _ in range(5):
            columns = dict(dataset.x)
            primitives = [replace(each) for each in fitted[0].primitives]  # which remember no word
            start = time.perf_counter()
            for primitive in primitives:
                primitive.run(columns)
            best = max(best, len(dataset) / (time.perf_counter() - start))
        print(f"{type(step).__name__}: {best:,.0f} remarks a second   (aim {AIM:,})")


def vocabulary_bytes(folder: Path) -> int | None:
    """What the C code of the tokenizer takes, its tables included; None without a compiler."""
    if not (shutil.which("gcc") and shutil.which("size")):
        return None
    with tempfile.TemporaryDirectory() as made:
        command = [
            "gcc",
            "-Os",
            "-std=c99",
            "-c",
            folder / "c" / "prepare.c",
            "-o",
            f"{made}/prepare.o",
        ]
        subprocess.run(command, check=True)
        sizes = subprocess.run(
            ["size", f"{made}/prepare.o"], check=True, capture_output=True, text=True
        ).stdout
    return int(sizes.splitlines()[1].split()[3])


def family(name, encode, build):
    recipe = replace(
        text.REMARKS,
        name="family",
        encode=encode,
        build=build,
        judge=replace(text.REMARKS.judge, beside=False, tolerance=1.0),
    )
    with tempfile.TemporaryDirectory() as folder:
        bundle = run(recipe, folder=folder)
        rungs = {rung["form"]: rung for rung in bundle.report["ladder"]}
        vocabulary = vocabulary_bytes(bundle.folder)
    floats, int8, micro = (
        rungs.get(form) for form in ("litert_float32", "litert_int8", "micro_int8")
    )
    lost = floats["scores"]["average_precision"] - int8["scores"]["average_precision"]
    return {
        "family": name,
        "float AP": f"{floats['scores']['average_precision']:.3f}",
        "int8 AP": f"{int8['scores']['average_precision']:.3f}"
        + (" (not for int8)" if lost > 0.01 else ""),
        "int8 ROC-AUC": f"{int8['scores']['roc_auc']:.3f}",
        "agreement": f"{int8['agreement']:.4f}",
        "bytes": f"{int8['size_bytes']:,}",
        "vocabulary": f"{vocabulary:,}" if vocabulary else "",
        "TFLM arena": f"{micro['arena_bytes']:,}" if micro else "",
        "ms": f"{int8['latency_ms']:.3f}",
        "TFLM agrees": f"{micro['agreement']:.4f}" if micro else "",
    }


def main():
    bench_tokenizers()
    rows = []
    for name, (encode, build) in FAMILIES.items():
        rows.append(family(name, encode, build))
    print(
        *(
            "| " + " | ".join(line) + " |"
            for line in ([*rows[0]], ["---"] * len(rows[0]), *([*row.values()] for row in rows))
        ),
        sep="\n",
    )


if __name__ == "__main__":
    main()
