"""Writes the tables beside it from the trainings that the paper's authors timed (see trainings.py).

    python -m bigdata.models.times.make FOLDER

FOLDER holds three tables of github.com/tisabe/jraph_MPEU, folder `batch_data`, which states no licence; they are no
part of this package. In brackets the commit that brought each:

    profiling_2M_steps_2024-10-24.csv.gz     batching_2mill_steps_24_10_2024.csv (8b6c2d2)
    profiling_100k_steps_2024-12-23.csv.gz   parsed_profiling_static_batching_seb_fix_..._23_12_2024.csv (378ba52)
    profiling_2M_steps_2025-01-19.csv.gz     parsed_profiling_batching_2_000_000_steps_combined_19_01_2025.csv (38004cc)
"""

from __future__ import annotations

import sys
from pathlib import Path

from bigdata.models.times.fit import fitted
from bigdata.models.times.tables import write
from bigdata.models.times.trainings import trainings

if __name__ == "__main__":
    write(fitted(trainings(Path(sys.argv[1]))))
