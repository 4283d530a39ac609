"""The sums of section 6 of *How big is big data?* (doi 10.1039/d4fd00102h): as printed, and made again from its
inputs."""

from __future__ import annotations

from dataclasses import dataclass

# Inputs that the paper states.
STRUCTURES, SETTINGS, FILES_EACH, BYTES_EACH = 30_000, 9, 41, 30e6
STEPS, TRIALS, DOLLARS_OF_GPU_HOUR = 2_000_000, 2_000, 3.0
V100, ONE_CORE = (0.0010, 0.0023), (0.0012, 0.0177)
MEAN_RMSE, BEST_RMSE = 556.0, 474.0
HOURS_OF_YEAR = 365.25 * 24
# Printed values are rounded to two digits at worst.
ROUNDED = 0.1


@dataclass(frozen=True)
class Published:
    """A number of the paper: where it stands, what it is, as printed (`value` in `unit`), and recomputed by `how`."""

    section: str
    quantity: str
    value: float
    unit: str
    recomputed: float
    how: str

    @property
    def agrees(self) -> bool:
        """Within the rounding of what is printed."""
        return abs(self.recomputed / self.value - 1) <= ROUNDED


def published() -> list[Published]:
    """Every number of section 6 that follows from others of it."""
    n = STRUCTURES * SETTINGS
    gpu, cpu = (STEPS * sum(seconds) / 3600 for seconds in (V100, ONE_CORE))
    search = TRIALS * gpu
    gain = MEAN_RMSE - BEST_RMSE
    return [
        Published("6.1", "calculations", 270_000, "", n, f"{STRUCTURES:,} structures × {SETTINGS} settings"),
        Published("6.1", "files", 11_070_000, "", n * FILES_EACH, f"× {FILES_EACH} files"),
        Published("6.1", "bytes", 8.1, "TB", n * BYTES_EACH / 1e12, "× 30 MB"),
        Published("6.2", "a training on a V100", 2, "h", gpu, "2·10⁶ × (0.0010 + 0.0023) s"),
        Published("6.2", "a training on one core", 10.5, "h", cpu, "2·10⁶ × (0.0012 + 0.0177) s"),
        Published("6.2", "a search of 2,000 architectures", 40_000, "GPU-h", search, f"{TRIALS:,} × {gpu:.2f} h"),
        Published("6.2", "the same, one after the other", 4.5, "years", search / HOURS_OF_YEAR, "of 8,766 h"),
        Published("6.2", "its price", 120_000, "USD", search * DOLLARS_OF_GPU_HOUR, "at 3 USD a GPU-hour"),
        Published("6.2", "best over mean", 80, "meV", gain, "556 − 474 meV"),
        Published("6.2", "best over mean, relative", 14.7, "%", 100 * gain / MEAN_RMSE, "82 / 556"),
    ]
