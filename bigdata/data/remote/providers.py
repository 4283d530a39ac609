"""The databases that speak OPTIMADE, by name, and where their addresses are found."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from bigdata.data.problem import DataProblem
from bigdata.data.remote.http import Client
from bigdata.errors import SiteError
from bigdata.spec.study import Finding

LIST = "https://providers.optimade.org"
"""Where the consortium keeps the list of all providers (https://www.optimade.org/providers-dashboard)."""


class Provider(NamedTuple):
    """A database: its base address, without version, and those of its own properties that are asked for most."""

    url: str
    fields: tuple[str, ...] = ()
    notes: str = ""


PROVIDERS = {
    "aflow": Provider(
        "https://aflow.org/API/optimade",
        ("_aflow_enthalpy_formation_atom", "_aflow_Egap"),
        "often answers 500; `aflow:` asks the same database through AFLUX",
    ),
    "alexandria-pbe": Provider(
        "https://alexandria.icams.rub.de/pbe",
        (
            "_alexandria_formation_energy_per_atom",
            "_alexandria_band_gap",
            "_alexandria_band_gap_direct",
            "_alexandria_hull_distance",
        ),
    ),
    "alexandria-pbesol": Provider(
        "https://alexandria.icams.rub.de/pbesol",
        (
            "_alexandria_formation_energy_per_atom",
            "_alexandria_scan_formation_energy_per_atom",
            "_alexandria_band_gap",
            "_alexandria_hull_distance",
        ),
    ),
    "jarvis": Provider(
        "https://jarvis.nist.gov/optimade/jarvisdft",
        (
            "_jarvis_formation_energy_peratom",
            "_jarvis_optb88vdw_bandgap",
            "_jarvis_mbj_bandgap",
            "_jarvis_ehull",
        ),
        "-99999 stands for what wasn't calculated",
    ),
    "mp": Provider(
        "https://optimade.materialsproject.org",
        ("_mp_stability",),
        "band gaps come only through `materials-project:`, with a key",
    ),
    "nmd": Provider(
        "https://nomad-lab.eu/prod/v1/optimade",
        (),
        "formation energies aren't there; spectra come through `nomad:`",
    ),
    "oqmd": Provider(
        "https://oqmd.org/optimade",
        ("_oqmd_delta_e", "_oqmd_band_gap", "_oqmd_stability"),
        "`_oqmd_delta_e` is the formation energy; `_oqmd_stability` is negative below the hull",
    ),
}


def base_url(name: str, client: Client, providers: str = LIST) -> str:
    """The base address of a provider's database: from the table above, or else from the consortium's list.

    Raises DataProblem where there is no such provider, or it has several databases.
    """
    if name in PROVIDERS:
        return PROVIDERS[name].url
    listed = {str(link["id"]): url for link, url in _links(client, providers, "external")}
    if name not in listed:
        known = tuple(sorted({*PROVIDERS, *listed}))
        raise _problem(name, f"no provider is called `{name}`", "Take one of these, or give `url:`", known)
    databases = {str(link["id"]): url for link, url in _links(client, listed[name], "child")}
    if len(databases) != 1:
        choice = ", ".join(f"{key} ({url})" for key, url in databases.items()) or "none"
        raise _problem(name, f"`{name}` has {len(databases)} databases: {choice}", "Give the address of one as `url:`")
    return next(iter(databases.values()))


def _links(client: Client, url: str, kind: str) -> Iterator[tuple[dict[str, Any], str]]:
    """The links of one kind in a list of databases, each with the address it leads to."""
    document = client.get_json(f"{bare(url)}/v1/links", {"page_limit": 100})
    links = document.get("data") if isinstance(document, dict) else None
    if not isinstance(links, list):
        raise SiteError(f"{url} holds no list of databases; give the address of one as `url:`.")
    for link in links:
        about = link.get("attributes", {})
        if (target := _href(about.get("base_url"))) and about.get("link_type") == kind:
            yield link, bare(target)


def bare(url: str) -> str:
    """A base address without the slash and version at its end."""
    url = url.rstrip("/")
    return url.rpartition("/")[0] if url.rpartition("/")[2] in ("v1", "v0") else url


def _href(link: Any) -> str:
    return str((link.get("href") if isinstance(link, dict) else link) or "")


def _problem(name: str, what: str, right: str, known: tuple[str, ...] = ()) -> DataProblem:
    return DataProblem(Finding(("optimade", "provider"), what, right, given=name, known=known))
