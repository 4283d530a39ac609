"""`bigdata sites image build | check`: the container images that workers run in."""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from bigdata.cli.options import json_option
from bigdata.cli.text import table
from bigdata.display import size
from bigdata.environment import EXTRAS, OPTIONAL, Environment, differences, environment
from bigdata.errors import SiteError, SpecError
from bigdata.jobs import image as images
from bigdata.spec import extras
from bigdata.spec.site import load_site


@click.group("image")
def image() -> None:
    """Build and check the container images that workers run in. TARGET is a site, or an image (FILE.sif)."""


@image.command("build")
@click.argument("target")
@click.option("--from", "base", metavar="BASE", help="A local base (image or folder), or one of a Docker registry.")
@click.option(
    "--variant",
    type=click.Choice(images.VARIANTS),
    help="What it holds besides bigdata: what networks need, with CUDA or not.",
)
@click.option("--as-here", is_flag=True, help="The versions that are installed here, not the pinned ones.")
@click.option("--bind", "binds", multiple=True, metavar="PATH", help="A file or folder of this machine to build with.")
@click.option("--zstd", is_flag=True, help="Pack with zstd: faster, for kernels of 2017 or later.")
@click.option("--force", is_flag=True, help="Replace the image that is there.")
def build(
    target: str, base: str | None, variant: str | None, as_here: bool, binds: tuple[str, ...], zstd: bool, force: bool
) -> None:
    """Build the image of a site with Apptainer, and compare it with this environment.

    Without --from it starts from the registry's image of the Python that runs here; containers/base.sh makes a base
    where no registry can be reached.
    """
    if as_here and variant:
        raise SpecError("--as-here takes what is installed here, and --variant what is pinned. Give one of them.")
    if variant not in (None, "cpu") and not base and sys.version_info[:2] > extras.LAST_PYTHON:
        raise SpecError(f"--variant {variant}: {extras.no_wheels()}. Use bigdata with one of these, or name a base.")
    path = _image(target)
    if path.exists() and not force:
        raise SiteError(f"{path} is already there. Say --force to replace it.")
    source = images.source()
    with tempfile.TemporaryDirectory() as folder:
        requirements = images.pinned(variant or "cpu")
        if as_here:
            pins, requirements = source / requirements, Path(folder, "requirements.txt")
            images.write_pins_here(requirements, pins)
        recipe = images.Recipe(source, base or images.base_for_this_python(), requirements, binds, zstd)
        images.build(path, recipe, lambda line: click.echo(line, err=True))
    click.echo(path)
    _refuse(target, path, *_compared(path))


@image.command("check")
@click.argument("target")
@json_option
def check(target: str, as_json: bool) -> None:
    """Compare what can be imported in an image with this environment. Exit code 4 where they differ."""
    path = _image(target)
    inside, here = _compared(path)
    click.echo(json.dumps(_as_data(path, inside, here), indent=2) if as_json else _as_text(path, inside, here))
    _refuse(target, path, inside, here)


def _image(target: str) -> Path:
    if target.endswith(".sif"):
        return Path(target)
    site = load_site(target)
    if site.image_path is None:
        raise SiteError(
            f"the site `{site.site}` has no image: its workers run in the environment that they are started from. "
            f"Write `image: {{apptainer: bigdata.sif}}` into {site.file or 'a site file'}, or give FILE.sif."
        )
    return site.image_path


def _compared(path: Path) -> tuple[images.Contents, Environment]:
    here = environment(imported=False)
    return images.contents(path, [*dict.fromkeys([*here.packages, *OPTIONAL])]), here


def _refuse(target: str, path: Path, inside: images.Contents, here: Environment) -> None:
    """Name what differs; all of it counts, since tasks pass between the two and numbers come from both."""
    if said := list(_said(inside, here)):
        lines = [f"{path} is another environment than this one:", *(f"  {line}" for line in said)]
        anew = f"bigdata sites image build {target} --force"
        raise SiteError("\n".join([*lines, f"Build it anew (`{anew}`), with the versions of here by --as-here."]))


def _said(inside: images.Contents, here: Environment) -> Iterator[str]:
    for name, error in inside.found.errors.items():
        yield f"{name} can't be imported there: {error}"
    for name, there, version in differences(inside.found, here):
        if name not in inside.found.errors:
            yield f"{name} {there or 'is missing'} there, {version or 'none'} here"
    for name, written, found in _changed(inside):
        yield f"{name} was {written} when the image was built, and {found or 'is missing'} now"


def _changed(inside: images.Contents) -> Iterator[tuple[str, str, str]]:
    """What an image's labels say and isn't found in it."""
    now = {"python": inside.found.python, **inside.found.packages}
    for name, version in now.items():
        written = inside.labels.get(f"bigdata.versions.{name}", version)
        if written != version:
            yield name, written, version


def _as_data(path: Path, inside: images.Contents, here: Environment) -> dict[str, Any]:
    other = [{"name": n, "image": there, "here": version} for n, there, version in differences(inside.found, here)]
    sizes = {"image": str(path), "bytes": path.stat().st_size}
    return {**sizes, "labels": inside.labels, "found": asdict(inside.found), "here": asdict(here), "differences": other}


def _as_text(path: Path, inside: images.Contents, here: Environment) -> str:
    other = {*inside.found.errors, *(name for name, _, _ in differences(inside.found, here))}
    pairs = {"python": (inside.found.python, here.python)}
    versions = {**dict.fromkeys(OPTIONAL, ""), **here.packages}
    pairs |= {name: (inside.found.packages.get(name, ""), versions[name]) for name in [*here.packages, *OPTIONAL]}
    pairs["bigdata's code"] = (inside.found.code, here.code)
    pairs["compiled kernel"] = ("yes" if inside.found.kernel else "no", "yes" if here.kernel else "no")
    rows = [(name, a or "none", b or "none", _state(name, name in other, a)) for name, (a, b) in pairs.items()]
    built = inside.labels.get("org.label-schema.build-date", "").replace("_", " ")
    head = ", ".join([str(path), size(path.stat().st_size), *([f"built {built}"] if built else [])])
    return f"{head}\n\n{table(('', 'image', 'here', ''), rows)}"


def _state(name: str, differs: bool, there: str) -> str:
    """What a row says in the end: an image without what an extra installs is as good as another for most studies."""
    if differs:
        return "differs"
    extra = next((extra for extra, names in EXTRAS.items() if name in names and not there), "")
    return f"not for {extra}" if extra else "same"
