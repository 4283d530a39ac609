"""Names that a figure shows cut are said whole over their places on the page."""

from __future__ import annotations

from bigdata.kind.names import Cut
from bigdata.report.pictures import _whole_names


def test_the_whole_name_stands_at_its_place_in_shares_of_the_image() -> None:
    said = _whole_names([Cut('a "long" <name>', (0.1, 0.25, 0.5, 0.031))])
    assert 'title="a &quot;long&quot; &lt;name&gt;"' in said
    assert "left: 10.00%; top: 25.00%; width: 50.00%; height: 3.10%" in said


def test_a_figure_without_cut_names_has_no_places() -> None:
    assert _whole_names([]) == ""
