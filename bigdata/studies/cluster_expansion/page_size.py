"""How many bytes the report of a cluster expansion will take: of points in clouds, lines, and orders of clusters."""

from __future__ import annotations

from bigdata.kind import Drawn, crowded, page_bytes
from bigdata.studies.cluster_expansion.model import ClusterExpansion

# Measured: axes, a degree's lines and its clouds, each point of those, and each size along the lines.
ERRORS_PNG, DEGREE_PNG, POINT_PNG, ROOM = 23_500, 8_200, 40.0, 1_200
ERRORS_PDF, POINT_PDF, SIZE_PDF = 25_500, 31.0, 10.0
# Axes, and each number of points in a cluster.
INTERACTIONS, ORDER = Drawn(3_000, 1_700), Drawn(2_350, 4_800)
WORDS, WORDS_DEGREE, WORDS_CLUSTER = 5_000, 3_000, 300


def report_bytes(model: ClusterExpansion, n_structures: int, n_clusters: int, n_sizes: int) -> int:
    """About what the page and the figures take, for so many structures, clusters, and sizes of models."""
    degrees, orders = len(model.features), len(model.clusters.cutoffs)
    points = float(n_structures * degrees)
    png = ERRORS_PNG + DEGREE_PNG * degrees + POINT_PNG * crowded(points, ROOM)
    drawn = {
        "errors": Drawn(png, ERRORS_PDF + POINT_PDF * points + SIZE_PDF * n_sizes),
        "interactions": Drawn(*(axes + orders * each for axes, each in zip(INTERACTIONS, ORDER, strict=True))),
    }
    return page_bytes(model.figures(), drawn, WORDS + WORDS_DEGREE * degrees + WORDS_CLUSTER * n_clusters)
