"""A client of the API server that sends and receives plain JSON objects.

The generated client is used for its calls alone: its typed models take four times as long, and are not even
imported; its dynamic client does not raise on refusals.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import json
import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import aiohttp

from tui.clients.connection_errors import distrust, reason
from tui.clients.kubernetes.exec_login import log_in
from tui.clients.kubernetes.kubeconfig import read_access
from tui.clients.kubernetes.lean import import_lean
from tui.clients.kubernetes.messages import shorten
from tui.clients.proxies import ways_to
from tui.errors import ActionError
from tui.hosts.local import LocalHost
from tui.plan.recognition import hint_for

if TYPE_CHECKING:
    import ssl
    from collections.abc import AsyncIterator, Callable, Mapping, Sequence
    from pathlib import Path

    from tui.clients.kubernetes.exec_login import Login
    from tui.clients.kubernetes.kubeconfig import Access

# Its 850 modules of typed models would take a third of the memory of a whole bring-up, and 0.2 s of a core.
_library = import_lean(
    "kubernetes_asyncio.client.api_client",
    without=("kubernetes_asyncio", "kubernetes_asyncio.client", "kubernetes_asyncio.client.models"),
)

Object = dict[str, Any]
"""A Kubernetes object, as JSON gives it."""

FIELD_MANAGER = "bringup"
APPLY = "application/apply-patch+yaml"
MERGE = "application/merge-patch+json"
_PATIENCE = 60.0  # seconds for one answer: webhooks alone may take 30
_CONNECT = 10.0  # seconds for a connection
_LARGEST = 2**21  # bytes that are read ahead; an object can have 1.5 MiB
_TITLE = re.compile(r"<title>(.*?)</title>", re.DOTALL | re.IGNORECASE)
_WARNING = re.compile(r'\d{3} \S+ "(?P<text>(?:[^"\\]|\\.)*)"')


class ApiError(ActionError):
    """The API server refused.

    Attributes:
        status: The answer's HTTP status.
        message: The server's own words.
        retry_after: Seconds that it asked to wait, or None.
    """

    def __init__(self, status: int, message: str, retry_after: float | None = None) -> None:
        hint = hint_for(f"status {status}: {message}", "kubernetes")
        super().__init__(f"the API server refused (status {status}): {message}", hint)
        self.status = status
        self.message = message
        self.retry_after = retry_after


class UnreachableError(ActionError):
    """The API server did not answer.

    Attributes:
        passing: Whether it may in a moment: one that has never answered, and takes no connection, is down.
    """

    def __init__(self, server: str, error: BaseException, *, answered: bool = True) -> None:
        super().__init__(
            f"the API server at {server} does not answer: {reason(error)}",
            "is the cluster running? `bringup status` asks it; nodes may be containers: `docker ps`",
        )
        self.passing = answered or not isinstance(error, aiohttp.ClientConnectorError | TimeoutError)


class UntrustedError(ActionError):
    """The API server is not the one that the kubeconfig was written for; asking again is in vain."""

    def __init__(self, server: str, why: str) -> None:
        super().__init__(
            f"the certificate of the API server at {server} is not trusted: {why}",
            "if the cluster was created anew, have its kubeconfig written anew: "
            "kind export kubeconfig --name CLUSTER --kubeconfig FILE",
        )


class Api:
    """A connection to an API server."""

    def __init__(
        self,
        client: Any,
        access: Access,
        *,
        answered: bool = False,
        on_warning: Callable[[str], None] | None = None,
    ) -> None:
        self._client = client
        self._access = access
        self._answered = answered
        self._on_warning = on_warning
        self._warned: set[str] = set()

    def _unanswered(self, error: BaseException) -> ActionError:
        server = self._access.server
        if isinstance(error, aiohttp.ClientConnectorCertificateError):
            return UntrustedError(server, distrust(error))
        if isinstance(error, aiohttp.ClientConnectorSSLError) and "WRONG_VERSION" in str(error.os_error):
            hint = "correct the kubeconfig's `server`: its port, or `http://` in place of `https://`"
            return ActionError(f"what answers at {server} does not speak TLS", hint)
        return UnreachableError(server, error, answered=self._answered)

    @property
    def namespace(self) -> str:
        """The namespace that the kubeconfig's context has for kubectl; empty if it has none."""
        return self._access.namespace

    async def request(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        body: object = None,
        content_type: str = "application/json",
    ) -> Object:
        """Send a request, and return its JSON answer.

        Args:
            method: `GET`, `POST`, `PATCH`, `DELETE`.
            path: From the server's root, such as `/api/v1/namespaces`.
            query: Its parameters.
            body: What is sent, as JSON.
            content_type: What the body is; for a PATCH also how it is to be merged.

        Raises:
            ApiError: The server refused.
            UnreachableError: It did not answer.
            UntrustedError: Its certificate is another's.
        """
        try:
            answer, _, headers = await self._client.call_api(
                path,
                method,
                query_params=list((query or {}).items()),
                header_params={"Content-Type": content_type, "Accept": "application/json"},
                body=body,
                auth_settings=["BearerToken"],
                response_types_map=dict.fromkeys((200, 201, 202), "object"),
                _request_timeout=aiohttp.ClientTimeout(_PATIENCE, sock_connect=_CONNECT),
            )
        except _library.ApiException as error:
            self._answered = True
            raise _refusal(error.status or 0, error.body, error.headers) from error
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise self._unanswered(error) from error
        except UnicodeDecodeError as error:
            raise self._another() from error
        if not isinstance(answer, dict):
            raise self._another()
        self._answered = True
        if body is not None:
            self._tell_warnings("/".join(path.split("/")[-2:]), headers.getall("Warning", ()))
        return answer

    def _another(self) -> ActionError:
        """Return the error of a page in place of an object: of a proxy, or of whatever has the port now."""
        cause = f"what answers at {self._access.server} is no API server of Kubernetes: it sends no objects"
        return ActionError(cause, "correct the kubeconfig's `server`, or the proxy (`NO_PROXY`) before it")

    def _tell_warnings(self, subject: str, given: Sequence[str]) -> None:
        """Tell what the server warns of, each but once: versions that will go, pods that a policy refuses."""
        for found in _WARNING.finditer("\n".join(given)):
            text = re.sub(r"\\(.)", r"\1", found["text"])
            if self._on_warning and text not in self._warned:
                self._on_warning(f"{subject}: {text}")
            self._warned.add(text)

    async def get(self, path: str, **query: str) -> Object:
        """Read an object or a list; see `request`."""
        return await self.request("GET", path, query=query)

    async def find(self, path: str) -> Object | None:
        """Read an object, or return None if there is none; see `request`."""
        try:
            return await self.get(path)
        except ApiError as error:
            if error.status == 404:
                return None
            raise

    async def apply(self, path: str, body: Object, **query: str) -> Object:
        """Apply an object with server-side apply, forcing conflicts; see `request`."""
        parameters = {"fieldManager": FIELD_MANAGER, "force": "true", **query}
        return await self.request("PATCH", path, query=parameters, body=body, content_type=APPLY)

    async def text(self, path: str, **query: str) -> str:
        """Read a short text, such as the end of a log; bytes that are not UTF-8 are replaced."""
        async with self.stream(path, query) as content:
            return (await content.read()).decode(errors="replace")

    @contextlib.asynccontextmanager
    async def stream(
        self, path: str, query: Mapping[str, str], silence: float | None = _PATIENCE
    ) -> AsyncIterator[aiohttp.StreamReader]:
        """Open an answer that is read as it arrives.

        Args:
            path: From the server's root.
            query: Its parameters.
            silence: Seconds without a byte after which the connection is taken for dead; None for never.

        Raises:
            ApiError: The server refused.
            UnreachableError: It did not answer, or fell silent, or the connection broke.
        """
        try:
            response = await self._client.call_api(
                path,
                "GET",
                query_params=list(query.items()),
                header_params={"Accept": "application/json, */*"},
                auth_settings=["BearerToken"],
                _preload_content=False,
                _request_timeout=aiohttp.ClientTimeout(total=None, sock_connect=_CONNECT, sock_read=silence),
            )
            self._answered = True
            try:
                if response.status >= 300:
                    raise _refusal(response.status, await response.text(errors="replace"), response.headers)
                yield response.content
            finally:
                response.close()
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise self._unanswered(error) from error

    @contextlib.asynccontextmanager
    async def websocket(
        self, path: str, protocols: Sequence[str]
    ) -> AsyncIterator[aiohttp.ClientWebSocketResponse]:
        """Open a websocket to the server, for messages of any size.

        Raises:
            ApiError: The server refused.
            UnreachableError: It did not answer.
        """
        headers: dict[str, str] = {}
        await self._client.update_params_for_auth(headers, [], ["BearerToken"])
        session: aiohttp.ClientSession = self._client.rest_client.pool_manager
        try:
            socket = await session.ws_connect(
                self._access.server + path,
                protocols=protocols,
                headers=headers,
                max_msg_size=0,
                server_hostname=self._access.server_name,
            )
        except aiohttp.WSServerHandshakeError as error:
            raise ApiError(error.status, error.message) from error
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise self._unanswered(error) from error
        try:
            yield socket
        finally:
            await socket.close()


@contextlib.asynccontextmanager
async def open_api(
    kubeconfig: Path,
    context: str = "",
    *,
    answered: bool = False,
    on_warning: Callable[[str], None] | None = None,
) -> AsyncIterator[Api]:
    """Connect to the cluster of a kubeconfig's context; the connection is closed when the block ends.

    Args:
        kubeconfig: The kubeconfig file.
        context: The name of the context; the file's current one if empty.
        answered: Whether its API server has answered before.
        on_warning: Takes what the server warns of where it is sent objects.

    Raises:
        ActionError: The kubeconfig is not usable.
    """
    access = await asyncio.to_thread(read_access, kubeconfig, context)
    if access.login is not None:
        given = await log_in(access.login, LocalHost())
        pair = given.certificate.encode(), given.key.encode()
        access = replace(access, token=given.token, certificate=pair[0], key=pair[1])
    tls = await asyncio.to_thread(access.tls)
    client = await _client(access, tls)
    try:
        yield Api(client, access, answered=answered, on_warning=on_warning)
    finally:
        await client.close()


async def _client(access: Access, tls: ssl.SSLContext) -> Any:
    configuration = _library.Configuration(host=access.server)
    configuration.tls_server_name = access.server_name
    if access.token:
        configuration.api_key["BearerToken"] = f"Bearer {access.token}"
    if access.login is not None:
        configuration.refresh_api_key_hook = functools.partial(_log_in_again, access.login)
    client = _library.ApiClient(configuration)
    await client.rest_client.close()
    client.rest_client.pool_manager = _session(access, tls)
    return client


async def _log_in_again(login: Login, configuration: Any) -> None:
    """Have a client's next request bear a token that still holds."""
    token = (await log_in(login, LocalHost())).token
    if token:
        configuration.api_key["BearerToken"] = f"Bearer {token}"


def _session(access: Access, tls: ssl.SSLContext) -> aiohttp.ClientSession:
    """Make a session that replaces the client's own.

    The client's session would reach even 127.0.0.1 through `HTTPS_PROXY`, and has at most 100 connections.
    Each watch and each followed log holds one.
    """
    ways = ways_to(access.server)
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=0, ssl=tls),
        trust_env=ways["trust_env"],
        proxy=access.proxy or ways["proxy"],
        read_bufsize=_LARGEST,
    )


def _refusal(status: int, body: object, headers: Mapping[str, str] | None) -> ApiError:
    text = body.decode(errors="replace") if isinstance(body, bytes) else str(body or "")
    with contextlib.suppress(ValueError):
        parsed = json.loads(text)
        text = parsed.get("message", text) if isinstance(parsed, dict) else text
    if "<html" in text[:1000].lower():  # of a proxy
        title = _TITLE.search(text)
        text = f"a page in place of an answer: {' '.join(title[1].split()) if title else 'without a title'}"
    after = (headers or {}).get("Retry-After", "")
    return ApiError(status, shorten(text), float(after) if after.isdigit() else None)
