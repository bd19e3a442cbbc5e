"""Small HTTP servers, each on a thread of its own."""

from __future__ import annotations

import json
import ssl
import threading
from dataclasses import dataclass
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

from .admission import review

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class Certificate:
    """A certificate and its key, in files."""

    certificate: Path
    key: Path


class _Handler(BaseHTTPRequestHandler):
    # Keeps connections open, as the API server likes it.
    protocol_version = "HTTP/1.1"
    # A silent client holds its thread no longer than this.
    timeout = 60

    def log_message(self, *_words: Any) -> None:
        """Write no line for each request."""

    def answer(self, status: HTTPStatus, body: dict[str, Any]) -> None:
        """Answer with JSON."""
        content = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)


class _ProbeHandler(_Handler):
    def do_GET(self) -> None:
        """Answer every probe: who can answer is alive."""
        self.answer(HTTPStatus.OK, {"status": "ok"})


class _AdmissionHandler(_Handler):
    def do_POST(self) -> None:
        """Answer one admission review."""
        content = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        try:
            answer = review(json.loads(content)["request"])
        except (ValueError, KeyError, TypeError):
            self.answer(HTTPStatus.BAD_REQUEST, {"error": "not an AdmissionReview"})
        else:
            self.answer(HTTPStatus.OK, answer)


def serve_probes(port: int) -> None:
    """Answer liveness and readiness probes from now on."""
    _start(ThreadingHTTPServer(("", port), _ProbeHandler))


def serve_admission(port: int, certificate: Certificate) -> None:
    """Answer admission reviews over TLS from now on; until now the port refuses connections."""
    server = ThreadingHTTPServer(("", port), _AdmissionHandler)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate.certificate, certificate.key)
    # The handshake waits for the connection's own thread, so that no client can hold up the others.
    server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    _start(server)


def _start(server: ThreadingHTTPServer) -> None:
    threading.Thread(target=server.serve_forever, daemon=True).start()
