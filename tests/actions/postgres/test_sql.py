"""What is quoted in SQL is told from what is not, as the server does."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import asyncpg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.plan.migrations.sql import code_of, psql_only

if TYPE_CHECKING:
    from tests.actions.postgres.conftest import World


@pytest.mark.parametrize(
    ("sql", "code"),
    [
        ("a 'b' c", "a     c"),
        ("a 'it''s' c", "a         c"),
        (r"a 'b\' c", "a      c"),
        (r"a E'b\'' c", "a        c"),
        (r"name'b\' c", "name     c"),
        ('a "b""c" d', "a        d"),
        ("a -- b\nc", "a     \nc"),
        ("a /* b /* c */ d */ e", f"a{' ' * 19}e"),
        ("a $$b'c$$ d", "a         d"),
        ("a $t$b$$c$t$ d", "a            d"),
        ("a$b$c $1 $2", "a$b$c $1 $2"),
        ("a $é$b$é$ c", "a         c"),
        ("a '\n' c", "a  \n  c"),
        ("'--' a /*'*/ b", "     a       b"),
    ],
)
def test_what_is_quoted_is_blank(sql: str, code: str) -> None:
    assert code_of(sql) == (code, "", 0)


@pytest.mark.parametrize(
    ("sql", "unfinished", "begin"),
    [
        ("a 'b", "'", 2),
        (r"a E'b\'", "'", 2),
        ('a "b', '"', 2),
        ("a $x$ b $$", "$x$", 2),
        ("a /* /* */", "/*", 2),
        ("'' 'it''", "'", 3),
    ],
)
def test_what_is_open_is_known(sql: str, unfinished: str, begin: int) -> None:
    assert code_of(sql)[1:] == (unfinished, begin)


@given(st.text(alphabet="'\"$aeE\\/*-\n ;", max_size=40))
def test_every_character_stays_where_it_was(sql: str) -> None:
    code = code_of(sql).text
    assert len(code) == len(sql)
    assert all(ours in (theirs, " ") for ours, theirs in zip(code, sql, strict=True))


@pytest.mark.parametrize(
    ("sql", "cause"),
    [
        ("COPY t FROM STDIN;", "COPY FROM STDIN has nothing to read"),
        ("copy public.t (a, b)\nfrom stdin with (format csv);", "COPY FROM STDIN has nothing to read"),
        ('COPY "FROM" (a) FROM stdin;', "COPY FROM STDIN has nothing to read"),
        ("SELECT 1; COPY t TO STDOUT", "COPY TO STDOUT has nowhere to write to"),
        ("\\restrict x\nSELECT 1;", "\\restrict is a command of psql's, which a server does not know"),
        ("\\connect db", "\\connect is a command of psql's, which a server does not know"),
        ("SELECT 1 \\gexec", "\\gexec is a command of psql's, which a server does not know"),
        ("1\ta\n\\.\nSELECT 1;", "\\. is a command of psql's, which a server does not know"),
        ("DO $$ BEGIN\n  NULL;", "the statement ends inside of $$, by a semicolon at the end of a line"),
        ("INSERT INTO t VALUES ('a;", "the statement ends inside of ', by a semicolon at the end of a line"),
    ],
)
def test_what_a_server_cannot_do_alone_is_told(sql: str, cause: str) -> None:
    wrong = psql_only(sql)
    assert wrong is not None
    assert wrong.cause == cause


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT 'COPY t FROM STDIN'",
        "COPY t FROM '/tmp/stdin'",
        "COPY t FROM PROGRAM 'cat stdin'",
        "-- \\restrict\nSELECT E'\\n', '\\'",
        "SELECT $$\\.$$",
        "SELECT 'it\\'s;",  # as of a server whose strings are not standard: it knows better
        "COMMENT ON TABLE copy IS 'from stdin'",
    ],
)
def test_what_a_server_can_do_is_let_through(sql: str) -> None:
    assert psql_only(sql) is None


@pytest.mark.e2e
async def test_the_server_finds_the_same_open(world: World) -> None:
    draw = random.Random(20)
    opened = 0
    async with world.session() as connection:
        for _ in range(2000):
            parts = [
                draw.choice(
                    ("'{}'", "E'{}'", "$${}$$", "$t${}$t$", '1 AS "{}"', "1 /*{}*/", "1 --{}\n")
                ).format("".join(draw.choices("'\"$tE\\/*-\n ", k=draw.randint(1, 6))))
                for _ in range(draw.randint(1, 3))
            ]
            sql = "SELECT " + ", ".join(parts)
            try:
                await connection.execute(sql)
                assert code_of(sql).unfinished == "", sql
            except asyncpg.PostgresError as error:
                if "unterminated" in str(error):
                    opened += 1
                    assert code_of(sql).unfinished, sql
    assert opened > 100
