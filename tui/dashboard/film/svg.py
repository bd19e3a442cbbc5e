"""A film as an animated SVG, which plays without scripts: each row is there for as long as it was shown."""

from __future__ import annotations

import html
import re
from typing import TYPE_CHECKING, NamedTuple

from rich.cells import cell_len

from tui.errors import BringupError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tui.dashboard.film.film import Film, Look, Row

MOST = 2_000_000
"""Bytes of a picture that GitHub shows in a README without complaint."""

_WIDTH, _HEIGHT, _EDGE = 8.4, 17, 12
_FONT = "ui-monospace,SFMono-Regular,Menlo,Consolas,'DejaVu Sans Mono','Liberation Mono',monospace"
_WORDS = re.compile(r"\S+(?: \S+)*")  # more blanks than one would be drawn as one
_INVALID = re.compile("[\x00-\x08\x0b-\x1f\ud800-\udfff\ufffe\uffff]")


class _Shown(NamedTuple):
    """A row, and when it was shown, as parts of the film from 0 to 1."""

    row: Row
    start: float
    end: float


def as_svg(film: Film) -> bytes:
    """Return a film as SVG; with fewer pictures where it would be too large.

    Raises:
        BringupError: It is too large all the same.
    """
    while len(data := _drawn(film).encode()) > MOST:
        if len(film.pictures) < 3:
            raise BringupError("the picture is larger than 2 MB", "make it smaller by `--size`")
        film = film.thinned()
    return data


def _drawn(film: Film) -> str:
    columns, rows = film.size
    width, height = round(columns * _WIDTH + 2 * _EDGE), rows * _HEIGHT + 2 * _EDGE
    looks: dict[Look, str] = {}
    body = [
        drawn
        for y in range(rows)
        for shown in _shown(film, y)
        if (drawn := _drawn_row(shown, y, film, looks))
    ]
    style = "".join(
        f".{name}{{fill:{look.color}{';font-weight:bold' if look.bold else ''}}}"
        for look, name in looks.items()
    )
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img">',
            f"<title>{_text(film.title)}</title>",
            f"<style>text{{font:14px {_FONT}}}{style}</style>",
            f'<rect width="{width}" height="{height}" rx="8" fill="{film.plain.behind}"/>',
            *body,
            "</svg>\n",
        ]
    )


def _shown(film: Film, y: int) -> Iterator[_Shown]:
    """Yield what a line of the screen showed, each for as long as it stayed."""
    start, row = 0.0, film.pictures[0].rows[y]
    for picture in film.pictures[1:]:
        if picture.rows[y] != row:
            yield _Shown(row, start / film.seconds, picture.at / film.seconds)
            start, row = picture.at, picture.rows[y]
    yield _Shown(row, start / film.seconds, 1.0)


def _drawn_row(shown: _Shown, y: int, film: Film, looks: dict[Look, str]) -> str:
    """Return a row; nothing for an empty one. Where nothing plays, the last one is seen."""
    behind, texts, column = [], [], 0
    for text, look in shown.row:
        cells = cell_len(text)
        x = round(_EDGE + column * _WIDTH, 1)
        if look.behind != film.plain.behind:
            wide = round(cells * _WIDTH + 0.3, 1)  # or a seam is seen between what stands side by side
            top = _EDGE + y * _HEIGHT
            behind.append(
                f'<rect x="{x}" y="{top}" width="{wide}" height="{_HEIGHT + 0.3}" fill="{look.behind}"/>'
            )
        for words in _WORDS.finditer(text):
            name = looks.setdefault(look._replace(behind=""), f"c{len(looks)}")
            at = round(x + cell_len(text[: words.start()]) * _WIDTH, 1)
            long = round(cell_len(words[0]) * _WIDTH, 1)
            texts.append(f'<tspan class="{name}" x="{at}" textLength="{long}">{_text(words[0])}</tspan>')
        column += cells
    if not (behind or texts):
        return ""
    said = f'<text y="{_EDGE + y * _HEIGHT + 13}">{"".join(texts)}</text>' if texts else ""
    drawn = "".join(behind) + said
    if shown.start == 0.0 and shown.end == 1.0:
        return drawn
    hidden = "" if shown.end == 1.0 else ' display="none"'
    return f"<g{hidden}>{_animation(shown, film.seconds)}{drawn}</g>"


def _animation(shown: _Shown, seconds: float) -> str:
    steps = [(0.0, "none"), (shown.start, "inline"), (shown.end, "none")]
    steps = [(at, value) for at, value in steps[shown.start == 0.0 :] if at < 1.0]
    values = ";".join(value for _, value in steps)
    times = ";".join(f"{at:.4g}" for at, _ in steps)
    return (
        f'<animate attributeName="display" values="{values}" keyTimes="{times}" calcMode="discrete" '
        f'dur="{seconds:g}s" repeatCount="indefinite"/>'
    )


def _text(text: str) -> str:
    return html.escape(_INVALID.sub("�", text))
