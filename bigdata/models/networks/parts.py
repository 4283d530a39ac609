"""Parameters that several networks have alike: embedding, update of the atoms, readout."""

from __future__ import annotations

from bigdata.models.networks.layout import Parameter, linear, normalisation, perceptron

# ε_k(d) = exp(−(d − kδ)²/δ), k = 0 … 149, δ = 0.1 Å (the authors' own form: /δ, not /2σ²).
N_GAUSSIANS = 150
SPACING = 0.1


def embedding(n_elements: int, latent: int, n_features: int = 0) -> dict[str, Parameter]:
    """One-hot of the element, and further features of it, into the latent space; an element is one of these rows."""
    # A one-hot has one input that isn't zero, but the literature divides by all of them.
    return linear("embedding", n_elements + n_features, latent)


def update(step: int, latent: int, depth: int, *, norm: bool) -> dict[str, Parameter]:
    """h += L act L M, and A of the message A h_s."""
    here = linear(f"sender{step}", latent, latent) | perceptron(f"update{step}", [latent] * (depth + 1))
    return (normalisation(f"norm{step}", latent) if norm else {}) | here


def readout(latent: int, depth: int, *, norm: bool) -> dict[str, Parameter]:
    """L(1) act L(C/2) h."""
    layers = perceptron("readout", [latent, *[latent // 2] * (depth - 1), 1])
    return (normalisation("norm_end", latent) if norm else {}) | layers
