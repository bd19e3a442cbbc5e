"""The lane of the machine below the timeline."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from tests.dashboard.driving import brief_waits
from tests.insight.running import ran
from tests.plans import make_plan, started
from tests.still import Still
from tui.dashboard.app import Dashboard
from tui.dashboard.frame import Model
from tui.dashboard.widgets.machine_lane import MachineLane
from tui.dashboard.widgets.timeline import Timeline
from tui.plan.address import DEFAULT, LOCAL
from tui.run import events as e
from tui.run.journal import Journal

if TYPE_CHECKING:
    from pathlib import Path


def kept(folder: Path, memory: float) -> Still:
    """A run of twenty seconds, with the cores half busy in its first half and full in its second."""
    journal = Journal(folder / "run")
    journal.append(started(make_plan([{"one": []}])))
    told = ran("one", 0.0, 20.0)
    for event in told[:2]:
        journal.append(event)
    for at in range(1, 21):
        cpu = 1.0 if at <= 10 else 2.0
        journal.append(e.Sampled(float(at), 1.0, "default", 2, 4096, 1.0, e.Usage(cpu, memory)))
    for event in told[2:]:
        journal.append(event)
    journal.close()
    return Still(journal.directory)


@pytest.mark.parametrize(("height", "memory", "rows"), [(40, 1024, 1), (40, 4000, 2), (24, 1024, 0)])
def test_cores_are_shown_below_the_bars_where_there_is_room(
    tmp_path: Path, height: int, memory: float, rows: int
) -> None:
    run = kept(tmp_path, memory)
    app = Dashboard(run, Model(run))

    async def look() -> None:
        async with app.run_test(size=(120, height)) as pilot:
            await pilot.pause()
            lane, timeline = app.screen.query_one(MachineLane), app.screen.query_one(Timeline)
            assert (lane.size.height if lane.display else 0) == rows
            if not rows:
                return
            text = lane.render_line(0).text
            bars, scale = timeline.columns.bars, timeline.scale
            assert text.startswith("     cores")
            assert "2.0 of 2 " in text[:bars]
            assert text[bars + int(scale.at(5))] == "▄"
            assert text[bars + int(scale.at(15))] == "█"
            assert rows < 2 or "3.9 of 4.0 GiB" in lane.render_line(1).text

    with brief_waits():
        asyncio.run(look())


@pytest.mark.parametrize(("host", "shown"), [(LOCAL, True), ("ssh://far", False)])
def test_a_system_that_does_not_tell_is_no_idle_one(tmp_path: Path, host: str, shown: bool) -> None:
    journal = Journal(tmp_path / "run")
    machine = e.Machine("Darwin", 8, 16.0)
    journal.append(replace(started(make_plan([{"one": []}])), machine=machine, hosts={DEFAULT: host}))
    for event in ran("one", 0.0, 20.0):
        journal.append(event)
    journal.close()
    run = Still(journal.directory)
    app = Dashboard(run, Model(run))

    async def look() -> None:
        async with app.run_test(size=(120, 40)) as pilot:
            await pilot.pause()
            lane = app.screen.query_one(MachineLane)
            assert lane.display == shown
            assert not shown or "cores" in lane.render_line(0).text
            assert not shown or "not measured on this system" in lane.render_line(0).text

    with brief_waits():
        asyncio.run(look())
