"""The plan's tasks as a graph: what each needs, and in which order they can run."""

from __future__ import annotations

import heapq
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from tui.plan.model import Plan


ON_FAILURE = "on-failure"
"""The id of the task that follows when all others have finished, and one has failed."""


class Node(NamedTuple):
    """A task's place in the graph.

    Attributes:
        id: The task's id.
        phase: Its phase's place in the plan, from 0.
        needs: Ids of the tasks that must have succeeded before it.
    """

    id: str
    phase: int
    needs: tuple[str, ...]


class CycleError(Exception):
    """Tasks need each other in a circle.

    Attributes:
        chain: The tasks' ids; each needs the next, the last is the first again.
    """

    def __init__(self, chain: Sequence[str]) -> None:
        super().__init__(" → ".join(chain))
        self.chain = tuple(chain)


class Graph:
    """Tasks and their needs; every need leads to a known task.

    Attributes:
        nodes: By id, in plan order.
        dependents: For each task, those that need it.
        phases: For each phase, its tasks' ids in plan order.
        order: All ids, phase by phase, needs before what needs them, else as the plan has them.
        position: Each id's place in `order`.

    Raises:
        CycleError: There is no such order.
    """

    def __init__(self, nodes: Iterable[Node]) -> None:
        self.nodes: dict[str, Node] = {node.id: node for node in nodes}
        self._needs = {node.id: node.needs for node in self.nodes.values()}
        self._upstream: dict[str, frozenset[str]] = {}
        self.dependents: dict[str, list[str]] = {id_: [] for id_ in self.nodes}
        self.phases: list[list[str]] = []
        for node in self.nodes.values():
            while len(self.phases) <= node.phase:
                self.phases.append([])
            self.phases[node.phase].append(node.id)
            for need in node.needs:
                self.dependents[need].append(node.id)
        self.order = self._ordered()
        self.position = {id_: i for i, id_ in enumerate(self.order)}

    @classmethod
    def of(cls, plan: Plan) -> Graph:
        """Return the graph of a plan."""
        needs = plan.needs()
        return cls(
            Node(task.id, i, needs[task.id]) for i, phase in enumerate(plan.phases) for task in phase.tasks
        )

    def _ordered(self) -> list[str]:
        rank = {id_: (node.phase, i) for i, (id_, node) in enumerate(self.nodes.items())}
        unmet = {id_: len(node.needs) for id_, node in self.nodes.items()}
        ready = [(*rank[id_], id_) for id_, count in unmet.items() if not count]
        heapq.heapify(ready)
        order: list[str] = []
        while ready:
            *_, id_ = heapq.heappop(ready)
            order.append(id_)
            for dependent in self.dependents[id_]:
                unmet[dependent] -= 1
                if not unmet[dependent]:
                    heapq.heappush(ready, (*rank[dependent], dependent))
        if len(order) < len(self.nodes):
            raise CycleError(self._cycle({id_ for id_, count in unmet.items() if count}))
        return order

    def _cycle(self, stuck: set[str]) -> list[str]:
        """Return one circle among tasks that each need another of them."""
        id_ = next(i for i in self.nodes if i in stuck)
        trail: dict[str, int] = {}
        while id_ not in trail:
            trail[id_] = len(trail)
            id_ = next(need for need in self.nodes[id_].needs if need in stuck)
        chain = list(trail)[trail[id_] :]
        rank = {id_: i for i, id_ in enumerate(self.nodes)}
        first = min(range(len(chain)), key=lambda i: rank[chain[i]])
        return [*chain[first:], *chain[:first], chain[first]]

    def upstream(self, id_: str) -> frozenset[str]:
        """Return all tasks that a task needs, directly or through others."""
        if id_ not in self._upstream:
            self._upstream[id_] = frozenset(_reached(self._needs, [id_]))
        return self._upstream[id_]

    def held_up(self, ids: Iterable[str]) -> set[str]:
        """Return all tasks that need one of some tasks, directly or through others."""
        return _reached(self.dependents, ids)


def _reached(edges: Mapping[str, Sequence[str]], ids: Iterable[str]) -> set[str]:
    """Return what edges lead to from some tasks, directly or through others."""
    found: set[str] = set()
    pending = list(ids)
    while pending:
        for id_ in edges[pending.pop()]:
            if id_ not in found:
                found.add(id_)
                pending.append(id_)
    return found
