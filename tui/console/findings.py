"""What was found of a machine or an environment, as lines."""

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
    """One thing that was looked at; see `tui.doctor.Finding`."""

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


def findings(found: Sequence[Found], style: Style) -> Iterator[str]:
    """A line for each finding, with its hint below."""
    wide = max((len(each.check) for each in found), default=0)
    for each in found:
        mark, kind = _MARKS[each.level]
        yield f"{style(mark, kind)} {each.check:<{wide}}  {each.text}"
        if each.hint:
            yield f"  {'':<{wide}}  hint: {each.hint}"
