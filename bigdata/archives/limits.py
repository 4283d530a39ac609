"""What NOMAD takes, which plans have to know: 32 GB an upload, ten uploads at a time that aren't published."""

from __future__ import annotations

# Taken as 32e9 B, the smaller reading of GB.
LARGEST_UPLOAD = 32 * 10**9
MOST_UNPUBLISHED = 10


def in_words(n_uploads: int) -> str:
    """`254 uploads of at most 32 GB in 26 rounds of 10 unpublished`."""
    n_rounds = -(-n_uploads // MOST_UNPUBLISHED)
    uploads, rounds = "upload" if n_uploads == 1 else "uploads", "round" if n_rounds == 1 else "rounds"
    most = f"{LARGEST_UPLOAD // 10**9} GB"
    return f"{n_uploads:,} {uploads} of at most {most} in {n_rounds:,} {rounds} of {MOST_UNPUBLISHED} unpublished"
