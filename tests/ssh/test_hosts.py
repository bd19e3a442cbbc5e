"""A plan whose tasks run on several machines, with what they need there."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from tests.processes import PROC, needs_proc
from tests.ssh.user import on, task

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.contract.servers import Sshd
    from tests.ssh.user import User

WHERE = 'echo "at [$PLACE]"'
TOKEN = "t0ken that's $secret"


def write(path: Path, text: str, mode: int = 0o644) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(mode)


def test_each_task_runs_on_its_own(user: User, machine: Callable[..., Sshd]) -> None:
    far, builder = machine("far"), machine("builder")
    hosts = {"default": far.address.url, "builder": str(builder.address)}
    user.plan(
        task("plain", WHERE),
        task("built", WHERE, host="builder", needs=["plain"]),
        task("near", WHERE, host="local"),
        hosts=hosts,
        down=[{"kind": "command", "shell": WHERE}],
    )
    done = user.bringup("up")
    assert done.returncode == 0, done.stderr
    assert {"plain   │ at [far]", "built   │ at [builder]", "near    │ at []"} <= {
        line.strip().partition(" ")[2] for line in done.stdout.splitlines()
    }
    assert "built   │ ▶ built on builder" in done.stdout
    assert user.events()[0]["hosts"] == {
        "default": far.address.url, "builder": builder.address.url, "local": "local"
    }  # fmt: skip
    assert f"take down   bringup down {user.runs[-1].name} (at {far.address})\n" in done.stdout
    done = user.bringup("up", "--host", "local")
    assert done.returncode == 0, done.stderr
    assert "plain   │ at []" in done.stdout
    assert "built   │ at [builder]" in done.stdout
    assert "│ at []" in user.bringup("down").stdout  # where it was, whatever the plan says


def test_a_machine_that_no_task_is_for_is_not_connected_to(user: User, far: Sshd) -> None:
    user.plan(task("where", WHERE), hosts={"default": far.address.url, "spare": "ssh://nowhere.invalid"})
    done = user.bringup("up")
    assert done.returncode == 0, done.stderr
    assert user.events()[0]["hosts"] == {"default": far.address.url}


def test_a_plan_for_other_machines_alone_may_use_this_one(user: User, far: Sshd) -> None:
    user.plan(task("where", WHERE, host="far"), task("near", WHERE), hosts={"far": far.address.url})
    done = user.bringup("up")
    assert done.returncode == 0, done.stderr
    assert "near    │ at []" in done.stdout
    assert "where   │ at [far]" in done.stdout


def test_what_a_command_needs_is_there_and_gone_afterwards(user: User, far: Sshd) -> None:
    folder = user.folder
    write(folder / "tools" / "run.sh", '#!/bin/sh\necho "ran at [$PLACE] with $(cat ../data/value)"\n', 0o755)
    write(folder / "tools" / "lib" / "part", "part")
    write(folder / "data" / "value", "a value")
    write(folder / "data" / "unasked", "not needed")
    write(folder.parent / "outside.txt", "outside")
    (folder / "data" / "link").symlink_to("value")
    step = {
        "kind": "command", "argv": ["./run.sh"], "folder": "tools",
        "files": ["data/value", "data/link", "../outside.txt"],
    }  # fmt: skip
    look = {**step, "argv": ["sh", "-c", "cd ..; pwd; find . -type f | sort; cat data/link outside.txt"]}
    user.plan({"id": "tool", "steps": [step, look]})
    (folder.parent / "linked").symlink_to(folder)  # as homes and temporary folders are here and there
    done = user.bringup("up", str(folder.parent / "linked"), *on(far))
    assert done.returncode == 0, done.stdout + done.stderr
    said = [line.partition("│ ")[2] for line in done.stdout.splitlines()]
    assert "ran at [far] with a value" in said
    there = next(line for line in said if line.startswith(f"{far.cache}/"))
    begin = said.index(there) + 1
    files = ["data/link", "data/value", "outside.txt", "tools/lib/part", "tools/run.sh"]
    assert said[begin : begin + 6] == [*(f"./{file}" for file in files), "a valueoutside"]
    assert list(far.cache.glob("*")) == []
    done = user.bringup("up")  # here it sees the plan's folder itself
    assert "ran at [] with a value" in done.stdout


def test_an_included_plan_has_its_own_files_and_outputs_there(user: User, far: Sshd) -> None:
    write(user.folder / "shared tools" / "say.sh", 'echo noise >&2; echo "$1 in $PLACE"\n', 0o755)
    step = {"kind": "command", "argv": ["sh", "say.sh", "${word}"], "files": "say.sh", "output": "said"}
    make = {"id": "make", "steps": [step]}
    part = {"variables": {"word": None}, "phases": [{"id": "all", "tasks": [make]}]}
    write(user.folder / "shared tools" / "part.yaml", json.dumps(part))
    use = {"id": "use", "needs": "p", "steps": [{"kind": "command", "argv": ["echo", "<${output.p.said}>"]}]}
    include = {"plan": "shared tools/part.yaml", "as": "p", "with": {"word": "häl lo"}}
    user.plan(use, include=[include])
    done = user.bringup("up", *on(far))
    assert done.returncode == 0, done.stdout + done.stderr
    assert "│ <häl lo in far>" in done.stdout
    assert "│ noise" in done.stdout
    done = user.bringup("up", "--resume", "--only", "use", *on(far))
    assert "│ <häl lo in far>" in done.stdout


def test_two_files_that_would_be_at_one_place_are_told(user: User, far: Sshd) -> None:
    for name in ("one", "other"):
        write(user.folder.parent / name / "config", name)
    user.plan(task("read", "cat config", files=["../one/config", "../other/config"]))
    done = user.bringup("up", *on(far))
    assert done.returncode == 1
    assert "/one/config and " in done.stdout
    assert "/other/config would both be config on another machine" in done.stdout
    assert "hint: rename one, or put them into the plan's directory" in done.stdout


def test_without_files_a_command_sees_none_of_the_plans(user: User, far: Sshd) -> None:
    user.plan(task("look", "ls -A | wc -l"), task("read", "cat bringup.yaml"))
    done = user.bringup("up", *on(far))
    assert done.returncode == 1
    assert "look    │ 0\n" in done.stdout
    assert "No such file or directory" in done.stdout


def test_a_program_that_is_not_there_is_told_with_the_place(user: User, far: Sshd) -> None:
    user.plan({"id": "run", "steps": [{"kind": "command", "argv": ["./absent.sh"]}]})
    done = user.bringup("up", *on(far))
    assert done.returncode == 1
    assert f"there is no program ./absent.sh at {far.address}" in done.stdout
    assert "hint: install it, or correct its name or PATH" in done.stdout


@needs_proc
def test_a_secret_arrives_and_is_seen_nowhere(user: User, machine: Callable[..., Sshd]) -> None:
    far = machine("far", "LogLevel DEBUG3")
    shell = 'printf %s "$TOKEN" > ~/token; echo "is $TOKEN"; until test -e ~/go; do sleep 0.05; done'
    user.plan(task("use", shell, env={"TOKEN": "${token}"}), variables={"token": TOKEN}, secrets=["token"])
    with user.starting("up", *on(far), "--verbose") as running:
        running.heard("│ is •••")
        seen = [path for path in PROC.glob("[0-9]*/cmdline") if TOKEN in _text(path)]
        (far.home / "go").touch()
        assert running.ended() == 0
        told = {"what is printed": running.output, "--verbose": running.errors, "sshd's log": far.log}
    assert (far.home / "token").read_text() == TOKEN
    assert seen == []
    written = {str(path): _text(path) for path in user.runs[-1].rglob("*") if path.is_file()}
    assert [name for name, text in {**told, **written}.items() if TOKEN in text] == []


def _text(path: Path) -> str:
    try:
        return path.read_text(errors="replace")
    except OSError:  # it has ended
        return ""
