"""The graph of a plan as a picture (SVG): its tasks where they are few, else its stages."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from xml.sax.saxutils import escape

from bigdata.planning.plan import Plan
from bigdata.planning.planned import PlannedStage

# More tasks than these can't be told apart on a screen.
MOST_TASKS = 30
WIDTH, HEIGHT, ACROSS, DOWN, MARGIN = 168, 44, 72, 16, 24
# Okabe and Ito's colours, light, as in the figures.
COLOURS = {"done": "#d5e8df", "known elsewhere": "#d6e7f3", "to run": "#f7e3d4"}


@dataclass(frozen=True)
class Node:
    """A box: its title, a line below, its colour's meaning, and the boxes that it waits for."""

    title: str
    below: str
    state: str
    needs: tuple[str, ...]


def drawing(plan: Plan) -> str:
    """The picture's SVG, what waits on the right of what it waits for."""
    nodes = _tasks(plan) if plan.n_tasks <= MOST_TASKS and not any(s.growth for s in plan.stages) else _stages(plan)
    columns = _columns(nodes)
    places = {
        name: (MARGIN + column * (WIDTH + ACROSS), MARGIN + 20 + row * (HEIGHT + DOWN))
        for column, names in enumerate(columns)
        for row, name in enumerate(names)
    }
    width = 2 * MARGIN + len(columns) * (WIDTH + ACROSS) - ACROSS
    height = 2 * MARGIN + 20 + max(map(len, columns), default=0) * (HEIGHT + DOWN) + 24
    body = [
        *(_arrow(places[need], places[name]) for name, node in nodes.items() for need in node.needs),
        *(_box(node, *places[name]) for name, node in nodes.items()),
        _text(MARGIN, MARGIN + 4, f"{plan.study.name} ({plan.study.kind}): {plan.n_tasks:,} tasks", 14, "600"),
        *_legend(nodes.values(), height - MARGIN),
    ]
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" '
        f'font-family="DejaVu Sans, sans-serif" role="img">\n<rect width="100%" height="100%" fill="white"/>\n'
        + "\n".join(body)
        + "\n</svg>\n"
    )


def _tasks(plan: Plan) -> dict[str, Node]:
    made = {}
    for stage in plan.stages:
        for i in range(stage.n_tasks):
            needs = [f"{path}/{j}" for path, j in stage.needs(i)]
            needs += [f"{s.path}/{j}" for s in plan.stages if s.path in stage.whole for j in range(s.n_tasks)]
            is_known = i in stage.known or i in stage.copies
            state = "to run" if i in stage.todo else "known elsewhere" if is_known else "done"
            made[f"{stage.path}/{i}"] = Node(f"{stage.path}/{i}", f"on {stage.pool}", state, tuple(needs))
    return made


def _stages(plan: Plan) -> dict[str, Node]:
    made = {}
    for stage in plan.stages:
        n_elsewhere = len(stage.known) + len(stage.copies)
        state = "to run" if stage.n_todo > n_elsewhere else "known elsewhere" if n_elsewhere else "done"
        most = "up to " * bool(stage.n_open)
        below = f"{most}{stage.n_tasks:,} task{'s' * (stage.n_tasks != 1)} on {stage.pool}"
        made[stage.path] = Node(stage.path, below, state, tuple(_needed(stage)))
    return made


def _needed(stage: PlannedStage) -> Iterable[str]:
    """The stages that a stage's tasks wait for; that they wait for each other is no arrow."""
    n_known = len(stage.growth.asked) if stage.growth else stage.n_tasks
    # Tasks of a stage need alike: the first and the last tell which stages those are, of a million too.
    some = {0, n_known - 1} if n_known else set()
    paths = [path for i in sorted(some) for path, _ in stage.needs(i)]
    return (path for path in dict.fromkeys([*paths, *stage.whole]) if path != stage.path)


def _columns(nodes: Mapping[str, Node]) -> list[list[str]]:
    """Each box one column right of the last that it waits for."""
    level: dict[str, int] = {}
    for name, node in nodes.items():  # what is waited for comes first
        level[name] = 1 + max((level[need] for need in node.needs), default=-1)
    return [[n for n in nodes if level[n] == column] for column in range(max(level.values(), default=-1) + 1)]


def _box(node: Node, x: int, y: int) -> str:
    colour = COLOURS[node.state]
    return (
        f'<rect x="{x}" y="{y}" width="{WIDTH}" height="{HEIGHT}" rx="6" fill="{colour}" stroke="#555"/>'
        + _text(x + 10, y + 18, node.title, 12, "600")
        + _text(x + 10, y + 34, node.below, 11)
    )


def _arrow(start: tuple[int, int], end: tuple[int, int]) -> str:
    (x0, y0), (x1, y1) = (start[0] + WIDTH, start[1] + HEIGHT // 2), (end[0], end[1] + HEIGHT // 2)
    middle = (x0 + x1) // 2
    return (
        f'<path d="M{x0} {y0} C{middle} {y0} {middle} {y1} {x1 - 6} {y1}" fill="none" stroke="#888"/>'
        f'<path d="M{x1 - 7} {y1 - 4} L{x1} {y1} L{x1 - 7} {y1 + 4} z" fill="#888"/>'
    )


def _text(x: int, y: int, text: str, size: int, weight: str = "400") -> str:
    return f'<text x="{x}" y="{y}" font-size="{size}" font-weight="{weight}">{escape(text)}</text>'


def _legend(nodes: Iterable[Node], y: int) -> Iterable[str]:
    states = [state for state in COLOURS if state in {node.state for node in nodes}]
    for i, state in enumerate(states):
        x = MARGIN + 150 * i
        yield f'<rect x="{x}" y="{y - 10}" width="14" height="14" rx="3" fill="{COLOURS[state]}" stroke="#555"/>'
        yield _text(x + 20, y + 2, state, 11)
