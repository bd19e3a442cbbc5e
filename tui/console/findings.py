"""Findings of a machine or an environment as lines of text."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tui.console.style import Style

_MARKS = {
    "ok": ("✓", "succeeded"),
    "unknown": ("?", "warning"),
    "warning": ("!", "warning"),
    "fault": ("✗", "failed"),
}


class Found(Protocol):
    """One check's outcome; see `tui.doctor.Finding`."""

    @property
    def check(self) -> str:
        """What was looked at."""

    @property
    def level(self) -> str:
        """`ok`, `unknown`, `warning` or `fault`."""

    @property
    def text(self) -> str:
        """What was found."""

    @property
    def hint(self) -> str:
        """What to do about it."""

    @property
    def details(self) -> tuple[str, ...]:
        """Lines that show it."""


def findings(found: Sequence[Found], style: Style) -> Iterator[str]:
    """Yield a line for each finding, with its details and its hint below."""
    wide = max((len(each.check) for each in found), default=0)
    for each in found:
        mark, kind = _MARKS[each.level]
        yield f"{style(mark, kind)} {each.check:<{wide}}  {each.text}"
        for line in each.details:
            yield f"  {'':<{wide}}  {line}"
        if each.hint:
            yield f"  {'':<{wide}}  hint: {each.hint}"
