"""A task's whole log, read from its file: numbered, filtered, and never held."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.run.writing import opened, path, write
from tui.run.events import Output
from tui.run.journal import Journal
from tui.run.log.file import LONGEST, LogFile, LogSlice
from tui.run.log.line import LogLine
from tui.run.log.reader import LogReader, Window
from tui.run.log.search import Search
from tui.text import plain

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from tui.run.log.file import LogFileView

__all__ = ["path"]


def whole(view: LogFileView) -> list[LogLine]:
    while view.extend():
        pass
    return view.read(0, view.end)


def texts(lines: Iterable[LogLine]) -> list[str]:
    return [line.text for line in lines]


# What is written is read.

line = st.text(st.characters(exclude_characters="\n", exclude_categories=["Cs"]), max_size=40)
source = st.from_regex(r"([a-z/:.-][a-z/:.|-]{0,20})?", fullmatch=True)
outputs = st.lists(
    st.builds(
        Output,
        st.integers(0, 10**6).map(lambda n: n / 8),
        st.just("t"),
        st.integers(1, 3),
        st.integers(0, 9),
        line,
        source,
    ),
    max_size=20,
)


@given(outputs)
def test_what_the_journal_writes_is_read(
    tmp_path_factory: pytest.TempPathFactory, said: list[Output]
) -> None:
    folder = tmp_path_factory.mktemp("run") / "run"
    journal = Journal(folder)
    for output in said:
        journal.append(output)
    journal.close()
    expected = [LogLine(o.text, o.source, o.attempt, o.step, o.at) for o in said]
    file = opened(folder / "logs" / "t.log")
    assert whole(file.view()) == expected
    assert list(file.view().texts(0, file.lines)) == texts(expected)
    assert file.counts() == {
        kind: sum(1 for o in said if (o.attempt, o.source) == kind)
        for kind in {(o.attempt, o.source) for o in said}
    }
    for attempt in (None, 2):
        for sources in (None, frozenset({""}), frozenset({o.source for o in said[:2]})):
            assert whole(file.view(attempt, sources)) == [
                each
                for each in expected
                if attempt in {None, each.attempt} and (sources is None or each.source in sources)
            ]


def test_a_file_that_is_not_there_yet_has_no_lines(path: Path) -> None:
    file = LogFile(path)
    assert not file.extend()
    assert (file.lines, file.view().end, file.view().read(0, 9)) == (0, 0, [])
    assert file.tail() == (0, LogSlice())
    write(path, ["one"])
    assert not file.extend()
    assert texts(file.view().read(0, 9)) == ["one"]


def test_a_line_is_shown_when_it_is_whole(path: Path) -> None:
    write(path, ["one", "two"])
    data = path.read_bytes()
    file = LogFile(path)
    for length in range(len(data) + 1):
        path.write_bytes(data[:length])
        file.extend()
        assert file.lines == data[:length].count(b"\n")
    assert texts(file.view().read(0, 9)) == ["one", "two"]


def test_bytes_that_are_no_text_are_replaced(path: Path) -> None:
    path.write_bytes(b"  1.000000 #1.0 pod/\xff | bad \xff\xc3 end\n  2.000000 #1.0 | \xe5\xae\x8c\n")
    lines = whole(opened(path).view())
    assert [(each.source, each.text) for each in lines] == [("pod/�", "bad �� end"), ("", "完")]


def test_lines_that_are_not_whole_are_passed_over(path: Path) -> None:
    write(path, ["one"])
    with path.open("a") as file:
        file.write("half a line of a writer that was killed\n\n   1.0 #1.0\n")
    write(path, ["two | three", ""])
    with path.open("a") as file:
        file.write("and at the end\n")
    view = opened(path).view()
    assert texts(whole(view)) == list(view.texts(0, 9)) == ["one", "two | three", ""]


def test_the_work_of_a_call_is_bounded(path: Path) -> None:
    write(path, (f"line {i} {'x' * 100}" for i in range(10_000)))
    file = LogFile(path)
    steps = 0
    while file.extend(1):
        steps += 1
        assert 0 < file.lines < 10_000
    assert steps > 2
    assert texts(file.view().read(9_998, 10_050)) == [f"line {i} {'x' * 100}" for i in (9_998, 9_999)]


@pytest.mark.parametrize("size", [LONGEST - 30, LONGEST, LONGEST + 1, 3 * LONGEST, 9 * LONGEST])
def test_a_very_long_line_is_read_in_part(path: Path, size: int) -> None:
    write(path, ["before", "y" * size, "after"])
    file = opened(path)
    assert file.lines == 3
    before, long, after = file.view().read(0, 3)
    assert (before.text, after.text) == ("before", "after")
    shown, _, more = long.text.partition(" … ")
    assert set(shown) == {"y"}
    assert len(shown) + int(more.removesuffix(" more bytes").replace(",", "") or 0) == size
    assert list(file.view().texts(0, 3)) == texts(file.view().read(0, 3))


def test_a_long_line_may_come_in_pieces(path: Path) -> None:
    write(path, ["before"])
    file = opened(path)
    with path.open("a") as out:
        out.write("   2.000000 #1.0 pod/x | ")
        for _ in range(5):
            out.write("y" * LONGEST)
            out.flush()
            assert not file.extend()
            assert file.lines == 1
        out.write("\n")
    write(path, ["after"])
    while file.extend():
        pass
    assert [(each.source, each.text[:5]) for each in file.view().read(0, 9)] == [
        ("", "befor"),
        ("pod/x", "yyyyy"),
        ("", "after"),
    ]


def test_lines_far_apart_are_read_alone(path: Path) -> None:
    for i in range(3):
        write(path, [f"step {i}"])
        write(path, ["y" * LONGEST] * 3, "pod/x")
    assert texts(whole(opened(path).view(sources=frozenset({""})))) == ["step 0", "step 1", "step 2"]


def test_a_file_that_lost_its_end_is_no_fault(path: Path) -> None:
    write(path, ["one", "two"])
    file = opened(path)
    path.write_bytes(path.read_bytes()[:30])
    assert texts(file.view().read(0, 2)) == ["one", ""]


def test_the_end_is_known_before_the_rest(path: Path) -> None:
    write(path, ["x" * 50] * 5_000)
    write(path, [f"line {i}" for i in range(100)])
    with path.open("a") as out:
        out.write("   2.000000 #1.0 | not who")
    place, tail = LogFile(path).tail()
    assert place > 0
    assert tail.lines[-1].text == "line 99"
    file = opened(path)
    start = file.line_at(place)
    assert file.view().read(start, start + len(tail.lines)) == list(tail.lines)
    assert start + len(tail.lines) == file.lines


# Filters.


def test_a_view_grows_with_its_file(path: Path) -> None:
    write(path, ["a", "b"], "pod/x")
    file = opened(path)
    view = file.view(sources=frozenset({"pod/y"}))
    assert whole(view) == []
    write(path, ["c"], "pod/y", attempt=2)
    write(path, ["d"], "pod/x", attempt=2)
    file.extend()
    assert texts(whole(view)) == ["c"]
    assert (view.in_file(0), view.in_file(1)) == (2, 4)
    assert [view.find(number) for number in range(5)] == [0, 0, 0, 1, 1]


# What is in memory.


def test_a_window_sends_for_what_it_has_not_got(path: Path) -> None:
    write(path, [str(i) for i in range(5_000)])
    view = opened(path).view()
    missed: list[int] = []
    window = Window(view, lambda: missed.append(1))
    assert (window.first, window.end, window.read(0, 10)) == (0, 0, [])
    window.pull()
    assert window.end == 5_000
    assert texts(window.read(4_980, 5_000)) == [str(i) for i in range(4_980, 5_000)]
    assert not missed
    assert window.read(1_000, 1_040) == []
    assert missed
    window.load()
    missed.clear()
    assert texts(window.read(1_000, 1_040)) == [str(i) for i in range(1_000, 1_040)]
    assert not missed
    assert len(window.read(1_350, 1_390)) == 40
    assert missed, "more is sent for before it is needed"
    window.load()
    assert len(window.read(1_500, 1_540)) == 40


def test_a_window_takes_over_what_comes(path: Path) -> None:
    write(path, ["one"])
    file = opened(path)
    window = Window(file.view(), pytest.fail)
    window.pull()
    for i in range(20):
        write(path, [f"{i}.{j}" for j in range(i * 40)])
        file.extend()
        window.pull()
        assert window.end == file.lines
        assert window.read(file.lines - 30, file.lines) == file.view().read(file.lines - 30, file.lines)


# All of it together.


def test_a_reader_keeps_its_place_when_other_lines_are_wanted(path: Path) -> None:
    for i in range(300):
        write(path, [f"x{i}"], "pod/x", attempt=1 + i // 200)
        write(path, [f"y{i}"], "pod/y", attempt=1 + i // 200)
    reader = LogReader(path, lambda: None)
    while reader.advance():
        pass
    reader.search = Search(reader.view, lambda text: text.endswith("7"), 0)
    reader.use(reader.choose(None, frozenset({"pod/y"}), 100))
    while reader.advance():
        pass
    choice = reader.choose(2, frozenset({"pod/y"}), 50)
    assert choice.number == 0
    assert texts(choice.window.read(0, 2)) == ["y200", "y201"]
    choice = reader.choose(None, None, 51)
    assert choice.number == 103
    assert reader.view.read(50, 51)[0].text == "y50"
    assert (reader.search.done, reader.search.count) == (True, 30)


def test_the_last_lines_that_fit_are_taken(path: Path) -> None:
    write(path, [f"{i:09}" for i in range(1_000)])
    reader = LogReader(path, lambda: None)
    reader.advance()
    assert reader.last_texts(100) == [f"{i:09}" for i in range(990, 1_000)]
    assert len(reader.last_texts(10**6)) == 1_000
    assert reader.last_texts(3) == ["000000999"]


def test_a_log_is_saved_as_plain_text(path: Path, tmp_path: Path) -> None:
    write(path, ["\x1b[31mred\x1b[0m"])
    write(path, ["from a pod"], "pod/x")
    reader = LogReader(path, lambda: None)
    reader.advance()
    saved = tmp_path / "saved.log"
    assert reader.save(saved, plain) == 2
    assert saved.read_text() == "red\npod/x | from a pod\n"
    with pytest.raises(FileExistsError):
        reader.save(saved, plain)
    reader.use(reader.choose(None, frozenset({"pod/x"}), 0))
    assert reader.save(saved, plain, overwrite=True) == 1
    assert saved.read_text() == "pod/x | from a pod\n"
    with pytest.raises(OSError, match="the log itself"):
        reader.save(path, plain, overwrite=True)
