"""An index over the journals of a store, in SQLite. It only saves time: all of it comes from the journals.

Where it cannot be read, the journals are; where it cannot be written, they are again the next time.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
from typing import TYPE_CHECKING, TypeVar

from tui.run.summary import Summary

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from pathlib import Path

T = TypeVar("T")

_VERSION = 4  # of what the columns mean; another one is made anew
_PATIENCE = 0.2  # seconds to wait for another process that writes
_BUSY = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}
_COLUMNS = ", ".join(f"[{name}]" for name in Summary._fields)
_MAKE = f"""
BEGIN IMMEDIATE;
CREATE TABLE IF NOT EXISTS runs ({_COLUMNS}, PRIMARY KEY (name)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS times (name PRIMARY KEY, stamp, times) WITHOUT ROWID;
PRAGMA user_version = {_VERSION};
COMMIT;
"""
_ALL = f"SELECT {_COLUMNS} FROM runs"  # noqa: S608 - names
_PUT = f"INSERT OR REPLACE INTO runs VALUES ({', '.join('?' * len(Summary._fields))})"  # noqa: S608 - marks


def path_of(directory: Path) -> Path:
    """Return the file of a store's index: beside its directory, in which there are runs alone to walk."""
    return directory.with_name(f"{directory.name}.sqlite3")


class Index:
    """Keeps the summaries of runs and their times, by the names of their directories."""

    def __init__(self, directory: Path) -> None:
        """Use the index of a store, which may be there or not.

        Args:
            directory: The store's directory.
        """
        self._path = path_of(directory)

    def read(self) -> dict[str, Summary]:
        """Return all summaries by name; nothing where they cannot be read."""

        def read(connection: sqlite3.Connection) -> dict[str, Summary]:
            return {row[0]: Summary._make(row) for row in connection.execute(_ALL)}

        return self._use("ro", read) or {}

    def read_times(self, stamps: Mapping[str, str]) -> dict[str, str]:
        """Return the times of runs as JSON, as far as they are there.

        Args:
            stamps: The stamps of the runs' journals as they are now, by the names of their directories.
        """

        def read(connection: sqlite3.Connection) -> dict[str, str]:
            query = "SELECT name, times FROM times WHERE name = ? AND stamp = ?"
            rows = (connection.execute(query, each).fetchone() for each in stamps.items())
            return dict(row for row in rows if row)

        return self._use("ro", read) or {}

    def write(self, changed: Iterable[Summary], times: Mapping[str, str], gone: Iterable[str]) -> None:
        """Put what has changed, and remove what is gone; do nothing where that cannot be done.

        Args:
            changed: The summaries.
            times: The times of these runs as JSON, by the names of their directories.
            gone: The names of directories.
        """

        def write(connection: sqlite3.Connection) -> None:
            names = [(name,) for name in gone]
            connection.executemany("DELETE FROM runs WHERE name = ?", names)
            connection.executemany("DELETE FROM times WHERE name = ?", names)
            connection.executemany(_PUT, changed)
            stamps = [(each.name, each.stamp, times[each.name]) for each in changed if each.name in times]
            connection.executemany("INSERT OR REPLACE INTO times VALUES (?, ?, ?)", stamps)

        self._use("rwc", write)

    def _use(self, how: str, work: Callable[[sqlite3.Connection], T]) -> T | None:
        """Do some work with the index; if something is wrong with it, remove it and return None."""
        try:
            with contextlib.closing(self._connection(how)) as connection, connection:
                return work(connection)
        except sqlite3.Error as error:
            if getattr(error, "sqlite_errorcode", 0) & 0xFF not in _BUSY:
                with contextlib.suppress(OSError):
                    self._path.unlink()
            return None

    def _connection(self, how: str) -> sqlite3.Connection:
        if how == "rwc":
            with contextlib.suppress(OSError):  # readable by its user alone, as journals are
                os.close(os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
        uri = f"{self._path.absolute().as_uri()}?mode={how}"
        connection = sqlite3.connect(uri, timeout=_PATIENCE, uri=True)
        try:
            version = connection.execute("PRAGMA user_version").fetchone()[0]
            if version == 0 and how == "rwc":  # it is new
                connection.executescript(_MAKE)
            elif version != _VERSION:
                raise sqlite3.DatabaseError("another version made it, or nobody has")
        except BaseException:
            connection.close()
            raise
        return connection
