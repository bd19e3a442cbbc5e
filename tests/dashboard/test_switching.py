"""From the dashboard to plain lines and back, over a real run: all of it is printed, and each thing once."""

from __future__ import annotations

import asyncio
import io
from collections import Counter
from itertools import takewhile
from typing import TYPE_CHECKING

from tests.dashboard.driving import SECONDS, Live, page, until
from tui.console.follow import Follower
from tui.console.lines import Lines
from tui.console.style import Style
from tui.dashboard.app import Dashboard
from tui.dashboard.frame import Model
from tui.errors import ActionError
from tui.reporter import Done
from tui.run.commands import Close
from tui.run.events import Output
from tui.run.journal import read_all

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tui.actions.context import Context
    from tui.plan.steps import Step
    from tui.run.events import Event

SILENCE = 0.05  # seconds after which nothing more is waited for: time stands still meanwhile


async def talk(_: Step, context: Context) -> Done:
    """A step that says a line each second, and something besides."""
    with context.span("pull", "an image"):
        for second in range(int(SECONDS[context.task])):
            context.log(f"{context.task} {second}", "pod/x" if second % 3 else "")
            context.progress(second, SECONDS[context.task])
            await asyncio.sleep(1)
    if context.task == "image" and context.attempt == 1:
        raise ActionError("it is not there", "press r")
    context.warn(f"{context.task} took its time")
    return Done(f"made {context.task}")


def fail(error: OSError) -> None:
    raise AssertionError("all of it can be printed") from error


class Views:
    """A run in one view after the other, as `tui.views` have it."""

    def __init__(self, live: Live) -> None:
        self.live = live
        self.out = io.StringIO()
        self.model = Model(live)
        printer = Lines(self.out, Style(False))
        self.follower = Follower(printer, lambda: live.session.feed.now(), fail, switch="d")

    async def dashboard(self, now: float, *texts: str, keys: str = "") -> str:
        """Shows it up to some time, and presses keys once texts can be read; returns the screen."""
        app = await asyncio.to_thread(lambda: Dashboard(self.live, self.model))
        async with app.run_test(size=(100, 30), notifications=True) as pilot:
            await pilot.pause()
            await asyncio.to_thread(self.live.loop.advance, now)
            await until(pilot, *texts)  # each panel looks at its log when it is its turn
            shown = page(app)
            await pilot.press(*keys, "l")
        assert app.fault is None
        assert app.return_value == "lines"
        await asyncio.to_thread(self.live.loop.advance, now)
        return shown

    async def lines(self, until: float) -> None:
        """Prints it up to some time."""

        def follow() -> None:
            self.live.loop.advance(until)
            self.follower.follow(in_time(self.live.session.feed.follow(SILENCE)))

        await asyncio.to_thread(follow)

    async def to_its_end(self) -> None:
        """Prints it until it has ended."""
        self.live.session.tell(Close())
        await asyncio.to_thread(self.live.loop.advance, 1000.0)
        await asyncio.to_thread(lambda: self.follower.follow(self.live.session.feed.follow(10.0)))
        await asyncio.to_thread(self.live.session.join)


def in_time(events: Iterator[Event | None]) -> Iterator[Event | None]:
    """Events up to the first silence."""
    return takewhile(lambda event: event is not None, events)


def printed_at_once(events: list[Event]) -> str:
    """What is printed of a run that was never shown otherwise."""
    out = io.StringIO()
    Follower(Lines(out, Style(False)), lambda: 0.0, fail).follow(iter(events))
    return out.getvalue()


async def test_all_is_printed_and_each_thing_once(tmp_path: Path) -> None:
    live = Live(tmp_path, script=talk)
    await asyncio.to_thread(live.start)
    views = Views(live)
    await views.dashboard(3.5, "cluster 3")
    await views.lines(12.5)
    assert "cluster │ cluster 9" in views.out.getvalue().replace("  │", " │")
    await views.dashboard(25.5, "✗ image", keys="r")  # its end was not printed, and is when lines come
    assert "image 17" not in views.out.getvalue()
    await views.lines(25.5)
    assert "image 17" in views.out.getvalue()
    await views.dashboard(60.5, "◐ tekton", "✓ image")
    await views.dashboard(60.5)  # and back at once
    await views.to_its_end()

    events = await asyncio.to_thread(lambda: list(read_all(live.journal.directory)))
    printed = views.out.getvalue().splitlines()
    assert Counter(printed) == Counter(printed_at_once(events).splitlines())
    assert printed[-1].endswith("✓ deploy succeeded, 15.0s")
    for task in SECONDS:
        said = [line.rpartition(f"{task} ")[2] for line in printed if f"│ {task} " in line]
        wanted = [line.rpartition(" ")[2] for ev in events if isinstance(ev, Output) for line in ev.lines
                  if ev.task == task]  # fmt: skip
        assert said == wanted
    assert [task.status for task in views.follower.state.tasks.values()] == ["succeeded"] * len(SECONDS)
    assert sorted(warned.task for warned in views.follower.state.warnings) == sorted(SECONDS)


async def test_a_dashboard_that_is_opened_again_knows_what_was_before(tmp_path: Path) -> None:
    live = Live(tmp_path, script=talk)
    await asyncio.to_thread(live.start)
    views = Views(live)
    await views.dashboard(11.0, "cluster took its time")
    await views.lines(15.0)
    shown = await views.dashboard(15.0, "✓ cluster", "image 14")
    assert "cluster took its time" not in shown  # it was told before
    await views.to_its_end()
