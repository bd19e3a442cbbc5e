"""Signals that ask a run to stop."""

from __future__ import annotations

import contextlib
import signal
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import FrameType

STOPPING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT)
"""Ctrl-C, what `kill` sends, a terminal that closes, and Ctrl-\\."""


@contextlib.contextmanager
def on_stop(stop: Callable[[], None]) -> Iterator[None]:
    """Call something for each signal that asks the program to stop, until left.

    A signal that is ignored stays so: `nohup` ignores SIGHUP, a shell without job control SIGINT for what it
    starts in the background.
    """
    with _handled_by(lambda *_: stop()):
        yield


@contextlib.contextmanager
def interruptible() -> Iterator[None]:
    """Raise KeyboardInterrupt for each signal that asks the program to stop, until left."""
    with _handled_by(signal.default_int_handler):
        yield


@contextlib.contextmanager
def _handled_by(handle: Callable[[int, FrameType | None], None]) -> Iterator[None]:
    before = {number: signal.getsignal(number) for number in STOPPING}
    heeded = [number for number, handler in before.items() if handler is not signal.SIG_IGN]
    for number in heeded:
        signal.signal(number, handle)
    try:
        yield
    finally:
        for number in heeded:
            signal.signal(number, before[number])
