"""What lint says of a plan, and the plan as its rules see it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from tui.plan.graph import ON_FAILURE

if TYPE_CHECKING:
    from tui.plan.faults import Place
    from tui.plan.load import LoadedPlan
    from tui.plan.model import Task
    from tui.plan.steps import Step

Level = Literal["fault", "advice"]


@dataclass(frozen=True, slots=True)
class Remark:
    """Something questionable.

    Attributes:
        place: Where it is written.
        rule: The rule's name.
        level: `fault` if it will go wrong, `advice` if it costs time or clarity.
        text: What it is.
        hint: What to do.
    """

    place: Place
    rule: str
    level: Level
    text: str
    hint: str


class StepAt(NamedTuple):
    """A step with its task and its place in it."""

    task: Task
    number: int
    step: Step


class Subject:
    """A plan that is linted.

    Attributes:
        loaded: The plan.
        steps: The steps of all its tasks.
    """

    def __init__(self, loaded: LoadedPlan) -> None:
        self.loaded = loaded
        self.steps = [
            StepAt(t, i, s) for t in loaded.plan.tasks for i, s in enumerate(t.steps) if s.is_wanted
        ]

    def remark(self, at: StepAt, rule: str, text: str, hint: str, level: Level = "fault") -> Remark:
        """Return a remark on a step."""
        return Remark(self.loaded.place(at.task.id, "steps", at.number), rule, level, text, hint)

    def variables(self, at: StepAt) -> dict[str, Any]:
        """Return the variables that a step's files are filled in from."""
        return self.loaded.plan.variables_of(at.step, at.task.each)

    def phase(self, at: StepAt) -> int:
        """Return the place of a step's phase."""
        return self.loaded.graph.nodes[at.task.id].phase

    def before(self, first: StepAt, then: StepAt) -> bool:
        """Return whether a step has always finished before another begins."""
        if first.task.id == then.task.id:
            return first.number < then.number
        if then.task.id == ON_FAILURE:  # it begins when no other runs
            return True
        return first.task.id in self.loaded.graph.upstream(then.task.id)
