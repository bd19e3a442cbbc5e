"""Charts as text: they keep to their columns."""

from __future__ import annotations

import pytest

from tests.insight.running import ran, tell
from tests.plans import make_plan, started
from tui.console.chart import beside, chart
from tui.console.style import Style
from tui.run.state import RunState
from tui.text import cells


@pytest.mark.parametrize("width", [60, 80, 160])
def test_a_title_without_end_leaves_room_for_the_bars_of_all(width: int) -> None:
    titles = {"a": "image", "b": "L[b]ö🎉漢" * 900}
    plan = make_plan([{"a": [], "b": []}], tasks={id_: {"title": title} for id_, title in titles.items()})
    state = tell(RunState(), started(plan, "parallel"), *ran("a", 0.0, 8.0), *ran("b", 0.0, 4.0))
    times = {"a": (0.0, 8.0), "b": (0.0, 4.0)}
    rows = [
        *(line for line in chart(state, Style(False), width, 8.0) if "█" in line),
        *(line for line in beside(titles, times, times, (), Style(False), width) if "█" in line),
    ]
    assert len(rows) == 6
    assert all(cells(row) <= width for row in rows)
    assert len({cells(row[: row.index("█")]) for row in rows[:2]}) == 1  # the bars begin below each other
