"""A real PostgreSQL in a container, with an empty database for each test."""

from __future__ import annotations

import asyncio
import shutil
import subprocess
import uuid
from typing import TYPE_CHECKING

import pytest

from tests.actions.recorder import Recorder
from tui.actions.postgres.database import session
from tui.actions.postgres.migrate import apply_migrations
from tui.actions.postgres.versions import LOCK
from tui.errors import ActionError
from tui.plan.migrations import goose
from tui.plan.steps import Database

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from contextlib import AbstractAsyncContextManager
    from pathlib import Path

    from asyncpg import Connection

    from tui.reporter import Done

IMAGE = "postgres:15"
PASSWORD = "a-password-of-tests"


def docker(*arguments: str) -> str:
    return subprocess.run(("docker", *arguments), check=True, capture_output=True, text=True).stdout.strip()


@pytest.fixture(scope="module")
def server() -> Iterator[int]:
    """A PostgreSQL that has just been started, as its port on this machine."""
    if shutil.which("docker") is None:
        pytest.skip("there is no docker here")
    try:
        docker("image", "inspect", IMAGE)
    except subprocess.CalledProcessError as error:
        pytest.skip(f"no engine, or no {IMAGE} in it: {error.stderr.strip()}")
    published = ("-p", "127.0.0.1:0:5432", "-e", f"POSTGRES_PASSWORD={PASSWORD}")
    container = docker("run", "--detach", "--rm", *published, IMAGE)
    try:
        yield int(docker("port", container, "5432/tcp").splitlines()[0].rsplit(":", 1)[1])
    finally:
        docker("rm", "--force", "--volumes", container)


class World:
    """An empty database of a test's own, and the migrations for it."""

    def __init__(self, port: int, database: str, folder: Path) -> None:
        self.port = port
        self.database = Database(service="pg", user="postgres", password=PASSWORD, database=database)
        self.folder = folder
        self.files: dict[str, str] = {}
        self.ctx = Recorder(folder, folder)

    def write(self, **files: str) -> None:
        self.files |= {f"{name.lstrip('_')}.sql": text for name, text in files.items()}

    def collect(self) -> tuple[goose.Source, ...]:
        for name, text in self.files.items():
            (self.folder / name).write_text(text)
        return goose.collect(self.folder)

    def session(self) -> AbstractAsyncContextManager[Connection]:
        return session(self.database, "127.0.0.1", self.port, self.ctx)

    async def migrate(self) -> Done:
        sources = await asyncio.to_thread(self.collect)
        async with self.session() as connection:
            return await apply_migrations(connection, sources, self.ctx)

    async def fail(self) -> ActionError:
        with pytest.raises(ActionError) as raised:
            await self.migrate()
        return raised.value

    async def rows(self, query: str) -> list[tuple[object, ...]]:
        async with self.session() as connection:
            return [tuple(row) for row in await connection.fetch(query)]

    async def versions(self) -> list[tuple[object, ...]]:
        return await self.rows("SELECT version_id, is_applied FROM goose_db_version ORDER BY id")

    async def until_unlocked(self) -> None:
        """Returns once the lock can be had; the test's time limit bounds it."""
        async with self.session() as connection:
            await connection.execute(f"SELECT pg_advisory_lock({LOCK})")


@pytest.fixture
async def world(server: int, tmp_path: Path) -> AsyncIterator[World]:
    name = f"test_{uuid.uuid4().hex}"
    admin = World(server, "postgres", tmp_path)
    async with admin.session() as connection:
        await connection.execute(f"CREATE DATABASE {name}")
    yield World(server, name, tmp_path)
    async with admin.session() as connection:
        await connection.execute(f"DROP DATABASE {name} WITH (FORCE)")
