"""Secrets wherever a user may write them, looked for in all that bringup prints, keeps and starts."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner

from tests import commands
from tests.plans import Scripted, started
from tests.virtual import run_virtual
from tui.cli import main
from tui.engine.engine import Engine
from tui.export import FORMATS
from tui.plan.load import load_plan
from tui.run.journal import Journal

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

CANARY = "c4n4ry"
"""What every secret here has in it."""

VALUES = {
    "token": f"t0k/{CANARY}+1",  # named in `secrets`
    "short": "zq7",  # too, of three letters
    "db": {"password": f"p@ss {CANARY}", "user": "public-user", "database": "public_database"},
}
EXPORTS = [("export", "latest", "--format", name) for name in FORMATS if name != "png"]
TEXT = "a ${token} b ${short} c ${db.password} d"
IMAGE = "team/${short}:dev"


def steps() -> list[dict[str, Any]]:
    """One step a kind, with a secret in each of its texts that may hold any text."""
    database = {
        "service": TEXT, "namespace": "public", "user": "${db.user}", "database": "${db.database}",
        "password": "${db.password}",
    }  # fmt: skip
    secret = {"apiVersion": "v1", "kind": "Secret", "stringData": {"apiToken": f"inline-{CANARY}"}}
    all_kinds: list[dict[str, Any]] = [
        {"kind": "kind.create", "image": IMAGE},
        {"kind": "kind.load", "images": [IMAGE]},
        {"kind": "image.pull", "images": [IMAGE], "platform": TEXT},
        {
            "kind": "image.build", "tag": IMAGE, "context": ".", "dockerfile": "Dockerfile", "target": TEXT,
            "args": {"NPM_TOKEN": f"arg-{CANARY}", "TEXT": TEXT},
        },
        {
            "kind": "image.make", "shell": f"make {TEXT}", "images": [IMAGE],
            "env": {"A_TOKEN": f"make-{CANARY}"},
        },
        {"kind": "image.import", "archive": TEXT, "images": [IMAGE]},
        {"kind": "kubernetes.apply", "manifests": "secret.yaml", "namespace": "public"},
        {
            "kind": "kubernetes.apply",
            "manifests": [{"secret": "public", "literals": {"motto": f"Literal-{CANARY}", "user": "public"}}],
        },
        {"kind": "kubernetes.apply", "manifests": {"url": f"https://me:url-{CANARY}@example.org/x.yaml"}},
        {"kind": "kubernetes.wait", "rollouts": ["deployment/app"], "namespace": "public"},
        {"kind": "kubernetes.probe", "manifest": {**secret, "metadata": {"name": TEXT}}},
        {"kind": "kubernetes.namespace", "names": ["public"], "labels": {"a": TEXT}},
        {"kind": "kubernetes.pull_secret", "name": TEXT, "namespace": "public", "service_accounts": [TEXT]},
        {"kind": "postgres.migrate", "connection": database, "migrations": "migrations"},
        {"kind": "postgres.verify", "connection": database, "tables": [TEXT]},
        {
            "kind": "http.check", "contains": TEXT,
            "url": f"http://me:http-{CANARY}@127.0.0.1:1/?token=query-{CANARY}",
        },
        {
            "kind": "command", "argv": ["echo", TEXT], "unless": f"test {TEXT}",
            "env": {"A_TOKEN": f"env-{CANARY}"},
        },
        {"kind": "command", "shell": f"curl --password opt-{CANARY} -H {TEXT}", "folder": "."},
    ]  # fmt: skip
    return [*all_kinds, *({**step, "title": f"{step['kind']} {TEXT}"} for step in all_kinds)]


def plan(tasks: list[dict[str, Any]], **more: Any) -> dict[str, Any]:
    return {
        "apiVersion": "bringup/v1",
        "name": "canary",
        "title": f"title {TEXT}",
        "variables": {
            "token": "",
            "short": "",
            "db": {"password": "", "user": "", "database": ""},
            "notes": "",
        },
        "secrets": ["token", "short"],
        "endpoints": [
            {"name": f"endpoint {TEXT}", "url": f"http://me:end-{CANARY}@127.0.0.1:1/?api_key=end-{CANARY}"}
        ],
        "phases": [{"id": "all", "title": f"phase {TEXT}", "tasks": tasks}],
        **more,
    }


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    work = tmp_path / "work"
    (work / "migrations").mkdir(parents=True)
    (work / "migrations" / "1_a.sql").write_text("-- +goose Up\nSELECT 1;\n")
    (work / "Dockerfile").write_text("FROM scratch\n")
    (work / "secret.yaml").write_text(
        "apiVersion: v1\nkind: Secret\nmetadata: {name: a}\nstringData: {a: b}\n"
    )
    (work / "values.yaml").write_text(json.dumps(VALUES))
    return work


def bringup(folder: Path, *arguments: str) -> str:
    done = commands.bringup(folder, *arguments, HOME=str(folder))
    assert "Traceback" not in done.stderr
    return done.stdout + done.stderr


def look(*arguments: str) -> str:
    """What a command prints that only looks, in this process, which is faster."""
    result = CliRunner().invoke(main, arguments)
    assert result.exception is None or isinstance(result.exception, SystemExit)
    return result.output


def leaks(text: str) -> list[str]:
    """The lines that tell a secret."""
    return [line for line in text.splitlines() if CANARY in line or "zq7" in line]


def kept(folder: Path) -> Iterator[tuple[str, str]]:
    """Everything that was written outside of the user's own directory."""
    for path in folder.parent.rglob("*"):
        if path.is_file() and not path.is_relative_to(folder):
            yield str(path), path.read_text(errors="replace")


def record(folder: Path) -> Path:
    """A recording of the plan, in which every step says something secret."""

    loaded = load_plan(folder / "bringup.yaml", [folder / "values.yaml"])
    journal = Journal(folder / "recording")
    engine = Engine(loaded.plan, Scripted(), started(loaded.plan), cache=folder, journal=journal)
    run_virtual(engine.run())
    journal.close()
    return journal.directory


def test_no_secret_is_told_of_any_kind_of_step(folder: Path) -> None:
    tasks = [{"id": f"t{i}", "title": f"task {TEXT}", "steps": [step]} for i, step in enumerate(steps())]
    cluster = {"name": "canary", "kubeconfig": f"{folder}/${{short}}/kubeconfig"}
    document = plan(tasks, cluster=cluster, down=[{"kind": "kind.delete", "title": TEXT}])
    (folder / "bringup.yaml").write_text(json.dumps(document))
    recording = record(folder)
    assert leaks((recording / "events.jsonl").read_text()) == []
    values = ("--values", "values.yaml")
    rehearsal = ("up", *values, "--env", "rehearsal", "--recording", str(recording))
    for command in ("show", "lint"):
        for output in ("text", "json"):
            said = look(
                "plan", command, str(folder / "bringup.yaml"), "--values", str(folder / "values.yaml"),
                "--output", output,
            )  # fmt: skip
            assert said
            assert leaks(said) == [], (command, output)
            assert ("public-user" in said) == (command == "show" and output == "json")
    for arguments in (
        (*rehearsal, "--output", "json"),
        (*rehearsal, "--fail", "t3"),
        ("status",),
        ("status", "--output", "json"),
        *EXPORTS,
    ):
        said = bringup(folder, *arguments)
        assert said
        assert leaks(said) == [], arguments
    files = dict(kept(folder))
    assert any(name.endswith("events.jsonl") for name in files)
    assert {name: leaks(text) for name, text in files.items() if leaks(text)} == {}


def test_no_secret_is_told_of_what_really_runs(folder: Path) -> None:
    shell = f"echo {TEXT}; ps axww > ps; exit 3"
    tasks = [
        {"id": "loud", "steps": [{"kind": "command", "shell": shell, "env": {"A_TOKEN": f"env-{CANARY}"}}]},
        {"id": "env", "steps": [{"kind": "command", "shell": "env", "env": {"A_TOKEN": f"env-{CANARY}"}}]},
    ]
    down = [{"kind": "command", "shell": f"echo down {TEXT}; ps axww > ps-down"}]
    (folder / "bringup.yaml").write_text(json.dumps(plan(tasks, down=down)))
    for arguments in (
        ("up", "--values", "values.yaml"),
        ("up", "--resume", "--output", "json"),
        ("status", "--output", "json"),
        *EXPORTS,
        ("down", "latest"),
    ):
        said = bringup(folder, *arguments)
        assert leaks(said) == [], arguments
    assert {name: leaks(text) for name, text in kept(folder) if leaks(text)} == {}
    for file in ("ps", "ps-down"):
        assert leaks((folder / file).read_text()) == []


def test_no_secret_is_told_of_a_plan_that_is_wrong(folder: Path) -> None:
    wrong: list[dict[str, Any]] = [
        {"phases": TEXT},
        {"limit": TEXT},
        {"name": TEXT},
        {"endpoints": [{"name": TEXT, "url": TEXT, "more": TEXT}]},
        {"cluster": {"name": TEXT, "kubeconfig": TEXT}},
        {"hosts": {"default": f"ssh://me:{CANARY}@host/{TEXT}"}},
        {"down": [{"kind": "command", "argv": [], "shell": "", "timeout": TEXT}]},
        {"down": [{"kind": TEXT}]},
        {"down": [{"kind": "http.check", "url": TEXT, "status": TEXT}]},
        {"down": [{"kind": "kubernetes.wait", "rollouts": [TEXT]}]},
        {"down": [{"kind": "kubernetes.wait", "rollouts": ["deployment/${token}"]}]},
        {"down": [{"kind": "kubernetes.wait", "rollouts": ["deployment/a"], "namespace": TEXT}]},
        {"down": [{"kind": "kubernetes.namespace", "names": [TEXT]}]},
        {"down": [{"kind": "image.build", "tag": "a", "context": TEXT}]},
    ]
    for more in wrong:
        document = plan([{"id": "a", "steps": [{"kind": "command", "shell": "true"}]}]) | more
        (folder / "bringup.yaml").write_text(json.dumps(document))
        said = look("plan", "show", str(folder / "bringup.yaml"), "--values", str(folder / "values.yaml"))
        assert "error: " in said or "needs what is missing" in said
        assert leaks(said) == [], more
