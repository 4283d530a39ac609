"""What is wrong with each spec of `tests/spec/broken`: `line:column: path: what is wrong`, and a guess.

A problem in a parent begins with its file's name; `…` at the end stands for any rest.
"""

EXPECTED: dict[str, list[str]] = {
    "a-list": [
        "1:1: : holds a list, not a study",
    ],
    "a-word": [
        "1:1: : holds a text, not a study",
    ],
    "alias-bomb": [
        "8:5: x4: expands to more than 100,000 values",
    ],
    "alias-of-itself": [
        "4:19: order_by[1]: `*a` stands for itself",
    ],
    "alias-unknown": [
        "4:11: order_by: `&fields` isn't defined above",
    ],
    "all-at-once": [
        "1:7: name: 7 is not text",
        "3:39: dataset.where.functional: the dataset has no field `functional`",
        "4:18: spectrum.zero: `Fermi` is not known here | Did you mean `fermi`?",
        "4:34: spectrum.window[0]: 1 has no unit",
        "5:12: order_by[0]: the dataset has no field `mod` | Did you mean `mode`?",
        "6:23: similarity.measure: `tanimto` is not known here | Did you mean `tanimoto`?",
    ],
    "at-sign": [
        "4:14: : text can't begin with this character",
    ],
    "bad-entry-rule": [
        "3:45: dataset.on_bad_entry: `ignore` is not known here",
    ],
    "blocks-without-matrix": [
        "5:9: blocks: needs all similarities",
    ],
    "brace-too-many": [
        "3:30: : `}` closes nothing",
    ],
    "keys-of-another-kind": [
        "1:8: study: `overlap` has no `dataset`, `order_by`, which are keys of `similarity`",
    ],
    "list-for-a-word": [
        "4:23: similarity.measure: a list is not known here"
        " | To run each of them: `sweep: {grid: {similarity.measure: [tanimoto, dice]}}`",
    ],
    "datasets-as-a-list": [
        "3:1: datasets: a list is not a mapping",
    ],
    "brace-open": [
        "4:11: : the mapping that begins here doesn't end with `}`",
    ],
    "bracket-open": [
        "4:11: : the list that begins here doesn't end with `]`",
    ],
    "clusters-degree-zero": [
        "9:12: features[0]: 0 is out of range",
    ],
    "clusters-degrees": [
        "9:18: features[2]: degree 1 is listed twice",
    ],
    "clusters-field-misspelled": [
        "4:17: target.field: the dataset has no field `mixing_enrgy` | Did you mean `mixing_energy`?",
    ],
    "clusters-lattice-no-origin": [
        "6:12: parent.lattice: is incomplete",
    ],
    "clusters-lattice-unknown-key": [
        "6:12: parent.lattice: hcp wants a, c, and c isn't given",
        "6:46: parent.lattice.b: hcp has no parameter b",
    ],
    "clusters-method": [
        "10:21: selection.method: `omp` is not known here",
        "10:40: selection.max_features: 0 is out of range",
        "11:21: validation.folds: 1 is out of range",
    ],
    "clusters-no-unit": [
        "6:32: parent.lattice.a: 4.09 has no unit",
        "8:25: clusters.cutoffs.2: 10 has no unit",
    ],
    "clusters-none": [
        "8:11: clusters: leaves all clusters of two points and more out",
    ],
    "clusters-one-species": [
        "7:16: parent.sublattices: no site has a choice of species",
    ],
    "clusters-options": [
        "10:13: selection.alpha: belongs to `method: ridge`, and the method is orthogonal-matching-pursuit",
        "10:25: selection.l1_ratio: belongs to `method: elastic-net`, and the method is orthogonal-matching-pursuit",
        "11:21: validation.folds: `leave-some-out` is not a whole number of at least 2 or `leave-one-out`",
    ],
    "clusters-order-of-one": [
        "8:22: clusters.cutoffs.1: a cluster of 1 has no distance",
    ],
    "clusters-parent-not-there": [
        "6:19: parent.lattice.file: there is no file parent.cif",
    ],
    "clusters-prototype-misspelled": [
        "6:24: parent.lattice.prototype: there is no prototype ffc | Did you mean `fcc`?",
    ],
    "clusters-species": [
        "7:26: parent.sublattices[0][2]: Agg is no element | Did you mean `Ag`?",
        "7:31: parent.sublattices[0][3]: Ag is named twice for sublattice metal",
    ],
    "clusters-target-twice": [
        "3:28: dataset.target: names the property a second time",
    ],
    "clusters-too-many-sublattices": [
        "7:16: parent.sublattices: the lattice has one site class, metal, and there are species for 2",
    ],
    "colon-in-text": [
        "4:23: : this `:` can't stand here",
    ],
    "control-character": [
        "4:15: : a control character can't stand here",
    ],
    "dataset-is-a-word": [
        "3:10: dataset: `hbn-dos-gpaw` is not known here",
    ],
    "dataset-misspelled-origin": [
        "3:11: dataset.nmae: unknown key | Did you mean `name`?",
    ],
    "dataset-two-origins": [
        "3:31: dataset.file: can't stand beside `name`",
    ],
    "dataset-without-origin": [
        "3:10: dataset: is incomplete",
    ],
    "date-as-key": [
        "4:1: 2018-06-01: 2018-06-01 without quotes is a date in YAML",
    ],
    "date-in-where": [
        "5:15: dataset.where.xc: 2018-06-01 without quotes is a date in YAML",
    ],
    "date-time": [
        "4:14: description: 2018-06-01 12:00:00 without quotes is a date in YAML",
    ],
    "description-is-true": [
        "4:14: description: true is not text",
    ],
    "duplicate-key-flow": [
        "4:29: similarity.measure: is given twice; first in line 4",
    ],
    "duplicate-key-nested": [
        "6:3: spectrum.zero: is given twice; first in line 5",
    ],
    "duplicate-key": [
        "6:1: order_by: is given twice; first in line 4",
    ],
    "empty": [
        "0:0: : is empty",
    ],
    "error-in-a-merge": [
        "4:15: groups.zero: unknown key | `zero` belongs under `spectrum:`",
        "4:28: spectrum.windw: unknown key | Did you mean `window`?",
        "4:28: groups.windw: unknown key",
    ],
    "error-in-the-parent": [
        "5:26: groups.min_similarity: 2 is out of range",
        "parent-of-child.yaml:5:9: spectrum.zero: `Fermi` is not known here | Did you mean `fermi`?",
    ],
    "escape": [
        "4:18: : there is no such escape in double quotes",
    ],
    "extends-a-folder": [
        "4:10: extends: `..` is a folder",
    ],
    "extends-a-list": [
        "4:10: extends: names one file",
    ],
    "extends-itself": [
        "4:10: extends: goes round in a circle: `extends-itself.yaml` → `extends-itself.yaml`",
    ],
    "extends-missing": [
        "4:10: extends: there is no file `parents.yaml` | Did you mean `percent.yaml`?",
    ],
    "field-twice": [
        "4:22: order_by[2]: `xc` is listed twice",
    ],
    "grid-fields": [
        "4:22: fingerprint.grid.narrow: unknown key | Did you mean `narrowest`?",
        "4:47: fingerprint.grid.lowest: `0.5 eV` is an energy, not a number of states",
    ],
    "grid-id-short": [
        "4:21: fingerprint.grid: `nonuniform:0:0.05` …",
    ],
    "groups-below-kept": [
        "5:26: groups.min_similarity: 0.5 is less than the similarities kept, which begin at 0.8",
        "5:40: groups.linkage: the average needs all similarities, and only those above a value are kept",
    ],
    "groups-of-neighbours": [
        "5:9: groups: a list of nearest neighbours doesn't determine groups",
    ],
    "indentation": [
        "6:3: : this line doesn't fit the indentation of the lines above",
    ],
    "infinite": [
        "4:26: groups.min_similarity: inf is not a finite number",
    ],
    "keep-empty": [
        "4:20: similarity.keep: is incomplete",
    ],
    "keep-is-a-list": [
        "4:20: similarity.keep: a list is not known here",
    ],
    "keep-two-ways": [
        "4:33: similarity.keep.above: can't stand beside `nearest`",
    ],
    "keep-unknown-key": [
        "5:10: similarity.keep.neares: unknown key | Did you mean `nearest`?",
    ],
    "keep-unknown-word": [
        "4:20: similarity.keep: `matrx` is not known here | Did you mean `matrix`?",
    ],
    "key-belongs-deeper": [
        "4:1: measure: unknown key | `measure` belongs under `similarity:`",
    ],
    "key-list": [
        "4:3: : a key must be text or a whole number",
    ],
    "key-null": [
        "4:3: : a key must be text or a whole number",
    ],
    "key-of-the-wrong-part": [
        "4:12: spectrum.grid: unknown key | `grid` belongs under `fingerprint:`",
    ],
    "key-true": [
        "4:1: : a key must be text or a whole number",
    ],
    "kind-is-a-list": [
        "1:8: study: a list is not a study kind",
    ],
    "list-for-a-mapping": [
        "4:9: groups: a list is not a mapping",
    ],
    "list-of-numbers": [
        "4:16: order_by[1]: 3 is not text",
    ],
    "list-wanted": [
        "4:11: order_by: `xc` is not a list",
    ],
    "mapping-wanted": [
        "4:11: spectrum: `fermi` is not a mapping",
    ],
    "merge-of-a-word": [
        "4:16: spectrum: `<<` takes over the keys of a mapping",
    ],
    "missing-all": [
        "1:1: study: is missing",
        "1:1: name: is missing",
    ],
    "missing-dataset": [
        "1:1: dataset: is missing",
    ],
    "missing-file": [
        "3:17: dataset.file: there is no file …",
    ],
    "missing-in-blocks": [
        "5:1: blocks.by: is missing",
    ],
    "missing-name": [
        "1:1: name: is missing",
    ],
    "missing-study": [
        "1:1: study: is missing",
    ],
    "name-has-a-space": [
        "2:7: name: `my study` has characters that can't stand here",
    ],
    "name-is-a-date": [
        "2:7: name: 2018-06-01 without quotes is a date in YAML",
    ],
    "name-is-a-number": [
        "2:7: name: 2018 is not text",
    ],
    "name-is-a-path": [
        "2:7: name: `../runs` has characters that can't stand here",
    ],
    "name-is-empty": [
        "2:7: name: is empty",
    ],
    "name-is-too-long": [
        "2:7: name: has 81 characters",
    ],
    "negative-similarity": [
        "4:28: similarity.keep.above: -0.1 is out of range",
    ],
    "nested-too-deep": [
        "4:57: pools[0][0]: is nested more than 50 deep",
    ],
    "networks-dataset-name": [
        "4:3: datasets.my data: `my data` can't be a name here",
    ],
    "networks-key-of-another-kind": [
        "6:27: model.radial: unknown key | `radial` is for `kind: painn`",
    ],
    "networks-kind-as-a-word": [
        "6:8: model: `PaiNN` is not known here | Did you mean `{kind: painn}`?",
    ],
    "networks-kind-empty": [
        "6:9: model.kind: has no value",
    ],
    "networks-kind-missing": [
        "6:1: model.kind: is missing",
    ],
    "networks-kind-misspelled": [
        "6:15: model.kind: `edgegated` is not known here | Did you mean `edge-gated`?",
    ],
    "networks-names-of-arrays": [
        "6:12: combined.a_b: beside `a`, two arrays would be called `prediction_a_b_a`",
    ],
    "networks-names-of-hashes": [
        "4:3: datasets.a: beside `hash_a`, two arrays would be called `group_hash_a`",
    ],
    "networks-seed-negative": [
        "6:20: training.seeds[0]: -1 is out of range",
    ],
    "networks-target-begun": [
        "4:37: datasets.a.target: the dataset has no field `volume` | Did you mean `volume_per_atom`?",
    ],
    "no-colon": [
        "4:1: : a key without `:`",
    ],
    "no-neighbour": [
        "4:30: similarity.keep.nearest: 0 is out of range",
    ],
    "no-number": [
        "4:21: spectrum.window[0]: `eV` is not an energy",
    ],
    "no-unit-in-text": [
        "4:21: spectrum.window[0]: -10 has no unit",
    ],
    "no-unit": [
        "4:21: spectrum.window[0]: -10 has no unit",
    ],
    "not-a-number": [
        "4:26: groups.min_similarity: nan is not a finite number",
    ],
    "not-utf8": [
        "3:17: : byte 0xe9 is not UTF-8 text",
    ],
    "nothing-for-a-mapping": [
        "4:1: spectrum: has no value",
    ],
    "nothing-for-a-number": [
        "5:3: groups.min_similarity: has no value",
    ],
    "null-in-where": [
        "5:15: dataset.where.xc: has no value",
    ],
    "number-as-key": [
        "5:3: spectrum.7: unknown key",
    ],
    "number-in-quotes": [
        "4:26: groups.min_similarity: `0.9` is text, not a number",
    ],
    "number-wanted": [
        "4:26: groups.min_similarity: `high` is text, not a number",
    ],
    "only-comments": [
        "0:0: : is empty",
    ],
    "parent-of-child": [
        "5:9: spectrum.zero: `Fermi` is not known here | Did you mean `fermi`?",
    ],
    "percent": [
        "4:14: : text can't begin with this character",
    ],
    "pool-has-spaces": [
        "4:16: pools.pairs: `the fat one` can't be a pool's name",
    ],
    "pools-is-a-list": [
        "4:8: pools: a list is not a mapping",
    ],
    "quote-open": [
        "4:14: : the quote that begins here doesn't end",
    ],
    "range-misspelled": [
        "5:21: dataset.where.n_basis.att_least: unknown key | Did you mean `at_least`?",
    ],
    "similarity-above-one": [
        "4:26: groups.min_similarity: 1.5 is out of range",
    ],
    "sweep-bad-path": [
        "4:16: sweep.grid.similarity..measure: `similarity..measure` is not a path",
    ],
    "sweep-empty-list": [
        "4:36: sweep.grid.similarity.measure: lists no value",
    ],
    "sweep-exclude-all": [
        "4:1: sweep: leaves no variant",
    ],
    "sweep-exclude-stranger": [
        "6:14: sweep.exclude[0].similarity.measur: isn't swept | Did you mean `similarity.measure`?",
        "6:61: sweep.exclude[1].similarity.measure: never has the value `dyce` | Did you mean `dice`?",
    ],
    "sweep-inside-a-path": [
        "4:42: sweep.grid.spectrum.zero: sets what `spectrum` sets too",
    ],
    "sweep-misspelled": [
        "4:1: sweeep: unknown key | Did you mean `sweep`?",
    ],
    "sweep-nothing": [
        "4:8: sweep: sweeps over nothing",
    ],
    "sweep-of-a-list-item": [
        "5:16: order_by[2]: there is no item 2 in `order_by`",
    ],
    "sweep-of-a-quantity": [
        "6:41: spectrum.window[0]: -5 has no unit",
    ],
    "sweep-of-a-word": [
        "4:36: sweep.grid.similarity.measure: `dice` is not a list",
    ],
    "sweep-of-the-kind": [
        "4:16: sweep.grid.study: `study` is the same in all variants",
    ],
    "sweep-same-path": [
        "4:51: sweep.zip.similarity.measure: sets what `similarity.measure` sets too",
    ],
    "sweep-too-many": [
        "4:1: sweep: asks for 14,641 variants",
    ],
    "sweep-unknown-way": [
        "4:9: sweep.girds: unknown key | Did you mean `grid`?",
    ],
    "sweep-value-twice": [
        "4:51: sweep.grid.similarity.measure[2]: is listed twice",
    ],
    "sweep-wrong-path": [
        "6:5: similarity.mesure: unknown key | Did you mean `measure`?",
    ],
    "sweep-wrong-value": [
        "6:36: similarity.measure: `dyce` is not known here | Did you mean `dice`?",
    ],
    "sweep-zip-lengths": [
        "7:20: sweep.zip.spectrum.zero: has 1 item, `similarity.measure` has 2",
    ],
    "tab": [
        "5:1: : a tab can't indent",
    ],
    "tag-on-a-word": [
        "4:14: description: has the tag `!important`; tags are not allowed in a spec",
    ],
    "tag": [
        "4:11: order_by: has the tag `!!python/tuple`; tags are not allowed in a spec",
    ],
    "too-many-pixels": [
        "4:30: fingerprint.grid.pixels: 256 is out of range",
    ],
    "true-for-a-number": [
        "4:26: groups.min_similarity: true is not a number",
    ],
    "two-documents": [
        "4:1: : a second document begins here",
    ],
    "unknown-dataset": [
        "3:17: dataset.name: there is no dataset `hbn-dos-gpa` | Did you mean `hbn-dos-gpaw`?",
    ],
    "unknown-field": [
        "3:39: dataset.where.functional: the dataset has no field `functional`",
        "4:16: order_by[1]: the dataset has no field `n_kpt_full` | Did you mean `n_kpts_full`?",
        "5:15: blocks.by[0]: the dataset has no field `xcs` | Did you mean `xc`?",
        "6:24: convergence.within[0]: the dataset has no field `mod` | Did you mean `mode`?",
    ],
    "unknown-key-nested": [
        "4:14: similarity.mesure: unknown key | Did you mean `measure`?",
    ],
    "unknown-key": [
        "4:1: similartiy: unknown key | Did you mean `similarity`?",
    ],
    "unknown-kind": [
        "1:8: study: there is no study kind `similarty` | Did you mean `similarity`?",
    ],
    "unknown-linkage": [
        "4:19: groups.linkage: `ward` is not known here",
    ],
    "unknown-unit": [
        "4:21: spectrum.window[0]: unknown unit `ev` | Did you mean `eV`?",
    ],
    "unknown-word": [
        "4:23: similarity.measure: `tanimto` is not known here | Did you mean `tanimoto`?",
    ],
    "unpublished-kind": [
        "1:8: study: there is no study kind `phonons`",
    ],
    "whole-number-wanted": [
        "4:30: similarity.keep.nearest: 2.5 is not a whole number",
    ],
    "window-backwards": [
        "4:20: spectrum.window: begins above its end",
    ],
    "window-of-one": [
        "4:20: spectrum.window: has 1 item",
    ],
    "window-of-three": [
        "4:20: spectrum.window: has 3 items",
    ],
    "wrong-case": [
        "4:18: spectrum.zero: `Fermi` is not known here | Did you mean `fermi`?",
    ],
    "wrong-dimension": [
        "4:29: spectrum.window[1]: `10 angstrom` is a length, not an energy",
    ],
}
