"""The terminal that the dashboard draws on."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from textual.drivers.linux_driver import LinuxDriver

if TYPE_CHECKING:
    from typing import Any


class TerminalDriver(LinuxDriver):
    """Draws on standard output, as that is known to be a terminal; Textual's own draws on standard error."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        assert sys.__stdout__ is not None
        self._file = sys.__stdout__

    def _sigcont_application(self, *args: object) -> None:
        """Take the terminal again, also after a SIGSTOP, before which it could not be restored."""
        if self._auto_restart and not self._must_signal_resume:
            self.suspend_application_mode()
            self._must_signal_resume = True
        super()._sigcont_application(*args)
