"""The command line: one file per verb, and the only code that prints."""
