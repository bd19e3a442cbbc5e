"""Rules on what waits for what."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui.plan.graph import ON_FAILURE, Graph
from tui.plan.lint.remark import Remark
from tui.plan.simulation import Rules, makespan, simulate_whole
from tui.plan.steps import KubernetesWait

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tui.plan.graph import Node
    from tui.plan.lint.remark import Subject

_LEAST_GAIN = 1.0  # seconds: nobody changes a plan for less
_MOST_NAMED = 5


def no_timeout(subject: Subject) -> Iterator[Remark]:
    """Remark on waits that never give up by themselves."""
    for at in subject.steps:
        waits = isinstance(at.step, KubernetesWait)
        if waits and at.step.timeout is None and at.task.timeout is None:
            text = f"{at.step.kind} waits without a timeout"
            yield subject.remark(at, "no-timeout", text, "add `timeout:` to the step or its task")


def redundant_needs(subject: Subject) -> Iterator[Remark]:
    """Remark on needs that are written twice, or implied by another."""
    loaded = subject.loaded
    for task in loaded.plan.tasks:
        for i, need in enumerate(task.needs):
            through = next((o for o in task.needs if o != need and need in loaded.graph.upstream(o)), None)
            if need in task.needs[:i]:
                text = f"{task.id!r} needs {need!r} twice"
            elif through is not None:
                text = f"{task.id!r} needs {need!r}, which its need {through!r} implies"
            else:
                continue
            hint = f"remove {need!r} from the needs of {task.id!r}"
            yield Remark(loaded.place(task.id, "needs", i), "redundant-need", "advice", text, hint)


class Barriers:
    """The rule on tasks that a phase holds back from nothing that they need.

    Args:
        subject: The plan.
        seconds: How long its tasks took in a recorded run, by id. Gains are told only if it has all of them.
    """

    def __init__(self, subject: Subject, seconds: Mapping[str, float]) -> None:
        self._loaded = subject.loaded
        self._graph = subject.loaded.graph
        self._limit = subject.loaded.plan.limit
        self._seconds = seconds if seconds.keys() >= self._graph.nodes.keys() else {}

    def remarks(self) -> Iterator[Remark]:
        """Remark on each such task, with what a change would gain."""
        if self._limit == 1:
            return
        for id_, node in self._graph.nodes.items():
            if id_ == ON_FAILURE:
                continue
            upstream = self._graph.upstream(id_)
            earlier = [other for phase in self._graph.phases[: node.phase] for other in phase]
            waits_for = [other for other in earlier if other not in upstream]
            remedy = self._remedy(node, waits_for) if waits_for else None
            if remedy is None:
                continue
            more = ", …" if len(waits_for) > _MOST_NAMED else ""
            text = (
                f"{id_!r} is held back by the phases before it, though it needs none of: "
                f"{', '.join(waits_for[:_MOST_NAMED])}{more}"
            )
            gain, hint = remedy
            yield Remark(self._loaded.place(id_), "idle-barrier", "advice", text + gain, hint)

    def _remedy(self, node: Node, waits_for: list[str]) -> tuple[str, str] | None:
        """Return what a task would gain and by which means; None if that is not worth a change."""
        earliest = max((self._graph.nodes[need].phase for need in node.needs), default=0)
        reached = min(node.phase, max(self._graph.nodes[other].phase for other in waits_for) + 1)
        phases = range(earliest, reached)  # in a later one it would still wait for all of them
        if not self._seconds:
            return "", f"{self._move(phases[0])}, or use --mode eager" if phases else "use --mode eager"
        eager = self._start(self._graph, node.id) - self._start(self._graph, node.id, "eager")
        if eager < _LEAST_GAIN:
            return None
        saved, sooner, phase = max(
            ((*self._gain(node, phase), phase) for phase in phases), default=(0.0, 0.0, 0)
        )
        if saved < _LEAST_GAIN:
            return f"; with --mode eager it could start {eager:.1f} s sooner", "use --mode eager"
        there = f"; in phase {self._name(phase)} it would start {sooner:.1f} s sooner"
        return f"{there}, which saves {saved:.1f} s in all", f"{self._move(phase)}, or use --mode eager"

    def _gain(self, node: Node, phase: int) -> tuple[float, float]:
        """Return how many seconds all tasks, and one alone, are sooner if that is moved to a phase."""
        nodes = self._graph.nodes.values()
        moved = Graph(other._replace(phase=phase) if other is node else other for other in nodes)
        rules = Rules("parallel", self._limit)
        saved = makespan(self._graph, self._seconds, rules) - makespan(moved, self._seconds, rules)
        return saved, self._start(self._graph, node.id) - self._start(moved, node.id)

    def _start(self, graph: Graph, id_: str, mode: str = "parallel") -> float:
        return simulate_whole(graph, self._seconds, Rules(mode, self._limit))[id_][0]

    def _move(self, phase: int) -> str:
        return f"move it to phase {self._name(phase)}"

    def _name(self, phase: int) -> str:
        return repr(self._loaded.plan.phases[phase].id)
