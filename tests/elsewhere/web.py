"""A web server for what is asked through machines."""

from __future__ import annotations

import http.server
import threading
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator


class _Answers(http.server.BaseHTTPRequestHandler):
    """Answers as its server says."""

    server: Web

    def do_GET(self) -> None:
        self.server.asked += 1
        self.send_response(self.server.status)
        self.end_headers()
        self.wfile.write(b"all is well")

    def log_message(self, *_: object) -> None:
        """Says nothing."""


class Web(http.server.ThreadingHTTPServer):
    """A web server of this machine's loopback, which is the other one's as well.

    Attributes:
        status: What it answers.
        asked: How often it was asked.
    """

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Answers)
        self.status = 200
        self.asked = 0

    @property
    def url(self) -> str:
        return f"http://localhost:{self.server_port}/health"

    @property
    def way(self) -> str:
        """What a server at debug level notes of a way that it opens to here."""
        return f"target 127.0.0.1 port {self.server_port}"


@pytest.fixture
def web() -> Iterator[Web]:
    with Web() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server
        server.shutdown()
        thread.join()
