"""Advice as text and as data."""

from __future__ import annotations

import shlex
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from tui.text import seconds

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tui.console.style import Style
    from tui.insight.advice import Advice, Advised


def text(advised: Advised, style: Style, patch_of: Callable[[Advice], str]) -> Iterator[str]:
    """Yield the advice in full.

    Args:
        advised: The advice.
        style: Colours or none.
        patch_of: Returns the patch that carries an advice out; empty where there is none.
    """
    if advised.why_none:
        yield f"nothing is advised: {advised.why_none}"
        return
    first, *more = advised.advice
    yield style(f"worth most: {first.title}; it {first.saving}", "strong")
    for number, advice in enumerate((first, *more), 1):
        yield ""
        yield f"{number}. {style(advice.title, 'strong')}"
        yield f"   {advice.saving}"
        yield f"   why: {advice.why}"
        if advice.caveat:
            yield f"   but: {advice.caveat}"
        yield f"   how: {advice.how}"
        if advice.command:
            yield f"        {shlex.join(advice.command)}"
        elif advice.change is not None:
            yield from _patch(patch_of(advice), style)
    yield ""
    yield (
        f"the run took {seconds(advised.seconds)}, of which {seconds(advised.floor)} is the least that its"
        " needs allow; savings are simulated, each for itself"
    )


def _patch(patch: str, style: Style) -> Iterator[str]:
    if not patch:
        yield "        by hand: what it is about is not in a file below this directory, or in an unusual form"
        return
    yield ""
    for line in patch.splitlines():
        added = "succeeded" if line.startswith("+") else "failed" if line.startswith("-") else ""
        yield style(line, added) if added else line


def data(advised: Advised, patch_of: Callable[[Advice], str]) -> dict[str, Any]:
    """Return it as JSON-like data."""
    return {
        "seconds": advised.seconds,
        "floor": advised.floor,
        "advice": [_data(advice, patch_of) for advice in advised.advice],
        "why_none": advised.why_none or None,
    }


def _data(advice: Advice, patch_of: Callable[[Advice], str]) -> dict[str, Any]:
    change = advice.change
    return {
        **asdict(advice),
        "command": list(advice.command) or None,
        "change": None if change is None else {"kind": type(change).__name__, **asdict(change)},
        "patch": (patch_of(advice) or None) if change is not None else None,
    }
