"""Asking URLs."""

from __future__ import annotations

import asyncio
import importlib
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from tui.errors import ActionError, BringupError
from tui.reporter import Done

if TYPE_CHECKING:
    from urllib.parse import SplitResult

    import aiohttp

    from tui.actions.context import Context
    from tui.hosts.host import Host
    from tui.plan.steps import HttpCheck

_REQUEST = 5.0  # seconds that one request may take
_LAST_REQUEST = 0.5  # seconds that it may take even if it began just ahead of the deadline
_PAUSE = 0.05  # seconds between requests at the least
_LARGEST = 1 << 20  # bytes of a body that are looked at
_SHOWN = 300  # characters of a body that an error shows


@dataclass(frozen=True, slots=True)
class _Answer:
    """What came of one request.

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
    """Asks a URL until it answers as wanted.

    Raises:
        ActionError: It has not, by the deadline; with the last answer.
    """
    aiohttp = await asyncio.to_thread(importlib.import_module, "aiohttp")
    now = asyncio.get_running_loop().time
    began = now()
    deadline = began + step.default_timeout if ctx.deadline is None else ctx.deadline
    interval = max(step.interval, _PAUSE)
    said = ""
    # Proxies are for what is far away; what a plan brings up is near.
    async with aiohttp.ClientSession(
        trust_env=False, connector=await connector_to(ctx.host, step.url)
    ) as session:
        with ctx.span("ready", step.url):
            while True:
                limit = max(min(deadline - now(), _REQUEST), _LAST_REQUEST)
                answer = await _ask(session, step, limit, ctx.host)
                if answer.good:
                    return Done(answer.text, changed=False)
                if answer.text != said:
                    said = answer.text
                    ctx.log(f"{step.url}: {said}")
                if now() + interval >= deadline:
                    raise _unanswered(step, answer, now() - began)
                await asyncio.sleep(interval)


def port_of(parts: SplitResult) -> int:
    """The port that a URL leads to, by its scheme where it names none.

    Raises:
        ValueError: It names one that there cannot be.
    """
    return parts.port or (443 if parts.scheme == "https" else 80)


async def connector_to(host: Host, url: str) -> aiohttp.BaseConnector | None:
    """What connects to a URL as seen from a host; None for this machine's own connections.

    Raises:
        ActionError: It is no URL.
        HostLostError: The connection to the host ended first.
        NotReadyError: The host does not allow it.
    """
    try:
        parts = urlsplit(url)
        port = port_of(parts)
    except ValueError as error:
        raise ActionError(f"{url}: there is no such URL: {error}", "mend it") from error
    if host.shares_loopback:
        return None
    far = await asyncio.to_thread(importlib.import_module, "tui.clients.ssh_connector")
    await far.way(host, parts.hostname, port)  # what the machine forbids is told now, not after many tries
    connector: aiohttp.BaseConnector = far.FarConnector(host)
    return connector


async def _ask(session: aiohttp.ClientSession, step: HttpCheck, limit: float, host: Host) -> _Answer:
    import aiohttp

    try:
        async with asyncio.timeout(limit):
            # A redirection is followed, unless it is what is wanted.
            async with session.get(step.url, allow_redirects=not 300 <= step.status < 400) as response:
                return _judge(step, response, await _body(response))
    except aiohttp.InvalidURL as error:
        raise ActionError(f"{step.url}: there is no such URL as {error}", "mend it") from error
    except BringupError as error:  # the machine is away; it may come back
        return _Answer(error.cause, hint=error.hint)
    except TimeoutError:
        return _Answer(f"no answer within {limit:.0f} s", hint="it is slow or stuck: see its log")
    except aiohttp.ClientSSLError as error:
        return _Answer(explain(error), hint="its certificate is not trusted here, or it speaks no TLS")
    except aiohttp.ClientConnectorError as error:
        return _Answer(explain(error), hint="nothing listens there: is the port mapped to this machine?")
    except aiohttp.ClientError as error:
        if _is_far(error, host):
            return _Answer(explain(error, host), hint=f"does anything listen at that port of {host.name}?")
        return _Answer(explain(error), hint="something listens there, but does not answer as HTTP wants it")


def explain(error: Exception, host: Host | None = None) -> str:
    """What a failed request failed of: in the system's own words, where it has some.

    Args:
        error: What it failed with.
        host: The machine from which it was asked; this one if absent.
    """
    if host is not None and _is_far(error, host):
        return f"nothing answers there, at {host.name}"
    if isinstance(error, OSError) and error.errno and error.errno > 0:
        return os.strerror(error.errno)
    return str(error) or type(error).__name__  # a name that is not found has a number of its own


def _is_far(error: Exception, host: Host) -> bool:
    """Whether it is the other machine's end of a way that failed: this end is taken, then ended at once."""
    import aiohttp

    return not host.shares_loopback and isinstance(error, aiohttp.ServerDisconnectedError | ConnectionError)


async def _body(response: aiohttp.ClientResponse) -> str:
    held = bytearray()
    async for chunk in response.content.iter_any():
        held += chunk
        if len(held) >= _LARGEST:
            break
    return bytes(held[:_LARGEST]).decode(errors="replace")


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
