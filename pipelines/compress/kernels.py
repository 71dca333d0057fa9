"""The kernels of a model that pruning and clustering change, and their zeros."""

import numpy as np

# By the class of a layer, or one that it is made from: those of its weights that are pruned.
# Depthwise kernels are few weights that carry much.
_KERNELS = {
    "Dense": ("kernel",),
    "Conv1D": ("kernel",),
    "Conv2D": ("kernel",),
    "EinsumDense": ("kernel",),
    "Conv1DTranspose": ("kernel",),
    "Conv2DTranspose": ("kernel",),
    "SeparableConv1D": ("pointwise_kernel",),
    "SeparableConv2D": ("pointwise_kernel",),
    "LSTM": ("kernel", "recurrent_kernel"),
    "GRU": ("kernel", "recurrent_kernel"),
    "SimpleRNN": ("kernel", "recurrent_kernel"),
}


def prunable_kernels(model, *, last_layer: bool = False) -> list:
    """The Keras variables that magnitude pruning looks at, in the order of the layers."""
    layers = [layer for layer in model.layers if _kernel_names(layer)]
    if not (last_layer or len(layers) < 2):
        layers = layers[:-1]
    return [
        variable
        for layer in layers
        for variable in layer.trainable_variables
        if variable.name in _kernel_names(layer)
    ]


def _kernel_names(layer):
    return next(
        (_KERNELS[each.__name__] for each in type(layer).__mro__ if each.__name__ in _KERNELS), ()
    )


def keep_zeros(model):
    """A Keras callback that sets the weights of kernels that are exactly zero when it starts back
    to zero after every step. A weight that was drawn or trained is never exactly zero.
    """
    import keras

    class KeepZeros(keras.callbacks.Callback):
        def on_train_begin(self, logs=None):
            self.masks = []
            for kernel in prunable_kernels(model, last_layer=True):
                kept = kernel.numpy() != 0
                if not kept.all():
                    self.masks.append(
                        (kernel, keras.ops.convert_to_tensor(kept.astype(np.float32)))
                    )

        def on_train_batch_end(self, batch, logs=None):
            for kernel, mask in self.masks:
                kernel.assign(kernel * mask)

    return KeepZeros()
