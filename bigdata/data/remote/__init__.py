"""Databases on the web: questions put to them, answers kept in the cache."""
