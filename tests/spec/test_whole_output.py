"""Whole messages, to be read aloud."""

from __future__ import annotations

from importlib.metadata import entry_points
from pathlib import Path

import pytest

from bigdata.errors import SpecError
from bigdata.spec import load_study

SPEC = """\
study: similarity
name: hbn
dataset: {name: hbn-dos-gpw, where: {xc: LDA}}
spectrum: {zero: Fermi, window: [-10, 10 angstrom]}
similarity:
  mesure: dice
  keep: {nearest: 0}
order_by: xc
groups: {min_similarity: '0.9'}
"""
MESSAGE = """\
hbn.yaml:3:17: dataset.name: there is no dataset `hbn-dos-gpw`. `bigdata datasets list` shows those \
that exist. Did you mean `hbn-dos-gpaw`?
    dataset: {name: hbn-dos-gpw, where: {xc: LDA}}
                    ^^^^^^^^^^^
hbn.yaml:4:18: spectrum.zero: `Fermi` is not known here. Write `valence-band-maximum`, `fermi` or `none`. \
Did you mean `fermi`?
    spectrum: {zero: Fermi, window: [-10, 10 angstrom]}
                     ^^^^^
hbn.yaml:4:34: spectrum.window[0]: -10 has no unit. Write an energy with its unit, such as "-10 eV".
    spectrum: {zero: Fermi, window: [-10, 10 angstrom]}
                                     ^^^
hbn.yaml:4:39: spectrum.window[1]: `10 angstrom` is a length, not an energy. \
Write it in eV, meV, keV, Ha, Hartree, Ry or J.
    spectrum: {zero: Fermi, window: [-10, 10 angstrom]}
                                          ^^^^^^^^^^^
hbn.yaml:6:3: similarity.mesure: unknown key. Known here: `measure`, `keep`. Did you mean `measure`?
      mesure: dice
      ^^^^^^
hbn.yaml:7:19: similarity.keep.nearest: 0 is out of range. Write a whole number of at least 1.
      keep: {nearest: 0}
                      ^
hbn.yaml:8:11: order_by: `xc` is not a list. Write a list, in brackets: [xc, …].
    order_by: xc
              ^^
hbn.yaml:9:26: groups.min_similarity: `0.9` is text, not a number. Write a number from 0 to 1.
    groups: {min_similarity: '0.9'}
                             ^^^^^"""


def test_types_and_data_are_said_together(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("hbn.yaml").write_text(SPEC)
    with pytest.raises(SpecError) as caught:
        load_study("hbn.yaml")
    assert str(caught.value) == MESSAGE


def test_an_empty_file_is_told_how_to_start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("hbn.yaml").write_text("\n")
    with pytest.raises(SpecError) as caught:
        load_study("hbn.yaml")
    names = sorted(point.name for point in entry_points(group="bigdata.studies"))
    assert str(caught.value) == (
        f"hbn.yaml: is empty. Write `study: KIND`, one of {', '.join(f'`{name}`' for name in names)}, and what belongs "
        "to it; `bigdata init KIND` writes a file to start from."
    )
