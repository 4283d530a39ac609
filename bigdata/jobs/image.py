"""Container images that workers run in: built by Apptainer from `Apptainer.def`, and looked into."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from bigdata import environment as environment_module
from bigdata.environment import Environment, installed_as, needed
from bigdata.errors import SiteError
from bigdata.spec import kinds

DEFINITION = "Apptainer.def"
VARIANTS = ("cpu", "tensorflow", "cuda")
# Importing all packages from a cold network file system takes minutes.
PATIENCE_SECONDS = 600
# Lines of the build's output that an error shows.
N_LAST_LINES = 12
CAP_SYS_RESOURCE = 24
# Labels of an image that name the versions of what is in it begin with this, see `environment.labels`.
VERSION = "bigdata.versions."


@dataclass(frozen=True)
class Contents:
    """What an image says of itself by its labels, and what Python finds in it."""

    labels: dict[str, str]
    found: Environment


def contents(image: Path, packages: Sequence[str]) -> Contents:
    """The labels of an image, and which of `packages` can be imported in it.

    SiteError where there is no such image, no Apptainer, or no Python in the image.
    """
    if not image.exists():
        raise SiteError(f"there is no image {image}. Build it with `bigdata sites image build {image}`.")
    labels = _labels(image)
    program = Path(environment_module.__file__).read_text()
    # What the host's user has in the home folder and the environment is none of the image's.
    run = [*execute(), "--no-home", "--cleanenv", str(image.absolute()), "python3", "-", *packages]
    # Packages may print when they are imported.
    found = json.loads(_ask(run, image, program).splitlines()[-1])
    return Contents(labels, Environment(**found))


def labelled(image: Path | None, binds: Iterable[str] = ()) -> Environment | None:
    """What an image says by its labels that Python finds in it; None where it says nothing, or can't be asked here.

    They know nothing of what is bound over it.
    """
    if image is None or any(":" in bind for bind in binds):
        return None
    try:
        labels = _labels(image)
    except SiteError:  # the machine that submits jobs needn't have Apptainer
        return None
    versions = {k.removeprefix(VERSION): v for k, v in labels.items() if k.startswith(VERSION)}
    python, code = versions.pop("python", ""), labels.get("bigdata.code", "")
    return Environment(python, versions, {}, code, kernel=True) if python else None


def _labels(image: Path) -> dict[str, str]:
    answer = json.loads(_ask([_apptainer(), "inspect", "--json", "--labels", str(image.absolute())], image))
    return answer["data"]["attributes"].get("labels") or {}


def execute() -> list[str]:
    """The command that runs a program in an image; options, image and program follow."""
    # Where root lacks a capability, as in most containers, Apptainer would ask for it and fail.
    return [_apptainer(), "exec", *(["--no-privs"] if os.geteuid() == 0 else [])]


def in_image() -> list[str]:
    """Shell lines before `execute_in`: the variables of the job that its worker needs, all others stay outside, and the
    folder for temporary files, which the job alone knows.
    """
    names = ("CUDA_VISIBLE_DEVICES", "TMPDIR", "BIGDATA_JOB_ENDS", "BIGDATA_CACHE", *kinds.variables())
    return [
        # Apptainer hands on what begins with APPTAINERENV_.
        *(f'[ -n "${{{name}+set}}" ] && export APPTAINERENV_{name}="${name}"' for name in names),
        '[ -d "$TMPDIR" ] && export APPTAINER_BIND="${APPTAINER_BIND:+$APPTAINER_BIND,}$TMPDIR"',
        "export APPTAINERENV_PYTHONNOUSERSITE=1",
    ]


def execute_in(image: Path, folders: Iterable[Path], binds: Iterable[str], *, gpus: bool) -> list[str]:
    """The command that runs a program in an image on a node; the program follows.

    `folders` are seen inside where they are outside; `binds` are as Apptainer understands them.
    """
    seen = [*binds, *(re.sub("([:,])", r"\\\1", str(folder)) for folder in folders)]
    privileges = ["--no-privs"] if os.geteuid() == 0 else []
    options = [*privileges, *(["--nv"] if gpus else []), *(word for bind in seen for word in ("--bind", bind))]
    # The node's Apptainer may come from a module: it is found by its name there.
    return ["apptainer", "exec", "--cleanenv", *options, str(image)]


def source() -> Path:
    """The working copy of bigdata that images are built from: here, or where this bigdata lies."""
    folders = (Path.cwd(), Path(__file__).parents[2])
    for folder in folders:
        if (folder / DEFINITION).is_file() and (folder / "pyproject.toml").is_file():
            return folder
    raise SiteError(
        f"there is no {DEFINITION} in {' or '.join(sorted({str(f) for f in folders}))}. Images are built from a "
        "working copy of bigdata; change to its folder."
    )


@dataclass(frozen=True)
class Recipe:
    """What an image is made from: the base it starts from, the file that names its packages, and how it is packed.

    `base` is a local image or folder, or else the name of one in a Docker registry; `binds` are files of the host seen
    during the build, such as certificates or the settings of pip.
    """

    source: Path
    base: str
    requirements: Path
    binds: tuple[str, ...] = ()
    zstd: bool = False

    def arguments(self) -> list[str]:
        local = Path(self.base).exists()
        if not local and (self.base.endswith(".sif") or self.base.startswith((".", "/", "~"))):
            raise SiteError(f"there is no base {self.base}. Make one with `containers/base.sh {self.base}`.")
        values = {
            "BOOTSTRAP": "localimage" if local else "docker",
            "FROM": str(Path(self.base).absolute()) if local else self.base,
            "REQUIREMENTS": str(self.requirements),
        }
        packed = ["--mksquashfs-args", "-comp zstd -Xcompression-level 3"] if self.zstd else []
        arguments = [word for name, value in values.items() for word in ("--build-arg", f"{name}={value}")]
        return [*arguments, *packed, *(word for bind in self.binds for word in ("--bind", bind))]


def pinned(variant: str) -> Path:
    """The pinned packages of a variant, relative to the working copy."""
    return Path("containers/requirements", f"{variant}.txt")


def base_for_this_python() -> str:
    """The base in a Docker registry with the Python that runs here: workers and controller need the same."""
    return f"python:{sys.version_info.major}.{sys.version_info.minor}-slim-bookworm"


def build(image: Path, recipe: Recipe, say: Callable[[str], None]) -> None:
    """Build an image, which appears when it is whole; `say` gets the build's output, line by line.

    SiteError with the last lines of that where the build fails.
    """
    apptainer = _apptainer()
    image.parent.mkdir(parents=True, exist_ok=True)
    unfinished = image.with_name(f".{image.name}.{os.getpid()}")
    command = [apptainer, "build", *_as_root(), *recipe.arguments(), str(unfinished.absolute()), DEFINITION]
    last: deque[str] = deque(maxlen=N_LAST_LINES)
    try:
        with subprocess.Popen(
            command, cwd=recipe.source, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace"
        ) as process:
            for line in process.stdout or ():
                say(line.rstrip("\n"))
                last.append(f"  {line.rstrip()}")
        if process.returncode:
            raise SiteError("\n".join([f"the image {image} could not be built:", *last, *_advice(recipe, last)]))
        unfinished.replace(image)
    finally:
        unfinished.unlink(missing_ok=True)


def _advice(recipe: Recipe, last: Sequence[str]) -> Iterator[str]:
    said = "\n".join(last)
    if re.search("registry|conveyor|docker://", said):
        yield (
            f"Where the registry of `{recipe.base}` can't be reached, make a base with `containers/base.sh DIR` and "
            "name it: `--from DIR`."
        )
    if re.search("SSLError|certificate verify failed", said, re.IGNORECASE):
        yield "This machine's certificates are seen in the build with `--bind /etc/ssl/certs`, pip's settings likewise."


def write_pins_here(path: Path, pins: Path) -> None:
    """Write requirements with the versions that are installed here, of all that bigdata needs; hashes there are none.

    setuptools, which builds and isn't needed afterwards, is of the version in `pins`.
    """
    versions = dict(sorted(_installed([installed_as(name) or name for name in needed()[1:]], {})))
    if found := re.search(r"^setuptools==(\S+)", pins.read_text(), re.MULTILINE):
        versions["setuptools"] = found[1]
    path.write_text("".join(f"{name}=={version}\n" for name, version in versions.items()))


def _installed(names: Sequence[str], known: dict[str, str]) -> Iterator[tuple[str, str]]:
    """Names and versions of packages here and of those that they need in turn."""
    from packaging.requirements import Requirement  # Dask needs it, so it is here

    for name in names:
        if name.lower() in known:
            continue
        try:
            found = metadata.distribution(name)
        except metadata.PackageNotFoundError:
            raise SiteError(f"`{name}`, which bigdata needs, isn't installed here. Install bigdata anew.") from None
        known[name.lower()] = found.version
        yield name, found.version
        asked = [Requirement(text) for text in found.requires or ()]
        yield from _installed([r.name for r in asked if not r.marker or r.marker.evaluate({"extra": ""})], known)


def _apptainer() -> str:
    for name in ("apptainer", "singularity"):
        if found := shutil.which(name):
            return found
    raise SiteError("apptainer isn't here. Load it (often `module load apptainer`), or install it.")


def _as_root() -> list[str]:
    """Root without all capabilities, as in most containers, builds as an ordinary user does."""
    if os.geteuid() != 0:
        return []
    status = Path("/proc/self/status").read_text()
    effective = int(re.findall(r"^CapEff:\s*(\w+)", status, re.MULTILINE)[0], 16)
    return [] if effective >> CAP_SYS_RESOURCE & 1 else ["--fakeroot"]


def _ask(command: list[str], image: Path, program: str = "") -> str:
    # Apptainer shows the folder that it is started in, and Python would look for modules there.
    with tempfile.TemporaryDirectory() as folder:
        try:
            done = subprocess.run(
                command,
                input=program,
                cwd=folder,
                capture_output=True,
                text=True,
                timeout=PATIENCE_SECONDS,
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise SiteError(f"{image}: no answer from within it after {PATIENCE_SECONDS} s.") from None
    if done.returncode or not done.stdout.strip():
        why = (done.stderr.strip().splitlines() or ["no answer from within"])[-1].removeprefix("FATAL:").strip(" .")
        raise SiteError(f"{image} can't be used: {why}. Build it with `bigdata sites image build {image} --force`.")
    return done.stdout
