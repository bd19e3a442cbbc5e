"""What lint says that a barrier costs is what the changed plan saves."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.plan.writing import HEAD, STEPS, load
from tui.plan.lint import lint

if TYPE_CHECKING:
    from pathlib import Path


def barrier_plan(phases: list[list[list[str]]]) -> str:
    """A plan by each phase's tasks, each by its needs; the tasks are called t0, t1, …"""
    text, count = "", 0
    for p, phase in enumerate(phases):
        text += f"  - id: p{p}\n    tasks:\n"
        for needs in phase:
            text += f"      - id: t{count}\n        needs: [{', '.join(needs)}]\n{STEPS}"
            count += 1
    return f"{HEAD}phases:\n{text}"


def ends(
    phase_of: dict[str, int], needs: dict[str, list[str]], seconds: dict[str, float], *, eager: bool
) -> dict[str, float]:
    """When each task ends, by asking each for its latest predecessor, over and over until nothing moves."""
    found = dict.fromkeys(needs, 0.0)
    while True:
        before = dict(found)
        for id_, own in needs.items():
            barrier = [] if eager else [other for other in needs if phase_of[other] < phase_of[id_]]
            found[id_] = seconds[id_] + max((found[other] for other in [*own, *barrier]), default=0.0)
        if found == before:
            return found


@st.composite
def barrier_plans(draw: st.DrawFn) -> list[list[list[str]]]:
    phases: list[list[list[str]]] = []
    count = 0
    for size in draw(st.lists(st.integers(1, 3), min_size=2, max_size=4)):
        phase = []
        for _ in range(size):
            ids = [f"t{i}" for i in range(count)]
            phase.append(draw(st.lists(st.sampled_from(ids), max_size=2, unique=True)) if ids else [])
            count += 1
        phases.append(phase)
    return phases


@settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(phases=barrier_plans(), times=st.lists(st.integers(0, 50), min_size=12, max_size=12))
def test_savings_are_what_the_changed_plan_saves(
    phases: list[list[list[str]]], times: list[int], tmp_path: Path
) -> None:
    loaded = load(tmp_path, barrier_plan(phases))
    phase_of = {task.id: p for p, phase in enumerate(loaded.plan.phases) for task in phase.tasks}
    needs = {task.id: list(task.needs) for task in loaded.plan.tasks}
    seconds = {id_: float(times[i]) for i, id_ in enumerate(needs)}
    now, eager = (ends(phase_of, needs, seconds, eager=mode) for mode in (False, True))
    remarks = {r.text.split("'")[1]: r for r in lint(loaded, seconds) if r.rule == "idle-barrier"}
    for id_ in needs:
        if now[id_] == eager[id_]:
            assert id_ not in remarks
    for id_, remark in remarks.items():
        assert now[id_] > eager[id_]
        moves = {}
        for phase in range(max((phase_of[n] for n in needs[id_]), default=0), phase_of[id_]):
            moved = ends(phase_of | {id_: phase}, needs, seconds, eager=False)
            moves[f"p{phase}"] = (max(now.values()) - max(moved.values()), now[id_] - moved[id_])
        if found := re.search(
            r"in phase '(.+)' it would start (.+) s sooner, which saves (.+) s", remark.text
        ):
            assert moves[found[1]] == (float(found[3]), float(found[2]))
            assert moves[found[1]] == max(moves.values())
            assert remark.hint.startswith(f"move it to phase '{found[1]}'")
        else:
            assert max((saved for saved, _ in moves.values()), default=0) <= 0
            assert f"with --mode eager it could start {now[id_] - eager[id_]:.1f} s sooner" in remark.text
            assert remark.hint == "use --mode eager"


def test_no_savings_are_told_that_would_be_wrong(tmp_path: Path) -> None:
    [remark] = lint(load(tmp_path, barrier_plan([[[]], [[]]])), {"t0": 5.0})
    assert "sooner" not in remark.text


def test_savings_keep_the_plans_limit(tmp_path: Path) -> None:
    text = barrier_plan([[[], []], [[]]]).replace(HEAD, HEAD + "limit: 2\n")
    [remark] = lint(load(tmp_path, text), {"t0": 5.0, "t1": 9.0, "t2": 5.0})
    assert "it would start 4.0 s sooner, which saves 4.0 s in all" in remark.text


def test_a_tenth_of_a_second_is_no_advice(tmp_path: Path) -> None:
    loaded = load(tmp_path, barrier_plan([[[]], [[]]]))
    assert lint(loaded, {"t0": 0.1, "t1": 50.0}) == []
