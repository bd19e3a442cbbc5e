"""The state of a run: a fold over its events."""

from __future__ import annotations

import contextlib
import dataclasses
from dataclasses import field, replace
from typing import TYPE_CHECKING, Literal

from tui.plan.graph import CycleError, Graph, Node
from tui.run import events as e
from tui.run import prefetches
from tui.run.attempt_state import ATTEMPT_CHANGES, AttemptState
from tui.run.changed import changed
from tui.run.light import dataclass
from tui.run.samples import Samples, add_sample

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

Status = Literal["waiting", "running", "succeeded", "failed", "cancelled", "skipped"]
FINAL = frozenset({"succeeded", "failed", "cancelled", "skipped"})


@dataclass(frozen=True, slots=True, eq=False)
class TaskState:
    """A task as it stands. A changed task is a new object: compare by identity.

    Attributes:
        retry_at: When a failed task will be retried.
        because: For a skipped task, the task that it needed.
        kept: The earlier run whose success it is, if any.
        cancelling: Whether it was asked to stop.
        ended: When it finished, if it has.
        earlier: The number of attempts before it was last reset.
        host: Where it runs, by the plan's name for it; empty for where all run that name none.
        kinds: The kind of each step; none in journals that do not tell.
        clusters: The plan's name for the cluster of each step; none where it does not have several.
        prefetches: Its steps that ran ahead of their places.
    """

    id: str
    title: str
    phase: int
    needs: tuple[str, ...]
    steps: tuple[str, ...]
    status: Status = "waiting"
    attempts: tuple[AttemptState, ...] = ()
    retry_at: float | None = None
    because: str = ""
    kept: str = ""
    cancelling: bool = False
    ended: float | None = None
    earlier: int = 0
    host: str = ""
    kinds: tuple[str, ...] = ()
    clusters: tuple[str, ...] = ()
    prefetches: prefetches.Prefetches = ()

    @property
    def attempt(self) -> AttemptState | None:
        """The latest attempt."""
        return self.attempts[-1] if self.attempts else None

    @property
    def start(self) -> float | None:
        """When the task started, since it was last reset; None if it has not."""
        return self.attempts[self.earlier].started if len(self.attempts) > self.earlier else None

    @property
    def is_assumed(self) -> bool:
        """Whether no run did the task, and `--only` or `--from` left it out."""
        return self.status == "succeeded" and not self.kept and len(self.attempts) == self.earlier

    def seconds(self, now: float) -> float:
        """Return the seconds of its attempts, without pauses between them; up to now while one runs."""
        return sum(attempt.end(now) - attempt.started for attempt in self.attempts)


# asyncio writes out what a main task returned, if only to throw it away: no repr.
@dataclasses.dataclass(slots=True, repr=False)
class RunState:
    """A run as it stands, changed by events alone.

    Attributes:
        started: The run's first event, once it came.
        tasks: By id, in plan order.
        modes: Each mode with the time from which it held, the one that the run started in first.
        pauses: When the run was paused and when it was resumed; None while it is paused.
        samples: What the hosts were busy with; see `tui.run.samples`.
        outputs: What commands printed for later steps, by its name; without what is secret.
        running: Ids of tasks that run.
        open_phase: The first phase with an unfinished task; the number of phases if there is none.
        version: Grows with every change.
        at: Time of the latest event, in seconds since the run began.
    """

    started: e.RunStarted | None = None
    graph: Graph = field(default_factory=lambda: Graph(()))
    tasks: dict[str, TaskState] = field(default_factory=dict)
    mode: str = "parallel"
    modes: list[tuple[float, str]] = field(default_factory=list)
    limit: int | None = None
    paused: bool = False
    pauses: list[tuple[float, float | None]] = field(default_factory=list)
    cancelling: bool = False
    outcome: e.RunOutcome | None = None
    samples: Samples = field(default_factory=dict)
    outputs: dict[str, str] = field(default_factory=dict)
    running: set[str] = field(default_factory=set)
    warnings: list[e.Warned] = field(default_factory=list)
    open_phase: int = 0
    version: int = 0
    at: float = 0.0
    _unfinished: list[int] = field(default_factory=list)
    _last_end: float | None = None

    def apply(self, event: e.Event) -> None:
        """Change the state by an event."""
        change = _CHANGES.get(type(event))
        if event.at >= self.at:
            self.at = event.at
        elif change is not None and isinstance(event, e.TaskEvent):  # a clock was set back
            event = replace(event, at=max(event.at, _latest(self.tasks.get(event.task))))
        if change is not None:
            change(self, event)
            self.version += 1

    @property
    def unfinished(self) -> bool:
        """Whether a task has not reached a final state."""
        return self.open_phase < len(self._unfinished)

    @property
    def ended_at(self) -> float | None:
        """When the last task finished; None while one has not.

        The run itself may go on waiting for commands; its clock stops here.
        """
        return None if self.unfinished else self._last_end

    @property
    def known_until(self) -> float:
        """When the last task finished; while one has not, the time of the latest event."""
        ended = self.ended_at
        return self.at if ended is None else ended

    def snapshot(self) -> RunState:
        """Return a copy that later events do not change."""
        return changed(
            self,
            tasks=self.tasks.copy(),
            modes=self.modes.copy(),
            pauses=self.pauses.copy(),
            samples=self.samples.copy(),
            running=self.running.copy(),
            warnings=self.warnings.copy(),
            _unfinished=self._unfinished.copy(),
        )

    @property
    def may_prefetch(self) -> bool:
        """Whether steps may run ahead of their places, in the mode that the run is in."""
        asked = self.started.prefetch if self.started else None
        return self.mode == "eager" if asked is None else asked

    @property
    def result(self) -> e.RunOutcome | None:
        """How the run went, known once all tasks finished, while it may still wait for commands."""
        if self.outcome or self.unfinished or not self.tasks:
            return self.outcome
        return "failed" if self.with_status("failed", "cancelled", "skipped") else "succeeded"

    @property
    def assumed(self) -> list[TaskState]:
        """The tasks that no run did, and that `--only` or `--from` left out."""
        return [task for task in self.tasks.values() if task.is_assumed]

    def with_status(self, *statuses: Status) -> list[TaskState]:
        """Return the tasks with one of some statuses, in plan order."""
        return [task for task in self.tasks.values() if task.status in statuses]

    def _put(self, old: TaskState, new: TaskState) -> None:
        self.tasks[new.id] = new
        if old.status == new.status:
            return
        (self.running.add if new.status == "running" else self.running.discard)(new.id)
        if new.status in FINAL:
            self._last_end = new.ended
        self._unfinished[new.phase] += (old.status in FINAL) - (new.status in FINAL)
        self.open_phase = min(self.open_phase, new.phase)
        while self.open_phase < len(self._unfinished) and not self._unfinished[self.open_phase]:
            self.open_phase += 1


def fold(events: Iterable[e.Event]) -> RunState:
    """Return the state after some events."""
    state = RunState()
    for event in events:
        state.apply(event)
    return state


def _run_started(state: RunState, event: e.RunStarted) -> None:
    state.started, state.mode, state.limit = event, event.mode, event.limit
    state.modes = [(event.at, event.mode)]
    state.tasks = {
        task.id: TaskState(
            task.id,
            task.title,
            i,
            task.needs,
            task.steps,
            host=task.host,
            kinds=task.kinds,
            clusters=task.clusters,
        )
        for i, phase in enumerate(event.phases)
        for task in phase.tasks
    }
    state.graph = _graph(state.tasks)
    state._unfinished = [len(phase.tasks) for phase in event.phases]
    state.open_phase = 0


def _graph(tasks: dict[str, TaskState]) -> Graph:
    """Return the graph of tasks, without needs if those of a damaged journal lead nowhere."""
    with contextlib.suppress(CycleError, KeyError):
        return Graph(Node(task.id, task.phase, task.needs) for task in tasks.values())
    return Graph(Node(task.id, task.phase, ()) for task in tasks.values())


def _run_finished(state: RunState, event: e.RunFinished) -> None:
    state.outcome = event.outcome


def _mode_changed(state: RunState, event: e.ModeChanged) -> None:
    state.mode = event.mode
    state.modes.append((event.at, event.mode))


def _paused(state: RunState, event: e.RunPaused) -> None:
    state.paused = True
    state.pauses.append((event.at, None))


def _resumed(state: RunState, event: e.RunResumed) -> None:
    state.paused = False
    if state.pauses:
        state.pauses[-1] = (state.pauses[-1][0], event.at)


def _cancel_requested(state: RunState, event: e.CancelRequested) -> None:
    if not event.task:
        state.cancelling = True
    elif task := state.tasks.get(event.task):
        state._put(task, changed(task, cancelling=True))


def _sampled(state: RunState, event: e.Sampled) -> None:
    add_sample(state.samples, event)


def _output_made(state: RunState, event: e.OutputMade) -> None:
    if event.value is not None:
        state.outputs[event.name] = event.value


def _warned(state: RunState, event: e.Warned) -> None:
    state.warnings.append(event)


def _task_kept(task: TaskState, event: e.TaskKept) -> TaskState:
    return changed(task, status="succeeded", kept=event.run, ended=event.at)


def _task_reset(task: TaskState, _: e.TaskReset) -> TaskState:
    return changed(
        task,
        status="waiting",
        because="",
        kept="",
        retry_at=None,
        cancelling=False,
        ended=None,
        earlier=len(task.attempts),
    )


def _task_finished(task: TaskState, event: e.TaskFinished) -> TaskState:
    return changed(
        task,
        status=event.outcome,
        because=event.because,
        retry_at=None,
        cancelling=False,
        ended=event.at,
        attempts=_closed(task, event.at),
        prefetches=prefetches.closed(task.prefetches, event.at),
    )


def _prefetch_started(task: TaskState, event: e.PrefetchStarted) -> TaskState:
    return changed(task, prefetches=prefetches.started(task.prefetches, event))


def _prefetch_finished(task: TaskState, event: e.PrefetchFinished) -> TaskState:
    return changed(task, prefetches=prefetches.finished(task.prefetches, event))


def _attempt_started(task: TaskState, event: e.AttemptStarted) -> TaskState:
    attempts = (*_closed(task, event.at), AttemptState(event.attempt, event.at))
    return changed(task, status="running", attempts=attempts, retry_at=None)


def _closed(task: TaskState, at: float) -> tuple[AttemptState, ...]:
    """Return a task's attempts; if a damaged journal has lost the end of one, it ends now."""
    if not task.attempts or task.attempts[-1].finished is not None:
        return task.attempts
    return (*task.attempts[:-1], changed(task.attempts[-1], finished=at))


def _latest(task: TaskState | None) -> float:
    """Return the latest time that is known of a task: nothing of it comes before."""
    if task is None or not task.attempts:
        return 0.0
    attempt = task.attempts[-1]
    times = [attempt.started if attempt.finished is None else attempt.finished]
    if attempt.steps:
        times.append(attempt.steps[-1].finished or attempt.steps[-1].started)
    return max(times)


def _retry_scheduled(task: TaskState, event: e.RetryScheduled) -> TaskState:
    return changed(task, retry_at=event.at + event.delay)


_RUN: dict[type, Callable[..., None]] = {
    e.RunStarted: _run_started,
    e.RunFinished: _run_finished,
    e.ModeChanged: _mode_changed,
    e.RunPaused: _paused,
    e.RunResumed: _resumed,
    e.CancelRequested: _cancel_requested,
    e.Sampled: _sampled,
    e.OutputMade: _output_made,
    e.Warned: _warned,
}
_TASK: dict[type, Callable[..., TaskState]] = {
    e.TaskKept: _task_kept,
    e.TaskReset: _task_reset,
    e.TaskFinished: _task_finished,
    e.AttemptStarted: _attempt_started,
    e.RetryScheduled: _retry_scheduled,
    e.PrefetchStarted: _prefetch_started,
    e.PrefetchFinished: _prefetch_finished,
}


def _on_task(change: Callable[..., TaskState]) -> Callable[[RunState, e.TaskEvent], None]:
    def apply(state: RunState, event: e.TaskEvent) -> None:
        if task := state.tasks.get(event.task):  # a damaged journal may tell of others
            state._put(task, change(task, event))

    return apply


def _on_attempt(change: Callable[..., AttemptState]) -> Callable[[RunState, e.TaskEvent], None]:
    def apply(state: RunState, event: e.TaskEvent) -> None:
        task = state.tasks.get(event.task)
        if task and task.attempts and task.attempts[-1].finished is None:
            latest = change(task.attempts[-1], event)
            state.tasks[task.id] = changed(task, attempts=(*task.attempts[:-1], latest))
        elif task and task.prefetches and isinstance(event, e.Progressed):
            ahead = prefetches.progressed(task.prefetches, event)
            state.tasks[task.id] = changed(task, prefetches=ahead)

    return apply


_CHANGES: dict[type, Callable[..., None]] = {
    **_RUN,
    **{kind: _on_task(change) for kind, change in _TASK.items()},
    **{kind: _on_attempt(change) for kind, change in ATTEMPT_CHANGES.items()},
}
