"""A run whose journal is kept."""

from __future__ import annotations

import stat
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from tui.run.journal import EVENTS, is_written, read_state
from tui.run.likeness import Likeness, likeness
from tui.run.summary import REHEARSAL, came_up

if TYPE_CHECKING:
    import os
    from pathlib import Path

    from tui.run.events import RunStarted
    from tui.run.state import RunState


@dataclass(frozen=True)
class KeptRun:
    """A run whose journal is kept.

    Attributes:
        directory: Where its journal is.
        started: Its first event.
    """

    directory: Path
    started: RunStarted

    @property
    def id(self) -> str:
        """The run's id."""
        return self.started.run

    @property
    def is_real(self) -> bool:
        """Whether it was no rehearsal."""
        return self.started.environment != REHEARSAL

    @property
    def is_running(self) -> bool:
        """Whether a process still writes the run's journal."""
        return is_written(self.directory)

    @cached_property
    def state(self) -> RunState:
        """The run as it ended, or as it stands.

        Raises:
            OSError: The journal cannot be read any more.
        """
        return read_state(self.directory)

    @property
    def came_up(self) -> bool:
        """Whether it is a real run after which the plan was up as a whole."""
        return came_up(self.state)

    @cached_property
    def likeness(self) -> Likeness:
        """What runs like it have in common with it."""
        return likeness(self.state)

    def keep(self, wanted: bool = True) -> None:
        """Mark it as one that pruning never takes, or no more: its journal is protected from writing.

        Raises:
            OSError: That cannot be done.
        """
        path = self.directory / EVENTS
        path.chmod(0o400 if wanted else 0o600)


def is_marked(status: os.stat_result) -> bool:
    """Return whether a journal's file is marked as one that pruning never takes."""
    return not status.st_mode & stat.S_IWUSR
