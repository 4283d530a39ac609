"""NOMAD's uploads: made empty, filled by one stream, verified once processed, published where that is asked for.

An upload is made first and its identifier journaled, so that one that was interrupted is gone on with: what NOMAD says
that it holds decides whether the files are sent. An upload whose making was answered into a cut connection is found by
its name, which holds the digest of its files. API v1: https://nomad-lab.eu/prod/v1/api/v1/extensions/docs.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

from bigdata.archives.parts import Part
from bigdata.archives.zipped import Folder, Member, n_zip_bytes, text_member, zip_stream
from bigdata.data.remote.http import Client, Refused
from bigdata.errors import SiteError, VerificationFailed

LOG = logging.getLogger("bigdata")
_PAGE = 1000
_SHOWN = 5


class Journal:
    """What is known of each part's upload, by the part's digest; lines are on the disk before the next step."""

    def __init__(self, path: Path) -> None:
        self._path, self._known = path, dict[str, dict[str, Any]]()
        # A line that a killed process left unfinished has no newline, and says nothing.
        whole = path.read_bytes().rpartition(b"\n")[0] if path.exists() else b""
        for line in whole.splitlines():
            event = json.loads(line) if line else {}
            self._known.setdefault(event.pop("part", ""), {}).update(event)

    def __getitem__(self, part: str) -> Mapping[str, Any]:
        return self._known.get(part, {})

    def note(self, part: str, **event: Any) -> None:
        self._known.setdefault(part, {}).update(event)
        with self._path.open("ab") as file:
            # The newline in front ends a line that was left unfinished.
            file.write(b"\n" * (file.tell() > 0) + json.dumps({"part": part, **event}).encode() + b"\n")
            file.flush()
            os.fsync(file.fileno())


class Nomad:
    """The uploads of one user at one address; `token` goes into headers and nowhere else."""

    def __init__(
        self, url: str, token: str, client: Client | None = None, sleep: Callable[[float], None] = time.sleep
    ) -> None:
        self._url, self._client, self._sleep = url.rstrip("/"), client or Client(), sleep
        self._headers = {"Authorization": f"Bearer {token}"}

    def send(self, part: Part, name: str, metadata: Mapping[str, Any], journal: Journal) -> str:
        """Have the part in an upload, whole and verified; returns the upload's identifier.

        Nothing is sent where NOMAD has it. Raises Refused, SiteError, and VerificationFailed where NOMAD has other
        files than these, or couldn't process them.
        """
        upload_id = self._made(part, name, journal)
        if journal[part.digest].get("state") in ("verified", "published"):
            return upload_id
        folders = part.folders()
        texts = [text_member("nomad.json", json.dumps({"upload_name": name, **metadata}, indent=1))]
        sent = [*texts, *(member for folder in folders for member in folder.members)]
        self._wait(upload_id)
        if self._wrong_files(upload_id, texts, folders):
            self._put(upload_id, f"{part.digest[:16]}.zip", texts, folders, part, journal)
        self._verify(upload_id, texts, folders)
        journal.note(part.digest, state="verified", files=len(sent), bytes=n_zip_bytes(sent))
        return upload_id

    def publish(self, part: Part, embargo: int, journal: Journal) -> None:
        """Publish a verified upload, for good: NOMAD takes no published one back."""
        upload_id = journal[part.digest]["upload_id"]
        if not self._upload(upload_id).get("published"):
            options = urlencode({"embargo_length": embargo, "wait_for_processing": "false"})
            url = f"{self._url}/uploads/{upload_id}/action/publish?{options}"
            self._client.send("POST", url, lambda: iter(()), 0, lambda: self._is_published(upload_id), self._headers)
        if not self._wait(upload_id).get("published"):
            raise SiteError(f"NOMAD didn't publish upload {upload_id}. Look at it there, then start again.")
        journal.note(part.digest, state="published")

    def _is_published(self, upload_id: str) -> bool:
        return bool(self._wait(upload_id).get("published"))

    def _made(self, part: Part, name: str, journal: Journal) -> str:
        """The part's upload: the journaled one if NOMAD still has it, one of that name, or a new one."""
        known = journal[part.digest].get("upload_id")
        if known and self._has(known):
            return str(known)
        if known:
            LOG.info("NOMAD has lost upload %s; its files are sent anew", known)
        found = self._named(name) or self._new(name)
        journal.note(part.digest, state="made", upload_id=found, name=name)
        return found

    def _has(self, upload_id: str) -> bool:
        try:
            self._upload(upload_id)
        except Refused as refused:
            if refused.status == 404:
                return False
            raise
        return True

    def _named(self, name: str) -> str:
        found = self._get("uploads", upload_name=name, page_size=10)["data"]
        return next((str(u["upload_id"]) for u in found if u.get("upload_name") == name), "")

    def _new(self, name: str) -> str:
        url = f"{self._url}/uploads?{urlencode({'upload_name': name})}"
        # The name is looked for before another attempt: NOMAD may have made one although its answer got lost.
        self._client.send("POST", url, lambda: iter(()), 0, lambda: bool(self._named(name)), self._headers)
        if made := self._named(name):
            return made
        raise SiteError(f"NOMAD made the upload `{name}`, and doesn't list it. Start again later.")

    def _put(
        self, upload_id: str, file: str, texts: list[Member], folders: list[Folder], part: Part, journal: Journal
    ) -> None:
        n_bytes = n_zip_bytes([*texts, *(member for folder in folders for member in folder.members)])
        query = urlencode({"file_name": file, "wait_for_processing": "false"})
        sha256 = ""

        def body() -> Iterator[bytes]:
            nonlocal sha256
            whole = hashlib.sha256()
            for piece in zip_stream(texts, folders):
                whole.update(piece)
                yield piece
            sha256 = whole.hexdigest()

        def has_arrived() -> bool:
            self._wait(upload_id)
            return not self._wrong_files(upload_id, texts, folders)

        url = f"{self._url}/uploads/{upload_id}/raw/?{query}"
        self._client.send("PUT", url, body, n_bytes, has_arrived, self._headers)
        journal.note(part.digest, state="sent", sha256=sha256, bytes=n_bytes)

    def _wait(self, upload_id: str) -> dict[str, Any]:
        """The upload once it isn't being processed."""
        pause_s = 0.5
        while (upload := self._upload(upload_id)).get("process_running"):
            self._sleep(pause_s)
            pause_s = min(2 * pause_s, 60.0)
        return upload

    def _verify(self, upload_id: str, texts: list[Member], folders: list[Folder]) -> None:
        upload = self._wait(upload_id)
        if upload.get("process_status") != "SUCCESS":
            said = "; ".join(upload.get("errors", ())) or upload.get("last_status_message", "it doesn't say why")
            raise VerificationFailed(
                f"NOMAD couldn't process upload {upload_id}: {said}. Delete it there, start again."
            )
        if wrong := self._wrong_files(upload_id, texts, folders):
            more = f" and {len(wrong) - _SHOWN:,} more" if len(wrong) > _SHOWN else ""
            names = ", ".join(wrong[:_SHOWN])
            raise VerificationFailed(f"upload {upload_id} lacks or has other bytes in {names}{more}. Start again.")
        self._verify_entries(upload_id, {member.name for folder in folders for member in folder.members})

    def _verify_entries(self, upload_id: str, names: set[str]) -> None:
        n, page = 0, 1
        while True:
            answer = self._get(f"uploads/{upload_id}/entries", page_size=100, page=page, order_by="mainfile")
            for entry in answer["data"]:
                if entry["process_status"] != "SUCCESS" or entry["mainfile"] not in names:
                    said = "; ".join(entry.get("errors", ())) or f"it is {entry['process_status']}"
                    raise VerificationFailed(f"NOMAD's entry of {entry['mainfile']} in {upload_id} failed: {said}.")
            n, page = n + len(answer["data"]), page + 1
            if n >= answer["pagination"]["total"] or not answer["data"]:
                break
        if n == 0:
            raise VerificationFailed(
                f"NOMAD recognised none of the files of upload {upload_id}. Is the code's supported?"
            )

    def _wrong_files(self, upload_id: str, texts: list[Member], folders: list[Folder]) -> list[str]:
        """The files that NOMAD lacks, or has in another size; stops at the first folder that has any."""
        by_place: dict[str, dict[str, int]] = {}
        for member in (*texts, *(m for folder in folders for m in folder.members)):
            place, _, name = member.name.rpartition("/")
            by_place.setdefault(place, {})[name] = member.size
        for place, sizes in by_place.items():
            there = self._sizes(upload_id, place)
            if wrong := [f"{place}/{name}".lstrip("/") for name, size in sizes.items() if there.get(name) != size]:
                return wrong
        return []

    def _sizes(self, upload_id: str, place: str) -> dict[str, int]:
        sizes: dict[str, int] = {}
        page = 1
        while True:
            try:
                answer = self._get(f"uploads/{upload_id}/rawdir/{quote(place)}", page_size=_PAGE, page=page)
            except Refused as refused:
                if refused.status == 404:
                    return {}
                raise
            content = answer.get("directory_metadata", {}).get("content", [])
            sizes |= {file["name"]: file["size"] for file in content if file.get("is_file")}
            if len(content) < _PAGE:
                return sizes
            page += 1

    def _upload(self, upload_id: str) -> dict[str, Any]:
        return dict(self._get(f"uploads/{upload_id}")["data"])

    def _get(self, path: str, **params: str | int) -> Any:
        return self._client.get_json(f"{self._url}/{path}", params, self._headers)
