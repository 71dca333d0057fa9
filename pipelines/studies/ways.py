"""The ways to make a trained network smaller that the trade-off tries."""

from dataclasses import dataclass

from ..compress import (
    ClusterWeights,
    FactorizeLowRank,
    PruneChannels,
    PruneWeights,
    QuantizeAware,
)
from ..convert.quantize import Quantize


@dataclass(frozen=True)
class Way:
    """One way to make a model smaller: its name, what is done to the trained net, how int8 is
    calibrated, and the form of the file.
    """

    name: str
    compress: tuple = ()
    quantize: Quantize = Quantize()
    form: str = "int8"


def ways_to_shrink(model, *, epochs: int) -> list[Way]:
    """The combinations that are tried on a net, each fitted further for so many epochs where it
    learns.
    """
    has_convolutions = any(
        type(layer).__name__.startswith(("Conv", "Depthwise")) for layer in model.layers
    )
    aware = QuantizeAware(epochs=epochs)
    half = PruneChannels(share=0.5, epochs=epochs)
    # Neighbours that differ in form alone are converted together.
    ways = [
        Way("float32", form="float32"),
        Way("float16", form="float16"),
        Way("dynamic range", form="dynamic"),
        Way("int8"),
        Way("int8, percentile", quantize=Quantize(calibration="percentile")),
        Way("int8, least squares", quantize=Quantize(calibration="mse")),
        Way("fitted further", (PruneWeights(share=0.0, epochs=epochs),)),
        Way("quantization-aware", (aware,)),
        Way(
            "a quarter of the channels pruned",
            (PruneChannels(share=0.25, epochs=epochs),),
        ),
        Way("half of the channels pruned", (half,)),
        Way("half of the channels pruned, quantization-aware", (half, aware)),
        Way("low rank", (FactorizeLowRank(epochs=epochs),)),
        Way("16 weights a kernel", (ClusterWeights(num_clusters=16, epochs=epochs),)),
        Way("half of the weights pruned", (PruneWeights(share=0.5, epochs=epochs),)),
    ]
    if has_convolutions:
        return ways
    return [way for way in ways if way.name != "int8, least squares"]
