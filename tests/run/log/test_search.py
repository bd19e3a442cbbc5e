"""Searching a task's whole log, and which of its lines look like errors."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.run.writing import opened, path, write
from tui.run.log.search import Search, compile_search, tells_trouble

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["path"]


# Searching.


def found(search: Search, at: int, most: int, *, backwards: bool) -> int | None:
    while (number := search.next(at, backwards)) is None and not search.done:
        search.advance(most)
    return number


@given(
    st.lists(st.booleans(), min_size=1, max_size=60),
    st.integers(0, 60),
    st.integers(-1, 60),
    st.booleans(),
    st.integers(2, 30),
)
def test_the_next_match_is_the_next_match(
    tmp_path_factory: pytest.TempPathFactory,
    hits: list[bool],
    start: int,
    at: int,
    backwards: bool,
    most: int,
) -> None:
    path = tmp_path_factory.mktemp("log") / "t.log"
    write(path, ["hit" if hit else "" for hit in hits])
    search = Search(opened(path).view(), lambda text: text == "hit", min(start, len(hits)))
    matches = [i for i, hit in enumerate(hits) if hit]
    if backwards:
        expected = max([m for m in matches if m < at] or matches, default=None)
    else:
        expected = min([m for m in matches if m > at] or matches, default=None)
    assert found(search, at, most, backwards=backwards) == expected
    while search.advance(most):
        assert 0 <= search.part <= 1
    assert (search.done, search.count, search.part) == (True, len(matches), 1.0)
    assert [search.ordinal(number) for number in range(len(hits))] == [
        matches.index(number) + 1 if number in matches else None for number in range(len(hits))
    ]


def test_what_is_near_is_found_first(path: Path) -> None:
    write(path, ["hit" if i % 1_000 == 0 else "" for i in range(20_001)])
    search = Search(opened(path).view(), lambda text: text == "hit", 10_500)
    assert search.next(10_500) is None
    search.advance(2_000)
    assert (search.next(10_500), search.next(10_500, backwards=True)) == (11_000, 10_000)
    assert search.next(11_000) is None, "not looked at yet"
    assert search.ordinal(11_000) is None
    assert not search.done
    while search.advance():
        pass
    assert (search.next(20_000), search.next(0, backwards=True)) == (0, 20_000)
    assert search.ordinal(11_000) == 12


def test_a_search_goes_on_with_its_file(path: Path) -> None:
    write(path, ["hit", "miss"])
    file = opened(path)
    search = Search(file.view(), lambda text: text == "hit", 1)
    assert not search.advance()
    assert search.count == 1
    write(path, ["hit"])
    file.extend()
    search.advance()
    assert (search.count, search.ordinal(2)) == (2, 2)


@pytest.mark.parametrize(
    ("pattern", "text", "matches"),
    [
        ("error", "ERROR", True),
        ("Error", "error", False),
        (r"\Serror", "an xERROR", True),
        (r"\WFatal", " fatal", False),
        ("^it", "it", True),
        ("e.*r$", "error", True),
    ],
)
def test_case_counts_where_one_writes_it(pattern: str, text: str, *, matches: bool) -> None:
    assert bool(compile_search(pattern).search(text)) == matches


def test_what_is_no_pattern_says_so() -> None:
    with pytest.raises(re.error):
        compile_search("(")


@pytest.mark.parametrize(
    "text",
    [
        "E: Unable to fetch some archives",
        "ERROR: could not connect",
        "time=… level=error msg=x",
        '{"level":"error","msg":"x"}',
        "java.lang.NullPointerException: x",
        "NameError: name 'x' is not defined",
        "Traceback (most recent call last):",
        "panic: runtime error",
        "E0612 12:00:00.000000 1 reflector.go:138] x",
        "F0612 12:00:00.000000 1 main.go:1] x",
        "exit status 1",
        "exited with code 137",
        "The command '/bin/sh' returned a non-zero code: 100",
        "3 errors",
        "FAILED",
        "Back-off: CrashLoopBackOff",
        "ErrImagePull",
        "OOMKilled",
    ],
)
def test_what_looks_like_an_error(text: str) -> None:
    assert tells_trouble(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Everything is fine",
        "0 errors",
        "no error",
        "error=nil",
        '"error": null',
        '{"error":""}',
        "failed=0",
        "errors: 0",
        "exited with code 0",
        "Unpacking libgpg-error0:amd64",
        "Fetched 3 files",
        "stderr",
    ],
)
def test_what_does_not(text: str) -> None:
    assert not tells_trouble(text)
