"""Migrations are applied to a real PostgreSQL, in a container."""

from __future__ import annotations

import asyncio
import socket
import time
from typing import TYPE_CHECKING

import pytest

from tests.actions.postgres.conftest import World
from tui.actions.postgres.verify import find_tables
from tui.actions.postgres.versions import LOCK
from tui.errors import ActionError
from tui.reporter import Done

if TYPE_CHECKING:
    from pathlib import Path

FIRST = (
    "-- +goose Up\nCREATE TABLE first (id int PRIMARY KEY, name text);\n-- +goose Down\nDROP TABLE first;\n"
)
SECOND = "-- +goose Up\nINSERT INTO first VALUES (1, 'one');\nCREATE VIEW second AS SELECT * FROM first;\n"


pytestmark = pytest.mark.e2e


async def test_a_fresh_database_gets_every_migration(world: World) -> None:
    world.write(_1_first=FIRST, _2_second=SECOND)
    assert await world.migrate() == Done("2 migrations applied")
    assert await world.versions() == [(0, True), (1, True), (2, True)]
    assert await world.rows("TABLE second") == [(1, "one")]
    assert all(span.closed for span in world.ctx.spans)
    assert [(span.name, span.subject) for span in world.ctx.spans if span.name != "connect"] == [
        ("migrate", "1_first.sql"),
        ("migrate", "2_second.sql"),
    ]
    assert world.ctx.progressed == [
        (0, 2, "files", "1_first.sql"),
        (1, 2, "files", "2_second.sql"),
        (2, 2, "files", ""),
    ]
    assert [text.split(" in ")[0] for _, text in world.ctx.lines] == [
        "1_first.sql applied",
        "2_second.sql applied",
    ]


async def test_the_versions_table_is_gooses_own(world: World) -> None:
    world.write(_1_first=FIRST)
    await world.migrate()
    columns = await world.rows(
        "SELECT column_name, data_type, is_nullable, is_identity, identity_generation, column_default"
        " FROM information_schema.columns WHERE table_name = 'goose_db_version' ORDER BY ordinal_position"
    )
    assert columns == [
        ("id", "integer", "NO", "YES", "BY DEFAULT", None),
        ("version_id", "bigint", "NO", "NO", None, None),
        ("is_applied", "boolean", "NO", "NO", None, None),
        ("tstamp", "timestamp without time zone", "NO", "NO", None, "now()"),
    ]


async def test_a_second_run_applies_nothing(world: World) -> None:
    world.write(_1_first=FIRST, _2_second=SECOND)
    await world.migrate()
    assert await world.migrate() == Done("2 migrations already applied", changed=False)
    world.write(_3_third="-- +goose Up\nSELECT 1;\n")
    assert await world.migrate() == Done("1 migration applied")
    assert await world.versions() == [(0, True), (1, True), (2, True), (3, True)]


async def test_two_runs_at_once_apply_once(world: World) -> None:
    world.write(_1_first=FIRST, _2_second=f"{SECOND}SELECT pg_sleep(0.3);\n")
    notes = {done.note for done in await asyncio.gather(world.migrate(), world.migrate())}
    assert notes == {"2 migrations applied", "2 migrations already applied"}
    assert await world.versions() == [(0, True), (1, True), (2, True)]
    waits = [text for _, text in world.ctx.lines if text.startswith("waiting for the migrations' lock")]
    assert len(waits) == 1
    assert "bringup" in waits[0]


async def test_a_lock_that_is_not_given_away_is_waited_for_until_the_deadline(world: World) -> None:
    world.write(_1_first=FIRST)
    async with world.session() as other:
        await other.execute(f"SELECT pg_advisory_lock({LOCK})")
        world.ctx.deadline = asyncio.get_running_loop().time() + 0.7
        error = await world.fail()
        assert f"pid {other.get_server_pid()}" in error.cause
        assert "has held the migrations' lock" in error.cause
    assert [span.closed for span in world.ctx.spans if span.name == "lock"] == [True]


async def test_a_failing_file_is_rolled_back_and_its_line_named(world: World) -> None:
    broken = (
        "-- +goose Up\nCREATE TABLE broken (id int);\n\nINSERT INTO broken\n  SELECT absent FROM first;\n"
    )
    world.write(_1_first=FIRST, _2_broken=broken)
    error = await world.fail()
    assert error.cause == '2_broken.sql:5: column "absent" does not exist (42703)'
    assert error.details == (
        f"{world.folder / '2_broken.sql'}:5: SELECT absent FROM first;",
        "nothing of the file is applied",
    )
    await world.until_unlocked()
    assert await world.versions() == [(0, True), (1, True)]
    assert await world.rows("SELECT to_regclass('broken')::text") == [(None,)]


async def test_what_postgresql_says_of_a_failure_is_shown(world: World) -> None:
    body = "DO $$ BEGIN\n  RAISE EXCEPTION 'no' USING DETAIL = 'why', HINT = 'do this';\nEND $$;\n"
    world.write(_1_it=f"-- +goose Up\n-- +goose StatementBegin\n{body}-- +goose StatementEnd\n")
    error = await world.fail()
    assert error.cause == "1_it.sql:3: no (P0001)"
    assert error.hint == "do this"
    assert "detail: why" in error.details
    assert "context: PL/pgSQL function inline_code_block line 2 at RAISE" in error.details


async def test_a_failure_at_the_end_of_the_transaction_names_the_file(world: World) -> None:
    deferred = "CREATE TABLE a (id int UNIQUE DEFERRABLE INITIALLY DEFERRED);"
    world.write(_1_it=f"-- +goose Up\n{deferred}\nINSERT INTO a VALUES (1), (1);\n")
    error = await world.fail()
    assert error.cause.startswith("1_it.sql: duplicate key value")
    await world.until_unlocked()
    assert await world.versions() == [(0, True)]


async def test_a_mistake_in_the_last_file_is_found_before_the_first_is_applied(world: World) -> None:
    world.write(_1_first=FIRST, _2_broken="-- +goose Up\nSELECT 1")
    assert (await world.fail()).cause.startswith("2_broken.sql:2: a statement without its end")
    await world.until_unlocked()
    assert await world.versions() == [(0, True)]


CONCURRENTLY = "CREATE INDEX CONCURRENTLY first_name ON first (name);\n"


async def test_a_file_without_a_transaction_may_do_what_needs_none(world: World) -> None:
    world.write(_1_first=FIRST, _2_index=f"-- +goose NO TRANSACTION\n-- +goose Up\n{CONCURRENTLY}")
    await world.migrate()
    assert await world.versions() == [(0, True), (1, True), (2, True)]
    assert await world.rows("SELECT indisvalid FROM pg_index WHERE indexrelid = 'first_name'::regclass") == [
        (True,)
    ]


async def test_what_needs_no_transaction_is_told_how_to_get_none(world: World) -> None:
    world.write(_1_first=FIRST, _2_index=f"-- +goose Up\n{CONCURRENTLY}")
    error = await world.fail()
    assert error.cause.startswith("2_index.sql:2: CREATE INDEX CONCURRENTLY cannot run inside a transaction")
    assert "NO TRANSACTION" in error.hint


@pytest.mark.parametrize("statement", ["DISCARD ALL", "DEALLOCATE ALL"])
async def test_a_file_may_drop_all_prepared_statements(world: World, statement: str) -> None:
    world.write(_1_it=f"-- +goose NO TRANSACTION\n-- +goose Up\n{statement};\n", _2_next=FIRST)
    await world.migrate()
    assert await world.versions() == [(0, True), (1, True), (2, True)]


async def test_a_body_that_a_semicolon_cuts_off_is_told_to_stand_in_a_block(world: World) -> None:
    body = "CREATE FUNCTION f() RETURNS int LANGUAGE SQL\nBEGIN ATOMIC\n  SELECT 1;\nEND;\n"
    world.write(_1_it=f"-- +goose Up\n{body}")
    assert "StatementBegin" in (await world.fail()).hint


async def test_what_failed_without_a_transaction_stays(world: World) -> None:
    world.write(_1_it="-- +goose NO TRANSACTION\n-- +goose Up\nCREATE TABLE kept (id int);\nSELECT 1/0;\n")
    error = await world.fail()
    assert error.cause == "1_it.sql:4: division by zero (22012)"
    assert error.details[-1] == "what is above line 4 in the file stays applied"
    assert await world.rows("SELECT to_regclass('kept')::text") == [("kept",)]
    assert await world.versions() == [(0, True)]


async def test_notices_are_logged(world: World) -> None:
    world.write(_1_it="-- +goose Up\nDROP TABLE IF EXISTS absent;\n")
    await world.migrate()
    assert ("postgresql", 'NOTICE: table "absent" does not exist, skipping') in world.ctx.lines


async def test_a_migration_older_than_the_database_is_an_error(world: World) -> None:
    world.write(_1_first=FIRST, _3_third="-- +goose Up\nSELECT 1;\n")
    await world.migrate()
    world.write(_2_second=SECOND)
    error = await world.fail()
    assert error.cause == "older than the database's version 3, yet not applied: 2_second.sql"
    assert "allow-missing" in error.hint


async def test_the_latest_row_of_a_version_says_whether_it_is_applied(world: World) -> None:
    world.write(_1_first="-- +goose Up\nSELECT 1;\n")
    await world.migrate()
    async with world.session() as connection:
        await connection.execute("INSERT INTO goose_db_version (version_id, is_applied) VALUES (1, false)")
    assert await world.migrate() == Done("1 migration applied")
    assert await world.versions() == [(0, True), (1, True), (1, False), (1, True)]


async def test_versions_without_a_file_are_only_said(world: World) -> None:
    world.write(_2_second="-- +goose Up\nSELECT 1;\n")
    await world.migrate()
    async with world.session() as connection:
        await connection.execute("INSERT INTO goose_db_version (version_id, is_applied) VALUES (1, true)")
    assert await world.migrate() == Done("1 migration already applied", changed=False)
    assert ("", "the database has versions that there are no files of: 1") in world.ctx.lines


async def test_cancelled_midway_it_rolls_back_and_gives_the_lock_away(world: World) -> None:
    world.write(_1_first=FIRST, _2_slow=f"{SECOND}SELECT pg_sleep(60);\n")
    migrating = asyncio.create_task(world.migrate())
    async with world.session() as watcher:
        while not await watcher.fetchval(
            "SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'SELECT pg_sleep%'"
        ):
            await watcher.execute("SELECT pg_sleep(0.01)")
        began = time.monotonic()
        migrating.cancel()
        with pytest.raises(asyncio.CancelledError):
            await migrating
        assert time.monotonic() - began < 20
    await world.until_unlocked()
    assert time.monotonic() - began < 20
    assert await world.versions() == [(0, True), (1, True)]


async def test_a_statement_is_not_waited_for_beyond_the_deadline(world: World) -> None:
    world.write(_1_first=FIRST, _2_slow="-- +goose Up\n\nSELECT pg_sleep(60);\n")
    world.ctx.deadline = asyncio.get_running_loop().time() + 1
    error = await world.fail()
    assert error.cause == "2_slow.sql:3: out of time while it ran: SELECT pg_sleep(60);"
    await world.until_unlocked()


async def test_copying_from_a_client_is_refused_and_not_waited_for(world: World) -> None:
    world.write(_1_first=FIRST, _2_copy="-- +goose Up\nSELECT 1;\nSELECT 2;\ncopy first\n  from stdin;\n")
    error = await world.fail()
    assert error.cause == "2_copy.sql:4: COPY FROM STDIN has nothing to read"


async def test_tables_are_found(world: World) -> None:
    world.write(_1_first=FIRST, _2_second=SECOND)
    await world.migrate()
    async with world.session() as connection:
        done = await find_tables(connection, ["first", "public.second"])
    assert done == Done("first (2 columns), public.second (2 columns)", changed=False)


async def test_all_missing_tables_are_named(world: World) -> None:
    world.write(_1_first=FIRST)
    await world.migrate()
    async with world.session() as connection:
        with pytest.raises(ActionError) as raised:
            await find_tables(connection, ["first", "absent", "first_pkey", "elsewhere.first"])
    assert raised.value.cause == "no such table: absent, first_pkey, elsewhere.first"
    assert raised.value.details == ("there are: public.first, public.goose_db_version",)


async def test_what_is_no_name_of_a_table_is_named(world: World) -> None:
    with pytest.raises(ActionError) as raised:
        async with world.session() as connection:
            await find_tables(connection, ["fine", "no name"])
    assert raised.value.cause == "tables 'fine', 'no name': invalid name syntax (42602)"
    assert "schema.table" in raised.value.hint


async def test_an_empty_database_is_said_to_be_empty(world: World) -> None:
    async with world.session() as connection:
        with pytest.raises(ActionError) as raised:
            await find_tables(connection, ["first"])
    assert "empty" in raised.value.hint


@pytest.mark.parametrize(
    ("change", "cause"),
    [
        (
            {"password": "wrong"},
            'PostgreSQL refuses postgres: password authentication failed for user "postgres"',
        ),
        ({"database": "absent"}, 'PostgreSQL refuses postgres: database "absent" does not exist'),
    ],
)
async def test_a_refusal_is_not_tried_again(world: World, change: dict[str, str], cause: str) -> None:
    world.database = world.database.model_copy(update=change)
    with pytest.raises(ActionError) as raised:
        async with world.session():
            pytest.fail("it was let in")
    assert raised.value.cause.startswith(cause)
    assert raised.value.hint
    assert world.ctx.lines == []


async def test_a_lost_connection_is_said(world: World) -> None:
    world.write(_1_it="-- +goose Up\nSELECT pg_terminate_backend(pg_backend_pid());\n")
    error = await world.fail()
    assert error.cause.startswith("the connection to PostgreSQL broke: ")
    assert "terminating connection due to administrator command" in error.cause


async def test_nothing_there_is_tried_until_the_deadline(tmp_path: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        world = World(free.getsockname()[1], "any", tmp_path)
        world.ctx.deadline = asyncio.get_running_loop().time() + 0.7
        with pytest.raises(ActionError) as raised:
            async with world.session():
                pytest.fail("it was let in")
    assert "has not accepted a connection within" in raised.value.cause
    assert raised.value.cause.endswith(": Connection refused")
    assert len(world.ctx.lines) == 1
