"""Other people's text: its colours shown, all else that a terminal would obey taken out."""

from __future__ import annotations

import re
import unicodedata
from itertools import pairwise
from time import process_time

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.color import Color
from rich.segment import Segment
from rich.style import Style

from tui.dashboard.ansi import LIMIT, clean, clean_all, divide, overlay, render_text, spans, wrap

BASE = Style(color="#cccccc", bgcolor="#111111")
RED = Style(color=Color.from_ansi(1))

VISIBLE_MARKS = set("\u0600\u0601\u0602\u0603\u0604\u0605\u06dd\u070f\u0890\u0891\u08e2\U000110bd\U000110cd")
"""Signs of numbers and verses, which Unicode counts among the marks that are not seen."""

PIECES = [
    *(
        "\x1b[31m",
        "\x1b[m",
        "\x1b[1;4m",
        "\x1b[38;5;200m",
        "\x1b[38;2;1;2;3m",
        "\x1b[48:2::9:9:9m",
        "\x1b[2J",
    ),
    *(
        "\x1b]8;;http://x\x07",
        "\x1b]52;c;aGk=\x1b\\",
        "\x1bP1$r\x1b\\",
        "\x1b",
        "\x1b[",
        "\x1b]0;open",
        "\x9b31m",
    ),
    *(
        "\x9d0;title\x9c",
        "\x00",
        "\x07",
        "\x08",
        "\r",
        "\n",
        "\t",
        "\x7f",
        "\x85",
        "\u2028",
        "\ud800",
        "\udfff",
    ),
    *(
        "\u202e",
        "\u2066",
        "\u200b",
        "\u200d",
        "\ufeff",
        "\ufe0f",
        "\xad",
        "\U000e0041",
        "e\u0301",
        "完",
        "🕹️",
        "👩‍🚀",
    ),
    *("[/x]", "[red]", "plain text", "a", " ", "…"),
]
hostile = st.lists(st.sampled_from(PIECES) | st.text(max_size=4), max_size=30).map("".join)


def shown(text: str, limit: int = LIMIT) -> str:
    return "".join(segment.text for segment in render_text(text, BASE, limit))


def styles(text: str) -> dict[str, Style]:
    return {segment.text: segment.style or Style() for segment in render_text(text, BASE)}


@given(hostile)
@example("\x1b" * 50 + "[31m")
@example("\x9b\x9b[31mx")
def test_nothing_that_is_shown_can_be_obeyed(text: str) -> None:
    for character in set(clean(text)) - VISIBLE_MARKS:
        assert unicodedata.category(character) not in {"Cc", "Cf", "Cs", "Zl", "Zp"}, ascii(character)


def test_no_mark_that_is_not_seen_is_left() -> None:
    everything = "".join(map(chr, range(0x110000)))
    left = {c for c in clean_all(everything) if unicodedata.category(c) in {"Cc", "Cf", "Cs", "Zl", "Zp"}}
    assert left == VISIBLE_MARKS


@given(hostile)
def test_what_is_cleaned_is_what_is_rendered_and_stays_as_it_is(text: str) -> None:
    assert shown(text) == clean(text)
    assert clean(clean(text)) == clean(text)
    clean(text).encode()  # no half of a character is left


@given(hostile, st.integers(1, 40))
def test_no_more_is_looked_at_than_asked_for(text: str, limit: int) -> None:
    assert shown(text, limit) == clean(text, limit)
    assert clean_all(text) == clean(text, max(1, len(text)))


@given(st.text(st.characters(codec="ascii", categories=["L", "N", "P"]), max_size=60), st.integers(0, 50))
def test_what_is_left_out_is_counted(text: str, limit: int) -> None:
    rest = len(text) - limit
    more = f" … {rest} more character{'s' * (rest > 1)}" if rest > 0 else ""
    assert clean(text, limit) == text[:limit] + more


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("\x1b[31mred\x1b[0m", "red"),
        ("\x1b]8;;http://evil\x07link\x1b]8;;\x07", "link"),
        ("\x1b]52;c;cm0gLXJm\x07copied", "copied"),
        ("\x1bPq#0;2;0;0;0\x1b\\sixel", "sixel"),
        ("\x9b31mred\x9b0m \x9d0;title\x9cx", "red x"),
        ("up\x1b[2A\x1b[Kdown\x1bM\x1b(B", "updown"),
        ("half \x1b", "half "),
        ("50 %\r100 %", "50 %100 %"),
        ("a\tb\t\tc", "a       b               c"),
        ("完\tx", "完      x"),
        ("\x1b[1mab\x1b[0m\tc", "ab      c"),
        ("abc\u202etxt.exe\u2066", "abctxt.exe"),
        ("zero\u200bwidth\ufeff \u200d", "zerowidth "),
        ("e\u0301", "e\u0301"),
        ("Ensuring 🖼️ 👍🏽", "Ensuring 🖼 👍"),
        ("\ud83d x", "� x"),
        ("a\nb\u2028c", "a b c"),
        ("[/x] [red]", "[/x] [red]"),
        ("", ""),
    ],
)
def test_what_is_seen(text: str, expected: str) -> None:
    assert clean(text) == expected


@pytest.mark.parametrize(
    ("codes", "style"),
    [
        ("31", RED),
        ("97;44", Style(color=Color.from_ansi(15), bgcolor=Color.from_ansi(4))),
        ("38;5;200", Style(color=Color.from_ansi(200))),
        ("38:5:200", Style(color=Color.from_ansi(200))),
        ("38;2;1;2;3", Style(color=Color.from_rgb(1, 2, 3))),
        ("38:2::1:2:3", Style(color=Color.from_rgb(1, 2, 3))),
        ("48:2:1:2:3", Style(bgcolor=Color.from_rgb(1, 2, 3))),
        ("1;3;9;7", Style(bold=True, italic=True, strike=True, reverse=True)),
        ("4:3", Style(underline=True)),
        ("58;5;1;2", Style(dim=True)),
        ("1;22", Style(bold=False, dim=False)),
        ("31;39;41;49", BASE),
        ("31;1;0", Style()),
        ("31;", Style()),
        ("38;5", Style()),
        ("38;5;999", Style()),
        ("38;2;1;2", Style()),
        ("99999999999999999999;5;8", Style()),
    ],
)
def test_colours_are_shown(codes: str, style: Style) -> None:
    assert styles(f"\x1b[{codes}mx") == {"x": BASE + style}


def test_a_reset_leads_back_to_the_style_around() -> None:
    assert styles("a\x1b[31mb\x1b[mc") == {"a": BASE, "b": BASE + RED, "c": BASE}
    assert styles("\x1b[31ma\x1b[K\x1b[1mb") == {
        "a": BASE + RED,
        "b": BASE + RED + Style(bold=True),
    }


def test_a_very_long_line_costs_no_more_than_what_is_seen_of_it() -> None:
    for piece in ("x", "\x1b[31m", "\x1b", "\x1b]0;", "\t", "完", "\u202e", "\x1b[1;"):
        line = piece * (1_000_000 // len(piece))
        begin = process_time()
        clean(line)
        render_text(line, BASE)
        assert process_time() - begin < 0.5, ascii(piece)


segments = st.lists(st.text("ab 完e\u0301", max_size=8), max_size=6).map(
    lambda texts: [Segment(text, BASE) for text in texts]
)


@given(segments, st.lists(st.integers(0, 60), max_size=6).map(sorted))
def test_divided_parts_make_up_the_whole(whole: list[Segment], places: list[int]) -> None:
    text = "".join(segment.text for segment in whole)
    parts = ["".join(segment.text for segment in part) for part in divide(whole, places)]
    edges = [0, *(min(place, len(text)) for place in places), len(text)]
    assert parts == [text[a:b] for a, b in pairwise(edges)]


@given(segments, st.lists(st.integers(0, 60), max_size=6, unique=True).map(sorted))
def test_an_overlay_changes_the_style_of_its_spans_alone(whole: list[Segment], places: list[int]) -> None:
    inside = list(zip(places[::2], places[1::2], strict=False))
    laid = overlay(whole, inside, Style(bold=True))
    assert "".join(segment.text for segment in laid) == "".join(segment.text for segment in whole)
    bold = [bool(segment.style and segment.style.bold) for segment in laid for _ in segment.text]
    assert bold == [any(a <= i < b for a, b in inside) for i in range(len(bold))]


@given(hostile.map(clean), st.integers(2, 30))
def test_rows_are_full_but_not_too_full(text: str, width: int) -> None:
    starts = wrap(text, width)
    assert starts[0] == 0
    assert starts == sorted(set(starts))
    rows = [text[a:b] for a, b in zip(starts, [*starts[1:], len(text)], strict=True)]
    assert all(cell_len(row) <= width for row in rows)
    assert all(cell_len(row) > width * 2 // 3 - 2 for row in rows[:-1])


def test_rows_end_behind_a_word_where_one_ends_near() -> None:
    text = "the quick brown fox jumps"
    assert [text[a:b] for a, b in zip(wrap(text, 12), [*wrap(text, 12)[1:], None], strict=True)] == [
        "the quick ",
        "brown fox ",
        "jumps",
    ]
    assert wrap("x" * 30, 12) == [0, 12, 24]
    assert wrap("完完完", 0) == [0, 1, 2]
    assert wrap("abc", 0) == [0]


def test_matches_of_nothing_are_none() -> None:
    assert spans(re.compile("b*"), "abba") == [(1, 3)]
