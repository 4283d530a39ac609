"""Stopping rules: which trials are trained on, by what their first rungs show."""
