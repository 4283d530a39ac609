"""Spectra as they come out of the cache: columns, blocks, selections, energy zeros."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import numpy as np
import pytest
from conftest_data import entry, write_lines
