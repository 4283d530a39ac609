"""What a report and a run's JSON tell of the machine that made them: looked for in everything that is passed on."""

from __future__ import annotations

import html
import json
import os
import re
import socket
import zlib
from collections.abc import Iterator
from pathlib import Path

from bigdata.store.lock import user
from bigdata.store.reading import Run
from tests import called


def told(run: Run, *words: str) -> set[str]:
    """Which folders above the run, host and user, or other `words`, are in its page, its figures or its JSON."""
    folders = {str(path) for path in run.folder.path.absolute().parents if len(path.parts) > 2}
    wanted = {*folders, f"host {socket.gethostname()}", f"user {user()}", f"{socket.gethostname()}:", *words}
    texts = "\n".join([_page(run), *_figures(run), *_json(run)])
    return {word for word in wanted if word in texts}


def _page(run: Run) -> str:
    """The page with its data as a browser reads them, without the bytes of its pictures."""
    page = re.sub(r"base64,[\w+/=]+", "", run.folder.report.read_text())
    data = re.findall(r'<script type="application/json"[^>]*>(.*?)</script>', page, re.DOTALL)
    return "\n".join([html.unescape(page), *(json.dumps(json.loads(text), ensure_ascii=False) for text in data)])


def _figures(run: Run) -> Iterator[str]:
    """All that isn't packed in the figures' files, and what is in their packed parts."""
    for path in run.folder.figures.iterdir():
        content = path.read_bytes()
        yield content.decode("latin-1")
        for stream in re.findall(rb"stream\r?\n(.*?)endstream", content, re.DOTALL):
            yield _unpacked(stream).decode("latin-1")


def _unpacked(stream: bytes) -> bytes:
    try:
        return zlib.decompressobj().decompress(stream)
    except zlib.error:
        return stream


def _json(run: Run) -> Iterator[str]:
    """Of each variant, as the program prints it."""
    for n in range(len(run.variants)):
        done = called.call(["results", str(run.folder.path), "--variant", str(n), "--json"], Path.cwd(), os.environ)
        assert done.returncode == 0, done.stderr
        yield json.dumps(json.loads(done.stdout), ensure_ascii=False)
