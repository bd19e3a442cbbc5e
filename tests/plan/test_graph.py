"""The graph of tasks: order, circles, and how long all of them take."""

from __future__ import annotations

import sys
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.plans import make_plan
from tui.plan.graph import CycleError, Graph, Node
from tui.plan.simulation import Rules, makespan, simulate_whole

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import FrameType

    from _typeshed import TraceFunction


MODES = ("eager", "parallel", "sequential")


@st.composite
def acyclic(draw: st.DrawFn) -> list[Node]:
    """Nodes in any order, whose needs are of the same phase or earlier ones."""
    count = draw(st.integers(0, 12))
    phases = sorted(draw(st.lists(st.integers(0, 3), min_size=count, max_size=count)))
    nodes = []
    for i, phase in enumerate(phases):
        needs = draw(st.lists(st.integers(0, i - 1), max_size=4)) if i else []
        nodes.append(Node(f"t{i}", phase, tuple(f"t{need}" for need in needs)))
    return draw(st.permutations(nodes))


@st.composite
def timed(draw: st.DrawFn) -> tuple[Graph, dict[str, float]]:
    """A graph with whole seconds, whose sums are exact."""
    graph = Graph(draw(acyclic()))
    return graph, {id_: float(draw(st.integers(0, 100))) for id_ in graph.nodes}


@st.composite
def anything(draw: st.DrawFn) -> list[Node]:
    """Nodes that may need anything, themselves included."""
    count = draw(st.integers(1, 8))
    ids = [f"t{i}" for i in range(count)]
    return [Node(id_, draw(st.integers(0, 2)), tuple(draw(st.lists(st.sampled_from(ids))))) for id_ in ids]


def has_circle(nodes: list[Node]) -> bool:
    """By taking away what needs nothing, until nothing is left to take."""
    left = {node.id: set(node.needs) for node in nodes}
    while free := [id_ for id_, needs in left.items() if not needs & left.keys()]:
        for id_ in free:
            del left[id_]
    return bool(left)


@settings(deadline=None)
@given(acyclic())
def test_the_order_respects_needs_and_phases(nodes: list[Node]) -> None:
    graph = Graph(nodes)
    assert sorted(graph.order) == sorted(node.id for node in nodes)
    assert [graph.position[id_] for id_ in graph.order] == list(range(len(nodes)))
    for node in nodes:
        assert all(graph.position[need] < graph.position[node.id] for need in node.needs)
    phases = [graph.nodes[id_].phase for id_ in graph.order]
    assert phases == sorted(phases)


@settings(deadline=None)
@given(acyclic())
def test_what_may_run_in_plan_order_does(nodes: list[Node]) -> None:
    """At each place stands the first task of the plan, phase by phase, whose needs are before it."""
    graph, done = Graph(nodes), set[str]()
    for id_ in graph.order:
        ready = [n for n in nodes if n.id not in done and done.issuperset(n.needs)]
        assert min(ready, key=lambda n: n.phase).id == id_  # min takes the first of equals
        done.add(id_)


@settings(deadline=None)
@given(anything())
def test_a_circle_is_a_real_one_and_found_whenever_there_is_one(nodes: list[Node]) -> None:
    if not has_circle(nodes):
        assert len(Graph(nodes).order) == len(nodes)
        return
    with pytest.raises(CycleError) as caught:
        Graph(nodes)
    chain, needs = caught.value.chain, {node.id: node.needs for node in nodes}
    assert chain[0] == chain[-1]
    assert len(set(chain)) == len(chain) - 1
    assert all(then in needs[first] for first, then in pairwise(chain))
    assert chain[0] == min(chain)  # in plan order
    assert str(caught.value) == " → ".join(chain)


@settings(deadline=None)
@given(acyclic())
def test_upstream_and_held_up_are_each_other_reversed(nodes: list[Node]) -> None:
    graph = Graph(nodes)
    for node in nodes:
        upstream = graph.upstream(node.id)
        assert upstream == set(node.needs).union(*(graph.upstream(need) for need in node.needs))
        assert graph.held_up([node.id]) == {n.id for n in nodes if node.id in graph.upstream(n.id)}


@settings(deadline=None)
@given(timed())
def test_the_fewer_the_barriers_the_sooner_all_is_done(case: tuple[Graph, dict[str, float]]) -> None:
    graph, seconds = case
    eager, parallel, sequential = (makespan(graph, seconds, Rules(mode)) for mode in MODES)
    assert eager <= parallel <= sequential == sum(seconds.values())
    assert eager == max((longest(graph, seconds, id_) for id_ in graph.nodes), default=0)


def longest(graph: Graph, seconds: Mapping[str, float], id_: str) -> float:
    """The longest chain of needs that ends with a task."""
    return seconds[id_] + max((longest(graph, seconds, n) for n in graph.nodes[id_].needs), default=0)


@settings(deadline=None)
@given(timed(), st.sampled_from(MODES))
def test_every_start_keeps_the_rules_and_is_as_early_as_they_let_it_be(
    case: tuple[Graph, dict[str, float]], mode: str
) -> None:
    graph, seconds = case
    times = simulate_whole(graph, seconds, Rules(mode))
    ends = {id_: end for id_, (_, end) in times.items()}
    for id_, node in graph.nodes.items():
        before = set(node.needs)
        if mode == "parallel":
            before |= {n.id for n in graph.nodes.values() if n.phase < node.phase}
        elif mode == "sequential":
            before = set(graph.order[: graph.position[id_]])
        assert times[id_] == (
            start := max((ends[other] for other in before), default=0),
            start + seconds[id_],
        )


@pytest.mark.parametrize("shape", ["chain", "fan", "layers", "circle"])
def test_work_grows_with_the_plan_and_not_faster(shape: str) -> None:
    """Counted in lines run: ten times as many tasks are at most some fifteen times the work."""
    few, many = (lines_run(nodes_of(shape, count)) for count in (200, 2000))
    assert many < 15 * few


def nodes_of(shape: str, count: int) -> list[Node]:
    layer = [range(max(i // 10 * 10 - 10, 0), i // 10 * 10) for i in range(count)]
    needs = {
        "chain": [range(i - 1, i) if i else range(0) for i in range(count)],
        "fan": [range(1) if i else range(0) for i in range(count)],
        "layers": layer,
        "circle": [range((i + 1) % count, (i + 1) % count + 1) for i in range(count)],
    }[shape]
    return [Node(str(i), 0, tuple(map(str, needs[i]))) for i in range(count)]


def lines_run(nodes: list[Node]) -> int:
    count = 0

    def trace(_: FrameType, event: str, __: object) -> TraceFunction:
        nonlocal count
        count += event == "line"
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        graph = Graph(nodes)
        makespan(graph, {}, Rules("parallel"))
        graph.held_up(["0"])
        graph.upstream(nodes[-1].id)
    except CycleError:
        pass  # finding it is work as well
    finally:
        sys.settrace(before)
    return count


def test_a_graph_of_ten_thousand_in_a_row() -> None:
    graph = Graph(nodes_of("chain", 10_000))
    assert makespan(graph, dict.fromkeys(graph.nodes, 1.0), Rules("parallel")) == 10_000
    assert len(graph.upstream("9999")) == len(graph.held_up(["0"])) == 9999


def test_the_graph_of_a_plan() -> None:
    graph = Graph.of(make_plan([{"a": [], "b": ["a", "a"]}, {"c": ["b"]}]))
    assert graph.nodes["b"].needs == ("a",)
    assert graph.phases == [["a", "b"], ["c"]]
    assert graph.dependents == {"a": ["b"], "b": ["c"], "c": []}
