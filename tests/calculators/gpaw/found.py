"""The GPAW of the tests: that of /usr/bin/python3, or of the words of the variable GPAW_COMMAND."""

from __future__ import annotations

import os
import shlex
import subprocess

import pytest

COMMAND = shlex.split(os.environ.get("GPAW_COMMAND", "/usr/bin/python3"))


def gpaw_is_installed() -> None:
    """Without it the test is skipped, unless BIGDATA_SKIP_NOTHING is set."""
    if subprocess.run([*COMMAND, "-c", "import gpaw"], capture_output=True, check=False).returncode:
        (pytest.fail if os.environ.get("BIGDATA_SKIP_NOTHING") else pytest.skip)("gpaw isn't installed")
