"""The sequence that long runs keep their spans in."""

from __future__ import annotations

import time

from hypothesis import given
from hypothesis import strategies as st

from tests.plans import make_plan, started
from tui.run import events as e
from tui.run.chunks import Chunks
from tui.run.state import RunState


@given(st.integers(0, 200), st.data())
def test_it_is_a_sequence_whose_copies_leave_it_alone(length: int, data: st.DataObject) -> None:
    chunks, plain = Chunks(range(length)), list(range(length))
    for _ in range(5):
        before, old = chunks, list(chunks)
        index = data.draw(st.integers(-1, len(plain) - 1))
        if index >= 0:
            chunks, plain[index] = chunks.replaced(index, -1), -1
        else:
            chunks, plain = chunks.appended(7), [*plain, 7]
        assert (list(chunks), len(chunks)) == (plain, len(plain))
        assert [chunks[i] for i in range(len(plain))] == plain
        assert list(before) == old


def test_many_spans_fold_in_time() -> None:
    state = RunState()
    state.apply(started(make_plan([{"a": []}])))
    state.apply(e.AttemptStarted(0.0, "a", 1))
    began = time.process_time()
    for i in range(1, 20_001):
        state.apply(e.SpanStarted(float(i), "a", 1, 0, i, "pull"))
        state.apply(e.SpanFinished(i + 0.5, "a", 1, i))
    attempt = state.tasks["a"].attempt
    assert attempt is not None
    assert all(span.finished == span.started + 0.5 for span in attempt.spans)
    assert time.process_time() - began < 3.0  # one tuple of all took 40 s
