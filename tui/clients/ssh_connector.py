"""Connecting to what is asked over HTTP as it is seen from another machine."""

from __future__ import annotations

import asyncio
import ssl
from typing import TYPE_CHECKING, Any

import aiohttp

if TYPE_CHECKING:
    from aiohttp.client_proto import ResponseHandler

    from tui.hosts.host import Host


class FarConnector(aiohttp.BaseConnector):
    """Connects to each address by a way through a host.

    The library's own connector to Unix sockets speaks no TLS, and leads all to one address, redirections too.
    """

    def __init__(self, host: Host) -> None:
        """Prepares it.

        Args:
            host: The machine that everything is seen from.
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
        path = await way(self._host, req.url.host, req.url.port or 80)
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


async def way(host: Host, name: str | None, port: int) -> str:
    """The Unix socket that leads to a name's port as they are seen from a host.

    Raises:
        HostLostError: The connection to it ended first.
        NotReadyError: It does not allow it.
    """
    return str(await host.socket(port, "127.0.0.1" if name in (None, "localhost") else name))
