"""What a person does at a command line: plans written down, bringup run, its journals read."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import time
from typing import IO, TYPE_CHECKING, Any

import pytest

from tests import commands
from tests.commands import BRINGUP

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.commands import Done
    from tests.contract.servers import Client, Server

PATIENCE = 20.0
"""Seconds for what takes a moment: other tests use the machine too."""


class Running:
    """A command that runs.

    Attributes:
        process: Its process.
        output: What it has printed so far, as far as it was read.
    """

    def __init__(self, process: subprocess.Popen[str], errors: IO[str]) -> None:
        self.process = process
        self.output = ""
        self._errors = errors

    def heard(self, text: str) -> None:
        """Reads what it prints up to a line with a text; the test's time limit ends it at the latest."""
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.output += line
            if text in line:
                return
        pytest.fail(f"{text!r} was not printed in:\n{self.output}{self.errors}")

    def ended(self) -> int:
        """Reads what else it prints, and waits for its end; its exit code."""
        assert self.process.stdout is not None
        self.output += self.process.stdout.read()
        return self.process.wait()

    @property
    def errors(self) -> str:
        """What it has printed as errors."""
        self._errors.seek(0)
        return self._errors.read()


class User:
    """A person at a command line.

    Attributes:
        folder: Where they are.
        client: Their home.
    """

    def __init__(self, folder: Path, client: Client) -> None:
        self.folder = folder
        self.client = client

    def plan(self, *tasks: dict[str, Any], name: str = "far", **more: Any) -> None:
        """Writes the plan of this folder: one phase of tasks."""
        phases = [{"id": "all", "tasks": tasks}]
        plan = {"apiVersion": "bringup/v1", "name": name, "phases": phases, **more}
        (self.folder / "bringup.yaml").write_text(json.dumps(plan))  # JSON is YAML

    def bringup(self, *arguments: str, **variables: str) -> Done:
        """Runs a command to its end, in this process."""
        return commands.bringup(self.folder, *arguments, **variables)

    def program(self, *arguments: str, **variables: str) -> Done:
        """Runs a command to its end, as a program of its own."""
        return commands.program(self.folder, *arguments, **variables)

    @contextlib.contextmanager
    def starting(self, *arguments: str, **variables: str) -> Iterator[Running]:
        """A command that runs; killed if the block leaves it running."""
        with (
            (self.folder.parent / "errors").open("w+") as errors,
            subprocess.Popen(
                [*BRINGUP, *arguments],
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
                env={**os.environ, **variables},
            ) as process,
        ):
            try:
                yield Running(process, errors)
            finally:
                process.kill()

    @property
    def runs(self) -> list[Path]:
        """The journals' folders, oldest first."""
        folder = self.folder.parent / "state" / "bringup" / "runs"
        return sorted(folder.glob("*/"), key=lambda run: run.stat().st_mtime_ns)

    def events(self) -> list[dict[str, Any]]:
        """The latest run's."""
        lines = (self.runs[-1] / "events.jsonl").read_text().splitlines()
        return [json.loads(line) for line in lines]


def task(id_: str, shell: str, **more: Any) -> dict[str, Any]:
    """A task of one command; what is no key of tasks is one of the command."""
    keys = {"needs", "host", "retry", "timeout"} & more.keys()
    of_task: dict[str, Any] = {key: more.pop(key) for key in keys}
    return {"id": id_, **of_task, "steps": [{"kind": "command", "shell": shell, **more}]}


def on(server: Server) -> tuple[str, str]:
    """The option that leads to a machine."""
    return "--host", server.address.url


def until(true: Callable[[], object], what: str) -> None:
    """Waits, for a bounded time, for something to be true."""
    end = time.monotonic() + PATIENCE
    while not true():
        if time.monotonic() > end:
            pytest.fail(f"not {what} within {PATIENCE:g} s")
        time.sleep(0.02)


def settled(server: Server) -> list[str]:
    """Waits until nothing of bringup's is on a machine; what still is, if that takes too long."""
    end = time.monotonic() + PATIENCE
    while left := server.left():
        if time.monotonic() > end:
            break
        time.sleep(0.05)
    return left
