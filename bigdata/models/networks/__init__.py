"""Message-passing networks on crystal graphs: their settings, equations, batches and training.

`setting` says what a study may write; `layout`, and a module for each kind of network, hold the equations; `crystals`
makes batches; `training` trains and `trained` predicts. TensorFlow and graph-nets are loaded by `loading` alone, which
is imported inside the functions that compute: reading a study must not take the 4 s and 0.5 GB that this costs.
"""
