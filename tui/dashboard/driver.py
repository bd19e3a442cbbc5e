"""The terminal that the dashboard draws on."""

from __future__ import annotations

import json
import os
import selectors
import sys
from codecs import getincrementaldecoder
from typing import TYPE_CHECKING

from textual._xterm_parser import XTermParser
from textual.drivers.linux_driver import LinuxDriver

from tui.dashboard.tab_progress import TabProgress, is_shown

if TYPE_CHECKING:
    from typing import Any

_MOST_TYPED = 4096  # bytes that are taken at once
_WAIT = 0.1  # seconds after which a lone escape is one


def tell_server(told: dict[str, Any]) -> None:
    """Tell the process that serves this screen to a browser something, as Textual's web driver does.

    Args:
        told: What to tell, with its `type`.
    """
    assert sys.__stdout__ is not None
    data = json.dumps(told).encode()
    os.write(sys.__stdout__.fileno(), b"M%s%s" % (len(data).to_bytes(4, "big"), data))


class TerminalDriver(LinuxDriver):
    """Draws on standard output, as that is known to be a terminal; Textual's own draws on standard error."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        assert sys.__stdout__ is not None
        self._file = sys.__stdout__
        self._shows_progress = is_shown(os.environ)
        self._progress = TabProgress()

    def run_input_thread(self) -> None:
        """Take what is typed, as Textual does; but it need not be UTF-8: terminals have other encodings."""
        parser = XTermParser(self._debug)
        decode = getincrementaldecoder("utf-8")("replace").decode
        with selectors.SelectSelector() as selector:
            selector.register(self.fileno, selectors.EVENT_READ)
            while not self.exit_event.is_set():
                typed = decode(os.read(self.fileno, _MOST_TYPED)) if selector.select(_WAIT) else ""
                for message in (*(parser.feed(typed) if typed else ()), *parser.tick()):
                    self.process_message(message)

    def show_progress(self, progress: TabProgress) -> None:
        """Show in the terminal's tab how far the run is, where the terminal can."""
        if self._shows_progress and progress != self._progress:
            self._progress = progress
            self.write(progress.sequence)

    def stop_application_mode(self) -> None:
        """Give the terminal back, for good or to the shell for a while, and with it its tab."""
        self.show_progress(TabProgress())
        super().stop_application_mode()

    def _sigcont_application(self, *args: object) -> None:
        """Take the terminal again, also after a SIGSTOP, before which it could not be restored."""
        if self._auto_restart and not self._must_signal_resume:
            self.suspend_application_mode()
            self._must_signal_resume = True
        super()._sigcont_application(*args)
