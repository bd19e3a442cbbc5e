"""Commands for a running engine, and why a run refuses one: the one rule of the engine and of every view.

To add a command, write its class here, its handler in `tui.engine.engine`, and a binding for its key.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui.run.light import dataclass
from tui.run.state import FINAL

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tui.run.state import RunState, TaskState

_OPEN = frozenset({"waiting", "running", "succeeded"})
"""The states in which a task may let what needs it run, now or later."""

_STANDS = {
    "waiting": "waits",
    "running": "runs",
    "succeeded": "has succeeded",
    "failed": "has failed",
    "cancelled": "was cancelled",
    "skipped": "was skipped",
}


@dataclass(frozen=True, slots=True)
class Command:
    """What a view may ask of a run."""

    def refusal(self, state: RunState) -> str:
        """Return why the run refuses the command now, in words for people; empty if it does not."""
        if state.started is None:
            return "the run has not begun"
        if state.outcome:
            return "the run has finished"
        if state.cancelling:
            return "everything is being stopped"
        return self._reason(state)

    def _reason(self, state: RunState) -> str:
        """Return what speaks against this command in a run that takes commands."""
        return ""


@dataclass(frozen=True, slots=True)
class _TaskCommand(Command):
    """A command for one task.

    Attributes:
        task: The task's id.
    """

    task: str

    def _reason(self, state: RunState) -> str:
        task = state.tasks.get(self.task)
        return f"there is no task {self.task!r}" if task is None else self._task_reason(state, task)

    def _task_reason(self, state: RunState, task: TaskState) -> str:
        return ""


@dataclass(frozen=True, slots=True)
class Retry(_TaskCommand):
    """Run a failed or cancelled task again, and then what it held up."""

    def _task_reason(self, state: RunState, task: TaskState) -> str:
        if task.status not in {"failed", "cancelled"}:
            return f"{_standing(state, task)}; only what failed or was cancelled can be retried"
        unmet = next((state.tasks[id_] for id_ in task.needs if state.tasks[id_].status not in _OPEN), None)
        return f"{task.title} needs {_standing(state, unmet, 'which ')}" if unmet else ""


@dataclass(frozen=True, slots=True)
class Restart(_TaskCommand):
    """Run a task again and everything that needs it, whatever has become of it.

    Those of them that run are stopped first, and none starts again before all of these have finished.
    """

    def _task_reason(self, state: RunState, task: TaskState) -> str:
        return f"{task.title} waits; it has not begun" if task.status == "waiting" else ""


@dataclass(frozen=True, slots=True)
class Cancel(_TaskCommand):
    """Stop a task: what it started is stopped within three seconds. What needs it is skipped."""

    def _task_reason(self, state: RunState, task: TaskState) -> str:
        if task.status in FINAL:
            return f"{task.title} has finished already"
        return f"{task.title} is being stopped already" if task.cancelling else ""


@dataclass(frozen=True, slots=True)
class RetryFailed(Command):
    """Run all failed and cancelled tasks again, and then what they held up."""

    def _reason(self, state: RunState) -> str:
        return "" if state.with_status("failed", "cancelled") else "nothing has failed"


@dataclass(frozen=True, slots=True)
class CancelRun(Command):
    """Stop everything; the run finishes when all tasks have."""

    def _reason(self, state: RunState) -> str:
        return _nothing_left(state, "cancel")


@dataclass(frozen=True, slots=True)
class Pause(Command):
    """Start nothing more, retries included; what runs goes on."""

    def _reason(self, state: RunState) -> str:
        return "the run is paused already" if state.paused else _nothing_left(state, "pause")


@dataclass(frozen=True, slots=True)
class Resume(Command):
    """Start tasks again after a pause."""

    def _reason(self, state: RunState) -> str:
        return "" if state.paused else "the run is not paused"


@dataclass(frozen=True, slots=True)
class SetMode(Command):
    """Change the mode; what runs goes on.

    Attributes:
        mode: The new mode.
    """

    mode: str

    def _reason(self, state: RunState) -> str:
        return f"the mode is {self.mode} already" if state.mode == self.mode else ""


@dataclass(frozen=True, slots=True)
class _UnrefusedCommand(Command):
    """A command that every run takes at any moment."""

    def refusal(self, state: RunState) -> str:
        """Return nothing: no run refuses it."""
        return ""


@dataclass(frozen=True, slots=True)
class Stay(_UnrefusedCommand):
    """Keep the run open for commands when all tasks have finished."""


@dataclass(frozen=True, slots=True)
class Close(_UnrefusedCommand):
    """Finish the run as soon as all tasks have finished."""


@dataclass(frozen=True, slots=True)
class Kill(_UnrefusedCommand):
    """Stop everything at once, without time to tidy up."""


def rerun(state: RunState, tasks: Iterable[str]) -> list[str]:
    """Return the tasks that wait again when some are to be run again, needs before what needs them.

    Args:
        state: The run.
        tasks: Ids of those that are to be run again.

    Returns:
        Their ids, and those of tasks that were skipped for their sake; left out is what needs a task that did
        not succeed and is not run again.
    """
    wanted = set(tasks)
    again: dict[str, None] = {}
    for id_ in sorted(wanted | state.graph.held_up(wanted), key=state.graph.position.__getitem__):
        task = state.tasks[id_]
        if (id_ in wanted or task.status == "skipped") and all(
            need in again or state.tasks[need].status in _OPEN for need in task.needs
        ):
            again[id_] = None
    return list(again)


def restarted(state: RunState, task: str) -> list[TaskState]:
    """Return the tasks that `Restart` of a task would run again, needs before what needs them.

    That is the task and everything that needs it and has begun, and of what it needs itself, what did not
    succeed. Those among them that run now would be stopped first.
    """
    graph = state.graph
    unmet = {id_ for id_ in graph.upstream(task) if state.tasks[id_].status not in _OPEN}
    begun = {id_ for id_ in graph.held_up([task]) if state.tasks[id_].status != "waiting"}
    return [state.tasks[id_] for id_ in rerun(state, {task} | unmet | begun)]


def stopped(state: RunState) -> list[TaskState]:
    """Return the tasks that `CancelRun` would stop, or never let start."""
    return state.with_status("running", "waiting")


def _nothing_left(state: RunState, what: str) -> str:
    return "" if state.unfinished else f"all tasks have finished: there is nothing to {what}"


def _standing(state: RunState, task: TaskState, which: str = "") -> str:
    """Return `Tekton runs`; with `which `, `Tekton, which runs`."""
    reason = f", as it needs {state.tasks[task.because].title}" if task.because in state.tasks else ""
    return f"{task.title}{', ' if which else ' '}{which}{_STANDS[task.status]}{reason}"
