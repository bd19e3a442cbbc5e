"""Migrations are read as goose reads them."""

from __future__ import annotations

import textwrap
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.errors import ActionError
from tui.plan.migrations import goose


def parse(text: str) -> goose.Migration:
    return goose.parse(textwrap.dedent(text), "1_it.sql")


def texts(text: str) -> list[str]:
    return [statement.text for statement in parse(text).statements]


def fault(text: str) -> ActionError:
    with pytest.raises(ActionError) as raised:
        parse(text)
    return raised.value


@pytest.mark.parametrize(
    ("line", "ends"),
    [
        ("END;", True),
        ("END; -- comment", True),
        ("END   ; -- comment", True),
        ("END -- comment", False),
        ("END -- comment ;", False),
        ('END " ; " -- comment', False),
        ("DEFAULT ';'", False),
        ("COMMENT='an arrow -->';", True),
        ("COMMENT='an arrow -->'; -- more", True),
        ("SELECT '-- no comment';", True),
        ("and so the text ends'; -- that's it", True),
        ("SELECT 1;--comment", False),
        (";", True),
        ("", False),
    ],
)
def test_a_statement_ends_with_a_semicolon_at_the_end_of_a_line(line: str, ends: bool) -> None:
    assert goose.ends_statement(line) is ends


def test_only_the_up_part_is_read() -> None:
    assert texts("""\
        -- made by hand

        -- +goose Up
        CREATE TABLE a (
            id int
        );  -- first

        -- a comment ahead of a statement is not part of it
        SELECT 2; SELECT 3;
        -- +goose Down
        DROP TABLE a;
        """) == ["CREATE TABLE a (\n    id int\n);  -- first", "SELECT 2; SELECT 3;"]


def test_semicolons_in_a_block_end_nothing() -> None:
    body = "CREATE FUNCTION f() RETURNS void AS $$\nBEGIN\n  -- inside\n  NULL;\nEND;\n$$ LANGUAGE plpgsql;"
    block = f"-- +goose StatementBegin\n\n-- ahead\n{body}\n-- after\n-- +goose StatementEnd"
    assert texts(f"-- +goose Up\n{block}\nSELECT 1;\n") == [f"{body}\n-- after", "SELECT 1;"]


def test_without_a_block_every_line_that_ends_so_ends_a_statement() -> None:
    assert texts("-- +goose Up\nDO $$ BEGIN\nNULL;\nEND $$;\n") == ["DO $$ BEGIN\nNULL;", "END $$;"]


def test_blank_lines_and_comments_inside_of_a_statement_are_part_of_it() -> None:
    assert texts("-- +goose Up\nINSERT INTO a VALUES ('x\n\n-- y\nz');\n") == [
        "INSERT INTO a VALUES ('x\n\n-- y\nz');"
    ]


@pytest.mark.parametrize(
    "annotation", ["-- +goose up", "--+goose UP", "--   +goose   Up \t", "-- +goose Up\r"]
)
def test_annotations_are_read_leniently(annotation: str) -> None:
    assert [s.text for s in goose.parse(f"{annotation}\nSELECT 1;\n", "1_it.sql").statements] == ["SELECT 1;"]


def test_line_ends_of_windows_are_no_part_of_statements() -> None:
    assert texts("-- +goose Up\r\nSELECT\r\n1;\r\n") == ["SELECT\n1;"]


@pytest.mark.parametrize(
    ("text", "transaction"),
    [
        ("-- +goose Up\nSELECT 1;\n", True),
        ("-- +goose NO TRANSACTION\n-- +goose Up\nSELECT 1;\n", False),
        ("-- +goose Up\nSELECT 1;\n-- +goose Down\n-- +goose no transaction\n", False),
    ],
)
def test_a_file_may_be_without_a_transaction(text: str, transaction: bool) -> None:
    assert parse(text).transaction is transaction


@pytest.mark.parametrize(
    "text", ["-- +goose Up", "-- +goose Up\n-- only a comment", "\n-- a\n-- +goose Up\n-- +goose Down"]
)
def test_a_migration_may_be_empty(text: str) -> None:
    assert texts(text) == []


@pytest.mark.parametrize(
    ("text", "cause"),
    [
        ("", "1_it.sql:1: no `-- +goose Up`"),
        ("\nSELECT 1;\n-- +goose Up\n", "1_it.sql:2: SQL before `-- +goose Up`"),
        ("-- +goose Down\nSELECT 1;\n", "1_it.sql:1: `-- +goose Down` without a `-- +goose Up` before it"),
        ("-- +goose Up\n-- +goose Down\n-- +goose Up\n", "1_it.sql:3: a second `-- +goose Up`"),
        (
            "-- +goose Up\n-- +goose StatementBegin\nSELECT 1;\n-- +goose Down\n",
            "1_it.sql:4: no `-- +goose StatementEnd`",
        ),
        ("-- +goose Up\n-- +goose StatementBegin\nSELECT 1;\n", "1_it.sql:4: no `-- +goose StatementEnd`"),
        ("-- +goose Up\n-- +goose StatementEnd\n", "1_it.sql:2: `-- +goose StatementEnd` without"),
        (
            "-- +goose Up\n-- +goose StatementBegin\n-- x\n-- +goose StatementEnd\n",
            "1_it.sql:4: nothing between",
        ),
        (
            "-- +goose StatementBegin\n",
            "1_it.sql:1: `-- +goose StatementBegin` inside of a statement, or before Up",
        ),
        (
            "-- +goose Up\nSELECT 1;\n\nALTER TABLE a\n  ADD b int\n-- +goose Down\n",
            "1_it.sql:4: a statement without its end: ALTER TABLE a",
        ),
        (
            "-- +goose Up\nSELECT 1;\nCOPY t (a) FROM stdin;\n1\n\\.\n",
            "1_it.sql:3: COPY FROM STDIN has nothing to read",
        ),
        (
            "-- +goose Up\n\\restrict x\nSELECT 1;\n\\unrestrict x\n",
            "1_it.sql:2: \\restrict is a command of psql's",
        ),
        ("-- +goose Up\nSELECT 1", "1_it.sql:2: a statement without its end: SELECT 1"),
        ("-- +goose Up\n -- +goose Down\n", "1_it.sql:2: space before an annotation"),
        ("-- +goose Upp\n", "1_it.sql:1: 'UPP' is no annotation"),
        ("-- +goose\n", "1_it.sql:1: '' is no annotation"),
        ("-- see +goose Up\n", "1_it.sql:1: 'SEE  UP' is no annotation"),
        ("-- +goose +goose Up\n", "1_it.sql:1: '+GOOSE UP' is no annotation"),
        (
            "-- +goose Up\n-- +goose ENVSUB ON\nSELECT 1;\n",
            "1_it.sql:2: `-- +goose ENVSUB ON` is not supported",
        ),
    ],
)
def test_what_is_wrong_is_said_with_its_line(text: str, cause: str) -> None:
    assert fault(text).cause.startswith(cause)


def test_environment_substitution_may_be_off() -> None:
    assert texts("-- +goose Up\n-- +goose ENVSUB OFF\nSELECT '${A}';\n") == ["SELECT '${A}';"]


def test_a_position_is_found_in_the_file() -> None:
    statement = parse("-- +goose Up\n\nSELECT\n-- +goose NO TRANSACTION\n  oops;\n").statements[0]
    assert statement.text == "SELECT\n  oops;"
    assert [statement.line_at(position) for position in (1, 6, 10, 999)] == [3, 3, 5, 5]


WORDS = st.text(
    st.characters(codec="utf-8", exclude_characters="\n\r;-'\"`", exclude_categories=["Z", "C"]), min_size=1
)
SQL = st.lists(WORDS, min_size=1).map(lambda words: "\n".join(words) + ";")
AROUND = st.sampled_from(["", "-- a comment", "  -- an indented comment;", "\n\n"])


@given(st.lists(st.tuples(AROUND, SQL, st.booleans())), st.booleans())
def test_no_statement_is_lost(parts: list[tuple[str, str, bool]], down: bool) -> None:
    lines = ["-- +goose Up"]
    for around, sql, block in parts:
        wrapped = ["-- +goose StatementBegin", sql, "-- +goose StatementEnd"] if block else [sql]
        lines += [around, *wrapped]
    if down:
        lines += ["-- +goose Down", "DROP TABLE a;"]
    text = "\n".join(lines)
    statements = goose.parse(text, "1_it.sql").statements
    assert [statement.text for statement in statements] == [sql for _, sql, _ in parts]
    numbered = text.split("\n")
    for statement in statements:
        assert "\n".join(numbered[line - 1] for line in statement.lines) == statement.text


@given(
    st.lists(
        st.sampled_from(
            ["-- +goose Up", "-- +goose Down", "-- +goose StatementBegin", "a;", "b", "-- c", "", " "]
        )
    )
)
def test_a_file_is_wrong_or_keeps_every_line_of_sql(lines: list[str]) -> None:
    try:
        migration = goose.parse("\n".join(lines), "1_it.sql")
    except ActionError:
        return
    end = lines.index("-- +goose Down") if "-- +goose Down" in lines else len(lines)
    kept = [line for line in lines[:end] if line in {"a;", "b"}]
    assert [line for s in migration.statements for line in s.text.split("\n") if line in {"a;", "b"}] == kept


def write(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).write_text("-- +goose Up\nSELECT 1;\n")


def test_migrations_are_ordered_by_number(tmp_path: Path) -> None:
    write(tmp_path, "10_ten.sql", "2_two.sql", "20260131120000_stamp.sql", "003_three.sql", "+4_four.sql")
    assert [(s.version, s.name) for s in goose.collect(tmp_path)] == [
        (2, "2_two.sql"),
        (3, "003_three.sql"),
        (4, "+4_four.sql"),
        (10, "10_ten.sql"),
        (20260131120000, "20260131120000_stamp.sql"),
    ]


def test_other_files_are_left_alone(tmp_path: Path) -> None:
    others = [
        "README.md",
        "seed.sql",
        "1.sql",
        "v2_x.sql",
        "0_zero.sql",
        "-1_x.sql",
        "1_x.SQL",
        "1_x_test.go",
        ".1_x.sql",
    ]
    write(tmp_path, "1_it.sql", *others, f"{2**63}_large.sql", "helpers.go")
    (tmp_path / "2_folder.sql").mkdir()
    assert [source.name for source in goose.collect(tmp_path)] == ["1_it.sql"]


@pytest.mark.parametrize(
    ("names", "cause"),
    [
        (["1_a.sql", "001_b.sql"], "two migrations have version 1: 001_b.sql and 1_a.sql"),
        (["1_a.sql", "1_b.go"], "two migrations have version 1: 1_a.sql and 1_b.go"),
        (["1_a.sql", "2_b.go"], "2_b.go is a migration in Go"),
        (["seed.sql"], "no migrations in "),
    ],
)
def test_a_folder_can_be_wrong(tmp_path: Path, names: list[str], cause: str) -> None:
    write(tmp_path, *names)
    with pytest.raises(ActionError) as raised:
        goose.collect(tmp_path)
    assert raised.value.cause.startswith(cause)
    assert raised.value.hint


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("V1__first.sql", "give files names like 00001_name.sql, not Flyway's V1__name.sql"),
        ("first.sql", "give files names like 00001_name.sql"),
        ("1_first.up.sql", "goose has both ways in one file"),
    ],
)
def test_other_tools_names_are_known(tmp_path: Path, name: str, hint: str) -> None:
    write(tmp_path, name, name.replace(".up.", ".down."))
    with pytest.raises(ActionError) as raised:
        goose.collect(tmp_path)
    assert raised.value.hint.startswith(hint)


def test_migrations_one_directory_further_down_are_pointed_to(tmp_path: Path) -> None:
    (tmp_path / "sql").mkdir()
    write(tmp_path / "sql", "1_a.sql")
    with pytest.raises(ActionError) as raised:
        goose.collect(tmp_path)
    assert raised.value.hint == f"directories in it are not read: name {tmp_path / 'sql'}"


@pytest.mark.parametrize(
    ("mark", "tool"),
    [
        ("-- +migrate Up", "sql-migrate"),
        ("-- migrate:up", "dbmate"),
        ("--liquibase formatted sql", "Liquibase"),
    ],
)
def test_other_tools_files_are_known(mark: str, tool: str) -> None:
    for text in (mark, f"{mark}\nSELECT 1;\n"):
        assert fault(text).hint == f"the file is written for {tool}: begin the file with `-- +goose Up`"


def test_a_byte_order_mark_is_no_part_of_a_migration(tmp_path: Path) -> None:
    (tmp_path / "1_a.sql").write_bytes(b"\xef\xbb\xbf-- +goose Up\r\nSELECT 1;\r\n")
    assert [statement.text for statement in goose.collect(tmp_path)[0].read().statements] == ["SELECT 1;"]


def test_a_nul_byte_would_cut_a_statement_off(tmp_path: Path) -> None:
    (tmp_path / "1_a.sql").write_bytes(b"-- +goose Up\nSELECT 1; \0 DROP TABLE a;\n")
    with pytest.raises(ActionError, match=r"1_a\.sql:2: a NUL byte"):
        goose.collect(tmp_path)[0].read()


def test_a_file_is_no_folder(tmp_path: Path) -> None:
    write(tmp_path, "1_a.sql")
    with pytest.raises(ActionError, match="is not a directory"):
        goose.collect(tmp_path / "1_a.sql")


def test_a_file_that_is_not_utf8_is_said_with_its_line(tmp_path: Path) -> None:
    (tmp_path / "1_a.sql").write_bytes(b"-- +goose Up\nSELECT '\xe4';\n")
    with pytest.raises(ActionError, match=r"1_a\.sql:2: not UTF-8"):
        goose.collect(tmp_path)[0].read()


def test_the_bundled_migrations_are_read() -> None:
    folder = Path(__file__).parents[3] / "manifests" / "shared" / "migrations"
    migrations = [source.read() for source in goose.collect(folder)]
    assert migrations
    assert all(migration.statements for migration in migrations)
