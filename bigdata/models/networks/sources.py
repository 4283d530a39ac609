"""The publications that describe the kinds of network."""

from __future__ import annotations

SOURCE_OF = {
    "mpeu": "P. B. Jørgensen, K. W. Jacobsen, M. N. Schmidt, Neural message passing with edge updates, "
    "arXiv 1806.03146.",
    "schnet": "K. T. Schütt et al., SchNet, J. Chem. Phys. 148, 241722 (2018), doi 10.1063/1.5019779.",
    "painn": "K. T. Schütt, O. T. Unke, M. Gastegger, ICML 2021, arXiv 2102.03150: PaiNN.",
    "edge-gated": "X. Bresson, T. Laurent, Residual gated graph ConvNets, arXiv 1711.07553; K. Choudhary, B. DeCost, "
    "npj Comput. Mater. 7, 185 (2021), doi 10.1038/s41524-021-00650-1: edge-gated convolutions.",
    "dense": "D. E. Rumelhart, G. E. Hinton, R. J. Williams, Nature 323, 533 (1986), doi 10.1038/323533a0: networks of "
    "layers.",
}
