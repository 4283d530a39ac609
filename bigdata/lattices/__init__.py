"""Alloys on a parent lattice: which structures are decorations of it, and their cluster correlations (section 4)."""
