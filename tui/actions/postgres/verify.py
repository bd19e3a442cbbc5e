"""`postgres.verify`: tables that must exist."""

from __future__ import annotations

from typing import TYPE_CHECKING

import asyncpg

from tui.actions.postgres.database import failure, forwarded
from tui.errors import ActionError
from tui.reporter import Done

if TYPE_CHECKING:
    from collections.abc import Iterable

    from asyncpg import Connection

    from tui.actions.context import Context
    from tui.plan.steps import PostgresVerify

_TABLES = """
SELECT wanted.name, count(attribute.attnum) AS columns, class.oid IS NOT NULL AS found
FROM unnest($1::text[]) WITH ORDINALITY AS wanted (name, place)
LEFT JOIN pg_class class
    ON class.oid = to_regclass(wanted.name) AND class.relkind IN ('r', 'p', 'f', 'v', 'm')
LEFT JOIN pg_attribute attribute
    ON attribute.attrelid = class.oid AND attribute.attnum > 0 AND NOT attribute.attisdropped
GROUP BY wanted.name, wanted.place, class.oid
ORDER BY wanted.place"""
_EXISTING = """
SELECT format('%s.%s', schemaname, tablename) FROM pg_tables
WHERE schemaname NOT IN ('pg_catalog', 'information_schema') ORDER BY 1 LIMIT 20"""

_NO_NAME = (asyncpg.InvalidNameError, asyncpg.PostgresSyntaxError, asyncpg.FeatureNotSupportedError)


async def verify(step: PostgresVerify, ctx: Context) -> Done:
    """Check that tables exist.

    Raises:
        ActionError: The database cannot be reached, or lacks some of them.
    """
    async with forwarded(step.connection, ctx) as connection:
        return await find_tables(connection, step.tables)


async def find_tables(connection: Connection, tables: Iterable[str]) -> Done:
    """Check that tables, or views, exist.

    Args:
        connection: A session with the database, as of `session`.
        tables: As written in SQL: `name`, `schema.name`, `"Name"`.

    Raises:
        ActionError: Some do not; the cause names them all.
    """
    names = list(tables)
    try:
        rows = await connection.fetch(_TABLES, names)
    except _NO_NAME as error:  # which does not say of which one
        hint = 'write a table as `table`, `schema.table` or `"Table"`'
        raise failure(f"tables {', '.join(map(repr, names))}: ", error, hint) from error
    missing = [row["name"] for row in rows if not row["found"]]
    if missing:
        existing = [row[0] for row in await connection.fetch(_EXISTING)]
        raise ActionError(
            f"no such table: {', '.join(missing)}",
            "add a migration that creates it, or correct its name"
            if existing
            else "the database is empty: run a `postgres.migrate` step first",
            (f"there are: {', '.join(existing)}",) if existing else (),
        )
    return Done(", ".join(f"{row['name']} ({row['columns']} columns)" for row in rows), changed=False)
