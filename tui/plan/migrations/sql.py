"""PostgreSQL's lexical rules, as far as they tell quoted text from code."""

from __future__ import annotations

import re
from typing import NamedTuple

_TOKEN = re.compile(
    r"""
    (?P<line>--[^\n]*)
    | (?P<block>/\*)
    | (?P<escaped>[eE]'[^'\\]*(?:(?:\\.|'')[^'\\]*)*(?P<escaped_end>'?))
    | (?P<string>'[^']*(?:''[^']*)*(?P<string_end>'?))
    | (?P<name>"[^"]*(?:""[^"]*)*(?P<name_end>"?))
    | (?P<dollar>\$(?:[^\W\d]\w*)?\$)
    | [^\W\d][\w$]*
    """,
    re.VERBOSE | re.DOTALL,
)
_BLOCK = re.compile(r"/\*|\*/")
_SHOWN = re.compile(r"[^\n]")


# The server would wait for the client's rows, and the client for the server, for ever.
_COPY = re.compile(r"\bCOPY\s[^;]*?\s(FROM\s+STDIN|TO\s+STDOUT)\b", re.IGNORECASE)
_COMMAND = re.compile(r"\\[^\s;]*")
BLOCK_HINT = "put `-- +goose StatementBegin` above the statement, and `-- +goose StatementEnd` below it"


class Wrong(NamedTuple):
    """A part of a statement that a server cannot carry out by itself.

    Attributes:
        at: Where in the statement, from 0.
        cause: What is wrong.
        hint: What to do about it.
    """

    at: int
    cause: str
    hint: str


class Code(NamedTuple):
    """SQL without what is quoted.

    Attributes:
        text: The SQL with spaces in place of what is quoted; every other character is where it was.
        unfinished: What is open at its end: `$body$`, `'`, `"` or `/*`; empty if nothing is.
        begin: Where that begins.
    """

    text: str
    unfinished: str = ""
    begin: int = 0


def code_of(sql: str) -> Code:
    """Take strings, quoted names and comments out of SQL."""
    parts: list[str] = []
    at = 0
    while found := _TOKEN.search(sql, at):
        parts.append(sql[at : found.start()])
        end, unfinished = _end(sql, found)
        quoted = found.lastgroup is not None
        parts.append(_SHOWN.sub(" ", sql[found.start() : end]) if quoted else found[0])
        if unfinished:
            return Code("".join(parts), unfinished, found.start())
        at = end
    return Code("".join((*parts, sql[at:])))


def psql_only(statement: str) -> Wrong | None:
    """Find what only psql can carry out, or an unfinished token; None in a sound statement."""
    code = code_of(statement)
    copy, command = _COPY.search(code.text), _COMMAND.search(code.text)
    if copy and not (command and command.start() < copy.start()):
        what = "has nothing to read" if copy[1][0] in "fF" else "has nowhere to write to"
        hint = "write the rows as INSERT (`pg_dump --inserts` does)" if copy[1][0] in "fF" else "take it away"
        return Wrong(copy.start(), f"COPY {' '.join(copy[1].upper().split())} {what}", hint)
    if command:
        cause = f"{command[0]} is a command of psql's, which a server does not know"
        return Wrong(command.start(), cause, "take the line away")
    if code.unfinished and (code.unfinished != "'" or "\\" not in statement):
        cause = f"the statement ends inside of {code.unfinished}, by a semicolon at the end of a line"
        return Wrong(code.begin, cause, BLOCK_HINT)
    return None


def _end(sql: str, found: re.Match[str]) -> tuple[int, str]:
    """Return where a token ends, and what it lacks there."""
    if found["block"]:
        return _after_comment(sql, found.end())
    if quote := found["dollar"]:
        end = sql.find(quote, found.end())
        return (len(sql), quote) if end < 0 else (end + len(quote), "")
    for kind, quote in (("escaped", "'"), ("string", "'"), ("name", '"')):
        if found[kind] and not found[f"{kind}_end"]:
            return len(sql), quote
    return found.end(), ""


def _after_comment(sql: str, at: int) -> tuple[int, str]:
    """Return where a comment ends; comments nest."""
    depth = 1
    while depth:
        found = _BLOCK.search(sql, at)
        if found is None:
            return len(sql), "/*"
        depth += 1 if found[0] == "/*" else -1
        at = found.end()
    return at, ""
