"""The operators of expressions: what they compute, which units they take and give, and how they are written."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int32]
Units = Literal["equal", "add", "subtract", "none", "power"]

# How tightly a notation binds: a part that binds less than its place needs is put in parentheses.
SUM, PRODUCT, POWER, ATOM = range(4)


@dataclass(frozen=True)
class Notation:
    """`form` has {a} and {b}; `needs` says how tightly these have to bind in it, `binds` how tightly the whole does."""

    form: str
    binds: int = ATOM
    needs: tuple[int, int] = (SUM, SUM)


@dataclass(frozen=True)
class Operator:
    """`apply` writes to `out`, which is none of the operands. `units`: those of operands must be "equal", "add" or
    "subtract", be "none" (pure numbers), or take a "power"."""

    name: str
    n_operands: int
    apply: Callable[..., Any]
    units: Units
    text: Notation
    latex: Notation
    python: Notation
    power: Fraction = Fraction(1)


def _unary(
    name: str,
    apply: Callable[..., Any],
    power: Fraction | int | None,
    text: Notation,
    latex: Notation,
    python: Notation,
) -> Operator:
    units: Units = "none" if power is None else "power"
    return Operator(name, 1, apply, units, text, latex, python, Fraction(power or 0))


def _power(exponent: int) -> Operator:
    """Products are exact to the last digit everywhere, where powers depend on the library."""

    def apply(a: Floats, out: Floats) -> None:
        np.multiply(a, a, out=out)
        if exponent > 2:
            np.multiply(out, a, out=out)
        if exponent == 6:
            np.multiply(out, out, out=out)

    return _unary(
        f"^{exponent}",
        apply,
        exponent,
        Notation(f"{{a}}^{exponent}", POWER, (ATOM, SUM)),
        Notation(f"{{a}}^{{{{{exponent}}}}}", POWER, (ATOM, SUM)),
        Notation(f"{{a}}**{exponent}", POWER, (ATOM, SUM)),
    )


def _function(name: str, apply: Callable[..., Any], power: Fraction | None, latex: str, numpy: str = "") -> Operator:
    return _unary(
        name, apply, power, Notation(f"{name}({{a}})"), Notation(latex), Notation(f"np.{numpy or name}({{a}})")
    )


def _difference(a: Floats, b: Floats, out: Floats) -> None:
    np.abs(np.subtract(a, b, out=out), out=out)


def _decay(a: Floats, out: Floats) -> None:
    np.exp(np.negative(a, out=out), out=out)


_SUM = Notation("{a} + {b}", SUM)
_DIFFERENCE = Notation("{a} - {b}", SUM, (SUM, PRODUCT))
_PRODUCT = Notation("{a} * {b}", PRODUCT, (PRODUCT, PRODUCT))
_QUOTIENT = Notation("{a} / {b}", PRODUCT, (PRODUCT, POWER))

OPERATORS: tuple[Operator, ...] = (
    Operator("+", 2, np.add, "equal", _SUM, _SUM, _SUM),
    Operator("-", 2, np.subtract, "equal", _DIFFERENCE, _DIFFERENCE, _DIFFERENCE),
    Operator(
        "|-|",
        2,
        _difference,
        "equal",
        Notation("|{a} - {b}|", ATOM, (SUM, PRODUCT)),
        Notation(r"\left|{a} - {b}\right|", ATOM, (SUM, PRODUCT)),
        Notation("abs({a} - {b})", ATOM, (SUM, PRODUCT)),
    ),
    Operator("*", 2, np.multiply, "add", _PRODUCT, Notation(r"{a} \, {b}", PRODUCT, (PRODUCT, PRODUCT)), _PRODUCT),
    Operator("/", 2, np.divide, "subtract", _QUOTIENT, Notation(r"\frac{{{a}}}{{{b}}}", POWER), _QUOTIENT),
    _function("exp", np.exp, None, r"\exp\left({a}\right)"),
    _unary(
        "exp-",
        _decay,
        None,
        Notation("exp(-{a})", ATOM, (POWER, SUM)),
        Notation(r"\exp\left(-{a}\right)", ATOM, (POWER, SUM)),
        Notation("np.exp(-{a})", ATOM, (POWER, SUM)),
    ),
    _function("log", np.log, None, r"\ln\left({a}\right)"),
    _function("sqrt", np.sqrt, Fraction(1, 2), r"\sqrt{{{a}}}"),
    _function("cbrt", np.cbrt, Fraction(1, 3), r"\sqrt[3]{{{a}}}"),
    _unary(
        "^-1",
        np.reciprocal,
        -1,
        Notation("1 / {a}", PRODUCT, (POWER, SUM)),
        Notation(r"\frac{{1}}{{{a}}}", POWER),
        Notation("1 / {a}", PRODUCT, (POWER, SUM)),
    ),
    _power(2),
    _power(3),
    _power(6),
    _unary("abs", np.abs, 1, Notation("|{a}|"), Notation(r"\left|{a}\right|"), Notation("abs({a})")),
    _function("sin", np.sin, None, r"\sin\left({a}\right)"),
    _function("cos", np.cos, None, r"\cos\left({a}\right)"),
)
CODES = {operator.name: code for code, operator in enumerate(OPERATORS)}
ADD, SUBTRACT, DIFFERENCE, MULTIPLY, DIVIDE = (CODES[name] for name in ("+", "-", "|-|", "*", "/"))
# The code of a row of an expression's table that is a column.
COLUMN = -1
