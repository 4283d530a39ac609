"""Formulas as text, LaTeX, and a Python function."""

from __future__ import annotations

import keyword
import re
import unicodedata
from collections.abc import Callable, Sequence
from fractions import Fraction

from bigdata.models.sisso.dimensions import exponents, written
from bigdata.models.sisso.formula import Formula
from bigdata.models.sisso.operators import ATOM, COLUMN, OPERATORS, Ints, Notation, Operator

# Of coefficients in texts; Python has all.
DIGITS = 6


def _parts(
    nodes: Ints, names: Sequence[str], notation: Callable[[Operator], Notation], brackets: tuple[str, str] = ("(", ")")
) -> list[str]:
    """Each row of a table of expressions, written."""
    found: list[tuple[str, int]] = []
    for code, left, right in nodes.tolist():
        if code == COLUMN:
            found.append((names[left], ATOM))
            continue
        form = notation(OPERATORS[code])
        operands = [found[row] for row in (left, right) if row >= 0]
        inside = [
            text if binds >= needs else f"{brackets[0]}{text}{brackets[1]}"
            for (text, binds), needs in zip(operands, form.needs, strict=False)
        ]
        found.append((form.form.format(a=inside[0], b=inside[-1]), form.binds))
    return [text for text, _ in found]


def descriptors(formula: Formula, names: Sequence[str]) -> list[str]:
    """The terms; a column whose name isn't one word stands in brackets."""
    quoted = [name if name.isidentifier() else f"[{_one_line(name)}]" for name in names]
    found = _parts(formula.nodes, quoted, lambda operator: operator.text)
    return [found[term] for term in formula.terms]


def columns(formula: Formula) -> list[int]:
    """Places of the columns that it needs, in their order."""
    return sorted({int(left) for code, left, _ in formula.nodes if code == COLUMN})


def term_units(formula: Formula, units: Sequence[str]) -> list[str]:
    """The units of the terms, as they are written; "" for pure numbers."""
    found: list[dict[str, Fraction]] = []
    for code, left, right in formula.nodes.tolist():
        if code == COLUMN:
            found.append(exponents(units[left]))
        else:
            found.append(_combined(OPERATORS[code], found[left], found[right] if right >= 0 else {}))
    return [written(found[term]) for term in formula.terms]


def _combined(operator: Operator, a: dict[str, Fraction], b: dict[str, Fraction]) -> dict[str, Fraction]:
    if operator.units in ("add", "subtract"):
        return _sum(a, b, 1 if operator.units == "add" else -1)
    return {symbol: power * operator.power for symbol, power in a.items()}


def _sum(a: dict[str, Fraction], b: dict[str, Fraction], sign: int) -> dict[str, Fraction]:
    powers = {symbol: a.get(symbol, Fraction(0)) + sign * b.get(symbol, Fraction(0)) for symbol in {**a, **b}}
    return {symbol: power for symbol, power in powers.items() if power}


def coefficient_units(formula: Formula, units: Sequence[str], unit: str) -> list[str]:
    """Of the intercept and the coefficients, for a target in a unit."""
    target = exponents(unit)
    return [written(target), *(written(_sum(target, exponents(own), -1)) for own in term_units(formula, units))]


def text(formula: Formula, names: Sequence[str], units: Sequence[str], unit: str, task: int = 0) -> str:
    """`-1.2 eV + 0.5 eV/angstrom * a / b`, with the coefficients of a task."""
    found = coefficient_units(formula, units, unit)
    terms = descriptors(formula, names)
    return _joined(formula, task, lambda i, number: " ".join(filter(None, (number, found[i]))), terms, " * ")


def latex(formula: Formula, names: Sequence[str], units: Sequence[str], unit: str, task: int = 0) -> str:
    """The same in LaTeX, for math mode."""
    found = coefficient_units(formula, units, unit)
    upright = [rf"\mathrm{{{escaped(name)}}}" for name in names]
    parts = _parts(formula.nodes, upright, lambda operator: operator.latex, (r"\left(", r"\right)"))

    def quantity(i: int, number: str) -> str:
        mantissa, _, exponent = number.partition("e")
        number = rf"{mantissa} \times 10^{{{int(exponent)}}}" if exponent else number
        return number + (rf"\,\mathrm{{{_raised(found[i])}}}" if found[i] else "")

    return _joined(formula, task, quantity, [parts[term] for term in formula.terms], r" \; ")


def _joined(formula: Formula, task: int, quantity: Callable[[int, str], str], terms: Sequence[str], times: str) -> str:
    """Intercept and terms with their signs; a term that is a sum is in parentheses, as its operator binds less."""
    numbers = formula.coefficients[task]
    whole = ("-" if numbers[0] < 0 else "") + quantity(0, f"{abs(numbers[0]):.{DIGITS}g}")
    for i, (number, term) in enumerate(zip(numbers[1:], terms, strict=True), 1):
        row = formula.nodes[formula.terms[i - 1]]
        inside = f"({term})" if row[0] != COLUMN and OPERATORS[row[0]].text.binds == 0 else term
        whole += f" {'-' if number < 0 else '+'} {quantity(i, f'{abs(number):.{DIGITS}g}')}{times}{inside}"
    return whole


# What a character of a name is in LaTeX's math mode; a name can't end a group or begin a command.
_LATEX = {
    **{character: f"\\{character}" for character in "_%&#${}"},
    "\\": r"\backslash ",
    "^": r"\hat{\ }",
    "~": r"\sim ",
    " ": r"\ ",
}
_EXPONENT = re.compile(r"\^\(?(-?\d+(?:/\d+)?)\)?")


def escaped(name: str) -> str:
    """A name for LaTeX's upright letters."""
    return "".join(_LATEX.get(character, character) for character in _one_line(name))


def _one_line(name: str) -> str:
    """With spaces for what isn't printed: ends of lines, control characters, halves of surrogate pairs."""
    return "".join(character if character.isprintable() else " " for character in name)


def _raised(unit: str) -> str:
    """A unit in LaTeX, its exponents in braces."""
    parts = _EXPONENT.split(unit)
    return "".join(f"^{{{part}}}" if i % 2 else escaped(part) for i, part in enumerate(parts))


def python(formula: Formula, names: Sequence[str], name: str, units: Sequence[str], unit: str) -> str:
    """A function of NumPy arrays, by itself, whose arguments are the columns that it needs, in their order; with
    several tasks its last argument is the task of each sample."""
    used, arguments = _arguments(formula, names)
    several = len(formula.coefficients) > 1
    task = _identifiers([*arguments, "task"])[-1]
    lines = _head(
        name, arguments + ([task] if several else []), f"{quoted(unit) or 'The target'} from", names, units, used
    )
    numbers = repr(formula.coefficients.tolist()).replace("nan", "np.nan")
    lines.append(f"    c = np.array({numbers}){f'[{task}].T' if several else '[0]'}")
    return "\n".join([*lines, f"    return {_sum_of_terms(formula, names)}", ""])


def python_of_classes(
    formula: Formula, names: Sequence[str], name: str, units: Sequence[str], labels: Sequence[str]
) -> str:
    """A function of NumPy arrays, by itself, that gives the label with the highest score, "" where one isn't defined:
    the first label has the score 0, and each other that of a task of the formula."""
    used, arguments = _arguments(formula, names)
    lines = _head(name, arguments, "The class from", names, units, used)
    # Each coefficient is a column, so that scores of all labels are computed at once.
    lines += [
        f"    c = np.array({formula.coefficients.T.tolist()!r})[..., None]",
        f"    scores = {_sum_of_terms(formula, names)}",
        "    scores = np.concatenate([np.zeros((1, *scores.shape[1:])), scores])",
        f"    labels = np.array({list(labels)!r})[np.argmax(scores, axis=0)]",
        '    return np.where(np.isfinite(scores).all(axis=0), labels, "")',
    ]
    return "\n".join([*lines, ""])


def _arguments(formula: Formula, names: Sequence[str]) -> tuple[list[int], list[str]]:
    """The columns that a formula needs, and what they are called in Python."""
    used = columns(formula)
    return used, _identifiers([names[column] for column in used])


def _head(
    name: str, arguments: Sequence[str], what: str, names: Sequence[str], units: Sequence[str], used: Sequence[int]
) -> list[str]:
    first = f"def {_identifiers([name])[0]}({', '.join(arguments)}):"
    return [first, f'    """{what} {_listed(names, units, used)}."""', "    import numpy as np", ""]


def _sum_of_terms(formula: Formula, names: Sequence[str]) -> str:
    by_column = dict(zip(*_arguments(formula, names), strict=True))
    called = [by_column.get(column, "") for column in range(len(names))]
    parts = _parts(formula.nodes, called, lambda operator: operator.python)
    terms = [f"c[{i}] * ({parts[term]})" for i, term in enumerate(formula.terms, 1)]
    return " + ".join(["c[0]", *terms])


def _listed(names: Sequence[str], units: Sequence[str], used: Sequence[int]) -> str:
    listed = (names[column] + (f" ({units[column]})" if units[column] else "") for column in used)
    return quoted(", ".join(listed)) or "nothing"


def quoted(text: str) -> str:
    """For a docstring, which it can't end."""
    return _one_line(text).replace("\\", "\\\\").replace('"', "'")


def _identifiers(names: Sequence[str]) -> list[str]:
    """Names that Python takes, all different, also once it has normalised them (letters of other alphabets)."""
    found: list[str] = []
    for name in names:
        letters = unicodedata.normalize("NFKC", name)
        plain = "".join(letter if f"_{letter}".isidentifier() else "_" for letter in letters) or "_"
        plain = unicodedata.normalize("NFKC", plain if plain.isidentifier() else f"_{plain}")
        while keyword.iskeyword(plain) or plain in ("np", "c", "abs", *found):
            plain += "_"
        found.append(plain)
    return found
