"""Public archives that take the raw files of a run: what is sent, in which packages, and what they say of it."""
