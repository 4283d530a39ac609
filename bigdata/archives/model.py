"""Where a run's raw files are sent to, as a spec writes it; secrets by the names of environment variables alone."""

from __future__ import annotations

import os
import re
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field

from bigdata.errors import SpecError
from bigdata.spec.study import SpecModel, WrongText

VARIABLE = r"\$\{env:([A-Za-z_][A-Za-z0-9_]*)\}"
MOST_EMBARGO_MONTHS = 36


def _variable(text: str) -> str:
    if not re.fullmatch(VARIABLE, text):
        # Most likely a token: refused before anything is kept of the spec.
        raise WrongText("a token doesn't belong into a spec", "Name its variable: ${env:NOMAD_TOKEN}")
    return text


def _address(text: str) -> str:
    parts, variable = urlsplit(text), "${env:NOMAD_URL}"
    if not re.fullmatch(VARIABLE, text) and parts.scheme not in ("http", "https"):
        raise WrongText("an address begins with https://", f"Write that, or its variable: {variable}")
    if parts.password:
        raise WrongText("a password doesn't belong into a spec", f"Name the address's variable: {variable}")
    return text


class Nomad(SpecModel):
    """NOMAD's interface, and what is told of all calculations there."""

    url: Annotated[str, AfterValidator(_address)] = Field(
        default="https://nomad-lab.eu/prod/v1/api/v1", description="The interface's address, or ${env:NAME}."
    )
    token: Annotated[str, AfterValidator(_variable)] = Field(
        default="${env:NOMAD_TOKEN}", description="The variable that holds the token, as ${env:NAME}."
    )
    comment: str = Field(default="", description="Shown with every entry; the study's description if left out.")
    references: tuple[str, ...] = Field(default=(), description="Addresses, such as https://doi.org/….")
    datasets: tuple[str, ...] = Field(default=(), description="Names of datasets that the entries belong to.")
    coauthors: tuple[str, ...] = Field(default=(), description="Their user names or mail addresses at NOMAD.")
    embargo: int = Field(
        default=0, ge=0, le=MOST_EMBARGO_MONTHS, description="Months that others wait after it is published."
    )


class Upload(SpecModel):
    """The archive that raw files are sent to, by `bigdata upload` when the run is done."""

    nomad: Nomad


def from_environment(text: str, key: str) -> str:
    """What a field means: itself, or the value of the variable that it names. SpecError where that isn't set."""
    if not (named := re.fullmatch(VARIABLE, text)):
        return text
    value = os.environ.get(named[1], "").strip()
    # A header holds ASCII only, and what is copied from a web page may hold more.
    if not value or not value.isascii() or not value.isprintable():
        what = "isn't set" if not value else "holds more than printable ASCII letters"
        raise SpecError(f"upload.nomad.{key}: the environment variable {named[1]} {what}: `export {named[1]}=…`.")
    return value


def address_of(nomad: Nomad) -> str:
    """NOMAD's address; SpecError where a token would go there unencrypted."""
    url = from_environment(nomad.url, "url").rstrip("/")
    parts = urlsplit(url)
    is_here = parts.hostname in ("localhost", "127.0.0.1", "::1")
    if parts.scheme != "https" and not (parts.scheme == "http" and is_here):
        raise SpecError(
            f"upload.nomad.url: {parts.hostname or 'the address'} would get the token in plain text: "
            "write an address that begins with https://."
        )
    return url
