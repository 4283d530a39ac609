"""NOMAD's interface, version 1, as far as uploads need it.

M. Scheidgen et al., J. Open Source Softw. 8, 5388 (2023), doi:10.21105/joss.05388;
https://nomad-lab.eu/prod/v1/docs/howto/programmatic/api.html.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any
from urllib.parse import quote, urlsplit

from bigdata.data.remote.http import Client, Refused
from bigdata.errors import SiteError

PAGE = 100
# NOMAD turns away (503) who asks more than some 30 times a second.
PER_SECOND = 10
# An upload is answered when NOMAD has stored all of it.
TIMEOUT_S = 600
# The longest that NOMAD gives, so that a queue of many uploads outlives the token that people copy from its pages.
APP_TOKEN_SECONDS = 2_592_000
NOT_THERE = (404, 410)


class NomadServer:
    """Asks with the user's token, which is held in memory alone; SiteError, or its Refused, where NOMAD says no."""

    def __init__(self, url: str, token: str, client: Client | None = None) -> None:
        self.host = urlsplit(url).netloc.rpartition("@")[2]
        self.client = client or Client(timeout_s=TIMEOUT_S, per_second=PER_SECOND)
        self._url = url
        self._headers = {"Authorization": f"Bearer {token}"}

    def renew_token(self) -> None:
        """Go on with a token that lives for a month. Refused where NOMAD doesn't take the one that there is."""
        try:
            answer = self._get("auth/app_token", {"expires_in": APP_TOKEN_SECONDS})
        except Refused as error:
            if error.status == 401:
                raise
            return  # a token with few rights, which may send all the same
        if isinstance(answer, dict) and (token := answer.get("app_token")):
            self._headers = {"Authorization": f"Bearer {token}"}

    def uploads(self, params: Mapping[str, str | int]) -> Iterator[dict[str, Any]]:
        """The user's own uploads."""
        return self._pages("uploads", params)

    def n_unpublished(self) -> int:
        return sum(1 for upload in self.uploads({"is_published": "false"}) if not upload.get("published"))

    def named(self, name: str) -> dict[str, Any] | None:
        """The user's upload of this name, the newest where there are several."""
        # By name here as well: a server that doesn't know the parameter gives all of them.
        found = [u for u in self.uploads({"upload_name": name}) if u.get("upload_name") == name]
        return max(found, key=lambda u: str(u.get("upload_create_time", "")), default=None)

    def upload(self, upload_id: str) -> dict[str, Any] | None:
        """How an upload stands; None where NOMAD has none of this id."""
        try:
            return self._data(self._get(f"uploads/{upload_id}"))
        except Refused as error:
            if error.status in NOT_THERE:
                return None
            raise

    def send(self, name: str, embargo: int, body: Iterable[bytes], n_bytes: int) -> dict[str, Any]:
        """Make an upload of a zip. Raises `http.Unanswered` where it may or may not have come."""
        params: dict[str, str | int] = {"upload_name": name, "file_name": "upload.zip", "embargo_length": embargo}
        url = f"{self._url}/uploads"
        return self._data(self.client.send_json(url, params, self._headers, body, n_bytes))

    def remove(self, upload_id: str) -> None:
        """Remove an unpublished upload; one that isn't there any more is removed."""
        try:
            self.client.delete(f"{self._url}/uploads/{upload_id}", self._headers)
        except Refused as error:
            if error.status not in NOT_THERE:
                raise

    def publish(self, upload_id: str, embargo: int) -> None:
        """Ask for an upload to be published; `upload` tells when that is done. Raises `http.Unanswered`."""
        url = f"{self._url}/uploads/{upload_id}/action/publish"
        params: dict[str, str | int] = {"embargo_length": embargo, "wait_for_processing": "false"}
        self.client.send_json(url, params, self._headers)

    def entries(self, upload_id: str) -> Iterator[dict[str, Any]]:
        """What NOMAD has recognised in an upload."""
        return self._pages(f"uploads/{upload_id}/entries", {"order_by": "mainfile"})

    def files(self, upload_id: str, folder: str = "") -> Iterator[tuple[str, int]]:
        """All files of an upload with their bytes, folder by folder."""
        for item in list(self._listing(upload_id, folder)):
            path = f"{folder}/{item['name']}".lstrip("/")
            if item["is_file"]:
                yield path, int(item["size"])
            else:
                yield from self.files(upload_id, path)

    def file(self, upload_id: str, path: str) -> bytes:
        """A file's bytes, as NOMAD has them."""
        return self.client.get(f"{self._url}/uploads/{upload_id}/raw/{quote(path)}", headers=self._headers)

    def _listing(self, upload_id: str, folder: str) -> Iterator[dict[str, Any]]:
        where, page, n = f"uploads/{upload_id}/rawdir/{quote(folder)}", 1, 0
        while True:
            answer = self._get(where, {"page": page, "page_size": PAGE})
            content = answer.get("directory_metadata", {}).get("content") if isinstance(answer, dict) else None
            if not isinstance(content, list):
                raise self._strange(where)
            yield from content
            n, page = n + len(content), page + 1
            if not content or n >= answer.get("pagination", {}).get("total", n):
                return

    def _pages(self, path: str, params: Mapping[str, str | int]) -> Iterator[dict[str, Any]]:
        page, n = 1, 0
        while True:
            answer = self._get(path, {**params, "page": page, "page_size": PAGE})
            if not isinstance(answer, dict) or not isinstance(answer.get("data"), list):
                raise self._strange(path)
            yield from answer["data"]
            n, page = n + len(answer["data"]), page + 1
            if not answer["data"] or n >= answer.get("pagination", {}).get("total", n):
                return

    def _get(self, path: str, params: Mapping[str, str | int] | None = None) -> Any:
        return self.client.get_json(f"{self._url}/{path}", params, self._headers)

    def _data(self, answer: Any) -> dict[str, Any]:
        data = answer.get("data") if isinstance(answer, dict) else None
        if not isinstance(data, dict) or not data.get("upload_id"):
            raise self._strange("uploads")
        return data

    def _strange(self, path: str) -> SiteError:
        return SiteError(
            f"{self.host} answers on {path}, but not as NOMAD does. Check upload.nomad.url, which ends in /api/v1."
        )
