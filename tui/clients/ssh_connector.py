"""HTTP connections from another machine, through forwards over SSH."""

from __future__ import annotations

import asyncio
import ssl
from typing import TYPE_CHECKING, Any

import aiohttp

if TYPE_CHECKING:
    from aiohttp.client_proto import ResponseHandler

    from tui.hosts.host import Host


class SshConnector(aiohttp.BaseConnector):
    """Connects to each address from a host.

    The library's own connector to Unix sockets speaks no TLS, and leads every request, redirected or not, to
    one address.
    """

    def __init__(self, host: Host) -> None:
        """Prepare it.

        Args:
            host: The host that addresses are resolved and connected from.
        """
        super().__init__()
        self._host = host
        self._secure: ssl.SSLContext | None = None

    async def _create_connection(
        self,
        req: aiohttp.ClientRequest,
        traces: Any,
        timeout: aiohttp.ClientTimeout,  # noqa: ASYNC109 - the library's
    ) -> ResponseHandler:
        path = await forwarded(self._host, req.url.host, req.url.port or 80)
        tls: dict[str, Any] = {}
        if req.is_ssl():
            self._secure = self._secure or await asyncio.to_thread(ssl.create_default_context)
            tls = {"ssl": self._secure, "server_hostname": req.url.host}
        try:
            async with asyncio.timeout(timeout.sock_connect):
                _, protocol = await self._loop.create_unix_connection(self._factory, path, **tls)
        except ssl.SSLCertVerificationError as error:
            raise aiohttp.ClientConnectorCertificateError(req.connection_key, error) from error
        except ssl.SSLError as error:
            raise aiohttp.ClientConnectorSSLError(req.connection_key, error) from error
        except ConnectionError as error:  # the other end's: this one is there
            raise aiohttp.ServerDisconnectedError from error
        except OSError as error:
            raise aiohttp.ClientConnectorError(req.connection_key, error) from error
        return protocol


async def forwarded(host: Host, name: str | None, port: int) -> str:
    """Return the Unix socket here that leads to a port of a name as the host resolves it.

    Raises:
        HostLostError: The connection to it ended first.
        NotReadyError: It does not allow it.
    """
    return str(await host.socket(port, "127.0.0.1" if name in (None, "localhost") else name))
