"""Audit events in PostgreSQL."""

from __future__ import annotations

import json
from contextlib import contextmanager
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

import asyncpg

from datastorage.events import AuditEvent, AuditQuery, FieldError, InvalidInputError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from datastorage.settings import Settings

_CONNECT_SECONDS = 3.0
_COMMAND_SECONDS = 10.0
_PROBE_SECONDS = 3.0

_COLUMNS = tuple(column.name for column in fields(AuditEvent))
# What is put into the statements below are these names alone; values are always parameters.
_COLUMN_LIST = ", ".join(_COLUMNS)
_PLACEHOLDERS = ", ".join(f"${number}" for number, _ in enumerate(_COLUMNS, start=1))
_MATCHES = (
    "FROM audit_events"
    " WHERE ($1::text IS NULL OR correlation_id = $1)"
    " AND ($2::text IS NULL OR event_type = $2)"
)
_INSERT = f"INSERT INTO audit_events ({_COLUMN_LIST}) VALUES ({_PLACEHOLDERS})"  # noqa: S608
_COUNT = f"SELECT count(*) {_MATCHES}"
_SELECT = f"SELECT {_COLUMN_LIST} {_MATCHES} ORDER BY event_timestamp DESC, event_id LIMIT $3 OFFSET $4"

_UNREACHABLE = (
    OSError,  # refused, unknown host, timeout
    asyncpg.InterfaceError,
    asyncpg.PostgresConnectionError,
    asyncpg.OperatorInterventionError,  # starting up, shutting down
    asyncpg.InsufficientResourcesError,
    asyncpg.InvalidAuthorizationSpecificationError,
    asyncpg.InvalidCatalogNameError,
)
_NOT_MIGRATED = (asyncpg.UndefinedTableError, asyncpg.UndefinedColumnError)


class StoreUnavailableError(Exception):
    """The database cannot be reached, or refuses to serve."""


class SchemaMissingError(Exception):
    """The database is there, but the migrations have not been applied yet."""


@dataclass(frozen=True, slots=True)
class AuditPage:
    """Some of the events that match a query, and how many match in all."""

    events: list[AuditEvent]
    total: int


class AuditStore:
    """Writes and reads audit events."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        """Use the connections of `pool`."""
        self._pool = pool

    async def has_schema(self) -> bool:
        """Ask the database whether the table of the events exists.

        Raises:
            StoreUnavailableError: There is no answer.
        """
        with _driver_errors():
            found = await self._pool.fetchval(
                "SELECT to_regclass('audit_events') IS NOT NULL", timeout=_PROBE_SECONDS
            )
        return bool(found)

    async def add(self, events: Sequence[AuditEvent]) -> None:
        """Write all events, or none of them.

        Raises:
            StoreUnavailableError: The database is away.
            SchemaMissingError: The table does not exist yet.
            InvalidInputError: The database refuses a value.
        """
        with _driver_errors():
            # In one transaction, which is what executemany is by itself.
            await self._pool.executemany(_INSERT, [_row(event) for event in events])

    async def find(self, query: AuditQuery) -> AuditPage:
        """Read the events that match, newest first.

        Raises:
            StoreUnavailableError: The database is away.
            SchemaMissingError: The table does not exist yet.
        """
        filters = (query.correlation_id, query.event_type)
        with _driver_errors():
            async with self._pool.acquire(timeout=_CONNECT_SECONDS) as connection:
                total = await connection.fetchval(_COUNT, *filters)
                rows = await connection.fetch(_SELECT, *filters, query.limit, query.offset)
        return AuditPage([AuditEvent(**dict(row)) for row in rows], int(total))

    async def close(self) -> None:
        """Close the connections."""
        await self._pool.close()


async def open_store(settings: Settings) -> AuditStore:
    """Return a store that connects when it is first used, so that the service starts without."""
    pool = await asyncpg.create_pool(
        host=settings.db_host,
        port=settings.db_port,
        user=settings.db_user,
        password=settings.db_password,
        database=settings.db_name,
        min_size=0,
        max_size=settings.db_pool_size,
        timeout=_CONNECT_SECONDS,
        command_timeout=_COMMAND_SECONDS,
        init=_prepare_connection,
        server_settings={"application_name": "datastorage"},
    )
    return AuditStore(pool)


async def _prepare_connection(connection: asyncpg.Connection) -> None:
    await connection.set_type_codec("jsonb", schema="pg_catalog", encoder=json.dumps, decoder=json.loads)


def _row(event: AuditEvent) -> tuple[Any, ...]:
    return tuple(getattr(event, column) for column in _COLUMNS)


@contextmanager
def _driver_errors() -> Iterator[None]:
    """Turn the driver's errors into this module's."""
    try:
        yield
    except _NOT_MIGRATED as error:
        raise SchemaMissingError(str(error)) from error
    except _UNREACHABLE as error:
        raise StoreUnavailableError(str(error) or type(error).__name__) from error
    except asyncpg.DataError as error:
        # Such as a NUL within event_data, which JSON can carry and PostgreSQL cannot.
        raise InvalidInputError([FieldError("event_data", str(error))]) from error
