"""Pictures of at most 256 colours: a third of the bytes, on the page and beside it, and no difference that is seen.

Lines, letters and maps of a figure need few colours, and the edges between them many: those nearest to each other
become one, their mean over the pixels that have them. So the colours of what is large stay as they are.
"""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

MOST_COLOURS = 256


def save_png(picture: bytes, path: Path, dpi: int) -> None:
    """Write a picture, the bytes of a PNG without transparent pixels, as a PNG with a palette. Equal pictures are
    equal files.
    """
    with Image.open(io.BytesIO(picture)) as opened:
        whole = opened.convert("RGB")
    found = whole.quantize(MOST_COLOURS, method=Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE)
    # The octree's own colours are the middles of its cells: even white would be grey.
    found.putpalette(_means(np.asarray(whole), np.asarray(found)).ravel().tolist())
    found.save(path, format="PNG", optimize=True, dpi=(dpi, dpi))


def _means(pixels: NDArray[np.uint8], groups: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The mean colour of each group of pixels, (groups, 3), of (height, width, 3) and (height, width)."""
    of_pixel = groups.ravel()
    n = np.maximum(np.bincount(of_pixel), 1)
    sums = (np.bincount(of_pixel, pixels[..., k].ravel()) for k in range(pixels.shape[-1]))
    return np.rint(np.stack([one / n for one in sums], axis=1)).astype(np.uint8)
