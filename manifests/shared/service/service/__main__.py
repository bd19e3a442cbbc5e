"""Runs the service until it is told to stop."""

from __future__ import annotations

import os
import signal
import sys
import threading
from typing import TYPE_CHECKING

from service.api import Server
from service.logs import log
from service.settings import Settings, SettingsError
from service.work import Work

if TYPE_CHECKING:
    from pathlib import Path

_EXIT_USAGE = 2


def main() -> int:
    """Serve until SIGTERM or SIGINT, and return the exit code."""
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    try:
        settings = Settings.from_environment(os.environ)
        configured = {str(file): file.stat().st_size for path in settings.config for file in _files(path)}
    except (SettingsError, OSError) as error:
        log("cannot start", error=error)
        return _EXIT_USAGE
    log("starting", name=settings.name, ports=settings.ports, needs=settings.needs, config=configured)
    work = Work(settings)
    for port in settings.ports:
        threading.Thread(target=Server(port, settings, work).serve_forever, daemon=True).start()
    threading.Thread(target=work.begin, args=[stop], daemon=True).start()
    stop.wait()
    log("stopped")
    return 0


def _files(path: Path) -> list[Path]:
    """Return a file, or those of a directory, in order; an absent path raises OSError."""
    if not path.is_dir():
        return [path]
    return sorted(file for file in path.iterdir() if file.is_file())


if __name__ == "__main__":
    sys.exit(main())
