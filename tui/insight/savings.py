"""What a run would save if something in it took less time, and where that stops as other tasks decide."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tui.insight.whole_run import Simulation

if TYPE_CHECKING:
    from tui.insight.whole_run import Line, WholeRun

CUTS = (0.1, 0.25, 0.5, 1.0)
"""The shares by which something is taken to be shorter."""

_HALVINGS = 5  # of the interval in which the bend is looked for: to about a hundredth
_NOTHING = 0.005  # seconds


@dataclass(frozen=True, slots=True)
class Bend:
    """Where making something shorter begins to save less, as another path takes over.

    Attributes:
        cut: The share by which it is shorter there.
        task: The task that decides from there on.
    """

    cut: float
    task: str


@dataclass(frozen=True, slots=True)
class Savings:
    """What a run would save.

    Attributes:
        seconds: How many seconds earlier it would end for each of `CUTS`.
        bend: Where that begins to be less; None where it does not.
    """

    seconds: tuple[float, ...] = (0.0,) * len(CUTS)
    bend: Bend | None = None

    @property
    def whole(self) -> float:
        """Seconds that it would save if it took no time at all."""
        return self.seconds[-1]

    def of_part(self, share: float) -> Savings:
        """Return what it would save if only a part were shorter, such as a span, between what is known."""
        cuts, saved = (0.0, *CUTS), (0.0, *self.seconds)
        found = []
        for cut in CUTS:
            at = min(cut * share, 1.0)
            i = next(i for i, each in enumerate(cuts) if each >= at)
            low = max(i - 1, 0)
            part = (at - cuts[low]) / (cuts[i] - cuts[low]) if i else 0.0
            found.append(saved[low] + (saved[i] - saved[low]) * part)
        bend = self.bend if self.bend and share and self.bend.cut < share else None
        return Savings(tuple(found), bend and Bend(round(bend.cut / share, 2), bend.task))


class Saver:
    """Finds what a run would save, by simulating it."""

    def __init__(self, run: WholeRun) -> None:
        """Simulate it as it is.

        Args:
            run: The run.
        """
        self._simulation = Simulation(run)
        self.line = self._simulation.run()
        self._path = set(self.line.critical())

    def savings(self, task: str, step: int | None = None) -> Savings:
        """Return what it would save if a task, or one of its steps, were shorter."""
        whole = self._cut(task, step, CUTS[-1])
        if self.line.end - whole.end < _NOTHING:
            return Savings()
        lines = [*(self._cut(task, step, cut) for cut in CUTS[:-1]), whole]
        saved = tuple(max(self.line.end - line.end, 0.0) for line in lines)
        if not (taking_over := self._new(whole)):
            return Savings(saved)
        # Between the last cut with the same path and the first with another, by halves.
        bent = next(i for i, line in enumerate(lines) if self._new(line))
        low, high = (CUTS[bent - 1] if bent else 0.0), CUTS[bent]
        taking_over = self._new(lines[bent])
        for _ in range(_HALVINGS):
            middle = (low + high) / 2
            if new := self._new(self._cut(task, step, middle)):
                high, taking_over = middle, new
            else:
                low = middle
        return Savings(saved, Bend(round(high, 2), taking_over[0]))

    def _cut(self, task: str, step: int | None, cut: float) -> Line:
        return self._simulation.run(task, step, 1.0 - cut)

    def _new(self, line: Line) -> list[str]:
        """Return the tasks that decide a run's end and do not as it is, the longest first."""
        found = [task for task in line.critical() if task not in self._path]
        times = line.times if len(found) > 1 else {}
        return found if len(found) < 2 else sorted(found, key=lambda task: times[task][0] - times[task][1])
