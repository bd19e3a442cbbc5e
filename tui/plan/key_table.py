"""Keys of plans as a table in Markdown."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tui.plan.parts import Key

_LINKED = re.compile(r"(?<![`\w])([A-Z]\w*|step)\b")  # what a key takes: parts have names with capitals


def listed(names: Sequence[str]) -> str:
    """Return names as a sentence has them."""
    *others, last = [f"`{name}`" for name in names]
    return f"{', '.join(others)} and {last}"


def table(keys: Sequence[Key]) -> Iterator[str]:
    """Yield the lines of a table of a model's keys."""
    if not keys:
        yield "It has no further keys."
        return
    yield "| key | value | default | meaning |"
    yield "| --- | --- | --- | --- |"
    for key in keys:
        default = "**required**" if key.required else ", ".join(f"`{each}`" for each in key.default)
        cells = (f"`{key.name}`", _LINKED.sub(_link, key.value), default, key.meaning)
        yield f"| {' | '.join(map(_cell, cells))} |"


def _link(found: re.Match[str]) -> str:
    """Return the name of a part as a link to what stands of it."""
    name = found[0]
    return f"[{name}](#{'steps' if name == 'step' else name.lower()})"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")
