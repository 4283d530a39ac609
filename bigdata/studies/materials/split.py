"""Splits of materials into folds, each group in exactly one of them; their files; and the guard against leaks.

A split is one for the union of the groups of all datasets of a study, so that a material that a model was trained on
in one database is never tested on in another.
"""

from __future__ import annotations

import hashlib
import json
import os
from base64 import b64decode, b64encode
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from bigdata.data.problem import first
from bigdata.kind import SpecError, VerificationFailed

FOLDS = ("train", "validation", "test")
FRACTIONS: Mapping[str, float] = {"train": 0.8, "validation": 0.1, "test": 0.1}
_FORMAT = "bigdata split 1"
_N_SHOWN = 12


@dataclass(frozen=True)
class Split:
    """G groups, each in one fold.

    `folds` names; `groups` (G,) labels, sorted; `fold_of` (G,) int8, index into `folds`; `rule` says how the split was
    made (kind, seed, fractions, …); `identity` how materials are told apart (`Identity.comparable()`).
    """

    folds: tuple[str, ...]
    groups: tuple[str, ...]
    fold_of: NDArray[np.int8]
    rule: Mapping[str, Any]
    identity: Mapping[str, Any] = field(default_factory=dict)

    @cached_property
    def digest(self) -> str:
        """SHA-256 of all that the split says."""
        return _digest(self._content())

    @cached_property
    def _index(self) -> dict[str, int]:
        return {label: int(fold) for label, fold in zip(self.groups, self.fold_of, strict=True)}

    def members(self, fold: str) -> list[str]:
        """Labels of the groups in a fold, sorted."""
        at = self.folds.index(fold)
        return [label for label, code in zip(self.groups, self.fold_of, strict=True) if code == at]

    def codes(self, labels: Sequence[str], new: Literal["refuse", "assign"] = "refuse") -> NDArray[np.int8]:
        """(n,) int8, the fold of each entry by its label.

        Groups that the split doesn't know are refused (SpecError, naming the first), or put into folds by the hash
        of their label where the split was made by fractions or is k-fold.
        """
        unknown = sorted(set(labels) - self._index.keys())
        if unknown and (new == "refuse" or "shares" not in self.rule):
            raise SpecError(_unknown_groups(unknown, "shares" in self.rule))
        added = dict(zip(unknown, self._assigned(unknown), strict=True))
        index = self._index | added
        return np.fromiter((index[label] for label in labels), dtype=np.int8, count=len(labels))

    def _assigned(self, labels: Sequence[str]) -> list[int]:
        if not labels:
            return []
        edges = np.cumsum(self.rule["shares"])[:-1]
        places = _hashes(labels, self.rule["seed"]) / 2.0**64
        return [int(fold) for fold in np.searchsorted(edges, places, side="right")]

    def rotation(self, i: int) -> Split:
        """Of a k-fold split, round i: fold i is tested on, the next one is for validation, the others for training."""
        k = len(self.folds)
        roles = np.zeros(k, dtype=np.int8)
        roles[i % k], roles[(i + 1) % k] = 2, 1
        rule = {"kind": "round of a k-fold split", "round": i, "of": self.digest}
        return replace(self, folds=FOLDS, fold_of=roles[self.fold_of], rule=rule)

    def _content(self) -> dict[str, Any]:
        return {
            "format": _FORMAT,
            "identity": dict(self.identity),
            "rule": dict(self.rule),
            "folds": {fold: self.members(fold) for fold in self.folds},
        }

    def to_file(self, path: Path) -> None:
        """Write the split as JSON with its digest; the same split gives the same bytes."""
        content = self._content() | {"digest": self.digest}
        beside = path.with_name(f"{path.name}.{os.getpid()}.partial")
        beside.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
        beside.replace(path)

    @classmethod
    def from_file(cls, path: Path) -> Split:
        """Read a split; SpecError where the file isn't one, VerificationFailed where it was changed since."""
        content = _read(path)
        digest = content.pop("digest", "")
        if digest != _digest(content):
            raise VerificationFailed(
                f"the split in {path} was changed after it was written: its digest is {_digest(content)[:12]}, the "
                f"file says {str(digest)[:12]}. Take the original file, or make the split anew."
            )
        folds: dict[str, list[str]] = content["folds"]
        placed = sorted((label, code) for code, members in enumerate(folds.values()) for label in members)
        if len({label for label, _ in placed}) < len(placed):
            raise VerificationFailed(f"the split in {path} has a group in two folds. Make the split anew.")
        return cls(
            tuple(folds),
            tuple(label for label, _ in placed),
            np.array([code for _, code in placed], dtype=np.int8),
            content["rule"],
            content["identity"],
        )


def _read(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except OSError as e:
        raise SpecError(f"the split {path} can't be read: {e.strerror or e}. Name a file that `Split` wrote.") from e
    except ValueError:
        content = None
    if not isinstance(content, dict) or content.get("format") != _FORMAT:
        raise SpecError(
            f'{path} isn\'t a split: JSON with `"format": "{_FORMAT}"` was looked for. Make the split anew.'
        )
    return content


def _digest(content: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(content, sort_keys=True, ensure_ascii=False).encode()).hexdigest()


def _unknown_groups(unknown: list[str], can_assign: bool) -> str:
    what = (
        f"the split doesn't know {len(unknown)} of the groups: {first(unknown, _N_SHOWN)}. Make a split of all datasets"
    )
    return what + (", or let new groups be assigned." if can_assign else ".")


def _hashes(labels: Sequence[str], seed: int) -> NDArray[np.uint64]:
    """(G,) uint64, equally distributed; the same in every process and on every machine."""
    key = str(seed).encode()
    digests = b"".join(hashlib.blake2b(label.encode(), digest_size=8, key=key).digest() for label in labels)
    # A digest's bytes are read in one order on every machine.
    return np.frombuffer(digests, dtype=">u8").astype(np.uint64)


def _cut(labels: Sequence[str], weights: NDArray[np.int64], shares: Sequence[float], seed: int) -> NDArray[np.int8]:
    """Put groups in the order of their hashes and cut their entries in proportion to `shares`.

    A group belongs where its middle falls, so that each cut is wrong by half a group at most, and each fold by one.
    """
    order = np.lexsort((np.arange(len(labels)), _hashes(labels, seed)))
    ordered = weights[order]
    middles = np.cumsum(ordered) - ordered / 2
    edges = np.cumsum(shares)[:-1] * ordered.sum()
    folds = np.empty(len(labels), dtype=np.int8)
    folds[order] = np.searchsorted(edges, middles, side="right")
    return folds


def _counted(labels: Iterable[str], weights: Mapping[str, int] | None) -> tuple[tuple[str, ...], NDArray[np.int64]]:
    groups = tuple(sorted(set(labels)))
    if weights is None:
        return groups, np.ones(len(groups), dtype=np.int64)
    return groups, np.array([weights[label] for label in groups], dtype=np.int64)


def normalised(fractions: Mapping[str, float]) -> tuple[tuple[str, ...], list[float]]:
    """The folds' names, and their shares of the whole; SpecError where they make none."""
    total = sum(fractions.values())
    if not fractions or min(fractions.values()) < 0 or not np.isfinite(total) or total <= 0:
        said = ", ".join(f"{name}: {value:g}" for name, value in fractions.items()) or "none"
        raise SpecError(f"fractions of a split are 0 or greater and not all 0; these are {said}")
    return tuple(fractions), [value / total for value in fractions.values()]


def _filled(split: Split, wanted: Sequence[float]) -> Split:
    empty = [fold for at, fold in enumerate(split.folds) if wanted[at] > 0 and not np.any(split.fold_of == at)]
    if empty:
        raise SpecError(
            f"a split of {len(split.groups)} groups leaves nothing for {first(empty)}. "
            "Take data with more groups, or cut them otherwise."
        )
    return split


def split_groups(
    groups: Iterable[str],
    fractions: Mapping[str, float] = FRACTIONS,
    seed: int = 0,
    weights: Mapping[str, int] | None = None,
    identity: Mapping[str, Any] | None = None,
) -> Split:
    """Split groups at random; each fold's share of the entries is right to within the largest group.

    `weights` are entries by group (1 each where not given). The order of `groups` doesn't matter, neither do repeated
    labels. SpecError where a fold that should have something gets nothing.
    """
    folds, shares = normalised(fractions)
    labels, counts = _counted(groups, weights)
    rule = {"kind": "fractions", "seed": seed, "shares": shares}
    return _filled(Split(folds, labels, _cut(labels, counts, shares, seed), rule, identity or {}), shares)


def refuse_folds(k: int) -> None:
    """Raise SpecError where there can't be so many."""
    if not 3 <= k <= 127:
        raise SpecError(f"a k-fold split has 3 to 127 folds (one to test, one to validate, the rest to train), not {k}")


def k_fold(
    groups: Iterable[str],
    k: int,
    seed: int = 0,
    weights: Mapping[str, int] | None = None,
    identity: Mapping[str, Any] | None = None,
) -> Split:
    """k folds of equally many entries, to within the largest group; `rotation(i)` makes the split of round i."""
    refuse_folds(k)
    shares = [1 / k] * k
    labels, counts = _counted(groups, weights)
    rule = {"kind": "k-fold", "seed": seed, "shares": shares}
    folds = tuple(f"fold-{i}" for i in range(k))
    return _filled(Split(folds, labels, _cut(labels, counts, shares, seed), rule, identity or {}), shares)


def leave_one_element_out(
    elements: Mapping[str, Iterable[str]],
    element: str,
    validation: float = 0.1,
    seed: int = 0,
    weights: Mapping[str, int] | None = None,
    identity: Mapping[str, Any] | None = None,
) -> Split:
    """Test on all groups that contain an element; `elements` are the symbols of the elements by group.

    The part `validation` of the other groups' entries is for validation. SpecError where no group has the element, or
    all have.
    """
    labels, counts = _counted(elements, weights)
    has = np.array([element in elements[label] for label in labels], dtype=bool)
    if not has.any():
        what = f"none of the {len(labels):,} groups contains {element}, so that there is nothing to test on"
        raise SpecError(f"{what}. Name an element that the data have.")
    folds = np.full(len(labels), 2, dtype=np.int8)
    others = [label for label, left_out in zip(labels, has, strict=True) if not left_out]
    folds[~has] = _cut(others, counts[~has], [1 - validation, validation], seed)
    rule = {"kind": "leave one element out", "element": element, "validation": validation, "seed": seed}
    return _filled(Split(FOLDS, labels, folds, rule, identity or {}), [1 - validation, validation, 1])


def by_date(
    labels: Sequence[str],
    dates: Sequence[str],
    until: Mapping[Literal["train", "validation"], str],
    identity: Mapping[str, Any] | None = None,
) -> Split:
    """Train on what was known before `until["train"]`, validate on what came before `until["validation"]`, test on the
    rest; dates as 2018-06-01, 2018-06 or 2018.

    `labels` and `dates` are those of the entries. A group is as old as its oldest entry: what was known once isn't
    new. SpecError names groups without a date, and dates that can't be read.
    """
    edges = ends((until["train"], until["validation"]))
    groups, where = np.unique(np.array(labels, dtype=np.str_), return_inverse=True)
    oldest = np.full(len(groups), np.datetime64("9999-12-31"))
    np.minimum.at(oldest, where, _dates(dates, labels))
    folds = np.searchsorted(edges, oldest, side="right").astype(np.int8)
    rule = {"kind": "by date", "until": {"train": str(edges[0]), "validation": str(edges[1])}}
    # Where both dates are one, nothing is for validation, and nothing is missed.
    return _filled(Split(FOLDS, tuple(groups.tolist()), folds, rule, identity or {}), [1, edges[0] < edges[1], 1])


def ends(until: tuple[str, str]) -> NDArray[np.datetime64]:
    """(2,) the days on which training and validation end; SpecError where they can't be read, or are swapped."""
    edges = _dates(until, ["until.train", "until.validation"])
    if edges[0] > edges[1]:
        raise SpecError(
            f"the date for training, {edges[0]}, comes after the one for validation, {edges[1]}. Swap them."
        )
    return edges


def _dates(texts: Sequence[str], names: Sequence[str]) -> NDArray[np.datetime64]:
    read, bad = [], []
    for text, name in zip(texts, names, strict=True):
        try:
            read.append(_day(text))
        except ValueError:
            bad.append(f"{name} (`{text}`)")
    if bad:
        raise SpecError(
            "a split by date needs a date such as 2018-06-01, or a year, for each entry; it isn't one for "
            f"{first(bad)}."
        )
    return np.array(read, dtype="datetime64[D]")


def _day(text: str) -> date:
    """The first day of what is written: 2018-06-01, 2018-06 or 2018; ValueError for anything else."""
    # A time of day may stand behind the date, as in 2018-06-01T12:00:00Z.
    written = text[:10]
    return date.fromisoformat(written + "-01-01"[max(0, len(written) - 4) :])


def group_hashes(labels: Sequence[str]) -> NDArray[np.int64]:
    """(n,) int64, one number for one label: what a store keeps of them to know materials again."""
    unique = sorted(set(labels))
    known = dict(zip(unique, _hashes(unique, 0).view(np.int64).tolist(), strict=True))
    return np.array([known[label] for label in labels], dtype=np.int64)


def seen_record(groups: Iterable[str], identity: Mapping[str, Any]) -> dict[str, Any]:
    """What a trained model keeps of the groups it saw: 8-byte hashes of their labels, as JSON takes it."""
    hashes = np.unique(_hashes(sorted(set(groups)), 0))
    packed = b64encode(hashes.astype("<u8").tobytes()).decode("ascii")
    return {"identity": dict(identity), "n": len(hashes), "groups": packed}


def seen_among(seen: Mapping[str, Any], tested: Iterable[str]) -> list[str]:
    """Labels of those tested groups that a model's record names, sorted."""
    labels = sorted(set(tested))
    known = np.frombuffer(b64decode(seen["groups"]), dtype="<u8").astype(np.uint64)
    return [labels[i] for i in np.flatnonzero(np.isin(_hashes(labels, 0), known))]


def refuse_leak(
    seen: Mapping[str, Any], tested: Iterable[str], identity: Mapping[str, Any], asked_for: bool = False
) -> list[str]:
    """The tested groups that a model saw in training, where that was asked for; VerificationFailed where it wasn't.

    `seen` is the model's `seen_record`. Labels made in another way can't be compared; that is refused likewise.
    """
    if dict(seen["identity"]) != dict(identity):
        if asked_for:
            return []
        raise VerificationFailed(
            f"the model tells materials apart by {_said(seen['identity'])}, this dataset by {_said(identity)}, so "
            "nobody can tell whether it was trained on what it is tested on. Make both alike, or ask for it explicitly."
        )
    met = seen_among(seen, tested)
    if met and not asked_for:
        raise VerificationFailed(
            f"the model was trained on {len(met)} of the groups that it is to be tested on: {first(met, _N_SHOWN)}. "
            "Test it on other groups, or ask for it explicitly."
        )
    return met


def _said(identity: Mapping[str, Any]) -> str:
    tolerance = identity.get("symprec")
    return ", ".join(identity.get("by", ())) + (f" (symprec {tolerance:g} Å)" if tolerance else "")
