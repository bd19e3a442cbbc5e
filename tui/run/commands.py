"""Which commands a run takes now, and what they would undo: the one rule of the engine and of every view."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from tui.run.state import FINAL

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from tui.run.state import RunState, TaskState

Command = Literal["retry", "retry_failed", "restart", "cancel", "cancel_run", "pause", "resume", "set_mode"]
"""The engine's commands, by the names of its methods."""

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


def refusal(state: RunState, command: Command, argument: str = "") -> str:
    """Why a run does not take a command now, in words for people; empty where it does.

    Args:
        state: The run.
        command: The command.
        argument: The task of `retry`, `restart` and `cancel`; the mode of `set_mode`.
    """
    if state.started is None:
        return "the run has not begun"
    if state.outcome:
        return "the run has ended"
    if state.cancelling:
        return "everything is being stopped"
    if command in _ON_TASK:
        task = state.tasks.get(argument)
        return f"there is no task {argument!r}" if task is None else _ON_TASK[command](state, task)
    return _ON_RUN[command](state, argument)


def rerun(state: RunState, tasks: Iterable[str]) -> list[str]:
    """The tasks that wait again when some are to be run again, needs before what needs them.

    Args:
        state: The run.
        tasks: Those that are to be run again.

    Returns:
        Those, and what was skipped for their sake; left out is what needs a task that did not succeed and is
        not run again.
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
    """The tasks that `restart` of a task would run again, needs before what needs them.

    That is the task and everything that needs it and has begun, and of what it needs itself, what did not
    succeed. Those among them that run now would be stopped first.
    """
    graph = state.graph
    unmet = {id_ for id_ in graph.upstream(task) if state.tasks[id_].status not in _OPEN}
    begun = {id_ for id_ in graph.held_up([task]) if state.tasks[id_].status != "waiting"}
    return [state.tasks[id_] for id_ in rerun(state, {task} | unmet | begun)]


def stopped(state: RunState) -> list[TaskState]:
    """The tasks that `cancel_run` would end: those that run, and those that would not run any more."""
    return state.with_status("running", "waiting")


def _retry(state: RunState, task: TaskState) -> str:
    if task.status not in {"failed", "cancelled"}:
        return f"{_standing(state, task)}; only what failed or was cancelled can be retried"
    unmet = next((state.tasks[id_] for id_ in task.needs if state.tasks[id_].status not in _OPEN), None)
    return f"{task.title} needs {_standing(state, unmet, 'which ')}" if unmet else ""


def _restart(state: RunState, task: TaskState) -> str:
    return f"{task.title} waits; it has not begun" if task.status == "waiting" else ""


def _cancel(_: RunState, task: TaskState) -> str:
    if task.status in FINAL:
        return f"{task.title} has ended already"
    return f"{task.title} is being stopped already" if task.cancelling else ""


def _retry_failed(state: RunState, _: str) -> str:
    return "" if state.with_status("failed", "cancelled") else "nothing has failed"


def _cancel_run(_: RunState, __: str) -> str:
    return ""


def _pause(state: RunState, _: str) -> str:
    return "the run is paused already" if state.paused else ""


def _resume(state: RunState, _: str) -> str:
    return "" if state.paused else "the run is not paused"


def _set_mode(state: RunState, mode: str) -> str:
    return f"the mode is {mode} already" if state.mode == mode else ""


_ON_TASK: Mapping[str, Callable[[RunState, TaskState], str]] = {
    "retry": _retry,
    "restart": _restart,
    "cancel": _cancel,
}
_ON_RUN: Mapping[str, Callable[[RunState, str], str]] = {
    "retry_failed": _retry_failed,
    "cancel_run": _cancel_run,
    "pause": _pause,
    "resume": _resume,
    "set_mode": _set_mode,
}


def _standing(state: RunState, task: TaskState, which: str = "") -> str:
    """`Tekton runs`; with `which `, `Tekton, which runs`."""
    reason = f", as it needs {state.tasks[task.because].title}" if task.because in state.tasks else ""
    return f"{task.title}{', ' if which else ' '}{which}{_STANDS[task.status]}{reason}"
