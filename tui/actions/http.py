"""The step `http.check`."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import aiohttp

from tui.clients import ssh_connector
from tui.clients.connection_errors import reason
from tui.errors import ActionError, BringupError
from tui.plan.address import port_of
from tui.reporter import Done, deadline_of

if TYPE_CHECKING:
    from tui.actions.context import Context
    from tui.hosts.host import Host
    from tui.plan.steps import HttpCheck

_REQUEST = 5.0  # seconds that one request may take
_LAST_REQUEST = 2.0  # seconds that it may take even if it began at the deadline: the machine may be busy
_PAUSE = 0.05  # seconds between requests at the least
_LARGEST = 1 << 20  # bytes of a body that are looked at
_SHOWN = 300  # characters of a body that an error shows


@dataclass(frozen=True, slots=True)
class _Answer:
    """The result of one request.

    Attributes:
        text: The status, or the connection's error, in words.
        good: Whether it is what the step wants.
        body: What was answered, if anything was.
        hint: What to do if it stays like this.
    """

    text: str
    good: bool = False
    body: str = ""
    hint: str = ""


async def check(step: HttpCheck, ctx: Context) -> Done:
    """Ask a URL until it answers as wanted.

    Raises:
        ActionError: It has not by the deadline, and its last answer says why; or it is no URL.
    """
    now = asyncio.get_running_loop().time
    began = now()
    deadline = deadline_of(ctx, step.default_timeout)
    interval = max(step.interval, _PAUSE)
    said = ""
    connector = await connector_to(ctx.host, step.url)
    # Proxies are for what is far away; what a plan brings up is near.
    async with aiohttp.ClientSession(trust_env=False, connector=connector) as session:
        with ctx.span("ready", step.url):
            while True:
                limit = max(min(deadline - now(), _REQUEST), _LAST_REQUEST)
                answer = await _ask(session, step, limit, ctx.host)
                if answer.good:
                    return Done(answer.text, changed=False)
                if answer.text != said:
                    said = answer.text
                    ctx.log(f"{step.url}: {said}")
                if (left := deadline - now()) <= 0:
                    raise _unanswered(step, answer, now() - began)
                await asyncio.sleep(min(interval, left))  # the last time it is asked at the deadline itself


async def connector_to(host: Host, url: str) -> aiohttp.BaseConnector | None:
    """Return what connects to a URL as seen from a host; None for this machine's own connections.

    Raises:
        ActionError: It is no URL.
        HostLostError: The connection to the host ended first.
        NotReadyError: The host does not allow it.
    """
    try:
        name, port = urlsplit(url).hostname, port_of(url)
    except ValueError as error:
        raise ActionError(f"{url}: there is no such URL: {error}", "mend it") from error
    if host.shares_loopback:
        return None
    await ssh_connector.forwarded(host, name, port)  # what the host forbids is told now, not after many tries
    return ssh_connector.SshConnector(host)


async def _ask(session: aiohttp.ClientSession, step: HttpCheck, limit: float, host: Host) -> _Answer:
    end = asyncio.get_running_loop().time() + limit
    # A redirection is followed, unless it is what is wanted.
    request = session.get(step.url, allow_redirects=not 300 <= step.status < 400)
    try:
        async with asyncio.timeout_at(end):
            response = await request
        async with response:
            return _judge(step, response, await _body(response, step, end))
    except BringupError as error:  # the host is away; it may come back
        return _Answer(error.cause, hint=error.hint)
    except TimeoutError:
        return _Answer(f"no answer within {limit:.0f} s", hint="it is slow or stuck: see its log")
    except aiohttp.TooManyRedirects:
        return _Answer("it redirects without end", hint="see which URL it redirects to: curl -IL says")
    except aiohttp.RedirectClientError as error:
        return _Answer(
            f"it redirects to {error}", hint="it redirects to what cannot be asked: see its settings"
        )
    except (aiohttp.ClientError, ValueError) as error:
        # An error of a certificate is a ValueError too.
        if isinstance(error, aiohttp.InvalidURL) or not isinstance(error, aiohttp.ClientError):
            raise ActionError(f"{step.url} is not a URL that can be asked: {error}", "correct it") from error
        return _Answer(explain(error, host), hint=_hint(error, host))


def _hint(error: aiohttp.ClientError, host: Host) -> str:
    if isinstance(error, aiohttp.ClientSSLError):
        return "its certificate is not trusted here, or it speaks no TLS"
    if isinstance(error, aiohttp.ClientConnectorDNSError):
        return "the name is not known here: check it, and DNS"
    if isinstance(error, aiohttp.ClientConnectorError):
        return "nothing listens there: is the port mapped to this machine?"
    if _is_far(error, host):
        return f"does anything listen at that port of {host.name}?"
    return "something listens there, but does not answer as HTTP wants it"


def explain(error: Exception, host: Host | None = None) -> str:
    """Return why a request failed, in the system's words if it has some.

    Args:
        error: The error that it failed with.
        host: The host from which it was asked; this machine if absent.
    """
    if host is not None and _is_far(error, host):
        return f"nothing answers there, at {host.name}"
    return reason(error)


def _is_far(error: Exception, host: Host) -> bool:
    """Return whether it is the host's end of a forward that failed: this end is taken, then ended at once."""
    return not host.shares_loopback and isinstance(error, aiohttp.ServerDisconnectedError | ConnectionError)


async def _body(response: aiohttp.ClientResponse, step: HttpCheck, end: float) -> str:
    """Read a body until it has the wanted text, or has reached a limit: a body may have no end."""
    if response.status == step.status and not step.contains:
        return ""
    try:
        wanted = step.contains.encode(response.charset or "utf-8")
    except (LookupError, UnicodeEncodeError):
        wanted = step.contains.encode()
    held = bytearray()
    try:
        async with asyncio.timeout_at(end):
            async for chunk in response.content.iter_any():
                held += chunk
                if len(held) >= _LARGEST or (wanted and wanted in held):
                    break
    except (TimeoutError, aiohttp.ClientPayloadError):
        pass  # what has come is looked at
    return step.contains if wanted and wanted in held else bytes(held[:_LARGEST]).decode(errors="replace")


def _judge(step: HttpCheck, response: aiohttp.ClientResponse, body: str) -> _Answer:
    text = f"{response.status} {response.reason or ''}".strip()
    if response.status != step.status:
        return _Answer(text, body=body, hint=f"it answers, but not {step.status}: see its log")
    if step.contains not in body:
        return _Answer(f"{text} without {step.contains!r}", body=body, hint="it answers something else")
    return _Answer(text, good=True)


def _unanswered(step: HttpCheck, last: _Answer, seconds: float) -> ActionError:
    wanted = f"{step.status}" + (f" with {step.contains!r}" if step.contains else "")
    body = last.body.strip()
    shown = body[:_SHOWN] + ("…" if len(body) > _SHOWN else "")
    return ActionError(
        f"{step.url} has not answered {wanted} within {seconds:.0f} s; last: {last.text}",
        last.hint,
        tuple(shown.splitlines()),
    )
