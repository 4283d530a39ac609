"""Features by matminer, in an environment of its own: PYTHON matminer_features.py < matminer.json > new.json.

In: `formulas`. Out: they, `names`, `values` (n, 145) in the order of Ward et al. 2016, and the processor's `seconds`
for the 132 of Magpie and for all 145, parsing of the formulas included.
"""

from __future__ import annotations

import json
import sys
import time
import warnings
from typing import Any

from matminer.featurizers.composition import ElementProperty, IonProperty, Stoichiometry, ValenceOrbital
from pymatgen.core import Composition


def main() -> None:
    warnings.simplefilter("ignore")
    formulas = json.load(sys.stdin)["formulas"]
    magpie = ElementProperty.from_preset("magpie")
    ward = [Stoichiometry(), magpie, ValenceOrbital(props=["frac"]), IonProperty(fast=True)]
    _, seconds = timed([magpie], formulas)
    values, seconds_of_all = timed(ward, formulas)
    names = [label for one in ward for label in one.feature_labels()]
    said = {"formulas": formulas, "names": names, "values": values, "seconds": [seconds, seconds_of_all]}
    print(json.dumps(said).replace("], [", "],\n["))  # noqa: T201


def timed(featurizers: list[Any], formulas: list[str]) -> tuple[list[list[float]], float]:
    start = time.process_time()
    compositions = [Composition(formula) for formula in formulas]
    values = [[float(x) for one in featurizers for x in one.featurize(c)] for c in compositions]
    return values, time.process_time() - start


if __name__ == "__main__":
    main()
