"""Failures known by their text: what programs say is recognised by what helps most."""

from __future__ import annotations

import pytest

from tui.plan.failures import KNOWN, applies, recognise
from tui.plan.model import Retry

SAID = {
    "unexpected status: 503 Service Unavailable": "server-error",
    "GET https://x/release.yaml answered 502": "server-error",
    "unexpected HTTP/1.1 504": "server-error",
    "received unexpected HTTP status: 500 Internal Server Error": "server-error",
    "the server is currently unable to handle the request": "server-error",
    "toomanyrequests: You have reached your pull rate limit": "rate-limit",
    "ErrImagePull: unexpected status code 429 Too Many Requests": "rate-limit",
    "dial tcp 127.0.0.1:5432: connect: connection refused": "connection",
    "Get https://x/v2/: net/http: TLS handshake timeout": "connection",
    "read tcp 10.0.0.1:443: i/o timeout": "connection",
    "the connection to me@box:2222 was lost: it was cut": "connection",
    "me@box cannot be used: it refuses the connection": "connection",
    "dial tcp: lookup x on 127.0.0.53:53: no such host": "dns",
    "Temporary failure resolving 'mirror.example'": "dns",
    "curl: (6) Could not resolve host: x": "dns",
    "E: Failed to fetch http://x/y.deb  502  Bad Gateway": "package-mirror",
    "E: Unable to fetch some archives, maybe run apt-get update": "package-mirror",
    'Internal error occurred: failed calling webhook "w": connect: connection refused': "webhook",
    "ctr: content digest sha256:12: not found": "content-digest",
    "ERROR: failed to lock config file: open config.lock: file exists": "kubeconfig-lock",
    "Bind for 0.0.0.0:8081 failed: port is already allocated": "port-taken",
    "listen tcp 127.0.0.1:80: bind: address already in use": "port-taken",
    "too many open files": "inotify",
    "failed to create fsnotify watcher": "inotify",
    "write /var/lib/x: no space left on device": "disk-full",
    "0/1 nodes had untolerated taint {node.kubernetes.io/disk-pressure: }": "disk-full",
    "Back-off pulling image: ImagePullBackOff": "image-pull",
    "manifest unknown: manifest unknown": "image-pull",
    "CrashLoopBackOff": "crash-loop",
}


@pytest.mark.parametrize(("text", "name"), SAID.items())
def test_what_programs_say_is_recognised(text: str, name: str) -> None:
    assert recognise(f"some line\n{text}\nanother") is KNOWN[name]
    assert applies((name,), text) == name


@pytest.mark.parametrize(
    "text",
    [
        "",
        "installed 429 packages in 503 ms",
        "client rate limiter Wait returned an error: context deadline exceeded",
        "exit status 1",
        "could not resolve the revision",
        'relation "audit_events" does not exist',
        "failed to fetch the row",
    ],
)
def test_other_texts_are_not(text: str) -> None:
    assert recognise(text) is None


def test_every_known_failure_has_an_example_and_a_hint() -> None:
    assert set(SAID.values()) == set(KNOWN)
    assert all(signature.hint for signature in KNOWN.values())


def test_a_retry_applies_to_what_it_names_alone() -> None:
    retry = Retry.model_validate({"signatures": ["dns", {"pattern": "flaky [a-z]+"}]})
    assert applies(retry.signatures, "a flaky test") == "flaky [a-z]+"
    assert applies(retry.signatures, "lookup x: no such host") == "dns"
    assert applies(retry.signatures, "connection refused") is None
