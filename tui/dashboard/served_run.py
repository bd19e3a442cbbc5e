"""A run that its own process brings up and has served: this one draws it, and passes commands on."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from tui.dashboard.driver import tell_server
from tui.dashboard.kept_run import KeptRun
from tui.run.command_json import encode
from tui.run.commands import Close

if TYPE_CHECKING:
    from pathlib import Path

    from tui.run.commands import Command


class ServedRun(KeptRun):
    """A run that goes on elsewhere, read from its journal; see `tui.dashboard.control.Control`."""

    def __init__(self, directory: Path, at: float = math.inf, **given: Any) -> None:
        """Prepare it; see `KeptRun`."""
        super().__init__(directory, at, **given)
        self.read_only = ""

    def read(self) -> None:
        """Follow the run; once it has finished it takes no more commands.

        Raises:
            OSError: The journal cannot be read.
        """
        super().read()
        self.read_only = f"run {self.directory.name} has finished: nothing of it can be changed"

    def tell(self, command: Command) -> None:
        """Pass a command on; leave where it is `Close`, which is about this screen alone."""
        if isinstance(command, Close):
            self.over = True
        else:
            tell_server({"type": "command", "command": encode(command)})

    def interrupted(self) -> None:
        """Do nothing: the run's own process takes note when the command arrives."""
