"""What tasks' time is made of, recovered from runs in which they slowed each other."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.engine.test_laws import MODES, Case, cases
from tests.insight.running import begun, limits, modes, ran, tell
from tui.insight.expectation import EMPTY
from tui.insight.profile import Machine, Spell, Stay, parts_of
from tui.insight.whole_run import WholeRun
from tui.plan.contention import Part, Sharing
from tui.plan.graph import Graph, Node
from tui.plan.simulation import Rules, Timeline, simulate_sharing, simulate_whole
from tui.plan.topology import Topology
from tui.run import events as e

if TYPE_CHECKING:
    from collections.abc import Sequence

TWO = Machine(2.0)
CORES = st.sampled_from([1.0, 2.0, 3.0])


def graph(case: Case) -> Graph:
    return Graph(
        Node(id_, i, tuple(needs)) for i, phase in enumerate(case.phases) for id_, needs in phase.items()
    )


@settings(max_examples=100)
@given(cases(), st.data(), limits, CORES, modes, modes)
def test_a_run_in_one_mode_foretells_that_in_another(
    case: Case, data: st.DataObject, limit: int | None, cores: float, mode: str, other: str
) -> None:
    """Of each task its start, its end and its CPU seconds are seen."""
    shape = Topology.of(graph(case))
    cpu = [float(data.draw(st.integers(0, 20))) for _ in shape.ids]
    parts = [(Part(used, 1.0), Part(case.seconds[id_])) for used, id_ in zip(cpu, shape.ids, strict=True)]

    def run(parts: Sequence[Sequence[Part]], mode: str) -> Timeline:
        return simulate_sharing(shape, Sharing(parts, cores), range(len(parts)), [(0.0, mode)], limit)

    seen = run(parts, mode)
    stays = [
        Stay(id_, 0, start, end, used)
        for id_, start, end, used in zip(shape.ids, seen.starts, seen.ends, cpu, strict=True)
    ]
    assert run(parts_of(stays, Machine(cores))[0], other).ends == pytest.approx(
        run(parts, other).ends, abs=1e-6
    )


@settings(max_examples=50)
@given(cases(), limits, st.sampled_from(MODES))
def test_with_cores_enough_tasks_do_not_slow_each_other(case: Case, limit: int | None, mode: str) -> None:
    shape = Topology.of(graph(case))
    parts = [(Part(case.seconds[id_] / 2, 1.0), Part(case.seconds[id_] / 2)) for id_ in shape.ids]
    line = simulate_sharing(shape, Sharing(parts, 100.0), range(len(parts)), [(0.0, mode)], limit)
    times = simulate_whole(graph(case), case.seconds, Rules(mode, limit))
    assert list(zip(line.starts, line.ends, strict=True)) == [
        pytest.approx(times[id_], abs=1e-6) for id_ in shape.ids
    ]


def test_on_one_core_what_computes_at_once_takes_as_long_as_in_turn() -> None:
    alone = [(Part(4.0, 1.0),), (Part(4.0, 1.0), Part(3.0)), (Part(6.0),)]
    shape = Topology.of(Graph(Node(id_, 0, ()) for id_ in "abc"))
    line = simulate_sharing(shape, Sharing(alone, 1.0), range(3), [(0.0, "eager")], None)
    assert line.ends == [8.0, 11.0, 6.0]
    stays = [Stay("a", 0, 0.0, 8.0, 4.0), Stay("b", 0, 0.0, 11.0, 4.0), Stay("c", 0, 0.0, 6.0)]
    assert parts_of(stays, Machine(1.0))[0] == alone


def test_what_used_more_than_a_core_ran_on_several() -> None:
    assert parts_of([Stay("build", 0, 0.0, 4.0, 6.0)], TWO)[0] == [(Part(4.0, 1.5),)]


def test_figures_that_cannot_be_are_taken_as_far_as_they_go() -> None:
    (parts,) = parts_of([Stay("build", 0, 0.0, 4.0, 60.0)], TWO)[0]
    assert parts == (Part(4.0, 2.0),)
    assert parts_of([Stay("odd", 0, 3.0, 3.0, 5.0), Stay("none", 0, 0.0, 0.0)], TWO)[0] == [(), ()]


def test_what_others_kept_busy_was_not_there_for_the_run() -> None:
    """For ten seconds half of one core was left, then a whole one."""
    stays = [Stay("a", 0, 0.0, 12.0, 4.5), Stay("b", 0, 0.0, 20.0, 2.0)]
    spells = [Spell(0.0, 0.5, 0.5), Spell(10.0, 1.0, 0.0)]
    assert parts_of(stays, Machine(1.0, spells))[0] == [
        (Part(4.5, 1.0), Part(0.5)),
        (Part(2.0, 1.0), Part(12.0)),
    ]


def test_a_run_on_a_busy_machine_is_simulated_as_long_as_it_took() -> None:
    """One core, for which another program competed: what it wanted besides what it got cannot be seen."""
    half = e.Usage(0.5)
    told = [
        e.Sampled(float(at), 1.0, "default", 1, 4000.0, 2.0, e.Usage(1.0), programs=half)
        for at in range(1, 21)
    ]
    state = tell(
        begun("sequential", [{"a": [], "b": []}]),
        *(event for event in ran("a", 0.0, 10.0)[:2]),
        e.CpuUsed(10.0, "a", 1, 0, 5.0),
        *ran("a", 0.0, 10.0)[2:],
        *(event for event in ran("b", 10.0, 20.0)[:2]),
        e.CpuUsed(20.0, "b", 1, 0, 5.0),
        *ran("b", 10.0, 20.0)[2:],
        *told,
    )
    whole = WholeRun.of(state, EMPTY, 20.0)
    assert whole.profile.others == pytest.approx(1.0, abs=0.05)
    assert whole.makespan == pytest.approx(20.0, rel=0.02)
    # Both at once compete with it for the core: they get two thirds of it.
    assert whole.in_mode("eager").makespan == pytest.approx(15.0, rel=0.03)
