"""The controller and the resolvers: they log as such do, and reconcile nothing."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import threading

    from .logs import Log

_HEARTBEAT_SECONDS = 30.0
_RECONCILERS = ("task", "pipeline", "taskrun", "pipelinerun")


def run_controller(log: Log, stop: threading.Event) -> None:
    """Say what a controller says when it starts, and now and then that it is alive."""
    for name in _RECONCILERS:
        log.info("starting reconciler", reconciler=name, workers=1)
    _beat(log, stop)


def run_resolvers(log: Log, stop: threading.Event) -> None:
    """Say what the resolvers say when they start, and now and then that they are alive."""
    log.info("starting resolvers", resolvers=["bundles", "cluster", "git", "hub"])
    _beat(log, stop)


def _beat(log: Log, stop: threading.Event) -> None:
    begin = time.monotonic()
    while not stop.wait(_HEARTBEAT_SECONDS):
        log.info("work queue is empty", depth=0, uptime_seconds=round(time.monotonic() - begin))
