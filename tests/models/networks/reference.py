"""The networks' equations atom by atom and edge by edge in plain NumPy, as the papers write them; slow.

Written from the papers, without the package's graphs, layouts or operations: neighbours are counted out over cells.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from typing import Any

import numpy as np

Weights = Mapping[str, np.ndarray]


def neighbours(structure: Any, cutoff: float) -> list[tuple[int, int, np.ndarray]]:
    """(receiver, sender, vector from the receiver to the sender) of all pairs within a cutoff, angstrom."""
    # Enough for the most skewed of the cells.
    shifts = np.array(list(itertools.product(range(-15, 16), repeat=3)))
    found = []
    for i, j in itertools.product(range(len(structure.numbers)), repeat=2):
        vectors = (structure.positions[j] + shifts - structure.positions[i]) @ structure.lattice
        lengths = np.linalg.norm(vectors, axis=1)
        found += [(i, j, vector) for vector in vectors[(lengths > 1e-6) & (lengths <= cutoff)]]
    return found


def ssp(x: np.ndarray) -> np.ndarray:
    return np.log1p(np.exp(x)) - np.log(2)


def silu(x: np.ndarray) -> np.ndarray:
    return x / (1 + np.exp(-x))


def gaussians(d: float) -> np.ndarray:
    return np.exp(-((d - 0.1 * np.arange(150)) ** 2) / 0.1)


def dense(p: Weights, structure: Any, layers: int, features: np.ndarray) -> float:
    """Of the shares of the elements; `features` (118, F)."""
    shares = np.bincount(structure.numbers - 1, minlength=118) / len(structure.numbers)
    x = silu(np.concatenate([shares, shares @ features]) @ p["embedding"] + p["embedding.bias"])
    for i in range(layers - 1):
        x = silu(x @ p[f"layer.{i}"] + p[f"layer.{i}.bias"])
    return float((x @ p[f"layer.{layers - 1}"] + p[f"layer.{layers - 1}.bias"])[0])


def schnet(p: Weights, structure: Any, edges: list[Any], steps: int) -> float:
    h = np.array([p["embedding"][z - 1] for z in structure.numbers])
    for t in range(steps):
        message = np.zeros_like(h)
        for i, j, vector in edges:
            filters = ssp(ssp(gaussians(float(np.linalg.norm(vector))) @ p[f"filter{t}.0"]) @ p[f"filter{t}.1"])
            message[i] += filters * (h[j] @ p[f"sender{t}"])
        h = h + ssp(_mean(message, edges) @ p[f"update{t}.0"]) @ p[f"update{t}.1"]
    return float((ssp(h @ p["readout.0"]) @ p["readout.1"]).mean())


def mpeu(p: Weights, structure: Any, edges: list[Any], steps: int) -> float:
    h = np.array([p["embedding"][z - 1] for z in structure.numbers])
    e = [gaussians(float(np.linalg.norm(vector))) for _, _, vector in edges]
    for t in range(steps):
        weights = np.vstack([p[f"from_sender{t}"], p[f"from_receiver{t}"], p[f"from_edge{t}"]])
        e = [
            ssp(np.concatenate([h[j], h[i], e_ij]) @ weights) @ p[f"edge{t}.0"]
            for (i, j, _), e_ij in zip(edges, e, strict=True)
        ]
        if f"edge{t}.1" in p:
            raise AssertionError("one layer follows the activation")
        message = np.zeros_like(h)
        for (i, j, _), e_ij in zip(edges, e, strict=True):
            gate = ssp(ssp(e_ij @ p[f"gate{t}.0"]) @ p[f"gate{t}.1"])
            message[i] += gate * (h[j] @ p[f"sender{t}"])
        h = h + ssp(_mean(message, edges) @ p[f"update{t}.0"]) @ p[f"update{t}.1"]
    return float((ssp(h @ p["readout.0"]) @ p["readout.1"]).mean())


def edge_gated(p: Weights, structure: Any, edges: list[Any], steps: int, features: np.ndarray) -> float:
    inputs = np.hstack([np.eye(118), features])
    h = np.array([inputs[z - 1] @ p["embedding"] for z in structure.numbers])
    e = [gaussians(float(np.linalg.norm(vector))) for _, _, vector in edges]
    for t in range(steps):
        weights = np.vstack([p[f"from_sender{t}"], p[f"from_receiver{t}"], p[f"from_edge{t}"]])
        e = [silu(np.concatenate([h[j], h[i], e_ij]) @ weights) for (i, j, _), e_ij in zip(edges, e, strict=True)]
        message = np.zeros_like(h)
        for (i, j, _), e_ij in zip(edges, e, strict=True):
            message[i] += (e_ij @ p[f"gate{t}"]) * (h[j] @ p[f"sender{t}"])
        h = h + silu(_mean(message, edges) @ p[f"update{t}.0"]) @ p[f"update{t}.1"]
    return float((silu(h @ p["readout.0"]) @ p["readout.1"]).mean())


def painn(p: Weights, structure: Any, edges: list[Any], steps: int, radius: float, n_radial: int) -> float:
    s = np.array([p["embedding"][z - 1] for z in structure.numbers])
    n, c = s.shape
    v = np.zeros((n, 3, c))
    for t in range(steps):
        phi = _biased(p, f"message{t}", s)
        ds, dv = np.zeros_like(s), np.zeros_like(v)
        for i, j, vector in edges:
            d = float(np.linalg.norm(vector))
            waves = np.sin(np.arange(1, n_radial + 1) * np.pi * d / radius) / d
            cut = 0.5 * (np.cos(np.pi * d / radius) + 1) if d < radius else 0.0
            w = ((waves @ p["filters"] + p["filters.bias"]) * cut)[3 * c * t : 3 * c * (t + 1)]
            to_s, to_v, along = np.split(phi[j] * w, 3)
            ds[i] += to_s
            dv[i] += to_v * v[j] + np.outer(vector / d, along)
        s, v = s + ds, v + dv
        mixed = v @ p[f"mix{t}"]
        right, left = mixed[..., :c], mixed[..., c:]
        norm = np.sqrt((right**2).sum(axis=1) + 1e-8)
        a_ss, a_vv, a_sv = np.split(_biased(p, f"update{t}", np.hstack([s, norm])), 3, axis=1)
        s, v = s + a_ss + a_sv * (left * right).sum(axis=1), v + a_vv[:, None] * left
    return float(_biased(p, "readout", s).mean())


def _biased(p: Weights, name: str, x: np.ndarray) -> np.ndarray:
    return silu(x @ p[f"{name}.0"] + p[f"{name}.0.bias"]) @ p[f"{name}.1"] + p[f"{name}.1.bias"]


def _mean(message: np.ndarray, edges: list[Any]) -> np.ndarray:
    n = np.bincount([i for i, _, _ in edges], minlength=len(message))
    return message / np.maximum(n, 1)[:, None]
