"""A network of a setting: its layout, and its outputs for a batch, as compiled functions of the vector of weights."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from bigdata.models.networks.elements import N_ELEMENTS, N_FEATURES
from bigdata.models.networks.layout import Layout
from bigdata.models.networks.setting import Dense, EdgeGated, Network, PaiNN

if TYPE_CHECKING:
    from bigdata.models.networks.operations import Operations, Tensor

_MODULES = {"mpeu": "mpeu", "schnet": "schnet", "edge-gated": "edge_gated", "painn": "painn", "dense": "dense"}

# Of each array of a batch: dtype and shape.
_INT, _FLOAT = "int32", "float"
ARRAYS: Mapping[str, tuple[str, tuple[int | None, ...]]] = {
    "element": (_INT, (None,)),
    "weight": (_FLOAT, (None,)),
    "sender": (_INT, (None,)),
    "receiver": (_INT, (None,)),
    "shell": (_INT, (None,)),
    "multiplicity": (_FLOAT, (None,)),
    "distance": (_FLOAT, (None,)),
    "graph": (_INT, (None,)),
    "n_node": (_INT, (None,)),
    "n_edge": (_INT, (None,)),
}
DIRECTION = {"direction": (_FLOAT, (None, 3))}


def _equations(network: Network) -> Any:
    return importlib.import_module(f"bigdata.models.networks.{_MODULES[network.kind]}")


def layout(network: Network, n_elements: int = N_ELEMENTS) -> Layout:
    """The parameters of a network that embeds so many elements. All that is known without TensorFlow."""
    more = (N_FEATURES,) if isinstance(network, EdgeGated | Dense) else ()
    return Layout(_equations(network).parameters(network, n_elements, *more))


def needs_directions(network: Network) -> bool:
    """Whether its messages have directions, so that equivalent atoms can't be merged."""
    return isinstance(network, PaiNN)


class Compiled:
    """A network's outputs: one trace for batches of every size.

    `features` (118, F) are those of the elements, for networks that take them; in `precision` "float64" it is for
    comparisons only. With `compiles`, XLA compiles each size of batch anew: they should be padded.
    """

    def __init__(
        self,
        network: Network,
        features: NDArray[np.float32] | None = None,
        precision: str = "float32",
        n_elements: int = N_ELEMENTS,
        compiles: bool = False,
    ) -> None:
        from bigdata.models.networks.loading import tf

        self.network, self.layout, self.compiles = network, layout(network, n_elements), compiles
        self.dtype = tf.float64 if precision == "float64" else tf.float32
        self._mixed = precision == "mixed"
        self._features = None
        if isinstance(network, EdgeGated | Dense) and network.element_features:
            one_hot = np.eye(n_elements, dtype=np.float32)
            self._features = tf.constant(np.hstack([one_hot, _needed(features)]), self.dtype)
        self.predict = tf.function(
            self._outputs,
            input_signature=[self.vector(), self.signature()],
            autograph=False,
            jit_compile=compiles or None,
        )

    def vector(self) -> Any:
        """The signature of the vector of weights."""
        from bigdata.models.networks.loading import tf

        return tf.TensorSpec([self.layout.n_parameters], self.dtype)

    def signature(self) -> dict[str, Any]:
        """The signature of a batch."""
        from bigdata.models.networks.loading import tf

        arrays = {**ARRAYS, **(DIRECTION if needs_directions(self.network) else {})}
        dtypes = {_INT: tf.int32, _FLOAT: self.dtype}
        return {name: tf.TensorSpec(shape, dtypes[kind]) for name, (kind, shape) in arrays.items()}

    def tensors(self, batch: Mapping[str, NDArray[Any]]) -> dict[str, Tensor]:
        """A batch's arrays as the function takes them."""
        from bigdata.models.networks.loading import tf

        return {name: tf.constant(batch[name], spec.dtype) for name, spec in self.signature().items()}

    def _outputs(self, theta: Tensor, batch: Mapping[str, Tensor]) -> Tensor:
        return self.outputs(theta, batch, None)

    def outputs(self, theta: Tensor, batch: Mapping[str, Tensor], seed: Tensor) -> Tensor:
        """(g,) the standardised target of each graph; `seed` (2,) draws what training drops out, None: nothing."""
        from bigdata.models.networks.loading import tf

        p = self._weights(theta)
        table = p["embedding"] if self._features is None else tf.matmul(self._features, p["embedding"])
        h = tf.gather(table, batch["element"])
        made = _equations(self.network).outputs(self.network, p, h, _graph(batch), self._operations(seed))
        return made

    def _weights(self, theta: Tensor) -> dict[str, Tensor]:
        from bigdata.models.networks.loading import tf

        parts = zip(self.layout.parameters.items(), tf.split(theta, self.layout.sizes), strict=True)
        return {name: tf.reshape(part, parameter.shape) for (name, parameter), part in parts}

    def _operations(self, seed: Tensor) -> Operations:
        from bigdata.models.networks.operations import ACTIVATIONS, Operations

        network = self.network
        return Operations(ACTIVATIONS[network.activation], self._mixed, self.compiles, network.dropout, seed)


def shared(
    network: Network, features: NDArray[np.float32], precision: str = "float32", compiles: bool = False
) -> Compiled:
    """The same one for all that ask for it in a process: tracing its outputs takes a second."""
    return _shared(network, features.tobytes(), precision, compiles)


@lru_cache(maxsize=4)
def _shared(network: Network, features: bytes, precision: str, compiles: bool) -> Compiled:
    table = np.frombuffer(features, dtype=np.float32).reshape(N_ELEMENTS, N_FEATURES)
    return Compiled(network, table, precision, compiles=compiles)


def _needed(features: NDArray[np.float32] | None) -> NDArray[np.float32]:
    if features is None:
        raise ValueError("this network takes features of the elements: see `element_features`")
    return features


def _graph(batch: Mapping[str, Tensor]) -> Any:
    """The batch as graph-nets knows it."""
    from graph_nets.graphs import GraphsTuple

    edges = {name: batch[name] for name in ("shell", "multiplicity", "direction") if name in batch}
    return GraphsTuple(
        nodes={name: batch[name] for name in ("element", "weight", "graph")},
        edges=edges,
        receivers=batch["receiver"],
        senders=batch["sender"],
        globals={"distance": batch["distance"]},
        n_node=batch["n_node"],
        n_edge=batch["n_edge"],
    )
