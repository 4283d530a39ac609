"""What Python finds where it runs: versions of the packages that studies need, and whether they can be imported.

Controller and workers must agree on these. This file needs nothing but Python itself, so that it can be sent into any
image: `apptainer exec IMAGE python3 - < environment.py PACKAGE …` writes what it sees as JSON.
"""

from __future__ import annotations

import hashlib
import importlib
import json
import platform
import re
import sys
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, replace
from importlib import metadata, util
from pathlib import Path

# What the extras of bigdata install for those studies that import it: there or not, and nothing else minds.
EXTRAS = {"networks": ("tensorflow", "graph-nets", "dm-sonnet"), "search": ("optuna",)}
OPTIONAL = tuple(name for names in EXTRAS.values() for name in names)
# The same package built for CPUs alone, or for AMD's GPUs, is installed under another name.
BUILDS = {"tensorflow": ("tensorflow-cpu", "tensorflow-rocm")}
# From one of these to another nothing that passes between controller and workers changes: 3.11.2 and 3.11.7.
PYTHON_DIGITS = 2


@dataclass(frozen=True)
class Environment:
    """`packages` are versions by name, "" for one that isn't there or can't be imported; `errors` say why it can't.

    `code` is a digest of bigdata's modules and tables, which tells a working copy from the release of the same version;
    "" where there are none. `kernel` is whether the compiled part of bigdata is there; studies run without, and longer.
    """

    python: str
    packages: dict[str, str]
    errors: dict[str, str]
    code: str
    kernel: bool


def environment(packages: Iterable[str] | None = None, *, imported: bool = True) -> Environment:
    """What is found here: of the packages named, else of those that bigdata needs; `imported` tries to import them."""
    names = [*(needed() if packages is None else packages)]
    versions = {name: version(name) for name in names}
    errors = dict(_import_errors([n for n, v in versions.items() if v])) if imported else {}
    found = {name: "" if name in errors else version for name, version in versions.items()}
    return Environment(platform.python_version(), found, errors, _code(), _has_kernel())


def needed() -> list[str]:
    """bigdata and the packages that it asks for, those of its extras left out; optional ones where they are here."""
    asked = [r for r in metadata.requires("bigdata") or () if "extra ==" not in r]
    names = [re.split(r"[^A-Za-z0-9._-]", r, maxsplit=1)[0] for r in asked]
    return ["bigdata", *sorted(names), *(name for name in OPTIONAL if version(name))]


def labels(found: Environment) -> dict[str, str]:
    """The labels of an image in which this was found."""
    versions = {"python": found.python, **found.packages}
    return {
        "org.opencontainers.image.version": found.packages["bigdata"],
        "bigdata.code": found.code,
        **{f"bigdata.versions.{name}": version for name, version in versions.items() if version},
    }


def differences(there: Environment, here: Environment) -> Iterator[tuple[str, str, str]]:
    """Name, version there and version here of all that isn't the same; "" where there is none.

    Python's last number doesn't count, and neither does bigdata's code where its versions differ already. What extras
    install is compared where both have it: `lacking` says what a study misses.
    """
    if _minor(there.python) != _minor(here.python):
        yield "python", there.python, here.python
    for name in {**here.packages, **there.packages}:
        a, b = there.packages.get(name, ""), here.packages.get(name, "")
        if a != b and (name not in OPTIONAL or (a and b)):
            yield name, a, b
    if there.code != here.code and there.packages.get("bigdata") == here.packages.get("bigdata"):
        yield "bigdata's code", there.code, here.code


def lacking(there: Environment, extra: str) -> list[str]:
    """The packages of an extra that aren't there; of "", which is none, nothing is."""
    return [name for name in EXTRAS.get(extra, ()) if not there.packages.get(name)]


def without_others(found: Environment, extra: str) -> Environment:
    """The same, without what only other extras install."""
    others = set(OPTIONAL) - {*EXTRAS.get(extra, ())}
    return replace(found, packages={name: v for name, v in found.packages.items() if name not in others})


def version(package: str) -> str:
    """The version of a package that is installed here, whichever build of it; "" where none is. Imports nothing."""
    name = installed_as(package)
    return metadata.version(name) if name else ""


def installed_as(package: str) -> str:
    """The name under which a package is installed here: `tensorflow-cpu` for `tensorflow`; "" where it isn't."""
    return next((name for name in (package, *BUILDS.get(package, ())) if _is_here(name)), "")


def _is_here(name: str) -> bool:
    try:
        metadata.distribution(name)
    except metadata.PackageNotFoundError:
        return False
    return True


def _minor(python: str) -> list[str]:
    return python.split(".")[:PYTHON_DIGITS]


def _import_errors(packages: list[str]) -> Iterator[tuple[str, str]]:
    modules: dict[str, list[str]] = {}
    for module, distributions in metadata.packages_distributions().items():
        for distribution in distributions:
            modules.setdefault(_normal(distribution), []).append(module)
    for package in packages:
        # Names that begin with `_` are parts of the others.
        for module in sorted(
            m for m in modules.get(_normal(installed_as(package)), ()) if m.isidentifier() and m[0] != "_"
        ):
            if error := _imports(module):
                yield package, error
                break


def _normal(package: str) -> str:
    return re.sub(r"[-_.]+", "-", package).lower()


def _imports(module: str) -> str | None:
    """Why a module can't be imported; None where it can."""
    try:
        importlib.import_module(module)
    except Exception as error:  # a package may raise anything when it is loaded, and that is what is asked for
        return f"{type(error).__name__}: {error}".splitlines()[0]
    return None


def _home() -> Path | None:
    """The folder of bigdata's modules; None where it isn't installed."""
    spec = util.find_spec("bigdata")
    return Path(spec.submodule_search_locations[0]) if spec and spec.submodule_search_locations else None


def _has_kernel() -> bool:
    """Whether the compiled modules are here: those that have a stub beside them, and no source in Python."""
    home = _home()
    stubs = (path.relative_to(home.parent).with_suffix("") for path in home.rglob("*.pyi")) if home else ()
    compiled = [".".join(stub.parts) for stub in stubs]
    return bool(compiled) and all(_imports(module) is None for module in compiled)


def _code() -> str:
    home = _home()
    if home is None:
        return ""
    digest = hashlib.sha256()
    for path, name in sorted(_modules(home, "")):
        digest.update(f"{name}\0".encode() + path.read_bytes() + b"\0")
    return digest.hexdigest()[:12]


def _modules(folder: Path, prefix: str) -> Iterator[tuple[Path, str]]:
    """The modules that get installed and the tables beside them: those of packages, not what lies beside data."""
    if not (folder / "__init__.py").is_file():
        return
    for path in folder.iterdir():
        if path.suffix in (".py", ".yaml"):
            yield path, prefix + path.name
        elif path.is_dir():
            yield from _modules(path, f"{prefix}{path.name}/")


if __name__ == "__main__":
    json.dump(asdict(environment(sys.argv[1:])), sys.stdout)
