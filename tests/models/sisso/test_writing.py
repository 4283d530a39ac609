"""What is written of a formula is a formula whatever its columns are called: names and units of a table run nothing."""

from __future__ import annotations

import ast
from typing import Any

import numpy as np
import pytest

from bigdata.models.sisso import writing
from bigdata.models.sisso.formula import Formula
from bigdata.models.sisso.operators import CODES, COLUMN

# |b| √a and a/b, of columns 0 and 1.
FORMULA = Formula(
    np.array(
        [
            [COLUMN, 0, -1],
            [COLUMN, 1, -1],
            [CODES["sqrt"], 0, -1],
            [CODES["abs"], 1, -1],
            [CODES["*"], 3, 2],
            [CODES["/"], 0, 1],
        ],
        np.int32,
    ),
    np.array([4, 5]),
    np.array([[1.0, -2.0, 3e-9]]),
    0.0,
    4,
)
ENDS = 'x"""\n    import os\n    """'
NAMES = {
    "two words": ("A (eV)", "b c"),
    "keywords": ("class", "None"),
    "another alphabet": ("Δ", "é"),
    "statements": ("x;import os", "__import__('os')"),
    "the end of a docstring": (ENDS, "b"),
    "a raised digit": ("x²", "²"),
    "letters that Python takes for one": ("\N{BLACK-LETTER CAPITAL H}", "H"),
    "a keyword in bold": ("\N{MATHEMATICAL BOLD SMALL C}lass", "c"),
    "digits": ("1st", "\N{ARABIC-INDIC DIGIT ONE}x"),
    "nothing": ("", "_"),
    "what isn't printed": ("a\x00b", "\ud800\u202e"),
    "quotes": ('"', "'"),
    "a backslash": ("\\", "\\input{secret}"),
    "braces": ("{a}", "}"),
    "names that the function uses": ("np", "abs"),
}


@pytest.mark.parametrize("unit", ["eV", ENDS, '"""+print()+"""', "\\", "km\n\x00"], ids=repr)
@pytest.mark.parametrize("names", NAMES.values(), ids=NAMES)
def test_python_is_one_function_that_predicts_the_same(names: tuple[str, str], unit: str) -> None:
    source = writing.python(FORMULA, names, "predict", ("eV", unit), unit)
    (function,) = ast.parse(source).body
    called = {ast.unparse(node.func) for node in ast.walk(function) if isinstance(node, ast.Call)}
    assert called == {"np.array", "np.sqrt", "abs"}
    assert isinstance(function, ast.FunctionDef)
    assert [type(line) for line in function.body] == [ast.Expr, ast.Import, ast.Assign, ast.Return]
    within: dict[str, Any] = {}
    exec(source, within)
    columns = np.random.default_rng(0).uniform(0.5, 5.0, (2, 20))
    expected = FORMULA.predict(columns, np.zeros(20, np.int64))
    np.testing.assert_allclose(within["predict"](*columns), expected, rtol=1e-12)


def test_latex_has_no_command_of_a_name() -> None:
    found = writing.latex(FORMULA, ("\\input{secret}", "a^b~{"), ("1", "}\\end"), "eV^2/angstrom")
    assert "\\input" not in found
    assert "\\end" not in found
    assert r"\mathrm{\backslash input\{secret\}}" in found
    assert r"\mathrm{a\hat{\ }b\sim \{}" in found
    assert r"eV^{2}/angstrom" in found


def test_a_text_is_one_line() -> None:
    assert "\n" not in writing.text(FORMULA, ("a\nb", "c"), ("1", "1"), "eV")
