"""Steps that run ahead of their tasks' places, in a simulated run; see `tui.plan.prefetch`."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import takewhile
from typing import TYPE_CHECKING, NamedTuple

from tui.plan.contention import Part
from tui.plan.graph import Graph, Node
from tui.plan.kinds import AT_ONCE, CREATING, MAKING, ON_NODES

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from tui.insight.profile import StepParts
    from tui.run.state import RunState, TaskState

_USUALLY = 0.1  # of the time in which a cluster is created, after which its nodes run
_NODES_RUN = ("Preparing nodes", "Creating LoadBalancer")  # the spans of kind and k3d at whose end they do

UNTIL_NODES = "\0until nodes"
"""What is added to a task's id for its part until the cluster's nodes run."""


class Early(NamedTuple):
    """The steps of a task that may run ahead.

    Attributes:
        at_once: How many of its first steps need nothing.
        on_nodes: How many steps need no more than the cluster's nodes, those first ones included.
        after: The tasks that may make what they use.
        clusters: Those whose nodes the others need, by their names in the plan.
    """

    at_once: int
    on_nodes: int
    after: tuple[str, ...]
    clusters: tuple[str, ...] = ()


class Creation(NamedTuple):
    """A step that creates a cluster, and the share of its time after which nodes run."""

    task: str
    step: int
    share: float


@dataclass(frozen=True, slots=True, eq=False)
class RunAhead:
    """A run's graph, in which what may run ahead is a task of its own.

    Attributes:
        graph: That graph.
        early: The tasks of which something may run ahead.
        creations: The steps that create clusters, by the clusters' names in the plan.
        owners: The task that each of those tasks is a part of.
    """

    graph: Graph
    early: Mapping[str, Early]
    creations: Mapping[str, Creation]
    owners: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, state: RunState) -> RunAhead | None:
        """Return it for a run in eager mode; None where nothing of it may run ahead."""
        asked = state.started.prefetch if state.started else False
        early = {} if asked is False else early_steps(state)
        creations = creations_of(state)
        return cls(state.graph, early, creations).with_graph(state.graph) if early else None

    def with_graph(self, graph: Graph) -> RunAhead:
        """Return it for other needs of the same tasks."""
        owners: dict[str, str] = {}
        nodes = list(self._parted(graph, owners))
        return RunAhead(Graph(nodes), self.early, self.creations, owners)

    def _first(self, task: str) -> Creation | None:
        """Return the first step of a task that creates a cluster."""
        return min((each for each in self.creations.values() if each.task == task), default=None)

    def _nodes(self, cluster: str) -> str:
        """Return the task at whose end a cluster's nodes run; empty if none creates it."""
        if (creation := self.creations.get(cluster)) is None:
            return ""
        # One that a task creates after another is there when the task has finished.
        return creation.task + UNTIL_NODES * (creation == self._first(creation.task))

    def _parted(self, graph: Graph, owners: dict[str, str]) -> Iterator[Node]:
        for node in graph.nodes.values():
            needs = node.needs
            early = self.early.get(node.id)
            if early and early.at_once:
                owners[f"{node.id}\0at once"] = node.id
                yield Node(f"{node.id}\0at once", node.phase, early.after)
                needs = (*needs, f"{node.id}\0at once")
            if early and early.on_nodes > early.at_once:
                before = (f"{node.id}\0at once",) if early.at_once else ()
                owners[f"{node.id}\0on nodes"] = node.id
                made = dict.fromkeys(filter(None, map(self._nodes, early.clusters)))
                on_nodes = tuple(id_ for id_ in made if id_.removesuffix(UNTIL_NODES) != node.id)
                yield Node(f"{node.id}\0on nodes", node.phase, (*early.after, *before, *on_nodes))
                needs = (*needs, f"{node.id}\0on nodes")
            if self._first(node.id):
                until = f"{node.id}{UNTIL_NODES}"
                owners[until] = node.id
                yield Node(until, node.phase, needs)
                needs = (until,)
            yield Node(node.id, node.phase, needs)

    def parts(self, tasks: Mapping[str, Sequence[StepParts]]) -> dict[str, list[Part]]:
        """Return what the time of each task of the graph is made of.

        Args:
            tasks: The same by the run's tasks and their steps.
        """
        found: dict[str, list[Part]] = {}
        for id_, steps in tasks.items():
            early = self.early.get(id_, Early(0, 0, ()))
            left = [each for each in steps if not 0 <= each.step < early.on_nodes]
            if early.at_once:
                found[f"{id_}\0at once"] = _of(steps, 0, early.at_once)
            if early.on_nodes > early.at_once:
                found[f"{id_}\0on nodes"] = _of(steps, early.at_once, early.on_nodes)
            if creation := self._first(id_):
                creating = [part for each in left if each.step == creation.step for part in each.parts]
                before = _of(left, -1, creation.step)
                first, rest = _cut(creating, creation.share)
                found[f"{id_}{UNTIL_NODES}"] = before + first
                found[id_] = rest + _of(left, creation.step + 1, len(steps) + creation.step + 1)
            else:
                found[id_] = [part for each in left for part in each.parts]
        return found


def _of(steps: Iterable[StepParts], first: int, stop: int) -> list[Part]:
    return [part for each in steps if first <= each.step < stop for part in each.parts]


def _cut(parts: Iterable[Part], share: float) -> tuple[list[Part], list[Part]]:
    """Return parts up to a share of their time, and the rest."""
    parts = list(parts)
    left = share * sum(part.seconds for part in parts)
    first, rest = [], []
    for part in parts:
        taken = min(part.seconds, left)
        left -= taken
        first.append(Part(taken, part.cores))
        rest.append(Part(part.seconds - taken, part.cores))
    return first, rest


def early_steps(state: RunState, *, barriers: bool = False) -> dict[str, Early]:
    """Return the steps that may run ahead, of each task that begins with some, as far as kinds tell.

    Args:
        state: The run.
        barriers: Whether a task waits for the phases before its own, besides what it needs.
    """
    found = {}
    for task in state.tasks.values():
        on_nodes = len(list(takewhile((AT_ONCE | ON_NODES).__contains__, task.kinds)))
        if on_nodes:
            at_once = len(list(takewhile(AT_ONCE.__contains__, task.kinds)))
            before = {*state.graph.upstream(task.id)}
            if barriers:
                before.update(*state.graph.phases[: task.phase])
            after = tuple(id_ for id_ in state.tasks if id_ in before and MAKING & {*state.tasks[id_].kinds})
            loads = [i for i in range(at_once, on_nodes) if task.kinds[i] in ON_NODES]
            clusters = tuple(dict.fromkeys(cluster_of(task, i) for i in loads))
            found[task.id] = Early(at_once, on_nodes, after, clusters)
    return found


def cluster_of(task: TaskState, step: int) -> str:
    """Return the name of the cluster that a step is for; empty where the plan does not have several."""
    return task.clusters[step] if step < len(task.clusters) else ""


def creations_of(state: RunState) -> dict[str, Creation]:
    """Return the steps of a run that create clusters, by the clusters' names."""
    found: dict[str, Creation] = {}
    for task in state.tasks.values():
        for number, kind in enumerate(task.kinds):
            if kind in CREATING:
                found.setdefault(cluster_of(task, number), _creation(task, number))
    return found


def _creation(task: TaskState, number: int) -> Creation:
    attempt = task.attempt
    step = next((each for each in attempt.steps if each.step == number), None) if attempt else None
    if attempt is None or step is None or step.finished is None or step.finished <= step.started:
        return Creation(task.id, number, _USUALLY)
    ends = (span.finished for span in attempt.spans if span.name in _NODES_RUN and span.step == number)
    at = next((end for end in ends if end is not None), None)
    took = step.finished - step.started
    share = _USUALLY if at is None else min(max((at - step.started) / took, 0.0), 1.0)
    return Creation(task.id, number, share)
