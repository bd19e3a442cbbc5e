"""Plays one part until it is told to stop."""

from __future__ import annotations

import signal
import sys
import threading
from typing import TYPE_CHECKING

from .controller import run_controller, run_resolvers
from .logs import Log
from .serving import serve_probes
from .webhook import run_webhook

if TYPE_CHECKING:
    from collections.abc import Callable

_PROBE_PORT = 8080
_EXIT_USAGE = 2
_PARTS: dict[str, Callable[[Log, threading.Event], None]] = {
    "webhook": run_webhook,
    "controller": run_controller,
    "resolvers": run_resolvers,
}


def main(arguments: list[str]) -> int:
    """Play the part named by the one argument, and return the exit code."""
    part = _PARTS.get(arguments[0]) if len(arguments) == 1 else None
    if part is None:
        sys.stderr.write(f"usage: standin {' | '.join(_PARTS)}\n")
        return _EXIT_USAGE
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    log = Log(f"tekton-pipelines-{arguments[0]}")
    log.info("starting the stand-in")
    serve_probes(_PROBE_PORT)
    part(log, stop)
    log.info("stopped")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
