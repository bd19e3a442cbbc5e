"""A web server for what is asked through machines."""

from __future__ import annotations

import contextlib
import datetime
import http.server
import ssl
import threading
from typing import TYPE_CHECKING

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


class _Answers(http.server.BaseHTTPRequestHandler):
    """Answers as its server says."""

    server: Web

    def do_GET(self) -> None:
        self.server.asked += 1
        self.send_response(self.server.status)
        if self.server.leads_to:
            self.send_header("Location", self.server.leads_to)
        self.end_headers()
        self.server.logins.append(self.headers.get("Authorization") or "")
        self.wfile.write(self.server.text)

    def log_message(self, *_: object) -> None:
        """Says nothing."""


class Web(http.server.ThreadingHTTPServer):
    """A web server of this machine's loopback, which is the other one's as well.

    Attributes:
        status: What it answers.
        leads_to: Where it redirects to.
        asked: How often it was asked.
        text: What it answers with.
        logins: What it was shown, each time that it was asked.
    """

    def __init__(self, secure: ssl.SSLContext | None = None) -> None:
        super().__init__(("127.0.0.1", 0), _Answers)
        self._scheme = "https" if secure else "http"
        if secure:
            self.socket = secure.wrap_socket(self.socket, server_side=True)
        self.status = 200
        self.leads_to = ""
        self.asked = 0
        self.text = b"all is well"
        self.logins: list[str] = []

    @property
    def url(self) -> str:
        return f"{self._scheme}://localhost:{self.server_port}/health"

    @property
    def way(self) -> str:
        """What a server at debug level notes of a way that it opens to here."""
        return f"target 127.0.0.1 port {self.server_port}"


@pytest.fixture
def web() -> Iterator[Web]:
    with serving() as server:
        yield server


@contextlib.contextmanager
def serving(secure: ssl.SSLContext | None = None) -> Iterator[Web]:
    """A web server that runs."""
    with Web(secure) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def certified(folder: Path) -> tuple[ssl.SSLContext, Path]:
    """What makes a server of localhost speak TLS, and the certificate that its clients may trust."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    public, private = folder / "public.pem", folder / "private.pem"
    public.write_bytes(certificate.public_bytes(Encoding.PEM))
    private.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(public, private)
    return context, public
