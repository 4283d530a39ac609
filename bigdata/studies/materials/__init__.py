"""What studies of crystals share: entries with their targets, symmetry, groups of one material, overlaps and splits.

`model` says how their YAML names these; the other modules do what it says.
"""
