"""Writes the scripts anew."""

from tests.jobs.golden import FOLDER, scripts

for old in FOLDER.glob("*.sh"):
    old.unlink()
for name, text in scripts():
    (FOLDER / name).write_text(text)
