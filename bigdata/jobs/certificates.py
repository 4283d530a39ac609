"""What a run's scheduler, workers and client prove themselves to each other with: a key of this run alone."""

from __future__ import annotations

import os
import shutil
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
from distributed.security import Security

from bigdata.places import secrets_folder
from bigdata.store.folder import RunFolder

CERTIFICATE, KEY = "certificate.pem", "key.pem"


@contextmanager
def certificates(folder: RunFolder) -> Iterator[Path]:
    """A folder with a new certificate and its key, readable by its owner only, removed in the end.

    It lies in the cache: a run's folder is there to be shown to others.
    """
    # Who may write there could put a certificate of their own in its place, and workers would believe it.
    places = secrets_folder()
    place = places / f"{folder.path.name}-{socket.gethostname()}-{os.getpid()}"
    _remove_dead(places)
    shutil.rmtree(place, ignore_errors=True)  # of one of the same number
    place.mkdir(mode=0o700)
    try:
        made = Security.temporary()
        for name, text in ((CERTIFICATE, made.tls_ca_file), (KEY, made.tls_scheduler_key)):
            # Nobody else's from the moment that it is there; a change of its mode would come too late.
            with open(os.open(place / name, os.O_CREAT | os.O_WRONLY | os.O_EXCL, 0o600), "w") as file:
                file.write(text)
        yield place
    finally:
        shutil.rmtree(place, ignore_errors=True)


def _remove_dead(places: Path) -> None:
    """What processes of this machine left that were killed."""
    for place in places.glob(f"*-{socket.gethostname()}-*"):
        pid = place.name.rpartition("-")[2]
        if pid.isdigit() and not psutil.pid_exists(int(pid)):
            shutil.rmtree(place, ignore_errors=True)


def security(place: Path) -> Security:
    """TLS with the certificate of a folder, on both sides of every connection; nothing else is accepted."""
    certificate, key = str(place / CERTIFICATE), str(place / KEY)
    roles = ("client", "scheduler", "worker")
    keys = {f"tls_{role}_key": key for role in roles} | {f"tls_{role}_cert": certificate for role in roles}
    return Security(require_encryption=True, tls_ca_file=certificate, **keys)
