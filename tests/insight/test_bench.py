"""What a benchmark's runs say."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.insight.running import begun, ran, tell
from tui.insight.bench import BenchRun, order, results
from tui.run import events as e

MODES = ("sequential", "parallel", "eager")


def runs(*times: float, mode: str = "eager", **more: float) -> list[BenchRun]:
    return [
        BenchRun(f"{mode}-{i}", mode, i + 1, t, "succeeded", "warm", 2, **more) for i, t in enumerate(times)
    ]


@given(st.lists(st.sampled_from(MODES), min_size=1, max_size=3, unique=True), st.integers(1, 9))
def test_modes_take_turns_and_each_is_first_as_often_as_the_others(modes: list[str], rounds: int) -> None:
    firsts = [order(modes, number)[0] for number in range(1, rounds * len(modes) + 1)]
    assert all(sorted(order(modes, number)) == sorted(modes) for number in range(1, rounds + 1))
    assert {firsts.count(mode) for mode in modes} == {rounds}


def test_the_ratio_has_the_uncertainty_of_both_means() -> None:
    fast, slow = results([*runs(18.0, 22.0, mode="parallel"), *runs(9.0, 11.0)])
    assert (fast.mode, fast.mean, fast.ratio) == ("eager", 10.0, 1.0)
    assert (slow.mode, slow.mean, slow.least, slow.most) == ("parallel", 20.0, 18.0, 22.0)
    assert fast.deviation == pytest.approx(math.sqrt(2))
    assert slow.ratio == 2.0
    assert slow.uncertainty == pytest.approx(2.0 * math.hypot(0.1, 0.1) * math.sqrt(2))


def test_a_single_run_has_no_spread() -> None:
    fast, slow = results([*runs(10.0), *runs(20.0, mode="parallel")])
    assert (fast.deviation, slow.ratio, slow.uncertainty) == (None, 2.0, None)


def test_failed_runs_and_those_that_warm_caches_do_not_count() -> None:
    failed = BenchRun("x", "eager", 2, 1.0, "failed", "warm")
    warming = BenchRun("y", "eager", 0, 1.0, "succeeded", "cold")
    (only,) = results([warming, *runs(10.0), failed])
    assert only.mean == 10.0
    assert results([failed]) == []


def test_what_is_far_from_the_others_is_an_outlier() -> None:
    (result,) = results(runs(10.0, 10.1, 9.9, 14.0))
    assert result.outliers == ("eager-3",)
    assert results(runs(10.0, 10.0, 10.2))[0].outliers == ()


def test_a_run_is_spoiled_by_what_others_did_meanwhile_or_before() -> None:
    assert [run.spoiled for run in runs(1.0, others=0.4, before=0.4)] == [""]
    assert runs(1.0, others=1.25)[0].spoiled == "others kept 1.2 of 2 cores busy"
    assert runs(1.0, before=1.0)[0].spoiled == "1.0 of 2 cores were busy before it began"


def test_a_run_tells_what_others_used_of_its_samples() -> None:
    samples = [
        e.Sampled(at, 1.0, "default", 2, 4000, 1.0, e.Usage(1.5), programs=e.Usage(0.5)) for at in (1.0, 2.0)
    ]
    state = tell(begun(phases=[{"one": []}]), *ran("one", 0.0, 2.0), *samples)
    run = BenchRun.of(state, 1)
    assert (run.seconds, run.outcome, run.cores, run.others) == (2.0, "succeeded", 2, 1.0)
    assert "others kept 1.0 of 2" in run.spoiled
