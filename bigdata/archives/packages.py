"""How the calculations of a run are divided into uploads that NOMAD takes.

NOMAD takes 32 GB in an upload and holds ten unpublished ones of a user; no calculation is in two uploads.
"""

from __future__ import annotations

import hashlib
from collections.abc import Container, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from bigdata.archives.model import Nomad
from bigdata.errors import SiteError
from bigdata.store.zipped import END_BYTES, Member, Packed, Text, n_zip_bytes

UPLOAD_BYTES = 32 * 10**9
N_UNPUBLISHED = 10
# An upload's entries are listed by page numbers up to 10,000, and each calculation has one for each of its steps, which
# are four at most.
MOST_CALCULATIONS = 2_500
# Room for the metadata, which are made when the upload's name is known.
METADATA_BYTES = 10**6
METADATA = "nomad.yaml"


# The files of a calculation are those of its pack.
Calculation = Packed


@dataclass(frozen=True)
class Shipment:
    """What a study sends: its finished calculations, where to, and how many were left out since they failed.

    Each calculation's folder is `stem` and its number, so that two variants of a sweep have no folder in common.
    """

    to: Nomad
    name: str
    description: str
    stem: str
    calculations: list[Calculation]
    n_failed: int = 0

    def has(self, folder: str) -> bool:
        """Whether a folder is one of this study's, also of a calculation that isn't sent any more."""
        return folder.rpartition("-")[0] == self.stem


@dataclass
class Package:
    """One upload: the keys of its calculations by their folders, and the bytes of its zip without the metadata."""

    name: str = ""
    holds: dict[str, str] = field(default_factory=dict)
    n_files: int = 0
    n_bytes: int = END_BYTES

    def add(self, folder: str, members: list[Member]) -> None:
        self.holds[folder] = key_of(members)
        self.n_files += len(members)
        self.n_bytes += sum(member.in_zip for member in members)


def key_of(members: Iterable[Member]) -> str:
    """Of the files of a calculation: other contents, another key."""
    digest = hashlib.sha256()
    for member in members:
        digest.update(f"{member.name}\0{member.crc}\0{member.n_bytes}\n".encode())
    return digest.hexdigest()[:16]


def n_uploads(n_bytes: float, n_calculations: int = 0) -> tuple[int, int]:
    """The least number of uploads and of rounds of ten, for a plan: 8.1 TB are 254 uploads in 26 rounds."""
    n = max(-(-int(n_bytes) // UPLOAD_BYTES), -(-n_calculations // MOST_CALCULATIONS))
    return n, n_rounds(n)


def n_rounds(n: int) -> int:
    """Of so many uploads, where each round has to be published before the next."""
    return -(-n // N_UNPUBLISHED)


def said(n: int) -> str:
    """`254 uploads of at most 32 GB in 26 rounds of 10 unpublished`."""
    ups, rounds = f"{n:,} upload{'s' * (n != 1)}", n_rounds(n)
    return f"{ups} of at most 32 GB in {rounds:,} round{'s' * (rounds != 1)} of {N_UNPUBLISHED} unpublished"


def divided(
    calculations: Iterable[Calculation], sent: Container[tuple[str, str]], limit: int = UPLOAD_BYTES
) -> Iterator[Package]:
    """Packages of the calculations that aren't `sent` (by folder and key), in order, each as full as it gets.

    SiteError for a calculation that no upload can hold.
    """
    package = Package()
    for calculation in calculations:
        members = calculation.members()
        if (calculation.folder, key_of(members)) in sent:
            continue
        n_bytes = sum(member.in_zip for member in members)
        if n_bytes + END_BYTES + METADATA_BYTES > limit:
            raise SiteError(f"{calculation.folder} takes {n_bytes:,} bytes, and NOMAD at most {limit:,} in an upload.")
        is_full = package.n_bytes + n_bytes + METADATA_BYTES > limit or len(package.holds) == MOST_CALCULATIONS
        if package.holds and is_full:
            yield package
            package = Package()
        package.add(calculation.folder, members)
    if package.holds:
        yield package


def package_name(study: str, package: Package) -> str:
    """Found again at NOMAD by it: its folders and their contents make the name."""
    digest = hashlib.sha256("".join(f"{f} {k}\n" for f, k in package.holds.items()).encode()).hexdigest()
    folders = list(package.holds)
    return f"{study} {folders[0]} to {folders[-1]} ({digest[:12]})"


def metadata(shipment: Shipment, name: str) -> Text:
    """NOMAD's file of what is told of an upload and all of its entries."""
    nomad = shipment.to
    told: Mapping[str, Any] = {
        "upload_name": name,
        "comment": nomad.comment or shipment.description,
        "references": list(nomad.references),
        "datasets": list(nomad.datasets),
        "coauthors": list(nomad.coauthors),
        "embargo_length": nomad.embargo,
    }
    return Text(METADATA, _yaml({key: value for key, value in told.items() if value}))


def _yaml(data: Mapping[str, Any]) -> bytes:
    import io

    from ruamel.yaml import YAML

    stream = io.BytesIO()
    writer = YAML(typ="safe", pure=True)
    writer.default_flow_style, writer.allow_unicode = False, True
    writer.dump(dict(data), stream)
    return stream.getvalue()


def zip_size(package: Package, told: Text) -> int:
    """Exact bytes of the package's zip."""
    return package.n_bytes + n_zip_bytes(told.members()) - END_BYTES
