"""A task with GPUs doesn't train on the CPU in silence."""

from __future__ import annotations

from typing import Any, NamedTuple

import pytest

pytest.importorskip("tensorflow", reason="the extra `networks` isn't installed")

from bigdata.errors import SiteError
from bigdata.models.networks.loading import require_gpu, tf, unseen


class Device(NamedTuple):
    name: str


def sees(monkeypatch: pytest.MonkeyPatch, *devices: str, is_built_for_gpus: bool) -> None:
    def listed(kind: str = "") -> list[Device]:
        return [Device(f"/physical_device:{name}") for name in devices if name.startswith(kind)]

    monkeypatch.setattr(tf.config, "list_physical_devices", listed)
    monkeypatch.setattr(tf.test, "is_built_with_gpu_support", lambda: is_built_for_gpus)
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0,1")


def refused(n: int) -> str:
    with pytest.raises(SiteError) as raised:
        require_gpu(n)
    return str(raised.value)


def test_a_gpu_that_is_seen_is_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    sees(monkeypatch, "CPU:0", "GPU:0", is_built_for_gpus=True)
    require_gpu(1)
    assert unseen(1) == ""


def test_a_package_for_processors_alone_says_which_one_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    sees(monkeypatch, "CPU:0", is_built_for_gpus=False)
    said = refused(1)
    assert said.startswith("the task has 1 GPU (CUDA_VISIBLE_DEVICES=0,1), and TensorFlow")
    assert "built for CPUs alone" in said
    assert "install `bigdata[networks-cuda]` in place of" in said


def test_a_package_for_gpus_says_what_it_sees(monkeypatch: pytest.MonkeyPatch) -> None:
    sees(monkeypatch, "CPU:0", is_built_for_gpus=True)
    said = refused(2)
    assert "the task has 2 GPUs" in said
    assert "sees CPU:0 only" in said


def test_what_is_installed_here_tells_its_own_devices(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[Any] = tf.config.list_physical_devices("GPU")
    if seen:
        require_gpu(len(seen))
    else:
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0")
        assert f"TensorFlow {tf.__version__}" in refused(1)
