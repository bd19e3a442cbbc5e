"""The journal: read back, cut off anywhere, written by a process that is killed."""

from __future__ import annotations

import errno
import fcntl
import os
import resource
import signal
import subprocess
import sys
import tempfile
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.plans import Scripted, make_plan, started
from tests.virtual import run_virtual
from tui.engine.engine import Engine
from tui.errors import ActionError
from tui.run import events as e
from tui.run.event_json import decode, encode
from tui.run.journal import (
    EVENTS,
    Journal,
    is_written,
    log_lines,
    read_all,
    read_events,
    read_log,
    read_log_part,
    read_started,
    read_state,
)
from tui.run.log.line import LogLine, parse_line
from tui.run.state import fold

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tui.actions.context import Context
    from tui.plan.steps import Step


def record(folder: Path) -> list[e.Event]:
    """A run with a bit of everything, kept in a folder."""

    def talk(_: Step, context: Context) -> None:
        context.span("pull", "an image").close()
        context.progress(3.0, 7.0, "objects", "applied")
        for i in range(5):
            context.log(f"line {i} | with a bar \t and a tab – ünïcode 🚀", source="pod/x" if i % 2 else "")
        context.log("")
        if context.task == "bad":
            raise ActionError("it broke", "mend it", ("detail",))

    plan = make_plan([{"good": [], "bad": []}, {"after": ["bad"]}])
    journal = Journal(folder)
    said: list[e.Event] = []
    run_virtual(
        Engine(plan, Scripted(talk), started(plan), cache=folder, journal=journal, listener=said.append).run()
    )
    journal.close()
    return said


def as_lines(said: Iterable[e.Event]) -> list[str]:
    """Events and lines of output as JSON, in no order."""
    return sorted(line for event in said for line in encode(event).decode().splitlines())


def test_all_that_was_said_is_read_back(tmp_path: Path) -> None:
    said = record(tmp_path / "run")
    assert list(read_events(tmp_path / "run")) == [ev for ev in said if not isinstance(ev, e.Output)]
    for task in ("good", "bad"):
        assert list(read_log(tmp_path / "run", task)) == [
            ev for ev in said if isinstance(ev, e.Output) and ev.task == task
        ]
    assert as_lines(read_all(tmp_path / "run")) == as_lines(said)


def test_the_journal_is_its_users_alone(tmp_path: Path) -> None:
    record(tmp_path / "run")
    assert (tmp_path / "run").stat().st_mode & 0o077 == 0
    assert all(path.stat().st_mode & 0o077 == 0 for path in (tmp_path / "run").rglob("*.*") if path.is_file())


def test_cut_off_at_any_byte_only_the_last_line_is_lost(tmp_path: Path) -> None:
    record(tmp_path / "run")
    file = tmp_path / "run" / EVENTS
    whole = file.read_bytes()
    events = list(read_events(tmp_path / "run"))
    for length in range(0, len(whole), 7):
        file.write_bytes(whole[:length])
        lines = whole[:length].count(b"\n")
        kept = list(read_events(tmp_path / "run"))
        # A cut just before the line's end leaves the whole line.
        assert kept in (events[:lines], events[: lines + 1])
        if kept:
            read_state(tmp_path / "run")


def test_a_run_killed_while_it_writes_is_read(tmp_path: Path) -> None:
    script = """
import sys
from pathlib import Path
from tui.run.events import Output, Warned
from tui.run.journal import Journal
journal = Journal(Path(sys.argv[1]))
i = 0
while True:
    journal.append(Warned(float(i), "", 1, "w" * (i % 500)))
    journal.append(Output(float(i), "t", 1, 0, "o" * (i % 500)))
    i += 1
    if i == 2000:
        print("ready", flush=True)
"""
    with subprocess.Popen(
        [sys.executable, "-c", script, str(tmp_path / "run")], stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        process.send_signal(signal.SIGKILL)
        process.wait()
    events, output = list(read_events(tmp_path / "run")), list(read_log(tmp_path / "run", "t"))
    assert len(events) >= 2000
    assert [ev.at for ev in events] == [float(i) for i in range(len(events))]
    assert [len(o.text) for o in output] == [i % 500 for i in range(len(output))]


def test_a_damaged_line_and_an_unknown_event_are_passed_over(tmp_path: Path) -> None:
    record(tmp_path / "run")
    events = list(read_events(tmp_path / "run"))
    lines = (tmp_path / "run" / EVENTS).read_text().splitlines()
    lines[3:3] = ["{not json", '{"type":"from-the-future","at":1.0}', '{"type":"warned"}', "[]", '"text"', ""]
    (tmp_path / "run" / EVENTS).write_text("\n".join(lines))
    assert list(read_events(tmp_path / "run")) == events


def test_a_full_disk_ends_the_journal_and_not_the_run(tmp_path: Path) -> None:
    plan = make_plan([{"a": []}])
    journal = Journal(tmp_path / "run")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (600, before[1]))
    try:
        state = run_virtual(Engine(plan, Scripted(), started(plan), cache=tmp_path, journal=journal).run())
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert state.outcome == "succeeded"
    assert [w.text for w in state.warnings] == ["the journal cannot be written any more: File too large"]


def test_what_does_not_fit_on_the_disk_leaves_whole_lines(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "run")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (2000, before[1]))
    try:
        for i in range(10):
            journal.append(e.Output(float(i), "a", 1, 0, "\n".join(["a line of a block"] * 10)))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        journal.close()
    assert "File too large" in journal.error
    kept = list(read_log(tmp_path / "run", "a"))
    assert kept
    assert [(line.at, line.text) for line in kept] == [
        (float(i), "a line of a block") for i in range(len(kept) // 10) for _ in range(10)
    ]
    assert (tmp_path / "run" / "logs" / "a.log").stat().st_size == journal.log_size("a")


def test_a_disk_that_takes_little_at_a_time_gets_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write = os.write
    monkeypatch.setattr(os, "write", lambda file, data: write(file, data[:7]))
    said = record(tmp_path / "run")
    assert as_lines(read_all(tmp_path / "run")) == as_lines(said)


def test_more_tasks_may_speak_than_files_may_be_open(tmp_path: Path) -> None:
    def talk(_: Step, context: Context) -> None:
        context.log(f"hello from {context.task}")

    plan = make_plan([{f"t{i}": [] for i in range(60)}])
    journal = Journal(tmp_path / "run")
    engine = Engine(plan, Scripted(talk), started(plan, "sequential"), cache=tmp_path, journal=journal)
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    free = os.dup(0)
    os.close(free)
    resource.setrlimit(resource.RLIMIT_NOFILE, (free + 20, before[1]))
    try:
        run_virtual(engine.run())
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)
    assert journal.error == ""
    assert len(list((tmp_path / "run" / "logs").iterdir())) == 60
    journal.close()


def test_a_line_of_output_that_is_not_whole_is_passed_over(tmp_path: Path) -> None:
    record(tmp_path / "run")
    kept = list(read_log(tmp_path / "run", "good"))
    with (tmp_path / "run" / "logs" / "good.log").open("a") as file:
        file.write("no line of a log\n   9.000000 #1.0 | cut o")
    assert list(read_log(tmp_path / "run", "good")) == kept


def test_progress_is_sampled_and_its_last_is_kept(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "run")
    for i in range(100):
        journal.append(e.Progressed(i / 10, "a", 1, 0, float(i), 100.0))
    journal.append(e.StepFinished(9.95, "a", 1, 0))
    journal.close()
    *told, finished = read_events(tmp_path / "run")
    assert [event.at for event in told] == [*map(float, range(10)), 9.9]
    assert isinstance(finished, e.StepFinished)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\0" * 1000,
        b"\xff\xfe{}\n",
        b"[" * 100_000,
        b'{"type":"run-started"}\n',
        b'{"type":["a"]}\n',
        b'{"type":"run-paused","at":NaN}\n',
        b"x" * 3_000_000,
    ],
)
def test_a_damaged_journal_is_no_run_and_breaks_nothing(tmp_path: Path, content: bytes) -> None:
    record(tmp_path / "run")
    whole = (tmp_path / "run" / EVENTS).read_bytes()
    (tmp_path / "run" / EVENTS).write_bytes(content)
    assert read_started(tmp_path / "run") is None
    assert read_state(tmp_path / "run").started is None
    (tmp_path / "run" / EVENTS).write_bytes(whole + content)
    assert read_state(tmp_path / "run").outcome == "failed"


@given(st.lists(st.integers(0, 100), max_size=40))
def test_any_order_and_choice_of_events_folds(chosen: list[int]) -> None:
    """A damaged journal may have lost any of them."""
    said = recorded()
    some = [said[number % len(said)] for number in chosen]
    fold(some)
    fold([said[0], *some])


@cache
def recorded() -> list[e.Event]:
    with tempfile.TemporaryDirectory() as folder:
        return [event for event in record(Path(folder) / "run") if not isinstance(event, e.Output)]


def test_a_journal_tells_whether_it_is_still_written(tmp_path: Path) -> None:
    assert not is_written(tmp_path / "run")
    journal = Journal(tmp_path / "run")
    assert is_written(tmp_path / "run")
    journal.close()
    assert not is_written(tmp_path / "run")


def test_so_it_does_where_no_file_can_be_locked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    flock, runtime = fcntl.flock, tmp_path / "run"
    runtime.mkdir()

    def refuse(file: Any, how: int) -> None:
        number = file if isinstance(file, int) else file.fileno()
        if Path(f"/proc/self/fd/{number}").readlink().parent != runtime:
            raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))
        flock(file, how)

    monkeypatch.setattr(fcntl, "flock", refuse)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(runtime))
    journal, other = Journal(tmp_path / "one"), Journal(tmp_path / "other")
    other.close()
    assert is_written(tmp_path / "one")
    assert not is_written(tmp_path / "other")
    journal.close()
    assert not is_written(tmp_path / "one")
    assert not [*runtime.iterdir()]


def test_a_folder_that_holds_a_run_is_not_taken_again(tmp_path: Path) -> None:
    record(tmp_path / "run")
    with pytest.raises(FileExistsError):
        Journal(tmp_path / "run")


lines = st.text(st.characters(codec="utf-8", exclude_characters="\n\r\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029"))


@given(lines, st.from_regex(r"[a-z/:.-]{0,20}", fullmatch=True), st.integers(1, 99), st.integers(0, 99))
@example("| a bar at its begin", "", 1, 0)
def test_any_line_of_output_survives_its_file(text: str, source: str, attempt: int, step: int) -> None:
    event = e.Output(1.5, "t", attempt, step, text, source)
    assert parse_line(log_lines(event).encode()) == LogLine(text, source, attempt, step, 1.5)


blocks = st.lists(
    st.builds(lambda *said: said, st.lists(lines, min_size=1, max_size=4), st.sampled_from(["", "pod/x"]))
)


@given(blocks, st.data())
def test_a_log_is_read_from_any_place_to_any_other(
    said: list[tuple[list[str], str]], data: st.DataObject
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        journal = Journal(Path(folder) / "run")
        output = [
            e.Output(i / 8, "t", 1, 0, "\n".join(text), source) for i, (text, source) in enumerate(said)
        ]
        places = [0]
        for event in output:
            journal.append(event)
            places.append(journal.log_size("t"))
        journal.close()
        start, stop = sorted(data.draw(st.tuples(*[st.integers(0, len(output))] * 2)))
        if output:
            part = list(read_log_part(journal.directory, "t", places[start], places[stop]))
            assert part == list(zip(output[start:stop], places[start + 1 :], strict=False))
            assert [line.text for line in read_log(journal.directory, "t")] == [
                line for event in output for line in event.lines
            ]


@given(st.lists(lines, min_size=1, max_size=5))
def test_output_is_a_line_of_json_for_each_of_its_lines(texts: list[str]) -> None:
    event = e.Output(1.5, "t", 1, 0, "\n".join(texts), "pod/x")
    each = [decode(line) for line in encode(event).split(b"\n")]
    assert each == [e.Output(1.5, "t", 1, 0, text, "pod/x") for text in texts]
