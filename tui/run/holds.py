"""Why a task does not run: one rule for the scheduler and for every view."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

from tui.plan.graph import ON_FAILURE

if TYPE_CHECKING:
    from tui.run.state import RunState

Reason = Literal["needs", "upstream", "phase", "sequential", "limit", "paused", "cancelled"]


class Hold(NamedTuple):
    """What holds a task back.

    Attributes:
        reason: `needs`: other tasks must succeed first. `upstream`: one of them did not. `phase`: an earlier
            phase has not ended. `sequential`: another task runs. `limit`: as many as may run do.
            `paused`: the run is. `cancelled`: the run was.
        tasks: The tasks that it waits for, where it waits for tasks.
        phase: The phase that it waits for, from 0, where it waits for one.
    """

    reason: Reason
    tasks: tuple[str, ...] = ()
    phase: int | None = None


def hold(state: RunState, id_: str) -> Hold | None:
    """Return what holds a task back, by plan, state, mode and limit.

    Args:
        state: The run.
        id_: A task that waits, or was skipped.

    Returns:
        The hold; None for a task that may start now, or that does not wait.
    """
    task = state.tasks[id_]
    if task.status == "skipped":
        return Hold("upstream", (task.because,) if task.because else ())
    if task.status != "waiting":
        return None
    if state.cancelling:
        return Hold("cancelled")
    needs = tuple(need for need in task.needs if state.tasks[need].status != "succeeded")
    if needs:
        return Hold("needs", needs)
    if (state.mode == "parallel" or id_ == ON_FAILURE) and task.phase > state.open_phase:
        return Hold("phase", phase=state.open_phase)
    if state.paused:
        return Hold("paused")
    if state.mode == "sequential" and state.running:
        return Hold("sequential", tuple(state.running))
    if state.limit is not None and len(state.running) >= state.limit:
        return Hold("limit", ())
    return None
