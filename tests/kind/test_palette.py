"""Pictures with a palette are smaller, look the same, and are equal where the pictures are."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from PIL import Image

from bigdata.kind.drawing import drawing, save_as
from bigdata.kind.palette import save_png

rng = np.random.default_rng(0)


def cloud() -> Figure:
    drawn = drawing(3.0)
    axes = drawn.subplots()
    axes.scatter(rng.random(300), rng.random(300), c=rng.random(300), alpha=0.5)
    return drawn


def plain(pixels: np.ndarray) -> bytes:
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    return file.getvalue()


def read(path: Path) -> np.ndarray:
    return np.asarray(Image.open(path).convert("RGB"), dtype=int)


def test_a_figure_looks_the_same_in_fewer_bytes(tmp_path: Path) -> None:
    figure = cloud()
    png, *_ = save_as(lambda: figure, tmp_path / "cloud")
    figure.savefig(tmp_path / "whole.png", dpi=200)
    wrong = np.abs(read(png) - read(tmp_path / "whole.png")).max(axis=2)
    assert Image.open(png).mode == "P"
    assert png.stat().st_size < (tmp_path / "whole.png").stat().st_size / 2
    assert wrong.mean() < 1
    assert np.quantile(wrong, 0.999) <= 20


def test_what_is_large_keeps_its_colour(tmp_path: Path) -> None:
    pixels = rng.integers(0, 256, (200, 200, 3), dtype=np.uint8)
    pixels[50:] = 255
    pixels[100:] = (0, 114, 178)
    save_png(plain(pixels), tmp_path / "a.png", 200)
    found = read(tmp_path / "a.png")
    assert np.abs(found[60, 5] - 255).max() <= 1
    assert np.abs(found[150, 5] - (0, 114, 178)).max() <= 1


def test_equal_pictures_are_equal_files(tmp_path: Path) -> None:
    pixels = rng.integers(0, 256, (60, 40, 3), dtype=np.uint8)
    for name in ("a.png", "b.png"):
        save_png(plain(pixels), tmp_path / name, 200)
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()
