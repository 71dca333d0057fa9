"""Device forms of layers: the same numbers, written with the operators that device runtimes have."""


def lower(model):
    """A Keras model to an equal one for conversion: an Embedding becomes a bare gather on a constant table (the
    microcontroller runtime has no SELECT, which Keras' own lookup brings), and Dropout and its kin go."""
    import keras
    import tensorflow as tf

    class TableLookup(keras.layers.Layer):
        def __init__(self, table, **names):
            super().__init__(**names)
            self.table = table

        def call(self, ids):
            return tf.gather(tf.constant(self.table), ids)

        def compute_output_spec(self, ids):
            return keras.KerasTensor((*ids.shape, self.table.shape[1]), dtype="float32")

    def lowered(layer):
        if isinstance(layer, keras.layers.Embedding):
            return TableLookup(layer.get_weights()[0], name=layer.name)
        if isinstance(layer, (keras.layers.Dropout, keras.layers.GaussianNoise)):
            return keras.layers.Identity(name=layer.name)
        return layer.__class__.from_config(layer.get_config())
    copy = keras.models.clone_model(model, clone_function=lowered)
    for old in model.layers:
        new = copy.get_layer(old.name)
        if new.weights:
            new.set_weights(old.get_weights())
    return copy
