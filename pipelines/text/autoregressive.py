"""An encoder, and a decoder that reads the characters that were spelled so far."""

from dataclasses import dataclass, replace

from ..device.ports import Port
from ..device.signature import Signature
from ..device.spelling_search import MAX_BEAM
from ..device.tasks.spelling import num_choices
from ..device.units import MIX_SHARE, SPELLED_ID
from ..errors import RecipeError
from ..rows.sketch import DataSketch
from ..spec import Refusal, knob
from ..tasks import task_of
from ..training.layers import penalized
from .attention import encoded
from .blocks import ATTENTION_PENALTY, TextBlocks
from .networks import TextNet, token_port

_PORT = "spelled"


@dataclass(frozen=True)
class AutoregressiveDecoder(TextNet):
    """Convolutions over tokens, and a decoder that spells a text a character a call: it reads what
    was spelled before by causal convolutions, and at each place the tokens by attention (Bahdanau
    et al. 2015, https://arxiv.org/abs/1409.0473; Gehring et al. 2017,
    https://arxiv.org/abs/1705.03122).

    It keeps no state: each call reads the tokens and the whole beginning anew, so that one file of
    any runtime is enough, and one call of training learns all places at once.

    Attributes:
        width: Of the vector of each token and place.
        depth: How many convolutions over the tokens follow each other, each added to what it reads.
        kernel: How many tokens a convolution reads.
        decoder_depth: How many convolutions over what was spelled follow each other.
        decoder_kernel: How many characters each of them reads.
        beam: How many beginnings the search keeps; 1 is the greedy search.
    """

    width: int = knob(64, 4, 1024)
    depth: int = knob(3, 1, 16)
    kernel: int = knob(5, 1, 64, unit="tokens")
    decoder_depth: int = knob(2, 1, 16)
    decoder_kernel: int = knob(5, 1, 64, unit="characters")
    beam: int = knob(4, 1, MAX_BEAM)

    def check(self) -> None:
        """Raises RecipeError for more members than one, beyond what all nets for texts refuse."""
        super().check()
        if self.num_members > 1:
            raise RecipeError(
                f"build.num_members={self.num_members} with AutoregressiveDecoder",
                expected="one net, which is asked once a character",
                fix="--set build.num_members=1",
            )

    def suits(self, sketch: DataSketch) -> str:
        """Returns why the net cannot read the columns, or the target is not spelled, or ""."""
        if not sketch.may_be(lambda task: task.spells):
            return Refusal(
                f"AutoregressiveDecoder for {sketch.target_words()}",
                expected="a text to spell: load.target_kind=characters",
                fix="--set 'build=TextCnn()'",
            )
        return super().suits(sketch)

    def refuses_stream(self) -> str:
        """Returns why rows cannot be streamed: beginnings are of rows in memory."""
        return Refusal(
            "AutoregressiveDecoder on rows that are streamed",
            expected="rows in memory, whose true beginnings it learns from",
            fix="--set load.memory.way=whole",
        )

    def tiny(self) -> "AutoregressiveDecoder":
        """Returns the same kind of net, small enough for a test."""
        return replace(
            self,
            embedding_width=self._tiny_width,
            width=8,
            depth=1,
            decoder_depth=1,
            beam=min(self.beam, 2),
        )

    def with_inputs(self, signature: Signature) -> Signature:
        """Returns the signature with the input of what was spelled, and the width of the beam."""
        target = signature.target
        if not task_of(target).spells:
            raise RecipeError(
                f"AutoregressiveDecoder for the target {target.name!r}",
                expected="a text to spell: load.target_kind=characters",
                fix="--set 'build=TextCnn()'",
            )
        names = {port.name for port in signature.inputs}
        name = _PORT
        while name in names:
            name += "_"
        num_ids = num_choices(target) + 1
        port = Port(name, (target.positions,), "int32", SPELLED_ID, num_ids=num_ids)
        return replace(
            signature,
            target=replace(target, beam=self.beam),
            inputs=(*signature.inputs, port),
        )

    def build(self, signature: Signature, *, seed: int = 0, synchronized: bool = False):
        """Signature → keras.Model, uncompiled: token ids int32 [rows, window] and what was spelled
        int32 [rows, positions] → logits [rows, 1, outputs]. Raises RecipeError for a signature
        without one of both.
        """
        import keras

        spelled = _spelled_port(signature)
        others = tuple(port for port in signature.inputs if port is not spelled)
        tokens = token_port(replace(signature, inputs=others))
        inputs = {}
        for port in signature.inputs:
            inputs[port.name] = keras.Input(port.shape, name=port.name, dtype=port.dtype)
        blocks = TextBlocks(self, seed=seed, synchronized=synchronized)
        x, mask = blocks.embed(inputs, tokens, name="tokens")
        x = self._dropped(x, tokens, blocks)
        x = encoded(self, x, mask, blocks, "member0")
        x = blocks.token_states(x, "member0")
        places = self._spelled_before(inputs[spelled.name], spelled, blocks)
        read = _attended(places, x, mask, blocks)
        hidden = keras.layers.Concatenate(name="member0_joined")([places, read])
        hidden = blocks.dense(hidden, self.width, name="member0_hidden")
        hidden = blocks.rectify(hidden, "member0_hidden_relu")
        hidden = blocks.drop(hidden, "member0")
        logits = blocks.dense(hidden, spelled.num_ids - 1, name="member0_choices")
        num_outputs = signature.output.shape[0]
        # Not a dense layer of all places, of which each would read what is spelled after it.
        whole = keras.layers.Reshape((num_outputs,), name="member0_window")(logits)
        stacked = keras.layers.Reshape((1, num_outputs), name="member0_stacked")(whole)
        model = keras.Model(inputs, stacked, name="autoregressivedecoder")
        self._start_vectors(model, signature)
        return penalized(model, self.layers)

    def _features(self, x, mask, blocks, name):
        raise NotImplementedError("a decoder has no features of a whole text")

    def _spelled_before(self, ids, port, blocks):
        """Returns what each place knows of the characters before it, [rows, positions, width]."""
        import keras

        table = keras.layers.Embedding(
            port.num_ids,
            self.embedding_width,
            name="spelled_embedding",
            embeddings_initializer=keras.initializers.RandomNormal(
                stddev=0.1, seed=blocks.next_seed()
            ),
        )
        x = table(ids)
        if port.shape[0] > 1:
            x = keras.layers.Cropping1D((0, 1), name="spelled_before")(x)
            x = self._causal(x, blocks, "spelled_conv0", ahead=1)
        else:
            x = keras.layers.Rescaling(0.0, name="spelled_before")(x)
            x = self._causal(x, blocks, "spelled_conv0", ahead=0)
        for depth in range(1, self.decoder_depth):
            read = self._causal(x, blocks, f"spelled_conv{depth}", ahead=0)
            x = keras.layers.Add(name=f"spelled_add{depth}")([x, read])
        return x

    def _causal(self, x, blocks, name, *, ahead):
        """Returns a convolution over places up to its own, or, of `ahead`=1, before its own."""
        import keras

        front = self.decoder_kernel - 1 + ahead
        x = keras.layers.ZeroPadding1D((front, 0), name=f"{name}_front")(x)
        convolve = keras.layers.Conv1D(
            self.width,
            self.decoder_kernel,
            padding="valid",
            name=name,
            kernel_initializer=blocks.initializer(),
            kernel_regularizer=blocks.regularizer(),
        )
        return blocks.rectify(convolve(x), f"{name}_relu")


def _spelled_port(signature):
    """Returns the input of what was spelled. Raises RecipeError where there is none, or texts are
    mixed.
    """
    found = [port for port in signature.inputs if port.unit == SPELLED_ID]
    mixed = any(port.unit == MIX_SHARE for port in signature.inputs)
    if len(found) != 1 or mixed:
        inputs = [(each.name, each.unit) for each in signature.inputs]
        raise RecipeError(
            f"AutoregressiveDecoder on the inputs {inputs}",
            expected="tokens, and one input of what was spelled",
            fix="leave AugmentMixUpEmbeddings() out of `augment`, and the net out of ensembles",
        )
    return found[0]


def _attended(places, x, mask, blocks):
    """Returns what each place reads of the tokens, [rows, positions, width]."""
    import keras

    width = blocks.net.width
    queries = blocks.dense(places, width, name="member0_queries")
    keys = blocks.dense(x, width, name="member0_keys")
    turned = keras.layers.Permute((2, 1), name="member0_turned")(queries)
    scores = keras.ops.matmul(keys, turned) / width**0.5
    penalty = blocks.penalty(mask, ATTENTION_PENALTY, name="member0_padding")
    scores = keras.layers.Subtract(name="member0_scores")([scores, penalty])
    by_place = keras.layers.Permute((2, 1), name="member0_by_place")(scores)
    shares = keras.layers.Softmax(name="member0_shares")(by_place)
    values = blocks.dense(x, width, name="member0_values")
    return keras.ops.matmul(shares, values)
