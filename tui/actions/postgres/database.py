"""Sessions with a PostgreSQL database in the cluster, which may still be starting."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import socket
import ssl
from typing import TYPE_CHECKING

import asyncpg

from tui.errors import ActionError
from tui.plan.recognition import hint_for
from tui.reporter import deadline_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from asyncpg import Connection

    from tui.actions.context import Context
    from tui.plan.steps import Database

_START = 60.0  # seconds that a pod, and then the database, may take where there is no deadline
_CONNECT = 10.0  # seconds that one attempt to connect may take
_PAUSE = 0.5  # seconds between attempts to connect
_LEAVE = 0.1  # seconds for the server to close a connection; through a port-forward it is told of that late
_END = 1.0  # seconds to have a session ended on the server

BROKEN = (asyncpg.PostgresConnectionError, asyncpg.InterfaceError, OSError)
"""What is raised where a connection is lost."""

_UNENCRYPTED = re.compile(r"(?:no encryption|SSL off)$")
"""What a server says of a connection without TLS that its pg_hba.conf has no line for."""

# Starting, at its limit of connections, or lost again while connecting.
_PASSING = {"57P03", "53300", "08000", "08001", "08003", "08004", "08006"}


@contextlib.asynccontextmanager
async def forwarded(database: Database, ctx: Context) -> AsyncIterator[Connection]:
    """Open a session with a database in the plan's cluster, once a pod of its service is ready.

    Raises:
        ActionError: The cluster does not answer, no pod becomes ready, the database does not answer, or what
            is done with it fails; see `session`.
    """
    ctx.secret(database.password)
    from tui.actions.kubernetes.targets import Service
    from tui.actions.kubernetes.wait import wait_for
    from tui.clients.kubernetes.port_forward import forward
    from tui.cluster.connect import connect

    async with connect(ctx) as api:
        server = Service(api, database.service, database.namespace)
        await wait_for(api, [server], database.namespace, ctx, _START)
        async with (
            forward(api, database.namespace, database.service, database.port) as (host, port),
            session(database, host, port, ctx) as connection,
        ):
            yield connection


@contextlib.asynccontextmanager
async def session(database: Database, host: str, port: int, ctx: Context) -> AsyncIterator[Connection]:
    """Open a session with a database.

    Where the block fails or is cancelled, the session is ended on the server too, within a second: what it
    has not committed is rolled back, and its locks are free, even if a statement was still running.

    Args:
        database: Its user, password and name.
        host: The address that it listens on.
        port: The port that it listens on.
        ctx: The step's context.

    Raises:
        ActionError: It does not accept the connection by the deadline, or what is done with it fails.
    """
    with ctx.span("connect", database.service), explained():
        connection = await _connect(database, host, port, ctx)
    process = connection.get_server_pid()
    try:
        with explained():
            await watch_client(connection)
            yield connection
    except BaseException:
        connection.terminate()
        await _end(process, database, host, port)
        raise
    await _leave(connection)


async def watch_client(connection: Connection) -> None:
    """Let the server notice and roll back, not run on, where it loses its client without a word."""
    if connection.get_server_version() >= (14,):
        await connection.execute("SET client_connection_check_interval = '1s'")


async def _connect(database: Database, host: str, port: int, ctx: Context) -> Connection:
    now = asyncio.get_running_loop().time
    began = now()
    deadline = deadline_of(ctx, _START)
    said = ""
    while True:
        try:
            return await _open(database, host, port)
        except asyncpg.PostgresError as error:
            if error.sqlstate not in _PASSING:
                raise failure(f"PostgreSQL refuses {database.user}: ", error) from error
            why = reason(error)
        except OSError as error:
            why = reason(error)
        if why != said:
            said = why
            ctx.log(f"PostgreSQL does not accept a connection yet: {why}")
        if now() + _PAUSE >= deadline:
            raise ActionError(
                f"PostgreSQL has not accepted a connection within {now() - began:.0f} s: {why}",
                f"is {database.service} in {database.namespace} running, and {database.port} its port?",
            )
        await asyncio.sleep(_PAUSE)


async def _open(database: Database, host: str, port: int) -> Connection:
    """Open a connection: without TLS, as the port-forward is encrypted, unless the server wants it."""
    try:
        return await _open_by(database, host, port)
    except asyncpg.InvalidAuthorizationSpecificationError as error:
        if not _UNENCRYPTED.search(str(error)):
            raise
        try:
            return await _open_by(database, host, port, tls=_unverified())
        except OSError:  # it has none: nobody like this user may log in
            raise error from None


def _unverified() -> ssl.SSLContext:
    """Return TLS that asks for no proof of who the server is: the port-forward leads to no other."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


async def _open_by(database: Database, host: str, port: int, tls: ssl.SSLContext | None = None) -> Connection:
    return await asyncpg.connect(
        host=host,
        port=port,
        user=database.user,
        password=database.password,
        database=database.database,
        ssl=tls or False,
        timeout=_CONNECT,
        statement_cache_size=0,  # a migration may deallocate all prepared statements
        server_settings={"application_name": f"bringup {os.getpid()} on {socket.gethostname()}"[:63]},
    )


async def _leave(connection: Connection) -> None:
    # Says goodbye, and goes soon whether or not the server is heard to close.
    with contextlib.suppress(OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
        await connection.close(timeout=_LEAVE)


async def _end(process: int, database: Database, host: str, port: int) -> None:
    """Terminate a session from another one. Ignore a server that does not answer: it notices by itself."""
    with contextlib.suppress(OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
        async with asyncio.timeout(_END):
            connection = await _open(database, host, port)
            try:
                await connection.execute(f"SELECT pg_terminate_backend({process})")
            finally:
                await _leave(connection)


@contextlib.contextmanager
def explained(where: str = "") -> Iterator[None]:
    """Turn errors of the database into an `ActionError`.

    Args:
        where: Beginning of its cause.
    """
    try:
        yield
    except BROKEN as error:
        raise ActionError(
            f"{where}the connection to PostgreSQL broke: {reason(error)}",
            "look into its pod's log, whether it restarted; what was not committed is rolled back",
        ) from error
    except asyncpg.PostgresError as error:
        raise failure(where, error) from error


def failure(where: str, error: asyncpg.PostgresError, hint: str = "") -> ActionError:
    """Return a server's error as an `ActionError`.

    Args:
        where: Beginning of its cause.
        error: The server's error.
        hint: What to do where neither the catalogue of failures nor the server knows.
    """
    return ActionError(
        f"{where}{reason(error)}",
        hint_for(reason(error), "postgres") or error.hint or hint,
        details(error),
    )


def reason(error: Exception) -> str:
    """Return an error's message, with its SQLSTATE if it has one."""
    message = str(error.args[0]) if error.args else ""
    if isinstance(error, TimeoutError):
        return "it did not answer in time"
    if isinstance(error, OSError) and error.errno and error.errno > 0:
        return os.strerror(error.errno)
    sqlstate = getattr(error, "sqlstate", None)
    return f"{message} ({sqlstate})" if sqlstate else message or type(error).__name__


def details(error: asyncpg.PostgresError) -> tuple[str, ...]:
    """Return what the server adds to its message, as lines."""
    parts = (("detail", error.detail), ("in", error.internal_query), ("context", error.context))
    return tuple(line for name, text in parts if text for line in f"{name}: {text}".splitlines())
