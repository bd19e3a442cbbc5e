"""The service's work: it waits for what it needs, and has audit events kept."""

from __future__ import annotations

import json
import socket
import threading
import urllib.error
import urllib.request
from http.client import HTTPException
from typing import TYPE_CHECKING

from service.logs import log

if TYPE_CHECKING:
    from service.settings import Settings

_SECONDS = 3.0
_PAUSE = 1.0


class NeedsError(Exception):
    """Something that the service needs does not answer as it should."""


class Work:
    """Becomes ready once all that is needed answers and the first audit event is kept."""

    def __init__(self, settings: Settings) -> None:
        """Work for the service of these settings."""
        self._settings = settings
        self._lock = threading.Lock()
        self.lacks = "it has just begun"
        self.kept = 0

    @property
    def ready(self) -> bool:
        """Whether it can do its work."""
        return not self.lacks

    def begin(self, stop: threading.Event) -> None:
        """Ask until it is ready, or is told to stop."""
        while not stop.is_set():
            try:
                for url in self._settings.needs:
                    _ask(url)
                self.keep("started")
            except NeedsError as error:
                if self.lacks != str(error):
                    log("not ready", lacks=str(error))
                self.lacks = str(error)
                stop.wait(_PAUSE)
            else:
                self.lacks = ""
                log("ready")
                return

    def keep(self, action: str) -> None:
        """Have Data Storage keep an audit event, if the service has one.

        Raises:
            NeedsError: It does not.
        """
        if not self._settings.data_storage:
            return
        name = self._settings.name
        event = {
            "event_type": f"{name}.{action}",
            "event_category": "service",
            "event_action": action,
            "event_outcome": "success",
            "correlation_id": socket.gethostname(),
            "actor_type": "service",
            "actor_id": name,
        }
        _ask(f"{self._settings.data_storage}/api/v1/audit/events", json.dumps(event).encode())
        with self._lock:
            self.kept += 1


def _ask(url: str, body: bytes | None = None) -> None:
    """Get a URL, or post to it.

    Raises:
        NeedsError: There is no answer, or it is not one of success.
    """
    request = urllib.request.Request(url, body, {"Content-Type": "application/json"})  # noqa: S310
    try:
        with urllib.request.urlopen(request, timeout=_SECONDS) as answer:  # noqa: S310
            answer.read()
    except urllib.error.HTTPError as error:  # whose body says more, and may be long
        with error:
            raise NeedsError(f"{url} answers {error.code}") from error
    except (OSError, HTTPException) as error:
        raise NeedsError(f"{url} does not answer: {error}") from error
