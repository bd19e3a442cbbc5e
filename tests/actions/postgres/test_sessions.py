"""What migrations do to their session and transaction neither loses their record nor makes it lie."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from tui.reporter import Done

if TYPE_CHECKING:
    from tests.actions.postgres.conftest import World

pytestmark = pytest.mark.e2e

UP = "-- +goose Up\n"
BLOCK = "-- +goose StatementBegin\n{}\n-- +goose StatementEnd\n"


@pytest.mark.parametrize(
    "body",
    [
        "SET search_path TO app;",
        "SELECT pg_catalog.set_config('search_path', '', false);",
        "SET LOCAL search_path TO app;",
        "SET ROLE nobody_of_tests;",
        "SET SESSION AUTHORIZATION nobody_of_tests;",
        "SET default_transaction_read_only = on;",
        "SET statement_timeout = '1h';\nSET client_min_messages = error;\nSET row_security = off;",
        "CREATE SCHEMA other;\nALTER DATABASE {database} SET search_path = other;",
        "COMMIT;\nBEGIN;",
        "BEGIN;\nCREATE TABLE inside (id int);\nCOMMIT;",
    ],
)
async def test_what_a_file_sets_holds_for_itself_alone(world: World, body: str) -> None:
    setup = BLOCK.format(
        "DO $$ BEGIN CREATE ROLE nobody_of_tests; EXCEPTION WHEN duplicate_object THEN NULL; END $$;"
    )
    world.write(
        _1_first=f"{UP}{setup}CREATE SCHEMA app;\n",
        _2_sets=UP + body.replace("{database}", world.database.database) + "\n",
        _3_after=f"{UP}CREATE TABLE after (id int);\n",
    )
    assert await world.migrate() == Done("3 migrations applied")
    assert await world.rows("SELECT version_id FROM public.goose_db_version ORDER BY id") == [
        (0,),
        (1,),
        (2,),
        (3,),
    ]
    assert await world.rows("SELECT tableowner FROM pg_tables WHERE tablename = 'after'") == [("postgres",)]


async def test_a_changed_search_path_does_not_apply_all_anew_in_another_schema(world: World) -> None:
    world.write(_1_first=f"{UP}CREATE SCHEMA app;\nCREATE TABLE first (id int);\n")
    await world.migrate()
    async with world.session() as connection:
        await connection.execute(f"ALTER DATABASE {world.database.database} SET search_path = app")
    error = await world.fail()
    assert error.cause.startswith(
        "versions are kept in public.goose_db_version, but this user's search_path leads to app"
    )
    async with world.session() as connection:
        await connection.execute(f"ALTER DATABASE {world.database.database} SET search_path = app, public")
    assert await world.migrate() == Done("1 migration already applied", changed=False)


async def test_a_search_path_that_leads_nowhere_is_told(world: World) -> None:
    world.write(_1_first=f"{UP}SELECT 1;\n")
    async with world.session() as connection:
        await connection.execute(f"ALTER DATABASE {world.database.database} SET search_path = absent")
    assert "there is no schema to create goose_db_version in" in (await world.fail()).cause


@pytest.mark.parametrize(
    ("text", "stays"),
    [
        (f"{UP}CREATE TABLE a ();\nSELECT 1/0;\n", "nothing of the file is applied"),
        (
            f"{UP}CREATE TABLE a ();\nCOMMIT;\nCREATE TABLE b ();\nSELECT 1/0;\n",
            "the file ended its transaction itself by line 3: what it committed stays applied",
        ),
        (
            f"{UP}BEGIN;\nCREATE TABLE a ();\nCOMMIT;\nBEGIN;\nSELECT 1/0;\n",
            "the file ended its transaction itself by line 4: what it committed stays applied",
        ),
        (
            UP + BLOCK.format("CREATE TABLE a ();\nCOMMIT;\nBEGIN;\nSELECT 1/0;"),
            "the file ended its transaction itself: what it committed stays applied",
        ),
        (
            f"{UP}ROLLBACK;\nCREATE TABLE a ();\nSELECT 1/0;\n",
            "the file ended its transaction itself by line 2: what it committed stays applied",
        ),
        (
            f"-- +goose NO TRANSACTION\n{UP}CREATE TABLE a ();\nSELECT 1/0;\n",
            "what is above line 4 in the file stays applied",
        ),
        (
            f"-- +goose NO TRANSACTION\n{UP}BEGIN;\nCREATE TABLE a ();\nSELECT 1/0;\n",
            "what is above line 5 in the file stays applied, as far as it was committed",
        ),
    ],
)
async def test_a_failure_says_what_stays(world: World, text: str, stays: str) -> None:
    world.write(_1_it=text)
    error = await world.fail()
    assert "division by zero" in error.cause
    assert error.details[-1] == stays
    there = await world.rows("SELECT to_regclass('a') IS NOT NULL")
    assert there == [("committed stays" in stays or stays.endswith("stays applied"),)]
    assert await world.versions() == [(0, True)]


@pytest.mark.parametrize(
    ("text", "cause"),
    [
        (f"{UP}CREATE TABLE a ();\nROLLBACK;\n", "1_it.sql:3: the file rolls its transaction back"),
        (
            f"-- +goose NO TRANSACTION\n{UP}BEGIN;\nCREATE TABLE a ();\n",
            "1_it.sql: the file begins a transaction and does not end it",
        ),
        (
            f"{UP}DROP SCHEMA public CASCADE;\nCREATE SCHEMA public;\n",
            "1_it.sql: the file removes public.goose_db_version, in which migrations are recorded",
        ),
        (f"{UP}COPY a FROM stdin;\n1\n\\.\n;\n", "1_it.sql:2: COPY FROM STDIN has nothing to read"),
        (f"{UP}\\restrict abc\nSELECT 1;\n", "1_it.sql:2: \\restrict is a command of psql's"),
    ],
)
async def test_what_could_not_be_recorded_is_not_applied(world: World, text: str, cause: str) -> None:
    world.write(_1_it=text)
    assert (await world.fail()).cause.startswith(cause)
    await world.until_unlocked()
    assert await world.versions() == [(0, True)]
    assert await world.rows("SELECT to_regclass('a')::text") == [(None,)]


async def test_what_only_looks_like_copying_is_applied(world: World) -> None:
    row = "INSERT INTO a VALUES ('x; COPY a FROM STDIN;\\restrict');\n-- \\. COPY a FROM STDIN\n"
    world.write(
        _1_it=f"\ufeff{UP}CREATE TABLE a (t text);\n{row}COMMENT ON TABLE a IS $$COPY a FROM STDIN$$;\n"
    )
    assert await world.migrate() == Done("1 migration applied")
    assert await world.rows("TABLE a") == [("x; COPY a FROM STDIN;\\restrict",)]


async def test_a_server_that_takes_encrypted_connections_alone_gets_one(world: World) -> None:
    rules = 'COPY (SELECT 1) TO PROGRAM \'sed -i "s/^{} all all all/{} all all all/" "$PGDATA/pg_hba.conf"\''
    own = "ALTER SYSTEM SET ssl_{}_file = '/etc/ssl/{}/ssl-cert-snakeoil.{}'"
    async with world.session() as connection:
        for statement in (
            own.format("cert", "certs", "pem"),
            own.format("key", "private", "key"),
            "ALTER SYSTEM SET ssl = on",
            rules.format("host", "hostssl"),
            "SELECT pg_reload_conf()",
        ):
            await connection.execute(statement)
    try:
        async with asyncio.timeout(10):
            while not await _is_encrypted(world):  # noqa: ASYNC110 - the server reads its rules anew
                await asyncio.sleep(0.05)
    finally:
        async with world.session() as connection:
            await connection.execute(rules.format("hostssl", "host"))
            await connection.execute("ALTER SYSTEM RESET ssl")
            await connection.execute("SELECT pg_reload_conf()")


async def _is_encrypted(world: World) -> bool:
    return await world.rows("SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()") == [(True,)]
