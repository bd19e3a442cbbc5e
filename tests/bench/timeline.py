"""What a large run costs the screen, and what a still one does: `python -m tests.bench.timeline`.

Of 5,000 tasks in five phases a third are done and some run. Each refresh is of a run in which a task has just
ended: the model takes that in and looks ahead, all widgets are handed the frame, and all rows of the timeline
that are in sight are drawn. Beside it the floor: as many blank rows. Then CPU over some seconds in which
nothing is said: a rehearsal that has ended, one with one task that runs, and a Textual app with one widget.
Times depend on the machine; the ratios are what to look at.
"""

from __future__ import annotations

import asyncio
import math
import random
import statistics
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from textual.strip import Strip

from tests.bench.engine import random_phases
from tests.bench.startup import BARE_APP
from tests.bench.terminal import opened
from tests.plans import make_plan, started
from tui.dashboard.app import Dashboard
from tui.dashboard.frame import Model
from tui.dashboard.responsive import responsive
from tui.dashboard.screens.run import RunScreen
from tui.dashboard.widgets.timeline import Timeline
from tui.insight.expectation import Expectation
from tui.run import events as e
from tui.run.feed import Feed, Tail
from tui.run.standing import Stands

if TYPE_CHECKING:
    from tui.run.commands import Command
    from tui.run.events import Event, PhaseOutline

TASKS, RUNNING, ROUNDS = 5000, 8, 200
SIZES = ((120, 40), (200, 60))
_IDLE = 8.0  # seconds
_SETTLED = 3.0  # seconds after which a screen has come to rest


class Large:
    """A large run that goes on by hand; see `Control`."""

    over = False
    read_only = ""
    is_elsewhere = False
    moment = math.inf

    def __init__(self) -> None:
        """A third of its tasks are done, some run."""
        rng = random.Random(1)
        self.run = replace(started(make_plan(random_phases(TASKS))), plan="large")
        self._waiting = [task.id for phase in self.run.phases for task in phase.tasks]
        self._running: list[str] = []
        self._at = 0.0
        self._now = 0.0
        self.expectation = Expectation({id_: rng.uniform(1, 60) for id_ in self._waiting}, {}, "a benchmark")
        self.feed: Feed | None = Feed(clock=lambda: self._now)
        self.directory = Path()
        self.stands = Stands()
        self.put(self.run)
        while len(self._waiting) > TASKS - TASKS // 3:
            self.step()

    def put(self, event: Event) -> None:
        """Says something."""
        assert self.feed is not None
        self.feed.put(event)

    def step(self) -> None:
        """Lets the oldest task that runs end, if enough do, and starts another."""
        self._now = self._at = self._at + 0.7
        if len(self._running) == RUNNING:
            ended = self._running.pop(0)
            self.put(e.StepFinished(self._at, ended, 1, 0))
            self.put(e.AttemptFinished(self._at, ended, 1, "succeeded"))
            self.put(e.TaskFinished(self._at, ended, "succeeded"))
        task = self._waiting.pop(0)
        self._running.append(task)
        self.put(e.AttemptStarted(self._at, task, 1))
        self.put(e.StepStarted(self._at, task, 1, 0, "work"))

    def begin(self) -> None:
        """It has begun."""

    def lines(self, task: str) -> Tail:
        """A task's last lines."""
        assert self.feed is not None
        return self.feed.tail(task)

    def preview(self) -> tuple[str, tuple[PhaseOutline, ...]]:
        """What it will be."""
        return self.run.plan, self.run.phases

    def tell(self, command: Command) -> None:
        """Takes no command."""

    def interrupted(self) -> None:
        """Takes no note."""


class Parts(NamedTuple):
    """Seconds of a refresh: taking it in, handing it out, drawing the rows; as many blank rows; its CPU."""

    pull: float
    show: float
    draw: float
    blank: float
    cpu: float

    @property
    def all(self) -> float:
        """What a refresh takes."""
        return self.pull + self.show + self.draw


async def refreshes(size: tuple[int, int], rounds: int) -> tuple[int, list[Parts]]:
    """How many rows are drawn, and what each refresh takes."""
    control = Large()
    model = Model(control)
    app = Dashboard(control, model)
    found: list[Parts] = []
    async with app.run_test(size=size) as pilot:
        await pilot.pause(0.5)
        screen = app.screen
        assert isinstance(screen, RunScreen)
        timeline = screen.query_one(Timeline)
        while timeline.size.height < size[1] // 2:  # a busy machine lays it out late
            await pilot.pause(0.1)
        width, height = timeline.size
        style = timeline.rich_style
        for _ in range(rounds):
            control.step()
            begin, cpu = time.perf_counter(), time.thread_time()
            frame = model.pull()
            pulled = time.perf_counter()
            screen.show(frame)
            shown = time.perf_counter()
            strips = [timeline.render_line(y) for y in range(height)]
            drawn, cpu = time.perf_counter(), time.thread_time() - cpu
            blank = [Strip.blank(width, style) for _ in range(height)]
            ended = time.perf_counter()
            assert len(strips) == len(blank)
            assert all(strip.cell_length == width for strip in strips)
            found.append(Parts(pulled - begin, shown - pulled, drawn - shown, ended - drawn, cpu))
            await pilot.pause(0)
    return height, found


def print_refreshes() -> None:
    """Prints what a refresh takes."""
    print(
        f"{TASKS:,} tasks {'rows':>5} {'pull ms':>8} {'show ms':>8} {'draw ms':>8} {'all ms':>7} "
        f"{'p99 ms':>7} {'CPU ms':>7} {'p99 CPU':>7} {'blank ms':>8} {'draw × blank':>12}"
    )
    for columns, lines in SIZES:
        with responsive():  # as it is where somebody looks on
            height, found = asyncio.run(refreshes((columns, lines), ROUNDS))
        pull, show, draw, blank, cpu = (statistics.median(part) * 1e3 for part in zip(*found, strict=True))
        all_ = statistics.median(parts.all for parts in found) * 1e3
        p99 = statistics.quantiles((parts.all * 1e3 for parts in found), n=100)[98]
        p99_cpu = statistics.quantiles((parts.cpu * 1e3 for parts in found), n=100)[98]
        print(
            f"{columns:>5} × {lines:<3} {height:>5} {pull:>8.2f} {show:>8.2f} {draw:>8.2f} {all_:>7.2f} "
            f"{p99:>7.2f} {cpu:>7.2f} {p99_cpu:>7.2f} {blank:>8.3f} {draw / blank:>12.1f}",
            flush=True,
        )


def print_idle() -> None:
    """Prints what a still screen takes, all at the same time."""
    up = ("-m", "tui", "up", "--env", "rehearsal")
    with (
        opened("-c", BARE_APP) as bare,
        opened(*up, "--speed", "1000") as ended,
        opened(*up, "--speed", "0.05") as running,
    ):
        bare.wait_for(b"nothing but this")
        ended.wait_for(b"rehearsed: nothing")
        running.wait_for(b"Tekton Pipelines")
        time.sleep(_SETTLED)
        cases = {"a bare Textual app": bare, "an ended rehearsal": ended, "a silent running task": running}
        before = {name: terminal.cpu() for name, terminal in cases.items()}
        places = {name: terminal.place for name, terminal in cases.items()}
        time.sleep(_IDLE)
        print(f"\n{'at rest':<22} {'% of a core':>11} {'bytes/s':>8}")
        for name, terminal in cases.items():
            share = (terminal.cpu() - before[name]) / _IDLE
            print(f"{name:<22} {share:>11.2%} {(terminal.place - places[name]) / _IDLE:>8.0f}")


def main() -> None:
    """Prints the tables."""
    print_refreshes()
    print_idle()


if __name__ == "__main__":
    main()
