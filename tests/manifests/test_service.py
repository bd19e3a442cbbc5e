"""The bundled stand-in for services: ready once what it needs answers and an audit event of it is kept."""

from __future__ import annotations

import http.server
import importlib
import json
import sys
import threading
import urllib.error
import urllib.request
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, ClassVar

import pytest

from tui.plan.bundled import manifests_folder

if TYPE_CHECKING:
    from collections.abc import Iterator

EVENTS = "/api/v1/audit/events"


@pytest.fixture
def service(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Loads a module of the service, which is no package of bringup's."""
    monkeypatch.syspath_prepend(str(manifests_folder() / "shared" / "service"))
    yield lambda name: importlib.import_module(f"service.{name}")
    for name in [name for name in sys.modules if name.partition(".")[0] == "service"]:
        del sys.modules[name]


class DataStorage(http.server.BaseHTTPRequestHandler):
    """Is healthy, and keeps events once `migrated` is set."""

    migrated = threading.Event()
    kept: ClassVar[list[str]] = []

    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.migrated.is_set():
            self.kept.append(json.loads(body)["event_type"])
        self.send_response(201 if self.migrated.is_set() else 503)
        self.end_headers()

    def log_message(self, form: str, *arguments: object) -> None:
        """Says nothing."""


@contextmanager
def serving(server: http.server.HTTPServer) -> Iterator[str]:
    thread = threading.Thread(target=lambda: server.serve_forever(0.01))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def answer(url: str, body: bytes | None = None) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(url, body, timeout=5) as got:
            return got.status, got.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()


def test_it_is_ready_once_an_event_of_it_is_kept(service: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service("work"), "_PAUSE", 0.01)
    kept: list[str] = []
    monkeypatch.setattr(DataStorage, "kept", kept)
    DataStorage.migrated.clear()
    with serving(http.server.ThreadingHTTPServer(("127.0.0.1", 0), DataStorage)) as data_storage:
        environment = {"SERVICE_NAME": "gateway", "PORTS": "1", "DATA_STORAGE_URL": data_storage}
        settings = service("settings").Settings.from_environment(environment)
        work = service("work").Work(settings)
        stop = threading.Event()
        thread = threading.Thread(target=work.begin, args=[stop])
        with serving(service("api").Server(0, settings, work)) as url:
            thread.start()
            assert answer(f"{url}/healthz")[0] == 200
            assert answer(f"{url}/readyz")[0] == 503
            assert answer(f"{url}/api/v1/signals", b"{}")[0] == 503
            DataStorage.migrated.set()
            thread.join(5)
            assert answer(f"{url}/readyz")[0] == 200
            assert answer(f"{url}/api/v1/signals", b"{}")[0] == 202
            assert 'service_audit_events_total{service="gateway"} 2' in answer(f"{url}/metrics")[1]
            assert answer(f"{url}/nothing")[0] == 404
    assert kept == ["gateway.started", "gateway.received"]


@pytest.mark.parametrize(
    ("environment", "says"),
    [
        ({}, "SERVICE_NAME is not set"),
        ({"SERVICE_NAME": "x"}, "PORTS is not set"),
        ({"SERVICE_NAME": "x", "PORTS": "8080,0"}, "numbers from 1 to 65535"),
        ({"SERVICE_NAME": "x", "PORTS": "\u0663"}, "numbers from 1 to 65535"),
    ],
)
def test_what_it_cannot_use_is_told(service: Any, environment: dict[str, str], says: str) -> None:
    settings = service("settings")
    with pytest.raises(settings.SettingsError, match=says):
        settings.Settings.from_environment(environment)
