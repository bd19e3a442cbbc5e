"""The terminal that the dashboard draws on."""

from __future__ import annotations

import json
import os
import selectors
import sys
from codecs import getincrementaldecoder
from typing import TYPE_CHECKING, cast

from textual._xterm_parser import XTermParser
from textual.drivers.linux_driver import LinuxDriver

from tui.dashboard.tab_progress import TabProgress, is_shown

if TYPE_CHECKING:
    from collections.abc import Callable
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


class _Output:
    """Standard output, until its terminal is gone: what is drawn then is for nobody.

    Textual's thread that writes would end with an error, and the app wait for it for ever.
    """

    def __init__(self) -> None:
        assert sys.__stdout__ is not None
        self._file = sys.__stdout__
        self._is_gone = False

    def write(self, text: str) -> None:
        self._do(lambda: self._file.write(text))

    def flush(self) -> None:
        self._do(self._file.flush)

    def fileno(self) -> int:
        return self._file.fileno()

    def _do(self, what: Callable[[], object]) -> None:
        if not self._is_gone:
            try:
                what()
            except OSError:
                self._is_gone = True


class TerminalDriver(LinuxDriver):
    """Draws on standard output, as that is known to be a terminal; Textual's own draws on standard error."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._file = cast("Any", _Output())
        self._shows_progress = is_shown(os.environ)
        self._progress = TabProgress()

    def run_input_thread(self) -> None:
        """Take what is typed until the terminal is gone.

        As Textual does, but it need not be UTF-8, as terminals have other encodings; and Textual would ask a
        terminal that is gone again and again, without a pause.
        """
        parser = XTermParser(self._debug)
        decode = getincrementaldecoder("utf-8")("replace").decode
        with selectors.SelectSelector() as selector:
            selector.register(self.fileno, selectors.EVENT_READ)
            while not self.exit_event.is_set():
                typed = self._read() if selector.select(_WAIT) else None
                if typed == b"":
                    return
                fed = parser.feed(decode(typed)) if typed else ()
                for message in (*fed, *parser.tick()):
                    self.process_message(message)

    def _read(self) -> bytes:
        """Return what is typed; nothing where the terminal is gone."""
        try:
            return os.read(self.fileno, _MOST_TYPED)
        except OSError:
            return b""

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
