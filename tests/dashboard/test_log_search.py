"""Searching a task's whole log on the screen: patterns, errors, and what is not found."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.dashboard.reading import TWICE, Host, bar, path, press, put, quick, settle, text
from tests.dashboard.viewing import rows, strips, styles

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["path", "quick"]


# Searching.


async def test_the_whole_log_is_searched(path: Path) -> None:
    await put(path, (f"line {i}" + (" Here" if i % 5_000 == 0 else "") for i in range(20_001)))
    app = Host(path)
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        log = app.log_screen.log_view
        await press(pilot, "slash", *"here")
        assert bar(app) == "/here|"
        assert log.pattern is not None
        await press(pilot, "enter")
        assert bar(app) == "/here|match 5 of 5"
        assert "▶line 20000 Here" in rows(log)
        for key, number, ordinal in (
            ("n", 0, 1),
            ("n", 5_000, 2),
            ("N", 0, 1),
            ("N", 20_000, 5),
            ("enter", 0, 1),
        ):
            await press(pilot, key)
            assert f"▶line {number} Here" in rows(log)
            assert bar(app) == f"/here|match {ordinal} of 5"
        assert text(app, "place") == "line 1"
        await put(path, ["here too"])
        await app.log_screen.pull()
        assert bar(app) == "/here|match 1 of 6"
        await press(pilot, "escape")
        assert bar(app) == ""
        assert log.current is None
        assert not any(style.underline for strip in strips(log) for _, style in styles(strip))


async def test_upper_case_counts_where_one_writes_it(path: Path) -> None:
    await put(path, ["Error", "error"])
    app = Host(path)
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await press(pilot, "slash", *"Error", "enter")
        assert bar(app) == "/Error|match 1 of 1"
        await press(pilot, "slash", "home", *["delete"] * 5, *"error", "enter")
        assert bar(app) == "/error|match 1 of 2"


async def test_what_is_seen_is_what_is_searched(path: Path) -> None:
    await put(path, ["\x1b[31mre\x1b[1md\x1b[0m\tcell"])
    app = Host(path)
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await press(pilot, "slash", *"red", "space", "plus", *"cell", "enter")
        assert bar(app) == "/red +cell|match 1 of 1"


async def test_a_pattern_that_is_none_breaks_nothing(path: Path) -> None:
    await put(path, ["one"])
    app = Host(path)
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await press(pilot, "slash", "left_parenthesis", "enter")
        assert bar(app) == "/(|no pattern: missing ), unterminated subpattern"
        await press(pilot, *"one", "right_parenthesis", "enter")
        assert bar(app) == "/(one)|match 1 of 1"
        await press(pilot, "slash", "x", "escape")
        assert bar(app) == "/(one)|match 1 of 1"
        await press(pilot, "slash", *["backspace"] * 5, *"zzz", "enter")
        assert bar(app) == "/zzz|no match"
        await press(pilot, "n", "N", "slash", *["backspace"] * 3, "enter")
        assert bar(app) == ""
        assert app.screen is app.log_screen


async def test_errors_are_gone_to_one_after_the_other(path: Path) -> None:
    await put(path, ["fine"] * 50 + ["E: first"] + ["fine"] * 50 + ["second failed"] + ["fine"] * 50)
    app = Host(path)
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        for line, ordinal in (("E: first", 1), ("second failed", 2), ("E: first", 1)):
            await press(pilot, "e")
            assert f"▶{line}" in rows(app.log_screen.log_view)
            assert bar(app) == f"lines that look like errors|error {ordinal} of 2"
        await press(pilot, "N")
        assert "▶second failed" in rows(app.log_screen.log_view)


async def test_a_search_goes_on_among_other_lines(path: Path) -> None:
    await put(path, [f"x hit {i}" for i in range(10)], "pod/x")
    await put(path, [f"y hit {i}" for i in range(10)], "pod/y", attempt=2)
    app = Host(path, TWICE)
    async with app.run_test(size=(80, 30)) as pilot:
        await settle(pilot)
        await press(pilot, "slash", *"hit", "enter")
        assert bar(app) == "/hit|match 1 of 20"
        await press(pilot, "right_square_bracket")
        assert bar(app) == "/hit|match – of 10"
        await press(pilot, "n")
        assert "match" in bar(app)
        assert bar(app).endswith("of 10")
