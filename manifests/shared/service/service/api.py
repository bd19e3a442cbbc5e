"""The service's HTTP interface, the same on each of its ports."""

from __future__ import annotations

import json
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

from service.logs import log
from service.work import NeedsError, Work

if TYPE_CHECKING:
    from service.settings import Settings

_MOST = 1 << 20  # bytes of a request


class Server(ThreadingHTTPServer):
    """Answers on one port."""

    daemon_threads = True

    def __init__(self, port: int, settings: Settings, work: Work) -> None:
        """Listen on a port."""
        super().__init__(("", port), Handler)
        self.settings = settings
        self.work = work


class Handler(BaseHTTPRequestHandler):
    """Answers one connection's requests."""

    server: Server

    def do_GET(self) -> None:
        """Answer probes, and tell metrics."""
        work, name = self.server.work, self.server.settings.name
        if self.path == self.server.settings.ready_path:
            status = HTTPStatus.OK if work.ready else HTTPStatus.SERVICE_UNAVAILABLE
            self._answer(status, {"name": name, "ready": work.ready, "lacks": work.lacks})
        elif self.path in {"/health", "/healthz"}:
            self._answer(HTTPStatus.OK, {"name": name})
        elif self.path == "/metrics":
            self._text(HTTPStatus.OK, "text/plain; version=0.0.4", _metrics(work, name))
        else:
            self._answer(HTTPStatus.NOT_FOUND, {"error": "not found"})

    def do_POST(self) -> None:
        """Take what is sent: an audit event is kept of it."""
        length = self.headers.get("Content-Length", "")
        if not (length.isascii() and length.isdigit() and len(length) < 9 and int(length) <= _MOST):
            self.close_connection = True
            self._answer(HTTPStatus.BAD_REQUEST, {"error": f"a body of at most {_MOST} bytes is needed"})
            return
        self.rfile.read(int(length))
        try:
            self.server.work.keep("received")
        except NeedsError as error:
            self._answer(HTTPStatus.SERVICE_UNAVAILABLE, {"error": str(error)})
        else:
            self._answer(HTTPStatus.ACCEPTED, {"status": "accepted"})

    def log_message(self, form: str, *arguments: object) -> None:
        """Log requests in the form of all other lines, but no probes."""
        if self.command != "GET":
            log("request", said=form % arguments)

    def _answer(self, status: HTTPStatus, body: dict[str, object]) -> None:
        self._text(status, "application/json", json.dumps(body))

    def _text(self, status: HTTPStatus, kind: str, text: str) -> None:
        body = text.encode()
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def _metrics(work: Work, name: str) -> str:
    labels = f'{{service="{name}"}}'
    values = {"service_ready gauge": int(work.ready), "service_audit_events_total counter": work.kept}
    lines = [f"# TYPE {key}\n{key.split()[0]}{labels} {value}\n" for key, value in values.items()]
    return "".join(lines)
