"""The outcome of a check."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from tui.hosts.host import Host

Level = Literal["ok", "unknown", "warning", "fault"]
_LEVELS: tuple[Level, ...] = ("ok", "unknown", "warning", "fault")


@dataclass(frozen=True)
class Finding:
    """One check's outcome.

    Attributes:
        check: What was looked at.
        level: `fault` where a bring-up would fail, `warning` where it may, `unknown` where nobody could tell.
        text: What was found.
        hint: What to do about it.
        host: The other machine that it was found on; empty for this one.
        details: Lines that show it.
    """

    check: str
    level: Level
    text: str
    hint: str = ""
    host: str = ""
    details: tuple[str, ...] = ()


def of_host(host: Host, found: Iterable[Finding]) -> list[Finding]:
    """Return findings with the host that they were made on."""
    return [replace(each, host=host.location) for each in found]


def joined(check: str, parts: Sequence[Finding]) -> Finding:
    """Return one finding for several of one check: the worst of them."""
    worst = max((part.level for part in parts), key=_LEVELS.index)
    told = [part for part in parts if part.level == worst]
    hints = dict.fromkeys(part.hint for part in told if part.hint)
    details = tuple(line for part in told for line in part.details)
    return Finding(check, worst, "; ".join(part.text for part in told), "; ".join(hints), details=details)
