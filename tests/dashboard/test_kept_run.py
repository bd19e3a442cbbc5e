"""A kept run is read on a thread: its events, and what is added; ends of logs when asked for."""

from __future__ import annotations

import threading
import time
from dataclasses import replace
from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st

from tests.plans import make_plan, started
from tui.dashboard import kept_run as module
from tui.dashboard.frame import Model
from tui.dashboard.kept_run import KeptRun
from tui.run import events as e
from tui.run.commands import Close
from tui.run.journal import Journal, log_path, read_log_part
from tui.run.log import moment
from tui.run.log.moment import place_at, start_of_tail

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

FIRST = replace(started(make_plan([{"a": []}])), environment="kind")
DONE = [e.AttemptFinished(9.0, "a", 1, "succeeded"), e.TaskFinished(9.0, "a", "succeeded")]


def journal(path: Path, lines: int = 0) -> Journal:
    """A run whose task prints ten lines a second."""
    found = Journal(path)
    found.append(FIRST)
    found.append(e.AttemptStarted(0.0, "a", 1))
    for number in range(lines):
        found.append(e.Output(number / 10, "a", 1, 0, f"line {number}"))
    return found


def said(run: KeptRun) -> list[str]:
    tail = run.lines("a")
    return [line.text for line in tail.read(tail.first, tail.end)]


def test_only_the_ends_of_logs_are_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kept = journal(tmp_path / "run", 90)
    for event in DONE:
        kept.append(event)
    kept.close()
    monkeypatch.setattr(module, "_TAIL", 300)
    run = KeptRun(tmp_path / "run")
    assert run.feed.tail("a").end == 0  # until somebody looks at it
    assert said(run)[-1] == "line 89"
    assert 5 < len(said(run)) < 15
    early = KeptRun(tmp_path / "run", 4.0)
    early.read()
    assert said(early)[-1] == "line 40"
    frame = Model(early).pull()
    assert early.feed.now() == 4.0
    assert (frame.now, frame.tasks["a"].status) == (4.0, "running")
    assert "as it stood at 0:04" in early.read_only


@given(
    st.lists(st.floats(0, 99).map(lambda at: round(at, 3)), max_size=40).map(sorted),
    st.floats(-1, 100),
    st.data(),
)
def test_a_moment_of_a_log_is_found_without_reading_all(
    tmp_path_factory: pytest.TempPathFactory, times: list[float], at: float, data: st.DataObject
) -> None:
    path = tmp_path_factory.mktemp("run") / "run"
    kept = Journal(path)
    for number, each in enumerate(times):
        kept.append(e.Output(each, "a", 1, 0, "x" * data.draw(st.integers(0, 90)) + str(number)))
    kept.close()
    if not times:
        return
    near, moment._NEAR = moment._NEAR, 64
    try:
        place = place_at(log_path(path, "a"), at)
    finally:
        moment._NEAR = near

    def lines(start: int) -> list[str]:
        return [line for event, _ in read_log_part(path, "a", start, place) for line in event.lines]

    assert len(lines(0)) == sum(each <= at for each in times)
    start = start_of_tail(log_path(path, "a"), place, 100)
    assert place - start <= 100
    assert lines(start) == lines(0)[len(lines(0)) - len(lines(start)) :]


def test_a_run_that_another_process_goes_on_with_is_followed(tmp_path: Path) -> None:
    writing = journal(tmp_path / "run", 3)
    run = KeptRun(tmp_path / "run")
    assert run.is_live
    assert "open where it was started" in run.read_only
    model = Model(run)
    thread = threading.Thread(target=run.read)
    thread.start()

    def until(status: str, last: str) -> None:
        deadline = time.monotonic() + 10
        while (task := model.pull().tasks["a"]).status != status or said(run)[-1:] != [last]:
            assert time.monotonic() < deadline, (task, said(run))
            time.sleep(0.02)

    until("running", "line 2")
    writing.append(e.Output(5.0, "a", 1, 0, "more"))
    for event in DONE:
        writing.append(event)
    until("succeeded", "more")
    assert said(run) == ["line 0", "line 1", "line 2", "more"]
    writing.close()
    thread.join(10)
    assert not thread.is_alive()
    assert not run.over
    run.tell(Close())
    assert run.over


def test_what_comes_after_a_line_that_is_too_long_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = journal(tmp_path / "run")
    kept.append(e.Warned(1.0, "a", 1, "x" * 5000))
    for event in DONE:
        kept.append(event)
    kept.close()
    monkeypatch.setattr("tui.run.journal._LONGEST", 3000)
    run = KeptRun(tmp_path / "run")
    run.read()
    assert Model(run).pull().tasks["a"].status == "succeeded"
