"""Sends a run's packages to NOMAD, one after the other: looked for there, sent, processed, verified, published.

A package is looked for by its name before it is sent, so that none is sent twice: neither after a connection that was
cut behind its last byte, nor after a kill, nor where the run's journal is lost.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from functools import cached_property
from typing import Any

from bigdata.archives.journal import Sent, Uploads
from bigdata.archives.nomad import NomadServer
from bigdata.archives.packages import (
    N_UNPUBLISHED,
    UPLOAD_BYTES,
    Package,
    Shipment,
    divided,
    key_of,
    metadata,
    package_name,
    zip_size,
)
from bigdata.archives.verification import checked, is_failed, reasons
from bigdata.data.remote.http import Refused, Unanswered
from bigdata.display import size
from bigdata.errors import SiteError, VerificationFailed
from bigdata.store.zipped import Member, Packed, Part, zip_stream

LOG = logging.getLogger("bigdata")
ATTEMPTS = 6
# Between two looks at what NOMAD processes: at first often, later once a minute.
LONGEST_ATTEMPT = 6


class Uploader:
    """Sends one run; `is_published` publishes what is verified, `limit` is the most bytes of an upload."""

    def __init__(
        self,
        shipment: Shipment,
        uploads: Uploads,
        server: NomadServer,
        *,
        is_published: bool = False,
        limit: int = UPLOAD_BYTES,
    ) -> None:
        self._shipment, self._uploads, self._server = shipment, uploads, server
        self._is_published, self._limit = is_published, limit

    @cached_property
    def _by_folder(self) -> dict[str, Packed]:
        return {calculation.folder: calculation for calculation in self._shipment.calculations}

    def packages(self) -> list[Sent]:
        """Those of the journal, and new ones of all that is in none of them."""
        before = [s for s in self._uploads.sent.values() if self._shipment.has(next(iter(s.holds)))]
        new = [self._named(p) for p in divided(self._shipment.calculations, self._uploads.held(), self._limit)]
        return [*before, *new]

    def _is_current(self, sent: Sent) -> bool:
        """Whether the run has still what a package was made of: a calculation may have been made again."""
        mine = self._by_folder
        return all(f in mine and key_of(mine[f].members()) == key for f, key in sent.holds.items())

    def _drop_stale(self) -> None:
        """Forget packages that were begun, and whose calculations are others now."""
        for sent in list(self._uploads.sent.values()):
            is_open = sent.state == "begun" and self._shipment.has(next(iter(sent.holds)))
            if is_open and not self._is_current(sent):
                if upload := self._server.named(sent.name):
                    self._server.remove(str(upload["upload_id"]))
                self._uploads.drop(sent.name)

    def _named(self, package: Package) -> Sent:
        name = package_name(self._shipment.name, package)
        n_bytes = zip_size(package, metadata(self._shipment, name))
        return Sent(name, "", package.holds, package.n_files + 1, n_bytes)

    def run(self) -> tuple[list[Sent], int]:
        """Send what isn't there; returns the packages, and how many wait until others are published.

        VerificationFailed where NOMAD couldn't process one, or hasn't what was sent; the others are sent all the same.
        """
        self._server.renew_token()
        wrong: list[str] = []
        waiting = 0
        with self._uploads.writing():
            self._drop_stale()
            packages = self.packages()
            for sent in packages:
                try:
                    # Behind one that has to wait may be others that can be published, and make room.
                    waiting += not self._advance(sent)
                except VerificationFailed as error:
                    wrong.append(str(error))
        if wrong:
            raise VerificationFailed("\n".join(wrong))
        return packages, waiting

    def _advance(self, sent: Sent) -> bool:
        """Take a package as far as it goes; False where NOMAD takes no further unpublished ones."""
        if sent.state == "published":
            return True
        if sent.name not in self._uploads.sent:
            self._uploads.begin(sent)
        upload = self._found(sent)
        if upload is None and self._server.n_unpublished() >= N_UNPUBLISHED:
            return False
        upload = self._processed(upload or self._send(sent))
        if sent.state != "verified" or sent.upload_id != upload["upload_id"]:
            self._verify(sent, upload)
        if self._is_published or upload.get("published"):
            self._publish(sent, upload)
        return True

    def _found(self, sent: Sent) -> dict[str, Any] | None:
        """The upload, where NOMAD has it; one that it couldn't process is removed, to be sent anew."""
        upload = self._server.upload(sent.upload_id) if sent.upload_id else None
        upload = upload or self._server.named(sent.name)
        if upload is None:
            if sent.upload_id:
                self._lost(sent)
            return None
        upload = self._processed(upload)
        if not is_failed(upload):
            return upload
        LOG.warning("%s: removed at NOMAD, which couldn't process it (%s)", sent.name, reasons(upload))
        self._server.remove(str(upload["upload_id"]))
        return None

    def _lost(self, sent: Sent) -> None:
        """NOMAD has an upload no more; VerificationFailed where the run hasn't its contents any more, either."""
        LOG.warning("%s: NOMAD has lost the upload %s", sent.name, sent.upload_id)
        if not self._is_current(sent):
            self._uploads.drop(sent.name)
            raise VerificationFailed(
                f"{sent.name}: NOMAD has lost it, and some of its calculations were made again since. "
                "Call `bigdata upload` again: they go into new uploads."
            )

    def _send(self, sent: Sent) -> dict[str, Any]:
        """Send it, and again as long as it isn't known to have come."""
        for attempt in range(ATTEMPTS):
            try:
                upload: dict[str, Any] | None = self._sent_once(sent)
            except Unanswered as error:
                LOG.info("%s: %s; looking whether it came", sent.name, str(error).rstrip("."))
                self._server.client.pause(attempt, error.after_s)
                upload = self._found(sent)
            if upload is not None:
                self._uploads.note(sent.name, "sent", str(upload["upload_id"]))
                return upload
        raise SiteError(
            f"{sent.name} was sent {ATTEMPTS} times and didn't come. Call `bigdata upload` again later: "
            "it goes on here."
        )

    def _sent_once(self, sent: Sent) -> dict[str, Any]:
        LOG.info("%s: sending %s", sent.name, size(sent.n_bytes))
        told = metadata(self._shipment, sent.name)
        parts: tuple[Part, ...] = (told, *(self._by_folder[folder] for folder in sent.holds))
        return self._server.send(sent.name, self._shipment.to.embargo, zip_stream(parts), sent.n_bytes)

    def _processed(self, upload: dict[str, Any]) -> dict[str, Any]:
        """The upload when NOMAD has processed it."""
        upload_id, attempt = str(upload["upload_id"]), 0
        while upload.get("process_running"):
            self._server.client.pause(min(attempt, LONGEST_ATTEMPT))
            attempt += 1
            found = self._server.upload(upload_id)
            if found is None:
                raise VerificationFailed(
                    f"NOMAD has lost the upload {upload_id} while it processed it. "
                    "Call `bigdata upload` again to send it anew."
                )
            upload = found
        return upload

    def _verify(self, sent: Sent, upload: dict[str, Any]) -> None:
        upload_id = str(upload["upload_id"])
        if is_failed(upload):
            raise VerificationFailed(
                f"{sent.name}: NOMAD couldn't process the upload {upload_id}: {reasons(upload)}. "
                "Call `bigdata upload` again to send it anew."
            )
        found = checked(self._server, upload_id, sent.holds, self._members(sent))
        if found.wrong:
            raise VerificationFailed(f"{sent.name}, NOMAD's {upload_id}: {found.wrong} It isn't published.")
        self._uploads.note(sent.name, "verified", upload_id, entries=found.n_entries)

    def _members(self, sent: Sent) -> Iterator[Member]:
        yield from metadata(self._shipment, sent.name).members()
        for folder in sent.holds:
            yield from self._by_folder[folder].members()

    def _publish(self, sent: Sent, upload: dict[str, Any]) -> None:
        upload_id = str(upload["upload_id"])
        for attempt in range(ATTEMPTS):
            if upload.get("published"):
                self._uploads.note(sent.name, "published", upload_id)
                return
            try:
                self._server.publish(upload_id, self._shipment.to.embargo)
            except Unanswered as error:
                self._server.client.pause(attempt, error.after_s)
            except Refused as error:
                # What a lost answer had begun is under way, or done.
                if error.status != 400 or "already published" not in error.words:
                    raise
            upload = self._processed(self._server.upload(upload_id) or upload)
        raise SiteError(
            f"{sent.name}: NOMAD doesn't say that {upload_id} is published. Call `bigdata upload "
            "--publish` again later."
        )
