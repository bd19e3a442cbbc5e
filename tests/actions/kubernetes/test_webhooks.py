from __future__ import annotations

import pytest

from tui.actions.kubernetes.persistence import is_passing
from tui.actions.kubernetes.webhooks import denied_by, judge, passing, unanswered, without_dry_run
from tui.clients.kubernetes.api import ApiError

CALL = 'Internal error occurred: failed calling webhook "hook.example.com": '
REFUSED = (
    CALL
    + 'Post "https://hook.shop.svc:443/?timeout=10s": dial tcp 10.96.1.2:443: connect: connection refused'
)
NO_ENDPOINTS = (
    CALL + 'Post "https://hook.shop.svc:443/?timeout=10s": no endpoints available for service "hook"'
)
UNKNOWN_CA = CALL + (
    'Post "https://hook.shop.svc:443/?timeout=10s": x509: certificate signed by unknown authority'
)
DENIED = 'admission webhook "hook.example.com" denied the request: validation failed: spec is empty'
UNTYPED = "failed to create typed patch object: .spec.size: expected numeric (int or float), got string"


@pytest.mark.parametrize(
    ("status", "message", "verdict", "again"),
    [
        (500, REFUSED, "waiting", True),
        (500, NO_ENDPOINTS, "waiting", True),
        (500, UNKNOWN_CA, "waiting", False),
        (400, DENIED, "answers", False),
        (403, DENIED, "answers", False),
        (422, DENIED, "answers", False),
        (500, UNTYPED, "refused", False),
        (500, "etcdserver: request timed out", "waiting", True),
        (429, "too many requests", "waiting", True),
        (503, "apiserver is shutting down", "waiting", True),
        (409, "the object has been modified", "refused", True),
        (422, 'Widget "x" is invalid: spec.size: Required value', "refused", False),
        (404, 'namespaces "shop" not found', "refused", False),
        (403, 'widgets is forbidden: User "me" cannot patch', "refused", False),
    ],
)
def test_what_the_server_says_is_told_apart(status: int, message: str, verdict: str, again: bool) -> None:
    error = ApiError(status, message)
    assert judge(error) == verdict
    assert is_passing(error) is again


def test_why_a_webhook_could_not_be_asked_is_short() -> None:
    assert unanswered(REFUSED) == (
        "webhook hook.example.com: hook.shop.svc: dial tcp 10.96.1.2:443: connect: connection refused"
    )
    conversion = "conversion webhook for example.com/v1, Kind=Widget failed: Post x: EOF"
    assert unanswered(conversion) == "webhook example.com/v1, Kind=Widget: Post x: EOF"
    assert passing(conversion)
    assert unanswered(DENIED) is None


def test_webhooks_are_named() -> None:
    assert denied_by(DENIED) == "hook.example.com"
    assert without_dry_run('admission webhook "h.example.com" does not support dry run') == "h.example.com"
