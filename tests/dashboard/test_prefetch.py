"""What ran ahead of its task's place, as timeline, chart and words show it."""

from __future__ import annotations

from tests.insight.running import begun, ran, tell
from tui.console.chart import chart
from tui.console.style import Style
from tui.dashboard.frame import Frame
from tui.dashboard.gantt import task_bars
from tui.insight.expectation import Expectation
from tui.insight.forecast import forecast
from tui.insight.hold_text import hold_text
from tui.insight.time_axis import Scale
from tui.insight.why_task import why_task
from tui.run import events as e


def test_what_runs_ahead_is_drawn_before_its_task_and_told_while_that_waits() -> None:
    state = tell(
        begun("eager", [{"cluster": []}, {"database": ["cluster"]}]),
        e.AttemptStarted(0, "cluster", 1),
        e.PrefetchStarted(2, "database", 1, 0, "kind.load redis:7"),
    )
    assert hold_text(state, "database") == "waits for cluster; 1/1 kind.load redis:7 runs ahead"
    cells = task_bars(state.tasks["database"], Frame.of(state, 6, Expectation({}, {}, "")), Scale(0, 1, 20))
    assert "".join(cells.text[:6]) == "  ════"
    tell(state, e.PrefetchFinished(8, "database", 1, 0, "succeeded"))
    assert hold_text(state, "database") == "waits for cluster"
    tell(state, *ran("cluster", 0, 10)[3:], *ran("database", 10, 12))
    cells = task_bars(state.tasks["database"], Frame.of(state, 12, Expectation({}, {}, "")), Scale(0, 1, 20))
    assert "".join(cells.text[:10]) == "  ══════  "
    expectation = Expectation({}, {}, "")
    told = why_task(state, "database", 12, expectation, forecast(state, {}, 12))
    (ahead,) = [section for section in told if section.title == "Ran ahead of its place"]
    assert [(row.text, row.seconds) for row in ahead.rows] == [("kind.load redis:7", 6.0)]
    drawn = [line for line in chart(state, Style(colour=False), 60, 12) if "database" in line]
    assert drawn[0].count("═") == round(6 / 12 * 36)
