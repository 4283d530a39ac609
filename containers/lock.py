"""Pin what the images hold: containers/requirements/*.txt from the dependencies and extras in pyproject.toml.

    pip install uv packaging
    python containers/lock.py            # the newest versions that fit together
    python containers/lock.py --keep     # today's pins as far as they still fit

Each file pins everything by name, version and hashes, for Python 3.11 and later on Linux; which index serves it is the
business of whoever builds. The hashes are those of wheels for x86-64 and arm64, and of the source where there is none.
"""

from __future__ import annotations

import argparse
import subprocess
import tempfile
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from packaging.markers import Marker
from packaging.utils import parse_wheel_filename

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / "containers/requirements"
# The extra of bigdata that each image holds besides bigdata's own dependencies.
VARIANTS = {"cpu": "", "tensorflow": "networks", "cuda": "networks-cuda"}
# Builds bigdata, and packages without wheels.
BUILDER = "setuptools>=77"
PYTHONS = ("3.11", "3.12", "3.13", "3.14")
MACHINES = ("x86_64", "aarch64")
HEADER = """\
# Made by containers/lock.py: the `{variant}` image, Python 3.11 and later on Linux.
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--keep", action="store_true", help="keep today's pins as far as they fit")
    keep = parser.parse_args().keep
    FOLDER.mkdir(exist_ok=True)
    for variant, extra in VARIANTS.items():
        path = FOLDER / f"{variant}.txt"
        packages = _resolved(extra, path.read_text() if keep and path.exists() else "")
        path.write_text(HEADER.format(variant=variant) + "".join(map(_pin, filter(_is_for_linux, packages))))


def _wanted(extra: str) -> list[str]:
    """What pyproject.toml asks for, with an extra or with none, and what builds it."""
    with (ROOT / "pyproject.toml").open("rb") as f:
        project = tomllib.load(f)["project"]
    return [*project["dependencies"], BUILDER, *(project["optional-dependencies"][extra] if extra else ())]


def _resolved(extra: str, pins: str) -> list[dict[str, Any]]:
    """Packages as of a `pylock.toml` (PEP 751) that together satisfy pyproject.toml with this extra."""
    constraints = [line.partition(" \\")[0] for line in pins.splitlines() if "==" in line]
    with tempfile.TemporaryDirectory() as folder:
        (asked := Path(folder, "asked.in")).write_text("\n".join(_wanted(extra)))
        (kept := Path(folder, "kept.txt")).write_text("\n".join(constraints))
        (locked := Path(folder, "pylock.toml")).touch()
        command = ["uv", "pip", "compile", "-q", "--universal", "--python-version", PYTHONS[0], "--format"]
        subprocess.run([*command, "pylock.toml", "-c", kept, "-o", locked, "--upgrade", asked], check=True)
        return list(tomllib.loads(locked.read_text())["packages"])


def _is_for_linux(package: dict[str, Any]) -> bool:
    marker = Marker(package["marker"]) if "marker" in package else None
    system = {"sys_platform": "linux", "platform_system": "Linux", "os_name": "posix"}
    places = [
        system | {"python_version": python, "python_full_version": f"{python}.9", "platform_machine": machine}
        for python in PYTHONS
        for machine in MACHINES
    ]
    return marker is None or any(marker.evaluate(place) for place in places)


def _pin(package: dict[str, Any]) -> str:
    # Said of nearly all packages, and true of every Python that the files are for.
    written = package.get("marker", "").replace(f"python_full_version >= '{PYTHONS[0]}'", "").removeprefix(" and ")
    marker = f" ; {written}" if written else ""
    hashes = sorted(f"    --hash=sha256:{digest}" for digest in _digests(package))
    return " \\\n".join([f"{package['name']}=={package['version']}{marker}", *hashes]) + "\n"


def _digests(package: dict[str, Any]) -> Iterator[str]:
    files = [w for w in package.get("wheels", []) if _fits(w["url"].rsplit("/", 1)[1])] or [package["sdist"]]
    for file in files:
        yield file["hashes"]["sha256"]


def _fits(wheel: str) -> bool:
    """Whether a wheel is for one of the Pythons and machines; free-threaded Pythons aren't."""
    for tag in parse_wheel_filename(wheel)[3]:
        machine = tag.platform == "any" or ("manylinux" in tag.platform and tag.platform.endswith(MACHINES))
        python = {"abi3", "none", *(f"cp{p.replace('.', '')}" for p in PYTHONS)}
        if machine and tag.abi in python:
            return True
    return False


if __name__ == "__main__":
    main()
