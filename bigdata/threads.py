"""What a worker's environment says to its tasks: their cores, GPUs and memory, and which instructions libraries use.

Threads and instructions both change the last bits of sums.
"""

from __future__ import annotations

# How many cores each task of a worker has; the context of a task reads it.
CORES = "BIGDATA_CORES"
# How many GPUs the job of a worker asked for; not set where there is no job.
GPUS = "BIGDATA_GPUS"
# "1" where other jobs of the worker's pool give more memory to each task.
MORE_MEMORY = "BIGDATA_MORE_MEMORY"
BLAS = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")


def thread_environment(cores: int) -> dict[str, str]:
    """Variables for a process whose tasks have so many cores; read by the libraries when they are loaded."""
    return {
        **dict.fromkeys((CORES, *BLAS, "TF_NUM_INTRAOP_THREADS"), str(cores)),
        # TensorFlow takes neither from OMP's, and by itself as many threads as the machine has cores.
        "TF_NUM_INTEROP_THREADS": "1",
        # oneDNN picks its kernels by the processor: with the instructions that all have, nodes agree in every bit.
        "ONEDNN_MAX_CPU_ISA": "AVX2",
    }
