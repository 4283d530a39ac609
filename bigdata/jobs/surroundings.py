"""The environment in which a batch system's programs are called: without what a user's shell says to them.

`SBATCH_PARTITION` would send our jobs elsewhere, `SQUEUE_STATES` would hide them, and the variables of a job in which
the controller runs would be those of its workers' jobs too.
"""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Mapping
from pathlib import Path

# Options by variable: of Slurm's programs; of LSF's bsub; of PBS, the word by which a script's lines are told and a
# default account.
_OPTIONS = re.compile(
    r"(?:SBATCH|SALLOC|SRUN|SQUEUE|SCANCEL|SCONTROL|SINFO|SLURM|BSUB|LSB_DEFAULT|LSB_SUB)\w*|PBS_DPREFIX|PBS_ACCOUNT"
)
# Where the batch system is, and who asks.
_KEPT = ("SLURM_CONF", "SLURM_JWT")


def without_options(environment: Mapping[str, str] = os.environ) -> dict[str, str]:
    """The environment for a batch system's program."""
    return {name: value for name, value in environment.items() if not _is_option(name)}


def options(environment: Mapping[str, str] = os.environ) -> list[str]:
    """The variables of this shell that would have changed jobs, by their names; not those of a job that it is in."""
    return sorted(name for name in environment if _is_option(name) and not name.startswith("SLURM_"))


def grid_engine_directives(environment: Mapping[str, str] = os.environ) -> list[str]:
    """What a job's script begins with in Grid Engine: options of `~/.sge_request` and of the folder's own file don't
    count, and those that the site has for all jobs do.
    """
    # There `-clear` forgets all that was said before it, in whichever file.
    root, cell = environment.get("SGE_ROOT", ""), environment.get("SGE_CELL", "default")
    site = Path(root, cell, "common", "sge_request")
    return ["-clear", *([f"-@ {shlex.quote(str(site))}"] if root and site.is_file() else [])]


def _is_option(name: str) -> bool:
    return name not in _KEPT and _OPTIONS.fullmatch(name) is not None
