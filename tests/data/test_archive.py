"""Archives are read as the folder that they hold; what leads out of it, or is no plain file, is passed over."""

from __future__ import annotations

import io
import json
import tarfile
import zipfile

import pytest
from click.testing import CliRunner

from bigdata.cli.datasets import command
from bigdata.errors import SpecError

pytestmark = pytest.mark.usefixtures("no_mirror")
TABLE = b"id,formula,e_eV\na,MgO,1\nb,NaCl,2\n"
POSCAR = b"x\n1\n4 0 0\n0 4 0\n0 0 4\nCs Cl\n1 1\nDirect\n0 0 0\n.5 .5 .5\n"
FILES = {"deep/POSCAR": POSCAR, "t.csv": TABLE, "readme.txt": b"mine"}


def shown(path):
    done = CliRunner().invoke(command, ["show", str(path), "--json"], catch_exceptions=False)
    return json.loads(done.stdout)


def tar_of(path, mode, files=FILES, links=()):
    with tarfile.open(path, mode) as archive:
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
        for name in links:
            info = tarfile.TarInfo(name)
            info.type, info.linkname = tarfile.SYMTYPE, "/etc/passwd"
            archive.addfile(info)
    return path


def zip_of(path, files=FILES):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return path


@pytest.fixture(params=["zip", "tar", "tar.gz", "tar.bz2", "tar.xz"])
def archive(request, tmp_path):
    path = tmp_path / f"a.{request.param}"
    if request.param == "zip":
        return zip_of(path)
    return tar_of(path, "w" if request.param == "tar" else f"w:{request.param[4:]}")


def test_an_archive_is_read_as_the_folder_that_it_holds(archive):
    said = shown(archive)
    assert (said["format"], [entry["id"] for entry in said["entries"]]) == ("archive", ["a", "b", "deep/POSCAR"])
    assert said["ignored"]["files"] == ["readme.txt"]


@pytest.mark.parametrize("name", ["../out.csv", "/tmp/out.csv", "a/../../out.csv", "C:\\out.csv"])
def test_what_leads_out_of_the_folder_is_passed_over(tmp_path, name):
    for path in (
        zip_of(tmp_path / "a.zip", {"t.csv": TABLE, name: TABLE}),
        tar_of(tmp_path / "a.tar", "w", {"t.csv": TABLE, name: TABLE}),
    ):
        said = shown(path)
        assert said["n_entries"] == 2
        assert [one.lstrip("/") for one in said["ignored"]["files"]] == [name.lstrip("/")]
    assert not (tmp_path.parent / "out.csv").exists()


def test_links_are_passed_over(tmp_path):
    assert shown(tar_of(tmp_path / "a.tar", "w", {"t.csv": TABLE}, ["l.csv"]))["ignored"]["files"] == ["l.csv"]


def test_a_damaged_archive_is_a_sentence(tmp_path):
    path = zip_of(tmp_path / "a.zip")
    path.write_bytes(path.read_bytes()[:-40])
    done = CliRunner().invoke(command, ["show", str(path)])
    assert isinstance(done.exception, SpecError)
    assert "the archive can't be unpacked" in str(done.exception)
