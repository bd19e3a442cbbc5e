"""What holds for every plan, every duration, every failure, and every command at any moment."""

from __future__ import annotations

import asyncio
import dataclasses
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.plans import Scripted, make_plan, started
from tests.virtual import run_virtual
from tui.engine.engine import Engine
from tui.errors import ActionError
from tui.plan.simulation import Rules, makespan
from tui.reporter import Done
from tui.run import events as e
from tui.run.commands import (
    Cancel,
    CancelRun,
    Close,
    Command,
    Pause,
    Restart,
    Resume,
    Retry,
    RetryFailed,
    SetMode,
    restarted,
)
from tui.run.holds import hold
from tui.run.journal import Journal, read_events
from tui.run.state import FINAL, RunState, fold

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tui.actions.context import Context
    from tui.plan.model import Plan
    from tui.plan.steps import Step

    Moments = Sequence[tuple[int, Command]]

MODES = ["parallel", "sequential", "eager"]


@dataclass(frozen=True)
class Case:
    """A plan with how long each task takes, and to stop, and in which attempts it fails."""

    phases: list[dict[str, list[str]]]
    seconds: dict[str, float]
    stopping: dict[str, float]
    failing: dict[str, int]
    retried: frozenset[str]

    def plan(self, limit: int | None = None) -> Plan:
        retry = {"attempts": 2, "backoff": "3s", "signatures": ["server-error"]}
        return make_plan(self.phases, limit=limit, tasks={id_: {"retry": retry} for id_ in self.retried})


@st.composite
def cases(draw: st.DrawFn) -> Case:
    sizes = draw(st.lists(st.integers(1, 4), min_size=1, max_size=4))
    phases: list[dict[str, list[str]]] = []
    ids: list[str] = []
    for size in sizes:
        phase: dict[str, list[str]] = {}
        for _ in range(size):
            id_ = f"t{len(ids)}"
            phase[id_] = draw(st.lists(st.sampled_from(ids), unique=True, max_size=3)) if ids else []
            ids.append(id_)
        phases.append(dict(draw(st.permutations(list(phase.items())))))
    seconds = {id_: float(draw(st.integers(0, 20))) for id_ in ids}
    failing = draw(st.dictionaries(st.sampled_from(ids), st.integers(1, 3), max_size=3))
    stopping = {id_: float(draw(st.integers(0, 2))) for id_ in ids}
    return Case(phases, seconds, stopping, failing, draw(st.frozensets(st.sampled_from(ids), max_size=3)))


tasks = st.integers(0, 15).map("t{}".format)
commands: st.SearchStrategy[Command] = st.one_of(
    st.builds(Retry, tasks), st.builds(Restart, tasks), st.builds(Cancel, tasks),
    st.builds(SetMode, st.sampled_from(MODES)),
    st.sampled_from([RetryFailed(), CancelRun(), Pause(), Resume()]),
)  # fmt: skip
moments = st.lists(st.tuples(st.integers(0, 60), commands), max_size=8).map(
    lambda m: sorted(m, key=lambda x: x[0])
)


class PodTracker:
    """A run that is checked after each event."""

    def __init__(
        self, case: Case, mode: str, limit: int | None = None, journal: Journal | None = None
    ) -> None:
        self.case = case
        self.events: list[e.Event] = []
        plan = case.plan(limit)
        self.engine = Engine(
            plan,
            Scripted(self._perform),
            started(plan, mode),
            cache=Path(),
            listener=self._listen,
            journal=journal,
            stay=True,
        )

    async def _perform(self, _: Step, context: Context) -> Done:
        try:
            await asyncio.sleep(self.case.seconds[context.task])
        except asyncio.CancelledError:
            await asyncio.sleep(self.case.stopping[context.task])
            raise
        if context.attempt <= self.case.failing.get(context.task, 0):
            raise ActionError("HTTP 503")
        return Done()

    def _listen(self, event: e.Event) -> None:
        self.events.append(event)
        state = self.engine.state
        if isinstance(event, e.AttemptStarted):
            task = state.tasks[event.task]
            assert all(state.tasks[need].status == "succeeded" for need in task.needs)
            assert not state.cancelling
            assert not state.paused
            assert not any(event.task in state.graph.upstream(id_) for id_ in state.running)
            if len(state.running) > 1 and not self._is_retry(event):
                assert state.mode != "sequential"
                assert state.limit is None or len(state.running) <= state.limit

    def _is_retry(self, event: e.AttemptStarted) -> bool:
        """Whether the task ran already when the attempt began: between tries it keeps its place."""
        earlier = [ev for ev in self.events[:-1] if isinstance(ev, e.TaskEvent) and ev.task == event.task]
        return bool(earlier) and isinstance(earlier[-1], e.RetryScheduled)

    def run(self, moments: Moments = ()) -> RunState:
        async def main() -> RunState:
            running = asyncio.create_task(self.engine.run())
            await asyncio.sleep(0)
            for at, command in moments:
                await asyncio.sleep(at - asyncio.get_running_loop().time())
                self._give(command)
                self._nothing_startable_waits()
            self.engine.do(Resume())
            self.engine.do(Close())
            return await running

        return run_virtual(main())

    def _give(self, command: Command) -> None:
        """Gives a command, which is taken if and only if there is nothing against it."""
        against = command.refusal(self.engine.state)
        restarting = command if isinstance(command, Restart) else None
        again = restarted(self.engine.state, restarting.task) if restarting and not against else []
        before = len(self.events)
        assert self.engine.do(command) == against
        stopped_already = bool(again) and all(task.cancelling for task in again)
        assert (len(self.events) > before) is not bool(against) or stopped_already
        reset = [ev.task for ev in self.events[before:] if isinstance(ev, e.TaskReset)]
        assert reset == [task.id for task in again if task.status != "running"] or not isinstance(
            command, Restart
        )
        assert all(self.engine.state.tasks[task.id].cancelling for task in again if task.status == "running")

    def _nothing_startable_waits(self) -> None:
        """What the rule lets start has started: the schedule's shortcut misses nothing."""
        self.engine._start_tasks()
        state = self.engine.state
        if state.tasks and state.outcome is None and not self.engine._restarting:
            assert [
                id_ for id_, t in state.tasks.items() if t.status == "waiting" and hold(state, id_) is None
            ] == []


@given(cases(), st.sampled_from(MODES), st.none() | st.integers(1, 3), moments)
def test_whatever_happens_the_rules_hold(case: Case, mode: str, limit: int | None, moments: Moments) -> None:
    run = PodTracker(case, mode, limit)
    state = run.run(moments)
    assert all(task.status in FINAL for task in state.tasks.values())
    assert not state.running
    assert not state.warnings, "whatever is cancelled stops in time"
    assert isinstance(run.events[-1], e.RunFinished)
    for id_ in state.tasks:
        last = [ev for ev in run.events if isinstance(ev, e.TaskFinished | e.TaskReset) and ev.task == id_]
        alternating = [isinstance(ev, e.TaskFinished) for ev in last]
        assert alternating == [i % 2 == 0 for i in range(len(last))], "one final state a life"
        assert alternating[-1]


@given(cases(), moments)
def test_sequential_mode_never_runs_two(case: Case, moments: Moments) -> None:
    run = PodTracker(case, "sequential")
    run.run([m for m in moments if not isinstance(m[1], SetMode)])
    running: set[str] = set()
    for event in run.events:
        if isinstance(event, e.AttemptStarted):
            running.add(event.task)
        elif isinstance(event, e.TaskFinished):
            running.discard(event.task)
        assert len(running) <= 1


@given(cases())
def test_eager_is_never_slower_than_parallel_nor_parallel_than_sequential(case: Case) -> None:
    eager, parallel, sequential = (
        PodTracker(case, mode).run().at for mode in ("eager", "parallel", "sequential")
    )
    assert eager <= parallel + 1e-6
    assert parallel <= sequential + 1e-6


@given(cases())
def test_the_engine_takes_as_long_as_the_graph_foretells(case: Case) -> None:
    sound = dataclasses.replace(case, failing={})
    for mode in ("eager", "parallel", "sequential"):
        run = PodTracker(sound, mode)
        assert abs(run.run().at - makespan(run.engine.state.graph, case.seconds, Rules(mode))) < 1e-6


@settings(max_examples=50)
@given(cases(), st.sampled_from(MODES), moments)
def test_the_fold_of_the_journal_is_the_live_state(case: Case, mode: str, moments: Moments) -> None:
    with tempfile.TemporaryDirectory() as folder:
        journal = Journal(Path(folder) / "run")
        run = PodTracker(case, mode, journal=journal)
        live = run.run(moments)
        journal.close()
        kept = list(read_events(Path(folder) / "run"))
        assert kept == run.events
        assert plain(fold(kept)) == plain(live)


def plain(state: RunState) -> dict[str, object]:
    """A state by value."""
    left = {"graph", "tasks"}
    fields = {f.name: getattr(state, f.name) for f in dataclasses.fields(state) if f.name not in left}
    return fields | {"tasks": {id_: dataclasses.asdict(task) for id_, task in state.tasks.items()}}
