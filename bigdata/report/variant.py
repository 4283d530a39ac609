"""One variant's part of the page: summary, panels, figures and tables, and what of them can't be shown."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import cached_property, partial
from pathlib import Path
from typing import Any, TypeVar

from bigdata.data.citing import data_sources
from bigdata.kind.report import Headline, Panel, ReportParts
from bigdata.report.faults import Faults
from bigdata.report.html import Markup, element, join, json_element, packaged, sentence
from bigdata.report.parts import report_parts
from bigdata.report.pictures import link_to_picture, picture
from bigdata.report.table import table_element
from bigdata.store.reading import View

T = TypeVar("T")
NOTHING = Markup("")


class VariantPart:
    """Makes the parts that a kind gives for a view, each behind the boundary of `faults`.

    `figures` are the figures that the study names, by the names of their files. Once `section` was called, `missing`
    are those that weren't drawn, with the reasons, and `scripts` the code that the panels need.
    """

    def __init__(self, view: View, faults: Faults) -> None:
        self.view, self._faults = view, faults
        self.figures = {view.run.folder.figure(view.group, name).name: name for name in view.model.figures()}
        self.missing: dict[str, str] = {}
        self.scripts: dict[str, Markup] = {}
        self._interactive: set[str] = set()
        self._several = len(view.run.variants) > 1
        self._of = f" of {view.label}" if self._several else ""

    @property
    def name(self) -> str:
        return f"variant-{self.view.run.variants.index(self.view)}"

    def headline(self) -> tuple[Headline, Markup]:
        """The few numbers to compare variants by, and what is said of those that can't be had."""
        found: dict[str, Any] = {}

        def take(make: Callable[[], Headline]) -> Markup:
            found.update(make())
            return NOTHING

        return found, join(*self._each("number to compare by", "numbers to compare by", self._parts[0].headline, take))

    def sources(self) -> list[str]:
        """The publications to cite, and the datasets with their licences."""
        published = self._listed("rest of the sources", self._parts[0].sources)[0]
        return [*published, *(source.sentence for source in data_sources(self.view.model))]

    def section(self) -> Markup:
        """The part of the page; its heading names the variant where there are several."""
        prefix, head, title = (f"{self.name}-", "h3", "h4") if self._several else ("", "h2", "h3")
        given, said = self._parts
        return element(
            "section",
            *([element("h2", self.view.label)] if self._several else []),
            said,
            element(
                "div", *self._each("sentence of the summary", "summary", given.summary, _sentence), class_="summary"
            ),
            *self._panels(given.panels, f"{prefix}panel", head),
            *_headed(head, "Figures", f"{prefix}figures", [*self._pictures()], "figures"),
            *_headed(head, "Tables", f"{prefix}tables", [*self._tables(given, title)]),
            id=self.name,
        )

    @cached_property
    def _parts(self) -> tuple[ReportParts, Markup]:
        """What the kind's `report` gives, and what is said where that raises."""
        # A generator, so that the kind's code runs where what it raises is caught.
        given, said = self._listed("summary and the tables", (report_parts(view) for view in [self.view]))
        return (given[0] if given else ReportParts()), said

    def _listed(self, part: str, items: Iterable[T]) -> tuple[list[T], Markup]:
        """The items of an iterable up to its end, or to where it raises, and what is said of that."""
        found: list[T] = []

        def take() -> Markup:
            for item in items:
                found.append(item)
            return NOTHING

        return found, self._faults.shown(f"{part}{self._of}", take)

    def _each(self, one: str, many: str, makers: Iterable[T], show: Callable[[T], Markup]) -> Iterator[Markup]:
        """Each shown, or said to be missing in its place."""
        found, rest = self._listed(f"rest of the {many}", makers)
        for n, make in enumerate(found, start=1):
            yield self._faults.shown(f"{_ordinal(n)} {one}{self._of}", partial(show, make))
        yield rest

    def _tables(self, given: ReportParts, head: str) -> Iterator[Markup]:
        return self._each("table", "tables", given.tables, lambda make: table_element(make(), head))

    def _panels(self, panels: Iterable[Panel], prefix: str, head: str) -> Iterator[Markup]:
        found, rest = self._listed("rest of the panels", panels)
        for i, panel in enumerate(found):
            make = partial(self._panel, panel, f"{prefix}-{i}", head)
            yield self._faults.shown(f"panel `{panel.title}`{self._of}", make)
        yield rest

    def _panel(self, panel: Panel, name: str, head: str) -> Markup:
        code, shown = packaged(panel.script), _panel(panel, name, head)
        self.scripts[panel.script] = code
        self._interactive.add(panel.figure)
        return shown

    def _pictures(self) -> Iterator[Markup]:
        for file, name in self.figures.items():
            part = f"figure `{file}`"
            show = link_to_picture if name in self._interactive else picture
            yield self._faults.shown(part, partial(show, self.view, name))
            if why := self._faults.why(part):
                self.missing[file] = why
        if absent := [f"`{file}`" for file in self.figures if f"figure `{file}`" in self._faults.absent]:
            yield sentence(f"Not drawn, as their data aren't there: {', '.join(absent)}.", class_="quiet")


def _sentence(make: Callable[[], str]) -> Markup:
    said = make()
    return sentence(said) if said else NOTHING


def _headed(head: str, title: str, name: str, shown: list[Markup], kind: str | None = None) -> Iterator[Markup]:
    """The parts under a heading, laid out as the style sheet says for their kind; nothing where there are none."""
    if any(shown):
        yield element(head, title, id=name)
        yield element("div", *shown, class_=kind)


def _ordinal(n: int) -> str:
    """1 → 1st, 2 → 2nd, 11 → 11th."""
    ending = {1: "st", 2: "nd", 3: "rd"}.get(n % 10, "th")
    return f"{n}{'th' if n % 100 in (11, 12, 13) else ending}"


def _panel(panel: Panel, name: str, head: str) -> Markup:
    """A place for the panel's script to fill, with its data beside it."""
    return element(
        "section",
        element(head, panel.title),
        sentence(panel.caption),
        element(
            "div",
            element("p", "drawing…", class_="drawing"),
            element("noscript", "This part needs JavaScript."),
            class_="panel",
            id=name,
            data_panel=Path(panel.script.rpartition(":")[2]).stem,
        ),
        json_element(panel.data(), id=f"{name}-data"),
    )
