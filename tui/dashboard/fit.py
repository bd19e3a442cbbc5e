"""Texts cut to so many cells, where `…` says that something is missing, or wrapped."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from rich.cells import cell_len, get_character_cell_size, set_cell_size
from textual.content import Content

if TYPE_CHECKING:
    from collections.abc import Iterable

Part = tuple[str, str]
"""A text and the kind of its colours."""


def fit(text: str, cells: int) -> str:
    """Cut a text at its end where it is wider than so many cells."""
    if cell_len(text) <= cells:
        return text
    return set_cell_size(text, max(cells - 1, 0)).rstrip() + "…"[:cells]


def fit_all(texts: Iterable[str], cells: int) -> dict[str, str]:
    """Cut texts so that they can still be told apart.

    Returns:
        Each text as it is cut: at its end, or in its middle where that would make it the same as another.
    """
    cut = {text: fit(text, cells) for text in texts}
    alike = Counter(cut.values())
    return {text: _fit_middle(text, cells) if alike[short] > 1 else short for text, short in cut.items()}


def fit_parts(parts: Iterable[Part], cells: int) -> list[Part]:
    """Cut texts that stand beside each other, each with the kind of its colours, as one text."""
    kept = []
    for text, kind in parts:
        short = fit(text, cells)
        kept.append((short, kind))
        cells -= cell_len(short)
        if short != text:
            break
    return kept


def wrapped(line: Content, width: int, indent: int) -> Content:
    """Return a line on as many as it needs, the further ones indented.

    Args:
        line: The line.
        width: Cells of a line; where that is too few to indent, the line stays as it is.
        indent: Cells.
    """
    if line.cell_length <= width or width <= 2 * indent:
        return line
    first, *rest = line.wrap(width)
    further = Content(" ").join(rest).wrap(width - indent)
    return Content(f"\n{'':{indent}}").join([first, *further])


def _fit_middle(text: str, cells: int) -> str:
    """Cut a text in its middle: its last words stay."""
    room = cells // 2
    start = len(text)
    while start and (size := get_character_cell_size(text[start - 1])) <= room:
        room -= size
        start -= 1
    return fit(text[:start], cells - cell_len(text[start:])) + text[start:].lstrip()
