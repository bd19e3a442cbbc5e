"""What a check of the machine comes to."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from tui.hosts.host import Host

Level = Literal["ok", "warning", "fault"]
_LEVELS: tuple[Level, ...] = ("ok", "warning", "fault")


@dataclass(frozen=True)
class Finding:
    """One check's outcome.

    Attributes:
        check: What was looked at.
        level: `fault` where a bring-up would fail, `warning` where it may.
        text: What was found.
        hint: What to do about it.
        host: On which other machine; empty for this one.
    """

    check: str
    level: Level
    text: str
    hint: str = ""
    host: str = ""


def of_host(host: Host, found: Iterable[Finding]) -> list[Finding]:
    """Findings, each with the host that they are of."""
    return [replace(each, host=host.location) for each in found]


def joined(check: str, parts: Sequence[Finding]) -> Finding:
    """Several findings of one check as one, which tells the worst of them alone."""
    worst = max((part.level for part in parts), key=_LEVELS.index)
    told = [part for part in parts if part.level == worst]
    hints = dict.fromkeys(part.hint for part in told if part.hint)
    return Finding(check, worst, "; ".join(part.text for part in told), "; ".join(hints))
