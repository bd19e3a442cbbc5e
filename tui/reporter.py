"""How work is reported while it goes on: output, progress, spans, warnings, secrets."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import TracebackType


@dataclass(frozen=True, slots=True)
class Done:
    """The result of a step that succeeded.

    Attributes:
        changed: False if the step found its work done already.
        note: What was done or found, in a few words.
        output: What it has for later steps; None if nothing.
    """

    note: str = ""
    changed: bool = True
    output: str | None = None


@dataclass(frozen=True, slots=True)
class Probed:
    """How long a pod waited for its readiness probe; see `tui.run.events.PodProbed`."""

    pod: str
    owner: str
    delay: float
    period: float
    waited: float
    silent: float | None


class Span(Protocol):
    """A named interval inside an attempt; closing it twice is harmless."""

    def close(self) -> None:
        """End the interval now."""

    def __enter__(self) -> Span: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


class Reporter(Protocol):
    """Takes reports of a piece of work while it goes on.

    Attributes:
        deadline: Time of the running loop at which the work has run out of time, or None. It is cancelled
            some seconds later; work that can say what it waited for fails by itself at the deadline.
    """

    deadline: float | None

    def log(self, text: str | Sequence[str], source: str = "") -> None:
        """Report output.

        Args:
            text: A line without its end, or all the lines that have come at once, which costs far less than
                one call a line.
            source: Who wrote it, where that is not the step itself: `pod/postgresql-…`.
        """

    def progress(self, done: float, total: float | None = None, unit: str = "", what: str = "") -> None:
        """Report progress; cheap to call often."""

    def span(self, name: str, subject: str = "") -> Span:
        """Begin an interval.

        Args:
            name: `pull`, `schedule`, `start`, `ready`, `build`, `load`, ….
            subject: Whose: `pod/postgresql-…`, an image's name.
        """

    def secret(self, value: str) -> None:
        """Mask a value, in every form, in all reports from now on."""

    def warn(self, text: str) -> None:
        """Report what did not go well but is no failure; it is shown again at the end of the run."""


def deadline_of(reporter: Reporter, default: float) -> float:
    """Return the loop's time of the step's deadline; if it has none, that of so many seconds from now."""
    return asyncio.get_running_loop().time() + default if reporter.deadline is None else reporter.deadline


def end_of(reporter: Reporter, seconds: float) -> float:
    """Return the loop's time at which to stop waiting: after so many seconds, or at the deadline."""
    end = asyncio.get_running_loop().time() + seconds
    return end if reporter.deadline is None else min(end, reporter.deadline)
