"""A film as asciinema plays it: asciicast v3, with markers at what happened."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tui.dashboard.film.film import Film, Look, Row

_BEGIN, _END = "\x1b[?25l\x1b[2J", "\x1b[0m\x1b[?25h"


def as_cast(film: Film) -> bytes:
    """Return a film as asciicast v3: a line of JSON for the head and for each event."""
    columns, rows = film.size
    theme = {"fg": film.plain.color, "bg": film.plain.behind}
    head = {"version": 3, "term": {"cols": columns, "rows": rows}, "title": film.title}
    lines = [json.dumps(head | {"tags": ["bringup"], "x-theme": theme})]
    events = [*_drawings(film), *((mark.at, "m", mark.text) for mark in film.marks)]
    before = 0.0
    for at, kind, data in sorted(events, key=lambda event: event[0]):
        at = round(at, 3)
        lines.append(json.dumps([round(at - before, 3), kind, data], ensure_ascii=False))
        before = at
    return ("\n".join(lines) + "\n").encode(errors="replace")


def _drawings(film: Film) -> Iterator[tuple[float, str, str]]:
    """Yield what a terminal is sent: of each picture the rows that differ."""
    seen: tuple[Row, ...] = ()
    for picture in film.pictures:
        changed = [
            f"\x1b[{y + 1};1H{_colored(row)}"
            for y, row in enumerate(picture.rows)
            if not seen or row != seen[y]
        ]
        yield picture.at, "o", ("" if seen else _BEGIN) + "".join(changed)
        seen = picture.rows
    yield film.seconds, "o", f"\x1b[{film.size[1]};1H{_END}"


def _colored(row: Row) -> str:
    return "".join(f"\x1b[{_codes(look)}m{text}" for text, look in row) + "\x1b[0m"


def _codes(look: Look) -> str:
    color, behind = (";".join(str(int(code[i : i + 2], 16)) for i in (1, 3, 5)) for code in look[:2])
    return f"0;38;2;{color};48;2;{behind}" + ";1" * look.bold
