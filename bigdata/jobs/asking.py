"""How a job asks its batch system for what it is to have, in the words that the site wants."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

# A user's own word for a Slurm job's memory; Slurm takes one of them.
_SLURM_MEMORY = ("--mem", "--mem-per-cpu", "--mem-per-gpu")

_MEMORY_LINES = {"slurm": ["#SBATCH --mem="], "lsf": ["#BSUB -M "], "htcondor": ["RequestMemory"]}
_EXCLUSIVE = {"slurm": "--exclusive", "pbs": "-l place=excl", "lsf": "-x", "moab": "-l naccesspolicy=singlejob"}


@dataclass(frozen=True)
class Asks:
    """What one job has: `memory` in bytes, all of it together. The others are as in the site's file."""

    cores: int
    memory: int
    gpus: int = 0
    gpu_type: str | None = None
    exclusive: bool = False
    memory_directive: str = "per-node"
    memory_unit: str | None = None
    cores_directive: str = "cpus-per-task"

    @property
    def mib(self) -> int:
        """The memory in whole MiB, of each core where it is asked for so."""
        return -(-self.memory // self._parts // 2**20)

    @property
    def _parts(self) -> int:
        return self.cores if self.memory_directive == "per-cpu" else 1

    def left_out(self, scheduler: str, directives: tuple[str, ...]) -> list[str]:
        """Beginnings of lines that a job's script is usually made with, and isn't here; of HTCondor, names."""
        without = []
        if self.memory_directive == "none" or (scheduler == "slurm" and self._asks_otherwise(directives)):
            without += _MEMORY_LINES.get(scheduler, [])
        if scheduler == "slurm" and self.cores_directive != "cpus-per-task":
            without += ["#SBATCH -n 1", "#SBATCH --cpus-per-task="]
        return without

    def _asks_otherwise(self, directives: tuple[str, ...]) -> bool:
        """Whether Slurm is asked for the memory of each core, by the site's file or by a directive of the user's."""
        own = (line.replace("=", " ").split()[0] for line in directives)
        return self.memory_directive == "per-cpu" or any(word in _SLURM_MEMORY for word in own)

    def directives(self, scheduler: str) -> Iterator[str]:
        """Lines for what a job's script isn't made with by itself."""
        if scheduler == "slurm":
            if self.cores_directive == "tasks":
                yield f"--ntasks={self.cores}"
            if self.memory_directive == "per-cpu":
                yield f"--mem-per-cpu={self.mib}M"
        if self.gpu_type:
            yield from self._gpus(scheduler)
        if self.exclusive:
            yield _EXCLUSIVE[scheduler]

    def _gpus(self, scheduler: str) -> list[str]:
        return {
            "slurm": [f"--gres=gpu:{self.gpu_type}:{self.gpus}"],
            "lsf": [f'-gpu "num={self.gpus}:gmodel={self.gpu_type}"'],
            # Devices have names such as `NVIDIA A100-SXM4-40GB`.
            "htcondor": [f"request_gpus = {self.gpus}", f'require_gpus = regexp("{self.gpu_type}", DeviceName, "i")'],
        }[scheduler]

    def resource_spec(self, scheduler: str) -> str | None:
        """What stands after `-l` where the site says nothing else; None where it is made without us."""
        if scheduler == "pbs" and self.memory_directive == "none":
            return f"select=1:ncpus={self.cores}"
        if scheduler != "moab":
            return None
        memory = {"per-node": f",mem={self.mib}mb", "per-cpu": f",pmem={self.mib}mb", "none": ""}
        return f"nodes=1:ppn={self.cores}{memory[self.memory_directive]}"
