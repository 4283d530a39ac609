"""Batch systems: the jobs of a run's pools and of its controller. The rest of the code doesn't know Slurm from PBS.

`script` writes a job and hands it in, through dask-jobqueue; `batch` asks for jobs and removes them; `worker` is the
program that runs in a pool's job; `pools` starts such jobs by need and replaces those that die: by its `roster` of
jobs, its `queue` at the batch system, the `meeting` of their workers, and its `experience`.
"""
