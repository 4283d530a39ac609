"""Writes elements.csv, beside it, from the tables that matminer and pymatgen bring.

    pip install matminer && python make.py

A line for each element that Magpie's tables have: atomic number, symbol, the 22 properties of Ward et al. 2016 as they
stand in matminer's copy of Magpie's tables, then pymatgen's electronegativity and common oxidation states, from which
matminer makes the three ionic descriptors. A value that a table doesn't have is left empty.
"""

from __future__ import annotations

import csv
import math
import warnings
from pathlib import Path

import matminer.utils
from matminer.featurizers.composition import ElementProperty
from pymatgen.core import Element

TABLES = Path(matminer.utils.__file__).parent / "data_files" / "magpie_elementdata"
PROPERTIES = ElementProperty.from_preset("magpie").features
N_ELEMENTS = 112


def column(name: str) -> list[str]:
    """The values as they are written; "" for those missing."""
    lines = (TABLES / f"{name}.table").read_text().splitlines()[:N_ELEMENTS]
    return [line.strip() if is_number(line) else "" for line in lines]


def is_number(text: str) -> bool:
    try:
        return math.isfinite(float(text))
    except ValueError:
        return False


def electronegativity(element: Element) -> str:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        value = element.X
    return f"{value:.10g}" if math.isfinite(value) and value else ""


def main() -> None:
    elements = [Element.from_Z(number) for number in range(1, N_ELEMENTS + 1)]
    columns = [column(name) for name in PROPERTIES]
    with open(Path(__file__).parent / "elements.csv", "w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["number", "symbol", *PROPERTIES, "electronegativity", "oxidation_states"])
        for element, *values in zip(elements, *columns, strict=True):
            states = " ".join(str(state) for state in element.common_oxidation_states)
            writer.writerow([element.Z, element.symbol, *values, electronegativity(element), states])


if __name__ == "__main__":
    main()
