"""The kinds of steps as text: a table of all, and the reference of one."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

from tui.text import cut

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tui.console.style import Style
    from tui.plan.parts import Key, StepKind

_LEAST_WIDTH = 40


def table(kinds: Sequence[StepKind], style: Style, width: int) -> Iterator[str]:
    """Yield a line for each kind of step.

    Args:
        kinds: The kinds, in their order.
        style: Colours or none.
        width: Columns to print in.
    """
    wide = max(len(each.name) for each in kinds)
    for each in kinds:
        meaning = cut(each.meaning, max(width - wide - 2, _LEAST_WIDTH))
        yield f"{style(each.name, 'strong')}{'':<{wide - len(each.name)}}  {meaning}"


def reference(kind: StepKind, style: Style, width: int) -> Iterator[str]:
    """Yield the lines of the reference of a kind: what it does, its keys, the parts they take, an example.

    Args:
        kind: The kind.
        style: Colours or none.
        width: Columns to print in.
    """
    yield style(kind.name, "strong")
    yield from _wrapped(" ".join((kind.meaning, *kind.facts)), "", width)
    yield ""
    yield from _keys(kind.keys, style, width)
    for part in kind.parts:
        yield f"{style(part.name, 'strong')}  {part.meaning}"
        yield ""
        yield from _keys(part.keys, style, width)
    yield style("Example", "strong")
    for line in kind.example.splitlines():
        yield f"  {line}"


def _keys(keys: Sequence[Key], style: Style, width: int) -> Iterator[str]:
    for key in keys:
        facts = [key.value]
        facts += ["required"] if key.required else []
        facts += [f"default {', '.join(key.default)}"] if key.default else []
        yield f"  {style(key.name, 'strong')}  {style(' · '.join(facts), 'dim')}"
        yield from _wrapped(key.meaning, "      ", width)
    yield ""


def _wrapped(text: str, indent: str, width: int) -> list[str]:
    width = max(width, _LEAST_WIDTH)
    return textwrap.wrap(text, width, initial_indent=indent, subsequent_indent=indent, break_on_hyphens=False)
