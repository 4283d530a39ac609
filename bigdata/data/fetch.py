"""Where a registered dataset's files are: in the package, in the user's mirror, in the cache, or still to fetch."""

from __future__ import annotations

import contextlib
import hashlib
import json
import logging
import os
import shutil
import time
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Literal, NamedTuple
from urllib.parse import urlsplit

from bigdata.data import shared_downloads
from bigdata.data.cache import cached
from bigdata.data.problem import DataProblem, first
from bigdata.data.registry import Mirrored, Registered, Source
from bigdata.errors import SiteError, VerificationFailed
from bigdata.places import cache_folder
from bigdata.spec.study import Finding

if TYPE_CHECKING:
    import requests

Progress = Callable[[int, int | None], None]
Home = Literal["package", "mirror", "cache", "web", "nowhere"]
LOG = logging.getLogger("bigdata")
ATTEMPTS = 4
TIMEOUT_S = 60.0
_AGAIN = frozenset({408, 425, 429, *range(500, 600)})


class Located(NamedTuple):
    """A file of a dataset: where it is, the name of its format, and the columns that the dataset calls otherwise
    (the file's name → the dataset's)."""

    path: Path
    reader: str
    names: Mapping[str, str]


def located(
    entry: Registered, progress: Progress | None = None, sleep: Callable[[float], None] = time.sleep
) -> list[Located]:
    """The dataset's files, whose rows follow each other in this order; downloaded where they have to be.

    A file inside the package comes first, then `$BIGDATA_MIRROR` (the registered files of a mirror, or the
    originals in the dataset's own folder), then the cache, then the originals' addresses. `progress` is told
    the bytes that have come of how many (None: not known). Raises DataProblem where there is no address,
    SiteError where it can't be reached or the cache not written, VerificationFailed where a file isn't the one
    that is registered.
    """
    if entry.shipped:
        return [Located(entry.path, entry.reader, {})]
    if mirrored := _mirrored(entry):
        return [_checked(file, path, entry) for file, path in mirrored]
    if not entry.sources:
        raise DataProblem(
            Finding(("name",), f"`{entry.name}` can't be fetched: it comes from a mirror", _advice(entry))
        )
    folder = cached(
        "downloads",
        entry.name,
        lambda folder: _is_whole(entry, folder),
        lambda folder: _download(entry, folder, progress, sleep),
    )
    return [Located(folder / _kept(source), source.reader, source.names) for source in entry.sources]


def home(entry: Registered) -> Home:
    """Where the files would be taken from now, without looking into them."""
    if entry.shipped:
        return "package"
    if _mirrored(entry):
        return "mirror"
    if not entry.sources:
        return "nowhere"
    return "cache" if _is_whole(entry, cache_folder() / "downloads" / entry.name) else "web"


def recorded(entry: Registered) -> dict[str, str]:
    """The sha256 of each original as its first download here had it; {} before that."""
    try:
        digests: dict[str, str] = json.loads(_record_of(entry).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return digests


def _mirrored(entry: Registered) -> list[tuple[Mirrored | Source, Path]]:
    """The files in the user's mirror; [] where it doesn't hold all of them."""
    mirror = os.environ.get("BIGDATA_MIRROR")
    if not mirror:
        return []
    root = Path(mirror).expanduser()
    prepared: list[tuple[Mirrored | Source, Path]] = [(file, root / file.file) for file in entry.mirror]
    originals: list[tuple[Mirrored | Source, Path]] = [
        (source, root / entry.folder / _kept(source)) for source in entry.sources
    ]
    return next((files for files in (prepared, originals) if files and all(p.is_file() for _, p in files)), [])


def _checked(file: Mirrored | Source, path: Path, entry: Registered) -> Located:
    # The registered digest is that of the archive, of which only the member wanted is kept.
    unpacked = isinstance(file, Source) and file.member
    if file.sha256 and not unpacked and (found := _sha256(path)) != file.sha256:
        raise VerificationFailed(
            f"{path} isn't the file that `{entry.name}` stands for: its sha256 is {found}, not {file.sha256}. "
            "Copy it anew, or read it as a dataset of your own with `file:`."
        )
    return Located(path, file.reader, file.names)


def _kept(source: Source) -> str:
    return source.member or source.file


def _is_whole(entry: Registered, folder: Path) -> bool:
    return all((folder / _kept(source)).is_file() for source in entry.sources)


def _download(entry: Registered, folder: Path, progress: Progress | None, sleep: Callable[[float], None]) -> None:
    bar = _Bar(entry.n_bytes, progress)
    for source in entry.sources:
        path = folder / source.file
        if not (source.sha256 and shared_downloads.taken(source.sha256, path)):
            _retrieve(entry, source, path, bar, sleep)
        _refuse_page(entry, source, path)
        found, expected = _sha256(path), source.sha256 or recorded(entry).get(source.file, "")
        if expected:
            _compare(entry, source, found, expected)
        if source.sha256:
            shared_downloads.put(source.sha256, path)
        if source.member:
            _unpack(entry, source, path, folder / source.member)
        if not expected:
            # Only now: what can't be unpacked must not become the record that good files are refused by.
            _record(entry, source.file, found)


def _retrieve(entry: Registered, source: Source, path: Path, bar: _Bar, sleep: Callable[[float], None]) -> None:
    import pooch  # type: ignore[import-untyped]
    import requests

    # Pooch prints digests and advice on them, which is said here in other words.
    pooch.get_logger().setLevel(logging.WARNING)
    for attempt in range(ATTEMPTS):
        try:
            fetch = pooch.HTTPDownloader(timeout=TIMEOUT_S, progressbar=bar)
            pooch.retrieve(source.url, known_hash=None, fname=path.name, path=path.parent, downloader=fetch)
            return
        except requests.RequestException as e:
            if attempt + 1 == ATTEMPTS or not _is_passing(e):
                raise _unreachable(entry, source, e) from None
            LOG.info("%s: %s; trying again", entry.name, _why(e))
            bar.reset()
            sleep(2.0**attempt)


class _Bar:
    """What Pooch wants of a progress bar, telling a function; `total` is set by Pooch, for one file."""

    def __init__(self, n_bytes: int, told: Progress | None) -> None:
        self.n_bytes, self.told = n_bytes, told
        self.total, self.n, self.before = 0, 0, 0

    def update(self, n: int) -> None:
        self.n += n
        if self.told is not None:
            self.told(self.before + self.n, self.n_bytes or (self.before + self.total if self.total else None))

    def reset(self) -> None:
        self.n = 0

    def close(self) -> None:
        # Pooch closes its bar after each file; a dataset's bytes are counted over all of them.
        self.before, self.n = self.before + self.n, 0


def _is_passing(e: requests.RequestException) -> bool:
    if e.response is not None:
        return e.response.status_code in _AGAIN
    # A certificate that isn't trusted now won't be at the next attempt.
    return "CERTIFICATE" not in str(e).upper()


def _why(e: requests.RequestException) -> str:
    import requests

    if e.response is not None:
        return f"the server answers {e.response.status_code} {e.response.reason}".rstrip()
    if isinstance(e, requests.exceptions.SSLError):
        return "the server's certificate isn't trusted here"
    if isinstance(e, requests.Timeout):
        return "the server doesn't answer in time"
    if isinstance(e, requests.exceptions.ChunkedEncodingError):
        return "the connection was cut"
    return "the server can't be reached"


def _unreachable(entry: Registered, source: Source, e: requests.RequestException) -> SiteError:
    return SiteError(
        f"`{entry.name}` can't be fetched from {urlsplit(source.url).netloc}: {_why(e)} ({source.url}). "
        f"Fetch it where there is a network (`bigdata datasets fetch {entry.name}`) into a cache that this machine "
        f"sees; or {_advice(entry)[0].lower()}{_advice(entry)[1:]}."
    )


def _advice(entry: Registered) -> str:
    files = [file.file for file in entry.mirror] or [f"{entry.folder}/{_kept(source)}" for source in entry.sources]
    return f"Set BIGDATA_MIRROR to a folder that holds {first(files, 4)}"


def _refuse_page(entry: Registered, source: Source, path: Path) -> None:
    # Portals and protections against robots answer 200 or 202 with a page, or with nothing.
    with open(path, "rb") as file:
        start = file.read(64).lstrip().lower()
    if not start or start.startswith((b"<!doctype", b"<html")):
        what = "a web page" if start else "nothing"
        raise SiteError(
            f"{urlsplit(source.url).netloc} answers with {what} in place of {source.file}, of `{entry.name}`. "
            f"Open {source.url} in a browser and look; or {_advice(entry)[0].lower()}{_advice(entry)[1:]}."
        )


def _compare(entry: Registered, source: Source, found: str, expected: str) -> None:
    """Compare a download's digest with the registered one, or with that of the first download, recorded here."""
    if found == expected:
        return
    which = "registered" if source.sha256 else f"recorded at the first download, in {_record_of(entry)}"
    raise VerificationFailed(
        f"{source.url} isn't the file it was: its sha256 is {found}, {which} is {expected}. "
        "Try once more; if it stays so, the original has changed: "
        + ("ask for a newer version of bigdata." if source.sha256 else "remove the record to take the new one.")
    )


def _record_of(entry: Registered) -> Path:
    return cache_folder() / "downloads" / "digests" / f"{entry.name}.json"


def _record(entry: Registered, file: str, digest: str) -> None:
    path = _record_of(entry)
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_suffix(f".{os.getpid()}")
    beside.write_text(json.dumps({**recorded(entry), file: digest}, indent=1), encoding="utf-8")
    beside.replace(path)
    LOG.info("%s: no digest of %s was known; that of this download is recorded: sha256 %s", entry.name, file, digest)


def _unpack(entry: Registered, source: Source, archive: Path, path: Path) -> None:
    """Put the member wanted beside the archive, and remove that: it is the larger part of the cache else."""
    try:
        with zipfile.ZipFile(archive) as packed:
            held = [name for name in packed.namelist() if name.rpartition("/")[2] == source.member]
            if not held:
                others = first(packed.namelist(), 4)
                raise SiteError(f"{source.url}, of `{entry.name}`, holds no {source.member}; it holds {others}.")
            with packed.open(held[0]) as file, open(path, "wb") as out:
                shutil.copyfileobj(file, out, 1 << 20)
    except zipfile.BadZipFile as e:
        raise SiteError(f"{source.url}, of `{entry.name}`, isn't a zip archive that can be read ({e}).") from None
    with contextlib.suppress(OSError):
        archive.unlink()


def _sha256(path: Path) -> str:
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
