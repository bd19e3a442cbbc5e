"""Decides which tasks start now, from the run's state alone; the engine carries it out.

The rule is `tui.run.holds.hold`. This module keeps it cheap: after an event, only the tasks that the event
may have freed are asked again, so that the cost of a decision does not grow with the plan.
"""

from __future__ import annotations

import heapq
from typing import TYPE_CHECKING

from tui.run.holds import hold

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tui.run.state import RunState


class Schedule:
    """The tasks that may have become free to start, in plan order."""

    def __init__(self, state: RunState) -> None:
        self._state = state
        self._offered: list[int] = []
        self._parked: dict[int, list[str]] = {}
        self._withheld: set[str] = set()
        self.offer(id_ for id_, task in state.tasks.items() if not task.needs)

    def offer(self, ids: Iterable[str]) -> None:
        """Ask tasks again at the next decision: something that held them back has changed."""
        for id_ in ids:
            heapq.heappush(self._offered, self._state.graph.position[id_])

    def succeeded(self, id_: str) -> None:
        """Ask again the tasks that need one that has succeeded."""
        self.offer(self._state.graph.dependents[id_])

    def withhold(self, ids: Iterable[str]) -> None:
        """Let tasks not start until they are released."""
        self._withheld.update(ids)

    def release(self) -> None:
        """Release all withheld tasks."""
        self.offer(self._withheld)
        self._withheld.clear()

    def decide(self) -> str | None:
        """Return the next task to start, if one may start now."""
        self._unpark()
        while self._offered:
            position = self._offered[0]
            id_ = self._state.graph.order[position]
            if self._state.tasks[id_].status != "waiting" or id_ in self._withheld:
                heapq.heappop(self._offered)
                continue
            held = hold(self._state, id_)
            if held is None:
                heapq.heappop(self._offered)
                return id_
            if held.reason == "needs":
                heapq.heappop(self._offered)
            elif held.reason == "phase":
                heapq.heappop(self._offered)
                self._parked.setdefault(self._state.tasks[id_].phase, []).append(id_)
            else:
                return None  # it holds back every other task as well
        return None

    def _unpark(self) -> None:
        """Offer again what a phase held back, once that phase is open or the mode has no phases."""
        for phase in list(self._parked):
            if self._state.mode != "parallel" or phase <= self._state.open_phase:
                self.offer(self._parked.pop(phase))
