from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.hosts.lines import LONGEST, LineOutput, LineSplitter


def split(*pieces: bytes) -> list[str]:
    splitter = LineSplitter()
    lines = [line for piece in pieces for line in splitter.feed(piece)]
    return lines + splitter.close()


@pytest.mark.parametrize(
    ("output", "lines"),
    [
        (b"", []),
        (b"one\ntwo\n", ["one", "two"]),
        (b"one\n\ntwo", ["one", "", "two"]),
        (b"one\r\n\r\ntwo\r\n", ["one", "", "two"]),
        (b"\r10%\r20%\r\ndone", ["10%", "20%", "done"]),
        (b"10%\r", ["10%"]),
        (b"one\r\r\ntwo", ["one", "two"]),
        ("größer\n".encode(), ["größer"]),
        (b"bad \xff byte\n", ["bad � byte"]),
        (b"cut \xc3", ["cut �"]),
        (b"a" * (LONGEST + 1) + b"\n", ["a" * LONGEST, "a"]),
        (b"a" * 2 * LONGEST, ["a" * LONGEST] * 2),
        (b"short\n" + b"a" * (LONGEST + 1) + b"\nlast\n", ["short", "a" * LONGEST, "a", "last"]),
    ],
    ids=lambda value: repr(value)[:30],
)
def test_lines_end_at_newline_and_carriage_return(output: bytes, lines: list[str]) -> None:
    assert split(output) == lines


def test_a_progress_bar_is_told_before_its_line_ends() -> None:
    splitter = LineSplitter()
    assert splitter.feed(b"10%\r") == ["10%"]
    assert splitter.feed(b"\n20%\r") == ["20%"]


@given(st.lists(st.sampled_from([b"a", b"\r", b"\n", b"\xc3", b"\xb6", b"x" * (LONGEST - 1)]), max_size=12))
def test_lines_do_not_depend_on_where_the_stream_is_cut(pieces: list[bytes]) -> None:
    assert split(*pieces) == split(b"".join(pieces))


@given(st.text(st.characters(blacklist_characters="\r\n", codec="utf-8"), min_size=1))
def test_what_has_no_end_is_one_line(text: str) -> None:
    assert split(text.encode()) == [text]


def test_of_a_progress_bar_that_nobody_can_read_what_stays_is_kept() -> None:
    kept: list[str] = []
    output = LineOutput(kept.extend, lambda: None)
    states = b"".join(b"%d of 200000\r" % i for i in range(200_000))
    pieces = [states[i : i + 65536] for i in range(0, len(states), 65536)]
    for piece in (b"before\n", *pieces, b"\nafter\n", b"1\r2\r3\r"):
        output.feed(piece)
    output.close()
    assert kept[0] == "before"
    assert kept[-5:] == ["199999 of 200000", "after", "1", "2", "3"]
    assert len(kept) <= len(pieces) + 6
    assert not output.error
