"""`bigdata cost scan DIR`: files and bytes of a folder by what they are for, by runs, and as they would pack."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from bigdata.cli.options import json_option
from bigdata.cli.text import table
from bigdata.display import size

if TYPE_CHECKING:
    from bigdata.data.storage.census import Amount, Census
    from bigdata.data.storage.packing import Limit, Way

K = TypeVar("K")
N_KINDS = 12
RUNS_EACH = (1, 100)
SHARES = {"least": 0.0, "5 %": 0.05, "median": 0.5, "95 %": 0.95, "most": 1.0}


@click.command()
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
@click.option("--files", "n_files", type=click.IntRange(min=0), help="So many files are allowed.")
@click.option("--bytes", "n_bytes", metavar="SIZE", help='So many bytes are allowed, such as "2 TB".')
@click.option("--site", help="A site's name or its file: its limits are meant, where none is given here.")
@click.option("--runs-each", type=click.IntRange(min=1), help="Runs in each archive.  [default: 1 and 100]")
@json_option
def scan(
    folder: Path, n_files: int | None, n_bytes: str | None, site: str | None, runs_each: int | None, as_json: bool
) -> None:
    """Count the files and bytes of DIR: what they are for, which runs of codes they belong to, and how many files would
    be left with the runs in archives. Links are not followed. Nothing is changed."""
    from bigdata.data.progress import logged
    from bigdata.data.storage.census import census
    from bigdata.data.storage.packing import as_it_is, fewest_each, packed

    limit = _limit(n_files, n_bytes, site)
    heard = logged("files counted")
    found = census(folder, lambda n: heard(n, None))
    numbers = set(RUNS_EACH if runs_each is None else (1, runs_each)) | {fewest_each(found, limit) or 1}
    ways = [as_it_is(found), *(packed(found, n) for n in sorted(numbers) if len(found.runs))]
    click.echo(json.dumps(_as_data(found, ways, limit), indent=2) if as_json else _as_text(folder, found, ways, limit))


def _limit(n_files: int | None, n_bytes: str | None, site: str | None) -> Limit:
    """What is allowed; raises SpecError for a size that isn't one, and for a site that limits nothing."""
    from bigdata.data.storage.packing import Limit
    from bigdata.errors import SpecError
    from bigdata.spec.site import load_site
    from bigdata.units import BYTES, QuantityError

    try:
        limit = Limit(n_files, None if n_bytes is None else int(BYTES.parse(n_bytes)))
    except QuantityError as error:
        raise SpecError(f"--bytes: {error}") from error
    if site is None:
        return limit
    own = load_site(site).limits
    if own.files is None and own.bytes is None:
        raise SpecError(f"--site {site}: it limits neither files nor bytes. Give its file `limits:`, or write --files.")
    return Limit(_first(limit.n_files, own.files), _first(limit.n_bytes, own.bytes))


def _first(given: int | None, of_site: int | None) -> int | None:
    return of_site if given is None else given


def _n(n: int, noun: str) -> str:
    return f"{n:,} {noun}{'s' * (n != 1)}"


def _by_purpose(found: Census) -> dict[str, Amount]:
    from bigdata.data.storage.census import Amount

    amounts: dict[str, Amount] = {}
    for kind, amount in found.kinds.items():
        amounts.setdefault(kind.purpose, Amount()).add(amount.n_bytes, amount.on_disk, amount.n_files)
    return _largest(amounts)


def _largest(amounts: Mapping[K, Amount]) -> dict[K, Amount]:
    return dict(sorted(amounts.items(), key=lambda item: (-item[1].n_bytes, -item[1].n_files)))


def _spread(values: Any) -> dict[str, int]:
    """Quantiles that are values themselves, of the run that so large a share of the others doesn't exceed."""
    import numpy as np

    quantiles = np.quantile(np.frombuffer(values, np.int64), list(SHARES.values()), method="inverted_cdf")
    return dict(zip(SHARES, map(int, quantiles), strict=True))


def _amount(amount: Amount) -> dict[str, int]:
    return {"files": amount.n_files, "bytes": amount.n_bytes, "bytes_on_disk": amount.on_disk}


def _as_data(found: Census, ways: list[Way], limit: Limit) -> dict[str, Any]:
    runs = found.runs
    return {
        **_amount(found.all),
        "folders": found.n_folders,
        "inodes": found.n_inodes,
        "further_names": found.n_further_names,
        "unread": {"n": found.n_unread, "first": [{"path": path, "reason": why} for path, why in found.unread]},
        "purposes": [{"for": purpose, **_amount(a)} for purpose, a in _by_purpose(found).items()],
        "kinds": [
            {"files_named": k.pattern, "code": k.code, "for": k.purpose, **_amount(a)}
            for k, a in _largest(found.kinds).items()
        ],
        "runs": {
            "n": len(runs),
            "codes": dict(runs.codes.most_common()),
            "files": _spread(runs.n_files) if len(runs) else {},
            "bytes": _spread(runs.n_bytes) if len(runs) else {},
        },
        "outside_of_runs": _amount(found.outside),
        "limit": {"files": limit.n_files, "bytes": limit.n_bytes},
        "ways": [
            {
                "runs_each": way.runs_each,
                "files": way.n_files,
                "folders": way.n_folders,
                "bytes": way.n_bytes,
                "exceeds": way.exceeds(limit),
            }
            for way in ways
        ],
    }


def _as_text(folder: Path, found: Census, ways: list[Way], limit: Limit) -> str:
    whole, packing = "\n".join(_head(folder, found)), _packing(ways, limit, found.outside.n_files)
    parts = [whole, _purposes(found), _kinds(found), *_runs(found), packing]
    return "\n\n".join(filter(None, parts))


def _head(folder: Path, found: Census) -> Iterator[str]:
    from bigdata.spec.node import printable

    whole = found.all
    counted = f"{_n(whole.n_files, 'file')} in {_n(found.n_folders, 'folder')}, {size(whole.n_bytes)}"
    yield f"{printable(str(folder))}: {counted}, {size(whole.on_disk)} on disk; {_n(found.n_inodes, 'inode')}"
    if found.n_further_names:
        yield f"further names of files (hard links): {found.n_further_names:,}; the bytes are counted once"
    if found.n_unread:
        yield f"not counted: {found.n_unread:,} that can't be read"
        # A name may hold what disturbs a terminal, or what no text can.
        yield from (f"  {printable(path)}: {why}" for path, why in found.unread)
        if found.n_unread > len(found.unread):
            yield f"  and {found.n_unread - len(found.unread):,} more"


def _purposes(found: Census) -> str:
    whole = max(1, found.all.n_bytes)
    rows = [
        (purpose, f"{a.n_files:,}", size(a.n_bytes), size(a.on_disk), f"{a.n_bytes / whole:.1%}")
        for purpose, a in _by_purpose(found).items()
    ]
    return table(("for", "files", "bytes", "on disk", "share"), rows) if rows else ""


def _kinds(found: Census) -> str:
    largest = list(_largest(found.kinds).items())
    rows = [(k.pattern, k.code, k.purpose, f"{a.n_files:,}", size(a.n_bytes)) for k, a in largest[:N_KINDS]]
    more = len(largest) - len(rows)
    end = f"\nand {more:,} more kinds; --json has all" if more else ""
    return table(("largest kinds", "code", "for", "files", "bytes"), rows) + end if rows else ""


def _runs(found: Census) -> Iterator[str]:
    runs, outside = found.runs, found.outside
    rest = f"{_n(outside.n_files, 'file')} ({size(outside.n_bytes)}) in none"
    if not len(runs):
        yield "no folder is known to be a run of a code"
        return
    codes = ", ".join(f"{code} {n:,}" for code, n in runs.codes.most_common())
    yield f"runs of codes, a folder each: {len(runs):,}, {codes}; {rest}"
    files, n_bytes = _spread(runs.n_files), _spread(runs.n_bytes)
    yield table(
        ("of a run", *SHARES),
        [("files", *(f"{n:,}" for n in files.values())), ("bytes", *map(size, n_bytes.values()))],
    )


def _packing(ways: list[Way], limit: Limit, n_outside: int) -> str:
    is_limited = limit != type(limit)()
    columns = ("kept as", "files", "folders", "bytes", *(["within the limit"] if is_limited else []))
    rows = [
        (_name(w), f"{w.n_files:,}", f"{w.n_folders:,}", size(w.n_bytes), *([_verdict(w, limit)] if is_limited else []))
        for w in ways
    ]
    allowed = [f"{limit.n_files:,} files" if limit.n_files is not None else ""]
    allowed += [size(limit.n_bytes) if limit.n_bytes is not None else ""]
    said = f"allowed: {' and '.join(filter(None, allowed))}\n" if is_limited else ""
    note = "\nbytes of archives are those before compression" if len(ways) > 1 else ""
    if limit.n_files is not None and n_outside > limit.n_files:
        note += f"\nno archives of runs are enough: {_n(n_outside, 'file')} in none"
    return f"{said}{table(columns, rows)}{note}"


def _name(way: Way) -> str:
    if way.runs_each < 2:
        return "it is" if way.runs_each == 0 else "an archive for each run"
    return f"an archive for {way.runs_each:,} runs"


def _verdict(way: Way, limit: Limit) -> str:
    return f"no: too many {' and '.join(way.exceeds(limit))}" if way.exceeds(limit) else "yes"
