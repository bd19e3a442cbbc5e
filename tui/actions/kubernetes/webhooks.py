"""Reads what refusals of the API server say about admission webhooks."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from tui.clients.kubernetes.api import ApiError

_CALLING = re.compile(
    r'(?:failed calling webhook "(?P<name>[^"]+)"|conversion webhook for (?P<converted>.+?) failed)'
    r": ?(?P<why>.*)",
    re.DOTALL,
)
_DENIED = re.compile(r'admission webhook "(?P<name>[^"]+)" denied the request')
_NO_DRY_RUN = re.compile(r'admission webhook "(?P<name>[^"]+)" does not support dry run')
_URL = re.compile(r'^\w+ "?https?://(?P<host>[^/:"]+)[^ ]*"?: (?P<why>.*)', re.DOTALL)
_PASSING = re.compile(
    r"connection refused|no endpoints available|connection reset|EOF|i/o timeout|no route to host"
    r"|deadline exceeded"
)
_OBJECT = re.compile(
    r"^failed to (create (typed|manager)|convert|update managed ?fields)"
    r"|request is too large|message larger than max"
)

Verdict = Literal["answers", "waiting", "refused"]


def judge(error: ApiError) -> Verdict:
    """Return what a refusal shows about the webhooks that judge the object.

    Returns:
        `answers` if a webhook denied the object; `waiting` if a webhook could not be asked, or the server is
        busy; `refused` if it has nothing to do with webhooks.
    """
    if denied_by(error.message):
        return "answers"
    return "waiting" if unanswered(error.message) or is_busy(error) else "refused"


def is_busy(error: ApiError) -> bool:
    """Return whether the API server itself could not answer just now.

    Objects that do not fit their schema, or are too large, count as refused, though some versions answer a
    server-side apply of them with status 500.
    """
    return (error.status == 429 or error.status >= 500) and not _OBJECT.search(error.message)


def denied_by(message: str) -> str | None:
    """Return the webhook that denied an object; None if none did."""
    found = _DENIED.search(message)
    return found["name"] if found else None


def without_dry_run(message: str) -> str | None:
    """Return the webhook that the server does not ask in dry runs; None if it is something else."""
    found = _NO_DRY_RUN.search(message)
    return found["name"] if found else None


def unanswered(message: str) -> str | None:
    """Return which webhook could not be asked, and why; None if the message is about something else."""
    found = _CALLING.search(message)
    if not found:
        return None
    why = found["why"]
    if inner := _URL.match(why):
        why = f"{inner['host']}: {inner['why']}"
    return f"webhook {found['name'] or found['converted']}: {why.strip()}"


def passing(message: str) -> bool:
    """Return whether a webhook could not be asked only because its server does not listen yet."""
    why = unanswered(message)
    return why is not None and _PASSING.search(why) is not None
