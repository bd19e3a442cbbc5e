"""A run on its own thread, as a view on another one meets it."""

from __future__ import annotations

import asyncio
import threading
import time
from typing import TYPE_CHECKING, Any

import pytest

from tests.plans import Scripted, make_plan, started
from tests.virtual import SteppedLoop
from tui.engine.engine import Engine
from tui.engine.session import Session
from tui.reporter import Done
from tui.run import events as e
from tui.run.commands import CancelRun, Close, Pause, Restart, Resume, Stay
from tui.run.feed import Feed
from tui.run.journal import Journal
from tui.run.state import RunState, fold

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tui.actions.context import Context
    from tui.plan.steps import Step

SECONDS = {"cluster": 10.0, "image": 20.0, "deploy": 5.0}
PHASES: list[dict[str, list[str]]] = [{"cluster": [], "image": []}, {"deploy": ["cluster"]}]


async def take_time(_: Step, context: Context) -> Done:
    context.log("begins")
    await asyncio.sleep(SECONDS[context.task])
    return Done()


def prepare(
    folder: Path,
    script: Callable[[Step, Context], Any],
    phases: list[dict[str, list[str]]] = PHASES,
    loop: asyncio.AbstractEventLoop | None = None,
) -> Session:
    plan = make_plan(phases)
    journal = Journal(folder / "run")
    feed = Feed(journal, clock=loop.time if loop else time.monotonic)
    engine = Engine(
        plan, Scripted(script), started(plan), cache=folder, journal=journal, listener=feed.put, stay=True
    )
    return Session(engine, feed, runner=asyncio.Runner(loop_factory=lambda: loop) if loop else None)


class Stepped:
    """A session on a clock that a test moves, and what a view folds of it."""

    def __init__(self, folder: Path) -> None:
        self.loop = SteppedLoop()
        self.session = prepare(folder, take_time, loop=self.loop)
        self.state = RunState()

    def pull(self) -> dict[str, str]:
        """What became of the tasks by now."""
        for event in self.session.feed.take():
            self.state.apply(event)
        return {id_: task.status for id_, task in self.state.tasks.items()}

    def end(self) -> None:
        self.session.tell(CancelRun())
        self.session.tell(Close())
        self.session.join()


@pytest.fixture
def stepped(tmp_path: Path) -> Iterator[Stepped]:
    run = Stepped(tmp_path)
    run.session.start()
    yield run
    run.end()


def test_time_moves_as_far_as_it_is_told(stepped: Stepped) -> None:
    stepped.loop.advance(0.0)
    assert stepped.pull() == {"cluster": "running", "image": "running", "deploy": "waiting"}
    stepped.loop.advance(19.9)
    assert stepped.pull() == {"cluster": "succeeded", "image": "running", "deploy": "waiting"}
    assert stepped.session.feed.now() == 19.9
    stepped.loop.advance(20.0)
    assert stepped.pull()["deploy"] == "running"
    stepped.loop.advance(1000.0)
    assert stepped.pull()["deploy"] == "succeeded"
    assert stepped.state.at == 25.0


async def test_it_is_moved_from_another_loop_too(stepped: Stepped) -> None:
    await asyncio.to_thread(stepped.loop.advance, 12.0)
    stepped.session.tell(Pause())
    stepped.session.tell(Restart("cluster"))
    await asyncio.to_thread(stepped.loop.advance, 21.0)
    assert stepped.pull() == {"cluster": "waiting", "image": "succeeded", "deploy": "waiting"}
    stepped.session.tell(Resume())
    await asyncio.to_thread(stepped.loop.advance, 36.0)
    assert stepped.pull() == {"cluster": "succeeded", "image": "succeeded", "deploy": "succeeded"}
    assert [line.at for line in stepped.session.feed.tail("cluster").read(0, 9)] == [0.0, 21.0]


def test_a_run_that_has_ended_takes_no_command_and_no_time(stepped: Stepped) -> None:
    stepped.end()
    stepped.session.tell(Pause())
    stepped.loop.advance(1.0)
    stepped.pull()
    assert stepped.session.feed.closed
    assert stepped.state.outcome == "cancelled"


def test_a_run_stays_for_commands_for_as_long_as_it_is_told_to(stepped: Stepped) -> None:
    for command in (Close(), Stay()):  # handed over to another view and back
        stepped.session.tell(command)
    stepped.loop.advance(100.0)
    stepped.pull()
    assert not stepped.state.unfinished
    assert stepped.state.outcome is None
    stepped.session.tell(Restart("deploy"))
    stepped.session.tell(Close())
    stepped.loop.advance(100.0)
    assert stepped.pull()["deploy"] == "running"
    stepped.loop.advance(105.0)
    assert [ev.type for ev in stepped.session.feed.follow(1.0) if ev][-1] == "run-finished"


def test_what_an_engine_dies_of_is_raised_where_it_is_joined(tmp_path: Path) -> None:
    def die(_: Step, __: Context) -> Done:
        raise KeyboardInterrupt

    session = prepare(tmp_path, die, [{"a": []}])
    session.start()
    assert None not in list(session.feed.follow(1.0))
    with pytest.raises(KeyboardInterrupt):
        session.join()


def test_what_blocks_a_thread_is_told_and_left_behind(tmp_path: Path) -> None:
    released = threading.Event()

    async def block(_: Step, context: Context) -> Done:
        if context.task == "a":
            await asyncio.to_thread(released.wait)
        return Done()

    session = prepare(tmp_path, block, [{"a": [], "b": []}])
    session.start()
    session.tell(CancelRun())
    assert not session.join()  # though the call goes on
    state = fold(session.feed.take())
    assert state.outcome == "cancelled"
    assert [(warned.task, warned.text) for warned in state.warnings] == [
        ("a", "command true is blocked in a call that cannot be interrupted; it was left behind")
    ]
    released.set()


def test_under_a_storm_views_that_take_turns_miss_nothing_and_tell_nothing_twice(tmp_path: Path) -> None:
    tasks, chunks, lines = 4, 60, 50

    async def storm(_: Step, context: Context) -> Done:
        for chunk in range(chunks):
            context.log([f"{context.task} {chunk * lines + line}" for line in range(lines)])
            context.progress(chunk, chunks)
            await asyncio.sleep(0)
        return Done()

    session = prepare(tmp_path, storm, [{f"t{i}": [] for i in range(tasks)}])
    session.start()
    session.tell(Close())
    taken: list[e.Event] = []
    printed: list[str] = []
    ended = False
    while not ended:
        taken += session.feed.take()
        for number, event in enumerate(session.feed.follow(1.0)):
            if isinstance(event, e.Output):
                printed += event.lines
            if number == 13:
                break
        else:
            ended = True
    session.join()
    taken += session.feed.take()
    assert [ev.type for ev in (taken[0], taken[-1])] == ["run-started", "run-finished"]
    for i in range(tasks):
        mine = [line for line in printed if line.startswith(f"t{i} ")]
        assert mine == [f"t{i} {n}" for n in range(chunks * lines)]
    assert len(printed) == tasks * chunks * lines
