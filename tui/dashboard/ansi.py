"""Other people's text as segments: its colours are kept, what could move, hide or forge something is not."""

from __future__ import annotations

import re
from functools import lru_cache
from itertools import islice
from typing import TYPE_CHECKING

from rich.cells import cell_len, get_character_cell_size
from rich.color import Color
from rich.segment import Segment
from rich.style import Style

from tui.text import ESCAPE, SGR

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

LIMIT = 10_000
"""Characters of a line that are looked at, unless told otherwise."""

_TAB = 8
_SEQUENCE = re.compile(f"({ESCAPE.pattern})")
_C1 = re.compile("[\x90\x98\x9b-\x9f]")  # one character for what is ESC and a letter in seven bits
_UNSEEN = re.compile(
    "[\x00-\x08\x0a-\x1f\x7f-\x9f\xad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f"
    "\ud800-\udfff\ufe00-\ufe0f\ufeff\ufff9-\ufffb"
    "\U0001f3fb-\U0001f3ff\U00013430-\U0001345f\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
)
"""Controls, marks of direction, what has no width, and halves of characters.

Variation selectors and skin tones are among them: terminals do not agree on how wide they make an emoji.
"""
_SEEN_AS = {"\n": " ", "\u2028": " ", "\u2029": " "}

_ATTRIBUTES = {
    1: Style(bold=True),
    2: Style(dim=True),
    3: Style(italic=True),
    4: Style(underline=True),
    7: Style(reverse=True),
    9: Style(strike=True),
    21: Style(underline=True),
    22: Style(bold=False, dim=False),
    23: Style(italic=False),
    24: Style(underline=False),
    27: Style(reverse=False),
    29: Style(strike=False),
}
"""What SGR numbers switch; blinking and concealing are left out on purpose."""


def clean(text: str, limit: int = LIMIT) -> str:
    """Return somebody else's text as it is seen: no control sequence, tabs as spaces.

    Args:
        text: Any text.
        limit: Characters that are looked at; how many are left is said at the end.
    """
    if len(text) <= limit and _is_plain(text):
        return text
    pieces, rest = _pieces(text, limit)
    return "".join([shown for _, shown in pieces]) + _more(rest)


def clean_all(text: str) -> str:
    """Return a text as `clean` does, however long it is."""
    return clean(text, len(text))


def render_text(text: str, style: Style, limit: int = LIMIT) -> list[Segment]:
    """Return somebody else's text as `clean` shows it, in its colours.

    Args:
        text: Any text.
        style: What it looks like where it does not say so itself.
        limit: As for `clean`.
    """
    if len(text) <= limit and _is_plain(text):
        return [Segment(text, style)] if text else []
    pieces, rest = _pieces(text, limit)
    segments = []
    current = style
    for codes, shown in pieces:
        if codes:
            current = _styled(codes, current, style)
        segments.append(Segment(shown, current))
    if rest:
        segments.append(Segment(_more(rest), style + Style(italic=True)))
    return segments


def _more(count: int) -> str:
    return f" … {count:,} more character{'s' if count > 1 else ''}" if count else ""


def _pieces(text: str, limit: int) -> tuple[list[tuple[str, str]], int]:
    """Cut a text at its control sequences, which do not count towards the limit.

    Returns:
        What is seen, each piece with the SGR numbers before it, and how many characters were left out.
    """
    head = text[: 4 * limit]  # a text of nothing but control sequences ends somewhere, too
    if _C1.search(head):
        head = _C1.sub(lambda c: "\x1b" + chr(ord(c[0]) - 0x40), head)
    rest = len(text) - min(len(text), 4 * limit)
    tabs = "\t" in head
    pieces: list[tuple[str, str]] = []
    codes, column = "", 0
    for i, part in enumerate(_SEQUENCE.split(head)):
        if i % 2:
            if SGR.fullmatch(part):
                codes += f"{part[2:-1]};"
            continue
        shown = _seen(part[:limit])
        if tabs:
            shown = _expanded(shown, column)
            column += cell_len(shown)
        if shown:
            pieces.append((codes[:-1] if codes != ";" else "0", shown))
            codes = ""
        rest += max(0, len(part) - limit)
        limit -= min(limit, len(part))
    return pieces, rest


def _is_plain(text: str) -> bool:
    """Return whether a text is seen just as it is."""
    return text.isprintable() and (text.isascii() or _UNSEEN.search(text) is None)


def _seen(text: str) -> str:
    return text if _is_plain(text) else _UNSEEN.sub(_replacement, text)


def _replacement(found: re.Match[str]) -> str:
    return "�" if "\ud800" <= found[0] <= "\udfff" else _SEEN_AS.get(found[0], "")


def _expanded(text: str, column: int) -> str:
    """Return a text with spaces for tabs; `column` is where it begins."""
    *parts, last = text.split("\t")
    for i, part in enumerate(parts):
        column += cell_len(part)
        parts[i] = part + " " * (_TAB - column % _TAB)
        column += _TAB - column % _TAB
    return "".join([*parts, last])


@lru_cache(2048)
def _styled(codes: str, style: Style, base: Style) -> Style:
    """Return a style after some SGR numbers; `base` is what a reset leads back to."""
    fields = iter(codes.split(";"))
    for field in fields:
        code, *parts = field.split(":")
        number = _number(code)
        if number in {38, 48, 58}:
            color = _color(parts or _color_fields(fields))
            if color and number != 58:  # the colour of an underline is not shown
                style += Style(color=color) if number == 38 else Style(bgcolor=color)
        elif number == 4 and parts:
            style += Style(underline=parts[0] != "0")
        else:
            style = _switched(number, style, base)
    return style


def _switched(number: int, style: Style, base: Style) -> Style:
    match number:
        case 0:
            return base
        case 39:
            return style + Style(color=base.color or Color.default())
        case 49:
            return style + Style(bgcolor=base.bgcolor or Color.default())
        case _ if number in _ATTRIBUTES:
            return style + _ATTRIBUTES[number]
        case _ if 30 <= number < 38 or 90 <= number < 98:
            return style + Style(color=Color.from_ansi(number - 30 if number < 90 else number - 82))
        case _ if 40 <= number < 48 or 100 <= number < 108:
            return style + Style(bgcolor=Color.from_ansi(number - 40 if number < 100 else number - 92))
    return style


def _number(field: str) -> int:
    return int(field[:4] or "0")


def _color_fields(fields: Iterator[str]) -> list[str]:
    """Take the fields that name a colour in the form with semicolons."""
    kind = next(fields, "")
    count = {"5": 1, "2": 3}.get(kind, 0)
    return [kind, *islice(fields, count)]


def _color(parts: Sequence[str]) -> Color | None:
    """Return the colour that `5:n` or `2:r:g:b` names, the latter with or without a colour space."""
    kind, *rest = parts
    values = [_number(part) for part in rest[-3:]]
    if any(value > 255 for value in values):
        return None
    if kind == "5" and len(values) == 1:
        return Color.from_ansi(values[0])
    return Color.from_rgb(*values) if kind == "2" and len(values) == 3 else None


def divide(segments: Iterable[Segment], places: Sequence[int]) -> list[list[Segment]]:
    """Cut segments at characters.

    Args:
        segments: What is cut.
        places: Where, in ascending order.

    Returns:
        One more part than there are places; any of them may be empty.
    """
    parts: list[list[Segment]] = [[]]
    position = 0
    for text, style, _ in segments:
        start = 0
        while len(parts) <= len(places) and places[len(parts) - 1] <= position + len(text):
            cut = places[len(parts) - 1] - position
            if cut > start:
                parts[-1].append(Segment(text[start:cut], style))
            parts.append([])
            start = max(start, cut)
        if start < len(text):
            parts[-1].append(Segment(text[start:], style))
        position += len(text)
    return parts + [[] for _ in range(len(places) + 1 - len(parts))]


def overlay(segments: Iterable[Segment], spans: Iterable[tuple[int, int]], style: Style) -> list[Segment]:
    """Put a style over some characters of segments.

    Args:
        segments: What is styled.
        spans: From which character up to but not including which; ascending, without overlap.
        style: What is added to the style that is there.
    """
    parts = divide(segments, [place for span in spans for place in span])
    for part in parts[1::2]:
        part[:] = [Segment(text, (old or Style.null()) + style) for text, old, _ in part]
    return [segment for part in parts for segment in part]


def wrap(text: str, width: int) -> list[int]:
    """Return where each row begins when a text is broken: behind a space, if one is near the row's end.

    Args:
        text: As `clean` gives it.
        width: Cells of a row; a single character may be wider.
    """
    starts = [0]
    if text.isascii():
        while len(text) - starts[-1] > width > 0:
            starts.append(_break(text, starts[-1], starts[-1] + width))
        return starts
    cells = [get_character_cell_size(character) for character in text]
    filled = 0
    for i, size in enumerate(cells):
        filled += size
        if filled > width and i > starts[-1]:
            starts.append(_break(text, starts[-1], i))
            filled = sum(cells[starts[-1] : i + 1])
    return starts


def _break(text: str, start: int, stop: int) -> int:
    """Return where to break a row that cannot go beyond `stop`; a third of it may stay empty."""
    space = text.rfind(" ", start + (stop - start) * 2 // 3 + 1, stop)
    return stop if space < 0 or text[stop] == " " else space + 1


def spans(pattern: re.Pattern[str], text: str) -> list[tuple[int, int]]:
    """Return where a pattern matches a text; empty matches are left out."""
    return [found.span() for found in pattern.finditer(text) if found.end() > found.start()]
