"""Reads migrations in goose's format, by goose's own rules.

The rules are those of pressly/goose: `internal/sqlparser/parser.go` for what is in a file, and
`provider_collect.go` for which files there are. Only the Up part of a file is read.
"""

from __future__ import annotations

import enum
import itertools
import re
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tui.errors import ActionError
from tui.plan.contents import held_instead
from tui.plan.migrations.sql import BLOCK_HINT, psql_only

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

_NAME = re.compile(r"(?P<version>\+?[0-9]+)_.*\.(?P<type>sql|go)")
_LARGEST_VERSION = 2**63 - 1

_OTHERS = {"+migrate ": "sql-migrate", "migrate:up": "dbmate", "liquibase formatted sql": "Liquibase"}
"""Marks in comments of other tools' files."""

_DOWN_FILES = "goose has both ways in one file: put each .down.sql below `-- +goose Down` of its .up.sql"
_FLYWAY = re.compile(r"V[0-9][0-9._]*__.*\.sql")
_QUOTED = re.compile(r"""'[^']*'|"[^"]*"|`[^`]*`""")


@dataclass(frozen=True, slots=True)
class Statement:
    """A statement of a migration.

    Attributes:
        text: The SQL, without space around it.
        lines: For each line of the text, its number in the file.
    """

    text: str
    lines: tuple[int, ...]

    def line_at(self, position: int) -> int:
        """Return the line of the file that a character is on.

        Args:
            position: Which character of the text, from 1, as PostgreSQL counts in its errors.
        """
        index = self.text.count("\n", 0, max(position - 1, 0))
        return self.lines[min(index, len(self.lines) - 1)]


@dataclass(frozen=True, slots=True)
class Migration:
    """The Up part of a migration file.

    Attributes:
        statements: In order.
        transaction: False where the file says `-- +goose NO TRANSACTION`.
    """

    statements: tuple[Statement, ...]
    transaction: bool = True


@dataclass(frozen=True, slots=True, order=True)
class Source:
    """A migration file, not yet read.

    Attributes:
        version: The number that its name begins with; migrations are applied by it.
        path: The file.
    """

    version: int
    path: Path

    @property
    def name(self) -> str:
        """The file's name without its directory."""
        return self.path.name

    def read(self) -> Migration:
        """Read and parse the file; blocks.

        Raises:
            ActionError: It cannot be read, or is not as goose wants it.
        """
        try:
            data = self.path.read_bytes()
            if found := held_instead(data):
                raise ActionError(f"{self.name}:{found.line}: {found.cause}", found.hint)
            text = data.decode("utf-8-sig")
        except OSError as error:
            raise ActionError(f"{self.path} cannot be read: {error.strerror}") from error
        except UnicodeDecodeError as error:
            line = error.object.count(b"\n", 0, error.start) + 1
            raise ActionError(f"{self.name}:{line}: not UTF-8", "save the file as UTF-8") from error
        if "\0" in text:
            line = text.count("\n", 0, text.index("\0")) + 1
            raise ActionError(f"{self.name}:{line}: a NUL byte", "save the file as UTF-8")
        return parse(text, self.name)


def collect(directory: Path) -> tuple[Source, ...]:
    """Find the migrations in a directory; blocks.

    As with goose, files are migrations by their names (`1_name.sql`, `00001_name.sql`,
    `20260131120000_name.sql`), others are left alone, and the order is that of the numbers.

    Args:
        directory: The directory; those in it are not looked into.

    Returns:
        At least one, the lowest version first.

    Raises:
        ActionError: There are none, two have the same version, or one is written in Go.
    """
    try:
        paths = [path for path in directory.iterdir() if path.is_file()]
    except NotADirectoryError as error:
        raise ActionError(
            f"{directory} is not a directory", "name the directory that the files are in"
        ) from error
    except OSError as error:
        raise ActionError(f"{directory} cannot be read: {error.strerror}") from error
    if sources := order(paths):
        return sources
    nested = next((path.parent for path in sorted(directory.glob("*/*")) if _version(path.name)), None)
    if nested is not None:
        raise ActionError(f"no migrations in {directory}", f"directories in it are not read: name {nested}")
    flyway = any(_FLYWAY.fullmatch(path.name) for path in paths)
    hint = "give files names like 00001_name.sql" + (", not Flyway's V1__name.sql" if flyway else "")
    raise ActionError(f"no migrations in {directory}", hint)


def order(paths: Iterable[Path]) -> tuple[Source, ...]:
    """Take those files that are migrations by their names, the lowest version first.

    Raises:
        ActionError: Two have the same version, or one is written in Go.
    """
    found: dict[int, Path] = {}
    for path in sorted(paths):
        version = _version(path.name)
        if version is None:
            continue
        if version in found:
            raise ActionError(
                f"two migrations have version {version}: {found[version].name} and {path.name}",
                _DOWN_FILES
                if path.name.endswith((".up.sql", ".down.sql"))
                else "give one of them another number",
            )
        found[version] = path
    for path in found.values():
        if path.suffix == ".go":
            raise ActionError(
                f"{path.name} is a migration in Go, which only a goose built with it can run",
                "write it in SQL, or run that goose with a `command` step in place of postgres.migrate",
            )
    return tuple(sorted(Source(version, path) for version, path in found.items()))


def _version(name: str) -> int | None:
    match = _NAME.fullmatch(name)
    if match is None or name.endswith("_test.go"):
        return None
    version = int(match["version"])
    return version if 1 <= version <= _LARGEST_VERSION else None


def parse(text: str, name: str) -> Migration:
    """Parse the Up part of a migration.

    Args:
        text: What is in the file.
        name: The file's name, for errors.

    Raises:
        ActionError: It is not as goose wants it; the cause begins with `name:line`.
    """
    parser = _Parser(name)
    lines = text.split("\n")
    for parser.line, line in enumerate(lines, 1):
        parser.read(line.removesuffix("\r"))
    parser.finish()
    return Migration(tuple(parser.statements), parser.transaction)


class _Part(enum.Enum):
    """Where in a file the parser is."""

    START = enum.auto()
    UP = enum.auto()
    UP_BLOCK = enum.auto()  # between StatementBegin and StatementEnd
    DOWN = enum.auto()
    DOWN_BLOCK = enum.auto()


@dataclass(slots=True)
class _Parser:
    """Parses a file line by line, as goose's state machine does."""

    name: str
    line: int = 0
    part: _Part = _Part.START
    transaction: bool = True
    other: str = ""  # the tool that it is written for, where that is not goose
    statements: list[Statement] = field(default_factory=list)
    _pending: list[tuple[int, str]] = field(default_factory=list)

    def read(self, line: str) -> None:
        """Process the next line of the file."""
        if line.lstrip().startswith("--") and "+goose" in line:
            self._annotate(line)
        elif self.part is _Part.START:
            if line.strip() and not line.lstrip().startswith("--"):
                raise self._wrong("SQL before `-- +goose Up`", self._begin())
            self.other = next((tool for mark, tool in _OTHERS.items() if mark in line), self.other)
        elif self.part in {_Part.UP, _Part.UP_BLOCK}:
            self._collect(line)

    def finish(self) -> None:
        """Process the end of the file."""
        if self.part is _Part.START:
            raise self._wrong("no `-- +goose Up`", self._begin())
        self._expect_block_ended()
        self._expect_finished()

    def _begin(self) -> str:
        other = f"the file is written for {self.other}: " if self.other else ""
        return f"{other}begin the file with `-- +goose Up`"

    def _collect(self, line: str) -> None:
        # Comments and empty lines ahead of a statement are not part of it; those inside are.
        if not self._pending and (not line or line.lstrip().startswith("--")):
            return
        self._pending.append((self.line, line))
        if self.part is _Part.UP and ends_statement(line):
            self._store()

    def _store(self) -> None:
        text = "\n".join(line for _, line in self._pending)
        skipped = text[: len(text) - len(text.lstrip())].count("\n")
        numbers = tuple(number for number, _ in self._pending)[skipped:]
        self.statements.append(Statement(text.strip(), numbers))
        self._pending.clear()

    def _annotate(self, line: str) -> None:
        match self._annotation(line):
            case "UP":
                self._move({_Part.START: _Part.UP}, "a second `-- +goose Up`", "take this line away")
            case "DOWN":
                self._expect_block_ended()
                self._expect_finished()
                what = "`-- +goose Down` without a `-- +goose Up` before it"
                self._move({_Part.UP: _Part.DOWN}, what, "begin the file with `-- +goose Up`, and its SQL")
            case "STATEMENTBEGIN":
                blocks = {_Part.UP: _Part.UP_BLOCK, _Part.DOWN: _Part.DOWN_BLOCK}
                what = "`-- +goose StatementBegin` inside of a statement, or before Up"
                self._move(blocks, what, "put it right above the statement, below `-- +goose Up`")
            case "STATEMENTEND":
                self._end_block()
            case "NO TRANSACTION":
                self.transaction = False
            case "ENVSUB ON":
                raise self._wrong(
                    "`-- +goose ENVSUB ON` is not supported: a plan's migrations are the same everywhere",
                    "write the values into the file",
                )
            case "ENVSUB OFF":
                pass
            case unknown:
                raise self._wrong(
                    f"{unknown!r} is no annotation of goose's",
                    "there are Up, Down, StatementBegin, StatementEnd, NO TRANSACTION and ENVSUB",
                )

    def _annotation(self, line: str) -> str:
        if line[:1].isspace():
            raise self._wrong("space before an annotation", "begin the line with `-- +goose`")
        # Goose drops every `--`, then takes what is left beside one `+goose`, in any case of letters.
        return line.replace("--", "").replace("+goose", "", 1).strip().upper()

    def _end_block(self) -> None:
        if self.part is _Part.UP_BLOCK:
            if not self._pending:
                # Goose itself would lose the next line of SQL here.
                raise self._wrong("nothing between StatementBegin and StatementEnd", "take both away")
            self._store()
        blocks = {_Part.UP_BLOCK: _Part.UP, _Part.DOWN_BLOCK: _Part.DOWN}
        self._move(blocks, "`-- +goose StatementEnd` without its `-- +goose StatementBegin`", BLOCK_HINT)

    def _move(self, allowed: dict[_Part, _Part], otherwise: str, hint: str) -> None:
        if self.part not in allowed:
            raise self._wrong(otherwise, hint)
        self.part = allowed[self.part]

    def _expect_block_ended(self) -> None:
        if self.part in {_Part.UP_BLOCK, _Part.DOWN_BLOCK}:
            what = "no `-- +goose StatementEnd` to the StatementBegin above"
            raise self._wrong(what, "put `-- +goose StatementEnd` below the statement")

    def _expect_finished(self) -> None:
        written = [(number, line) for number, line in self._pending if line.strip()]
        if written:
            self._store()
            for statement in self.statements:  # psql's own lines, and rows of COPY, end with no semicolon
                if wrong := psql_only(statement.text):
                    self.line = statement.line_at(wrong.at + 1)
                    raise self._wrong(wrong.cause, wrong.hint)
            self.line = written[0][0]
            raise self._wrong(
                f"a statement without its end: {written[0][1].strip()[:60]}",
                "end it with a semicolon at the end of a line",
            )

    def _wrong(self, what: str, hint: str) -> ActionError:
        return ActionError(f"{self.name}:{self.line}: {what}", hint)


def ends_statement(line: str) -> bool:
    """Return whether a statement ends with a line: its last word before a comment ends with a semicolon.

    A comment begins with a word that begins with `--`. Goose has looked for that word inside of quotes too
    at first, and only outside of them since; so a line ends a statement by either rule. Quotes
    are those of this line, for it may be a line of a longer text itself.
    """
    return any(_last_word(code).endswith(";") for code in (line, _QUOTED.sub("''", line)))


def _last_word(code: str) -> str:
    words = itertools.takewhile(lambda word: not word.startswith("--"), code.split())
    return next(iter(deque(words, maxlen=1)), "")
