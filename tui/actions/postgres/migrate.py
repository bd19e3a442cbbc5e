"""`postgres.migrate`: applies the migrations that a database has not had.

They are chosen as goose chooses them (its `internal/gooseutil/resolve.go`).
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING

import asyncpg

from tui.actions.postgres import versions
from tui.actions.postgres.database import BROKEN, explained, failure, forwarded, watch_client
from tui.errors import ActionError
from tui.plan.migrations import goose
from tui.plan.migrations.sql import BLOCK_HINT, psql_only
from tui.reporter import Done
from tui.text import plural

if TYPE_CHECKING:
    from collections.abc import Sequence

    from asyncpg import Connection

    from tui.actions.context import Context
    from tui.actions.postgres.versions import Versions
    from tui.plan.migrations.goose import Migration, Source, Statement
    from tui.plan.steps import PostgresMigrate

_RETRY = "correct the statement, then run the task again"
_SHOWN = 80  # characters of a statement that ran out of time
_RESET = "RESET SESSION AUTHORIZATION; RESET ALL"
"""Takes back what a migration has set for its session, the role too: it is not to hold for what follows."""


async def migrate(step: PostgresMigrate, ctx: Context) -> Done:
    """Apply the migrations that a database has not had.

    Raises:
        ActionError: The database cannot be reached, or a migration is wrong or fails.
    """
    sources = await asyncio.to_thread(goose.collect, step.migrations)
    async with forwarded(step.connection, ctx) as connection:
        return await apply_migrations(connection, sources, ctx)


async def apply_migrations(connection: Connection, sources: Sequence[Source], ctx: Context) -> Done:
    """Apply those migrations that a database has not had, one run at a time.

    Args:
        connection: A session with the database, as of `session`: its end on failure rolls back and unlocks.
        sources: The migrations, the lowest version first.
        ctx: The step's context.

    Raises:
        ActionError: A migration is missing, wrong or fails; the cause names its file and line.
    """
    connection.add_log_listener(lambda _, told: ctx.log(f"{told.severity}: {told.message}", "postgresql"))
    await versions.lock(connection, ctx)
    table = await versions.open_versions(connection)
    pending = _choose(sources, await table.applied(), ctx)
    # All are read before the first is applied, so that a mistake in the last is found in time.
    migrations = await asyncio.to_thread(lambda: [_read(source) for source in pending])
    for done, (source, migration) in enumerate(zip(pending, migrations, strict=True)):
        ctx.progress(done, len(pending), "files", source.name)
        with ctx.span("migrate", source.name):
            await _Application(table, source, migration, ctx).apply()
    ctx.progress(len(pending), len(pending), "files")
    await versions.unlock(connection)
    if not pending:
        return Done(f"{plural(len(sources), 'migration')} already applied", changed=False)
    return Done(f"{plural(len(pending), 'migration')} applied")


def _choose(sources: Sequence[Source], applied: set[int], ctx: Context) -> list[Source]:
    """Return the migrations to apply: all above the highest applied version, if none below it is missing."""
    highest = max(applied, default=0)
    pending = [source for source in sources if source.version not in applied]
    missing = [source.name for source in pending if source.version < highest]
    if missing:
        raise ActionError(
            f"older than the database's version {highest}, yet not applied: {', '.join(missing)}",
            "give them numbers above it, or apply them out of order with `goose up -allow-missing`",
        )
    if unknown := sorted(applied - {source.version for source in sources} - {0}):
        ctx.log(f"the database has versions that there are no files of: {', '.join(map(str, unknown))}")
    return pending


def _read(source: Source) -> Migration:
    """Read a migration; blocks.

    Raises:
        ActionError: It is not as goose wants it, or not for a server alone.
    """
    migration = source.read()
    for statement in migration.statements:
        if wrong := psql_only(statement.text):
            raise ActionError(f"{source.name}:{statement.line_at(wrong.at + 1)}: {wrong.cause}", wrong.hint)
    return migration


class _Application:
    """Applies one migration."""

    def __init__(self, table: Versions, source: Source, migration: Migration, ctx: Context) -> None:
        self._table = table
        self._connection = table.connection
        self._source = source
        self._migration = migration
        self._ctx = ctx
        self._transaction = 0  # the server's number of the transaction that was begun for the file
        self._left = 0  # the line at which the file had left that transaction

    async def apply(self) -> None:
        """Apply and record it.

        Raises:
            ActionError: It failed; the details say what of it stays.
        """
        now = asyncio.get_running_loop().time
        began = now()
        if self._migration.transaction:
            with explained(f"{self._source.name}: "):
                await self._connection.execute("BEGIN")
                self._transaction = await self._connection.fetchval("SELECT txid_current()")
        for statement in self._migration.statements:
            await self._run(statement)
        await self._record()
        took = now() - began
        self._ctx.log(
            f"{self._source.name} applied in {f'{took * 1000:.0f} ms' if took < 1 else f'{took:.1f} s'}"
        )

    async def _run(self, statement: Statement) -> None:
        try:
            async with asyncio.timeout_at(self._ctx.deadline):
                await self._connection.execute(statement.text)
        except TimeoutError as error:
            raise ActionError(
                f"{self._source.name}:{statement.lines[0]}: out of time while it ran: "
                f"{statement.text.splitlines()[0][:_SHOWN]}",
                "look into pg_stat_activity for a lock that it waits for, or give the step a longer timeout",
            ) from error
        except BROKEN:
            raise
        except asyncpg.PostgresError as error:
            if self._connection.is_closed():
                raise
            raise await self._failed(statement, error) from error
        if self._transaction and not self._left and not self._connection.is_in_transaction():
            self._left = statement.lines[-1]

    async def _failed(self, statement: Statement, error: asyncpg.PostgresError) -> ActionError:
        """Return a statement's error with its place in the file and what stays applied."""
        line = statement.line_at(int(error.position or 1))
        cut_off = str(error.args[0]).endswith("at end of input")
        told = failure(f"{self._source.name}:{line}: ", error, BLOCK_HINT if cut_off else _RETRY)
        written = statement.text.split("\n")[statement.lines.index(line)].strip()
        shown = f"{self._source.path}:{line}: {written}"
        return ActionError(told.cause, told.hint, (shown, *told.details, await self._standing(line)))

    async def _standing(self, line: int) -> str:
        """Ask the server what of the file stays after a failure at a line."""
        inside = self._connection.is_in_transaction()
        with suppress(asyncpg.PostgresError):
            await self._connection.execute("ROLLBACK")
        if not self._transaction:
            begun = ", as far as it was committed" if inside else ""
            return f"what is above line {line} in the file stays applied{begun}"
        if not inside or self._left or await self._outcome() == "committed":
            return (
                f"the file ended its transaction itself{f' by line {self._left}' if self._left else ''}: "
                "what it committed stays applied"
            )
        return "nothing of the file is applied"

    async def _outcome(self) -> str:
        """Ask the server how the file's transaction ended."""
        return str(await self._connection.fetchval("SELECT txid_status($1)", self._transaction))

    async def _record(self) -> None:
        name = self._source.name
        if not self._transaction and self._connection.is_in_transaction():
            raise ActionError(
                f"{name}: the file begins a transaction and does not end it",
                "end it with `COMMIT;`, or take `-- +goose NO TRANSACTION` away",
            )
        with explained(f"{name}: "):
            if self._left and await self._outcome() == "aborted":
                raise ActionError(
                    f"{name}:{self._left}: the file rolls its transaction back",
                    "take the ROLLBACK away: each file runs in a transaction of its own",
                )
            await self._connection.execute(_RESET)
            await watch_client(self._connection)
            try:
                await self._table.record(self._source.version)
            except asyncpg.UndefinedTableError as error:
                raise ActionError(
                    f"{name}: the file removes {self._table.table}, in which migrations are recorded",
                    "let it remove its own tables alone",
                ) from error
            if self._transaction:
                async with asyncio.timeout_at(self._ctx.deadline):
                    await self._connection.execute("COMMIT")
