"""A trace sent to a collector of OpenTelemetry."""

from __future__ import annotations

import os
import urllib.error
import urllib.parse
import urllib.request

from tui.errors import BringupError

_PATH = "/v1/traces"
_SECONDS = 30


def send(trace: bytes, url: str) -> str:
    """Send a trace in OTLP's JSON encoding over HTTP.

    Headers, as for a login, are read from OTEL_EXPORTER_OTLP_HEADERS, as by all that sends OTLP.

    Args:
        trace: The trace.
        url: The collector's address; `/v1/traces` is added where it has no path.

    Returns:
        The address that it was sent to, without a login.

    Raises:
        BringupError: The address is wrong, or the collector did not take the trace.
    """
    parts = urllib.parse.urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        hint = "write it so: `--to http://127.0.0.1:4318`"
        raise BringupError(f"{parts.scheme or 'the address'}: a collector is reached over HTTP", hint)
    if parts.path in {"", "/"}:
        parts = parts._replace(path=_PATH)
    shown = parts._replace(netloc=parts.netloc.rpartition("@")[2], query="").geturl()
    headers = {"Content-Type": "application/json", "User-Agent": "bringup", **_headers()}
    request = urllib.request.Request(parts.geturl(), trace, headers)  # noqa: S310 - see above
    try:
        with urllib.request.urlopen(request, timeout=_SECONDS):  # noqa: S310 - see above
            return shown
    except urllib.error.HTTPError as error:
        with error:
            said = error.read(2000).decode(errors="replace").strip()
        raise BringupError(
            f"{shown} answered {error.code} {error.reason}", _hint(error.code), (said,)
        ) from error
    except OSError as error:
        reason = getattr(error, "reason", error)
        hint = "start the collector, or name the port of its OTLP over HTTP, by default 4318"
        raise BringupError(f"{shown} does not answer: {reason}", hint) from error


def _headers() -> dict[str, str]:
    given = os.environ.get("OTEL_EXPORTER_OTLP_HEADERS", "")
    pairs = (part.partition("=") for part in given.split(",") if "=" in part)
    return {name.strip(): urllib.parse.unquote(value.strip()) for name, _, value in pairs}


def _hint(code: int) -> str:
    if code in {401, 403}:
        return "set OTEL_EXPORTER_OTLP_HEADERS to the header of its login: `authorization=Bearer%20…`"
    if code in {400, 404, 405, 415}:
        return "name the whole address of its OTLP over HTTP, which must take JSON"
    return ""
