"""How busy a host was, along the time axis."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.insight.running import begun, tell
from tui.insight.busy_axis import busiest, cpu_shares, is_scarce, level, memory_shares
from tui.insight.time_axis import Scale
from tui.run import events as e


def sample(at: float, cpu: float, memory: float = 1000.0, host: str = "default") -> e.Sampled:
    return e.Sampled(at, 1.0, host, 2, 4000, 1.0, e.Usage(cpu, memory))


@given(st.lists(st.floats(0, 2), min_size=1, max_size=30), st.integers(1, 60), st.floats(0.05, 5))
def test_no_column_leaves_the_range_of_its_samples(used: list[float], columns: int, width: float) -> None:
    samples = [sample(i + 1.0, cpu) for i, cpu in enumerate(used)]
    shares = cpu_shares(samples, Scale(0.0, width, columns))
    assert len(shares) == columns
    for column, share in enumerate(shares):
        assert (share is None) >= (column * width >= len(used))
        assert share is None or min(used) / 2 - 1e-9 <= share <= max(used) / 2 + 1e-9


def test_blocks_are_as_high_as_the_share() -> None:
    assert "".join(map(level, (None, 0.0, 0.5, 0.9, 1.0, 1.2))) == " ▁▄▇██"


def test_the_host_with_most_to_do_is_shown() -> None:
    state = tell(begun(), sample(1.0, 0.2), sample(1.0, 1.8, host="builder"), sample(2.0, 0.2))
    assert [each.host for each in busiest(state.samples)] == ["builder"]
    assert busiest({}) == ()


def test_memory_is_told_where_it_runs_out() -> None:
    samples = [sample(1.0, 1.0), sample(2.0, 1.0, memory=3700.0)]
    assert not is_scarce(samples[:1])
    assert is_scarce(samples)
    assert memory_shares(samples, Scale(0.0, 1.0, 2)) == pytest.approx([0.25, 0.925])
