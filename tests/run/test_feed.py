"""What views on other threads are handed: each task's last lines, the events, and all of it as a stream."""

from __future__ import annotations

import shutil
import tempfile
import threading
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.plans import make_plan, started
from tui.run import events as e
from tui.run.feed import Feed, Tail
from tui.run.journal import Journal
from tui.run.log.line import LogLine, LogLines
from tui.run.state import fold

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

TASKS = ("a", "b", "c")


def output(task: str, *lines: str, at: float = 0.0, source: str = "") -> e.Output:
    return e.Output(at, task, 1, 0, "\n".join(lines), source)


def flat(said: Iterable[e.Event | None]) -> list[object]:
    """Events one by one, and output line by line."""
    return [
        part
        for event in said
        if event is not None
        for part in ([(event.task, line) for line in event.lines] if isinstance(event, e.Output) else [event])
    ]


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    made = Journal(tmp_path / "run")
    yield made
    made.close()


class Run:
    """What an engine does with what happens: the journal first, then the feed."""

    def __init__(self, journal: Journal) -> None:
        self.journal = journal
        self.feed = Feed(journal, keep=5)
        self.said: list[e.Event] = []

    def say(self, *events: e.Event) -> None:
        for event in events:
            self.journal.append(event)
            self.feed.put(event)
            self.said.append(event)


# A task's last lines


@given(st.lists(st.integers(1, 7), max_size=20), st.integers(1, 12), st.integers(0, 90), st.integers(0, 90))
def test_a_tail_has_the_last_lines_by_number(sizes: list[int], keep: int, start: int, stop: int) -> None:
    tail: LogLines = Tail(keep)
    assert isinstance(tail, Tail)
    told: list[LogLine] = []
    for size in sizes:
        lines = [f"line {len(told) + i}" for i in range(size)]
        told += [LogLine(line, "pod/x", 1, 0, 2.5) for line in lines]
        tail.put(output("a", *lines, at=2.5, source="pod/x"))
    assert tail.end == len(told)
    assert tail.first == max(0, len(told) - keep)
    assert tail.read(start, stop) == told[max(start, tail.first) : max(stop, 0)]


def test_of_very_long_lines_fewer_are_kept() -> None:
    tail = Tail(10)
    for i in range(10):
        tail.put(output("a", str(i) * 2000))
    assert (tail.first, tail.end) == (8, 10)
    tail.put(output("a", "x" * 100_000))
    assert (tail.first, tail.end) == (10, 11)


def test_a_feed_has_a_tail_for_each_task_and_always_the_same() -> None:
    feed = Feed(keep=2)
    before = feed.tail("a")
    assert before.read(0, 10) == []
    feed.put(output("a", "one", "two", "three"))
    assert feed.tail("a") is before
    assert [line.text for line in before.read(0, 10)] == ["two", "three"]
    assert feed.tail("b").end == 0


# Events


def test_events_are_taken_once_and_in_order_and_output_is_not_among_them() -> None:
    feed = Feed()
    first, second, third = (e.Warned(float(i), "a", 1, "w") for i in range(3))
    feed.put(first)
    feed.put(output("a", "line"))
    feed.put(second)
    assert feed.take() == [first, second]
    assert feed.take() == []
    feed.put(third)
    assert feed.take() == [third]


def test_progress_that_nobody_takes_does_not_pile_up(journal: Journal) -> None:
    run = Run(journal)
    run.say(started(make_plan([dict.fromkeys(TASKS, ())])))
    for task in TASKS:
        run.say(e.AttemptStarted(0.0, task, 1))
    run.feed.take()
    for i in range(1, 20_001):
        if i % 1000 == 0:
            run.say(output("a", f"line {i}", at=i / 1000))
        run.say(e.Progressed(i / 1000, TASKS[i % 3], 1, 0, float(i)))
        if i % 1000 == 500:
            run.say(e.Warned(i / 1000, "b", 1, f"warning {i}"))
    taken = run.feed.take()
    assert len(taken) < 12_000
    assert fold([*run.said[:4], *taken]).tasks["c"].attempts == fold(run.said).tasks["c"].attempts
    assert [ev for ev in taken if isinstance(ev, e.Warned)] == [
        ev for ev in run.said if isinstance(ev, e.Warned)
    ]
    lasting = [ev for ev in run.said if not isinstance(ev, e.Progressed)]
    assert flat(ev for ev in run.feed.read() if not isinstance(ev, e.Progressed)) == flat(lasting)


def test_time_runs_from_the_runs_begin() -> None:
    time = 100.0
    feed = Feed(clock=lambda: time)
    assert feed.now() == 0.0
    feed.put(started(make_plan([{"a": ()}])))
    time = 102.5
    assert feed.now() == 2.5


# The stream

outputs = st.tuples(st.sampled_from(TASKS), st.lists(st.text("xyz|# .1", max_size=5), min_size=1, max_size=4))
moments = st.lists(
    outputs | st.sampled_from(["event", "progress", "take", "read"]) | st.integers(1, 9), max_size=40
)


@settings(max_examples=200)
@given(moments)
def test_wherever_the_views_take_turns_the_stream_tells_all_once_and_in_order(
    moments: Sequence[tuple[str, list[str]] | str | int],
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        run = Run(Journal(Path(folder) / "run"))
        taken: list[e.Event] = []
        streamed: list[e.Event] = []
        for i, moment in enumerate(moments):
            at = i / 1000
            if isinstance(moment, int):  # the view is left in the middle
                streamed += islice(run.feed.read(), moment)
            elif moment == "event":
                run.say(e.Warned(at, "a", 1, str(i)))
            elif moment == "progress":
                run.say(e.Progressed(at, "b", 1, 0, float(i)))
            elif moment == "take":
                taken += run.feed.take()
            elif moment == "read":
                streamed += run.feed.read()
            else:
                run.say(output(moment[0], *moment[1], at=at))
        run.feed.close()
        streamed += [event for event in run.feed.follow(1.0) if event]
        taken += run.feed.take()
        run.journal.close()
    assert flat(streamed) == flat(run.said)
    assert taken == [event for event in run.said if not isinstance(event, e.Output)]


def test_what_was_said_at_once_is_streamed_at_once(journal: Journal) -> None:
    run = Run(journal)
    run.say(output("a", "one", "two"), output("a", "three", at=0.5), output("a", "four", source="pod/x"))
    run.say(*[output("a", *map(str, range(e.MOST_LINES)), at=1.0)] * 2)
    assert list(run.feed.read()) == run.said


def test_what_happens_at_one_moment_keeps_its_order(journal: Journal) -> None:
    run = Run(journal)
    run.say(
        e.StepStarted(1.0, "a", 1, 0, "build"),
        output("a", "built", at=1.0),
        e.StepFinished(1.0, "a", 1, 0),
        e.StepStarted(1.0, "a", 1, 1, "push"),
        output("a", "pushed", at=1.0),
        e.StepFinished(1.0, "a", 1, 1),
    )
    assert list(run.feed.read()) == run.said


def test_following_waits_for_what_comes_and_says_when_nothing_did(journal: Journal) -> None:
    run = Run(journal)
    following = run.feed.follow(0.01)
    assert next(following) is None
    run.say(output("a", "one"))
    assert flat([next(following)]) == [("a", "one")]

    def end() -> None:
        run.say(e.Warned(1.0, "a", 1, "last"))
        run.feed.close()

    threading.Timer(0.01, end).start()
    assert [ev.type for ev in following if ev] == ["warned"]
    assert run.feed.closed


def test_after_the_disk_has_filled_up_a_view_that_keeps_up_still_sees_all(journal: Journal) -> None:
    run = Run(journal)
    run.say(output("a", "kept"))
    journal.error = "full"
    run.say(output("a", "not kept"), e.Warned(1.0, "", 0, journal.error), output("b", "not kept either"))
    assert flat(run.feed.read()) == flat(run.said)
    for i in range(5000):
        run.say(output("a", str(i)))
    run.say(e.RunFinished(2.0, "failed"))
    *lines, last = flat(run.feed.read())
    assert isinstance(last, e.RunFinished)
    assert lines == [("a", str(i)) for i in range(len(lines))]
    assert 0 < len(lines) < 1000, "what nobody reads does not pile up"


def test_without_a_journal_the_stream_has_what_it_is_told() -> None:
    feed = Feed()
    feed.put(output("a", "one"))
    feed.put(e.RunFinished(1.0, "succeeded"))
    assert flat(feed.read()) == [("a", "one"), e.RunFinished(1.0, "succeeded")]


def test_files_that_somebody_took_away_end_no_view(journal: Journal) -> None:
    run = Run(journal)
    run.say(output("a", "one"), e.Warned(1.0, "a", 1, "w"))
    shutil.rmtree(journal.directory)
    assert [ev.type for ev in run.feed.read()] == ["warned"]
