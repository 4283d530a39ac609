"""TensorFlow, loaded once, silently and with the threads that this process has: `from …loading import tf`.

It takes 4 s and 0.5 GB, so functions that compute import this module, and no module does so at its top, save those that
are equations. Keras layers stay out: since Keras 3 they are missing from a Sonnet module's variables without an error.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from bigdata.errors import SiteError
from bigdata.threads import CORES, thread_environment


@contextmanager
def _silence() -> Iterator[None]:
    """Nothing reaches stderr: TensorFlow's C++ writes six lines before any log level of its own holds."""
    sys.stderr.flush()
    kept = os.dup(2)
    nothing = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nothing, 2)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(nothing)
        os.close(kept)


def _loaded() -> Any:
    # Read when the library is loaded. Workers have these already; the process of `--site process` may not.
    for name, value in thread_environment(int(os.environ.get(CORES, "1"))).items():
        os.environ.setdefault(name, value)
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    # By itself it takes all of a GPU's memory at its first operation, also where several tasks share one.
    os.environ.setdefault("TF_FORCE_GPU_ALLOW_GROWTH", "true")
    with _silence():
        import tensorflow

        # Several trainings of one process each have a trace of their own, which isn't worth a warning.
        tensorflow.get_logger().setLevel("ERROR")
        # The first operation makes the devices, and says so.
        tensorflow.constant(0.0)
    return tensorflow


tf: Any = _loaded()


def require_gpu(n: int) -> None:
    """Raises SiteError where TensorFlow sees none of the `n` GPUs that a task has: it would compute on the CPU, and the
    GPUs would be paid for in vain."""
    if why := unseen(n):
        raise SiteError(why)


def unseen(n: int) -> str:
    """Why TensorFlow sees none of the `n` GPUs that a task has, and what to do about it; "" where it sees some."""
    if tf.config.list_physical_devices("GPU"):
        return ""
    has = f"the task has {n} GPU{'s' if n > 1 else ''} (CUDA_VISIBLE_DEVICES={os.environ.get('CUDA_VISIBLE_DEVICES')})"
    if not tf.test.is_built_with_gpu_support():
        return (
            f"{has}, and TensorFlow {tf.__version__} is built for CPUs alone. Where the tasks run, install "
            "`bigdata[networks-cuda]` in place of `bigdata[networks]`, or take a pool without GPUs."
        )
    devices = ", ".join(device.name.removeprefix("/physical_device:") for device in tf.config.list_physical_devices())
    return (
        f"{has}, and TensorFlow {tf.__version__} sees {devices} only. `nvidia-smi` on the node tells whether its "
        "driver works; it must be new enough for the CUDA libraries that come with `bigdata[networks-cuda]`."
    )
