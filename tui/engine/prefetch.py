"""Decides which steps start ahead of their tasks' places, and runs them.

What may run ahead is decided from the plan (`tui.plan.prefetch`), and when from the run's state. The attempt
to come takes over what ran ahead; see `tui.engine.attempt`.
"""

from __future__ import annotations

import heapq
from typing import TYPE_CHECKING

from tui.plan.prefetch import outlook
from tui.run import events as e

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from tui.engine.task_run import TaskRun
    from tui.plan.model import Plan
    from tui.plan.prefetch import Place, Prefetchable
    from tui.run.state import RunState


class Prefetcher:
    """The steps of waiting tasks that run ahead, one of a task at a time and in their order.

    Attributes:
        runs: The runs to come of the tasks that have a step that runs ahead, or did.
        stopping: Those whose step was cancelled and has not stopped.
    """

    def __init__(
        self, plan: Plan, state: RunState, make_run: Callable[[str], TaskRun], wake: Callable[[], None]
    ) -> None:
        """Prepare it.

        Args:
            plan: The plan.
            state: The run, which has begun.
            make_run: Makes the run to come of a task.
            wake: Called when steps may start, or none runs any more.
        """
        self._plan = plan
        self._state = state
        self._make_run = make_run
        self._wake = wake
        self.runs: dict[str, TaskRun] = {}
        self.stopping: set[TaskRun] = set()
        self._busy = 0
        self._mode = ""
        self._steps: Mapping[str, Sequence[Prefetchable]] = {}
        self._creations: set[Place] = set()  # the steps that create the nodes that others wait for
        self._asked: list[int] = []
        self._blocked: dict[str, list[str]] = {}

    def _look_ahead(self) -> None:
        """See what of the plan may run ahead in the mode that the run is in."""
        self._mode = self._state.mode
        self._steps = outlook(self._plan, barriers=self._mode != "eager")
        self._creations = {step.creation for steps in self._steps.values() for step in steps if step.creation}
        self._blocked.clear()
        self._offer(self._steps)

    def _offer(self, ids: Iterable[str]) -> None:
        for id_ in ids:
            heapq.heappush(self._asked, self._state.graph.position[id_])
            self._wake()

    def start(self) -> None:
        """Start all steps that may run ahead now."""
        state = self._state
        if not state.may_prefetch or state.paused or state.cancelling:
            return
        if state.mode != self._mode:
            self._look_ahead()
        while self._asked:
            if state.limit is not None and len(state.running) + self._busy >= state.limit:
                return
            id_ = state.graph.order[heapq.heappop(self._asked)]
            step = self._next(id_)
            if step is not None and not self._is_blocked(id_, step):
                run = self.runs.get(id_) or self._make_run(id_)
                self.runs[id_] = run
                self._busy += 1
                run.start_ahead(self._finished, await_nodes=self._is_unfinished(step.creation))

    def _next(self, id_: str) -> Prefetchable | None:
        """Return the next step of a task that may run ahead, if there is one."""
        run, steps = self.runs.get(id_), self._steps.get(id_, ())
        if self._state.tasks[id_].status != "waiting" or id_ in {each.id for each in self.stopping}:
            return None
        done = 0 if run is None else run.steps_ahead
        return steps[done] if done is not None and done < len(steps) else None

    def _is_blocked(self, id_: str, step: Prefetchable) -> bool:
        """Return whether a step still waits, and for whom it does."""
        for other in step.after:
            if self._state.tasks[other].status != "succeeded":
                self._blocked.setdefault(other, []).append(id_)
                return True
        if step.creation and not self._is_being_made(step.creation):
            self._blocked.setdefault(step.creation.task, []).append(id_)
            return True
        return False

    def _is_being_made(self, creation: Place) -> bool:
        """Return whether the step that creates a cluster runs, or has run."""
        task = self._state.tasks[creation.task]
        if task.status != "running" or task.attempt is None:
            return task.status == "succeeded"
        return bool(task.attempt.steps) and task.attempt.steps[-1].step >= creation.step

    def _is_unfinished(self, creation: Place | None) -> bool:
        """Return whether a cluster may still be on its way."""
        return creation is not None and self._state.tasks[creation.task].status != "succeeded"

    def _finished(self, run: TaskRun) -> None:
        self._busy -= 1
        self.stopping.discard(run)
        self._offer([run.id])
        self._wake()

    def take(self, id_: str) -> TaskRun | None:
        """Hand out the run of a task that starts, if a step of it ran ahead."""
        return self.runs.pop(id_, None)

    def see(self, event: e.Event) -> None:
        """Look at an event that has happened."""
        if not self._steps:
            return
        if isinstance(event, e.StepStarted):
            if (event.task, event.step) in self._creations:
                self._offer(self._blocked.pop(event.task, ()))
        elif isinstance(event, e.AttemptFinished):
            failed = {each for each in self._creations if each.task == event.task}
            if failed and event.outcome != "succeeded":  # what was loaded is gone with the cluster
                self._drop(
                    [id_ for id_ in self.runs if failed & {each.creation for each in self._steps[id_]}]
                )
        elif isinstance(event, e.TaskReset):  # what it makes is made anew
            self._drop([id_ for id_ in self._state.graph.held_up([event.task]) if id_ in self.runs])
            self._offer({event.task} & self._steps.keys())
        elif isinstance(event, e.TaskFinished):
            self._drop([event.task])
            self._offer(self._blocked.pop(event.task, ()))

    def kill(self) -> None:
        """Give up all that does not stop."""
        for run in list(self.stopping):
            run.abandon_ahead()

    def _drop(self, ids: Iterable[str]) -> None:
        """Forget what ran ahead for tasks, and stop what does; what may run ahead again is asked again."""
        for id_ in ids:
            run = self.runs.pop(id_, None)
            if run is None:
                continue
            if run.stop_ahead():
                self.stopping.add(run)
            self._offer([id_])
