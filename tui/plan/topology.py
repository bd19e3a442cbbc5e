"""A run's graph as arrays, so that simulating the run costs little more than reading them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

if TYPE_CHECKING:
    from tui.plan.graph import Graph

_made: WeakKeyDictionary[Graph, Topology] = WeakKeyDictionary()


@dataclass(frozen=True, slots=True, eq=False)
class Topology:
    """A graph by each task's place in `Graph.order`: phase by phase, needs before what needs them.

    Attributes:
        ids: The task at each place.
        needs: The places of what each task needs.
        dependents: The places of what needs each task.
        phases: Each task's phase.
        bounds: For each phase, its first place and the place after its last.
    """

    ids: list[str]
    needs: list[tuple[int, ...]]
    dependents: list[tuple[int, ...]]
    phases: list[int]
    bounds: list[tuple[int, int]]

    @classmethod
    def of(cls, graph: Graph) -> Topology:
        """Return a graph's topology, made once for each graph."""
        if graph not in _made:
            _made[graph] = cls._make(graph)
        return _made[graph]

    @classmethod
    def _make(cls, graph: Graph) -> Topology:
        place = graph.position.__getitem__
        bounds: list[tuple[int, int]] = []
        for phase in graph.phases:
            first = bounds[-1][1] if bounds else 0
            bounds.append((first, first + len(phase)))
        return cls(
            graph.order,
            [tuple(map(place, graph.nodes[id_].needs)) for id_ in graph.order],
            [tuple(map(place, graph.dependents[id_])) for id_ in graph.order],
            [graph.nodes[id_].phase for id_ in graph.order],
            bounds,
        )
