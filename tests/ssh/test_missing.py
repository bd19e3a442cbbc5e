"""What a machine lacks, told before anything begins: the cause, what helps, exit code 3, and nothing left."""

from __future__ import annotations

import json
import platform
import shutil
import signal
import socket
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import asyncssh
import pytest

from tests.doctor.peers import answers_of, serving_aside
from tests.ssh.user import on, task

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.commands import Done
    from tests.contract.servers import Sshd
    from tests.ssh.user import User

CREATE = {"id": "create", "steps": [{"kind": "kind.create"}]}
PULL = {"id": "pull", "steps": [{"kind": "image.pull", "images": "busybox"}]}
CLUSTER = {"name": "elsewhere", "kubeconfig": "kubeconfig"}
TOOLS = ("sh", "cat", "grep", "head", "mkdir", "mktemp", "ps", "rm", "setsid", "sleep", "uname")


def check(user: User, done: Done, *says: str) -> None:
    """Looks at what a command said that could not begin."""
    assert done.returncode == 3, done.stdout + done.stderr
    assert done.stdout == ""
    assert done.stderr.startswith("error: ")
    assert "\n  hint: " in done.stderr
    assert [text for text in says if text not in done.stderr] == [], done.stderr
    assert user.runs == []


@pytest.fixture
def place() -> Iterator[str]:
    """A place for a socket, whose path has to be short."""
    folder = tempfile.mkdtemp(prefix="engine-")
    yield f"{folder}/engine.sock"
    shutil.rmtree(folder)


@pytest.fixture
def bare(tmp_path: Path, machine: Callable[..., Sshd], place: str) -> Iterator[tuple[Sshd, Path]]:
    """A machine with an engine and few programs, and the folder that they are in."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for name in TOOLS:
        (folder / name).symlink_to(shutil.which(name) or name)
    # Programs are looked for in the usual places too, which here are this machine's.
    (folder / "login").write_text(
        "#!/bin/sh\n"
        """hidden='eval "$(printf %s "$said" | /usr/bin/sed s:/usr/local/bin:/nowhere:)"'\n"""
        """edit="s,eval \\"\\$said\\",$hidden,"\n"""
        """exec sh -c "$(printf %s "$SSH_ORIGINAL_COMMAND" | /usr/bin/sed "$edit")"\n"""
    )
    (folder / "login").chmod(0o755)
    options = {"PATH": str(folder), "DOCKER_HOST": f"unix://{place}"}
    with serving_aside(answers_of(platform.release(), tmp_path), place):
        yield machine("bare", f"ForceCommand {folder}/login", **options), folder


@pytest.mark.parametrize("command", ["up", "doctor"])
def test_a_machine_that_refuses_the_connection(user: User, far: Sshd, command: str) -> None:
    user.plan(task("any", "true"))
    far.stop()
    says = f"error: {far.address} cannot be used: it refuses the connection\n"
    check(user, user.bringup(command, *on(far)), says, "hint: does sshd run there, and at that port?")


def test_a_name_that_does_not_resolve(user: User) -> None:
    user.plan(task("any", "true"))
    done = user.bringup("up", "--host", "me@nowhere.invalid")
    check(user, done, "error: me@nowhere.invalid cannot be used: its name does not resolve\n", "DNS")


@pytest.mark.parametrize("command", ["up", "doctor"])
def test_a_machine_that_says_nothing_is_not_waited_for_after_ctrl_c(user: User, command: str) -> None:
    user.plan(task("any", "true"))
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"ssh://127.0.0.1:{silent.getsockname()[1]}"
        with user.starting(command, "--host", address) as running:
            connection, _ = silent.accept()
            with connection:
                running.process.send_signal(signal.SIGINT)
                assert running.ended() == 130
            assert running.output == running.errors == ""
    assert user.runs == []


def test_a_machine_that_is_new_where_nobody_can_be_asked(user: User, own_sshd: Callable[..., Sshd]) -> None:
    user.plan(task("any", "true"))
    server = own_sshd()
    done = user.bringup("up", *on(server))
    check(user, done, f"error: [127.0.0.1]:{server.port} is not known yet", server.key.get_fingerprint())
    assert f"log in once: `ssh -p {server.port} 127.0.0.1`" in done.stderr
    assert not (user.client.home / ".ssh" / "known_hosts").exists()
    assert server.left() == []


def test_a_machine_whose_key_has_changed(user: User, far: Sshd) -> None:
    user.plan(task("any", "true"))
    key = asyncssh.generate_private_key("ssh-ed25519").export_public_key().decode()
    known = user.client.home / ".ssh" / "known_hosts"
    known.write_text(f"[127.0.0.1]:{far.port} {key}")
    done = user.bringup("up", *on(far))
    check(user, done, f"error: the key of [127.0.0.1]:{far.port} has changed", far.key.get_fingerprint())
    assert f'ssh-keygen -R "[127.0.0.1]:{far.port}" -f {known}' in done.stderr


def test_a_machine_that_runs_no_commands_says_why_without_colours(
    user: User, machine: Callable[..., Sshd]
) -> None:
    far = machine("far", r"ForceCommand head -c 1 >/dev/null; printf '\\033[31mgo away\\n'")
    user.plan(task("any", "true"))
    done = user.bringup("up", *on(far))
    check(user, done, f"error: {far.address} runs no commands: ", "go away")
    assert "\x1b" not in done.stderr


def test_a_machine_without_kind(user: User, bare: tuple[Sshd, Path]) -> None:
    server, _ = bare
    user.plan(CREATE, cluster=CLUSTER)
    done = user.bringup("up", *on(server))  # no rehearsal is taken for it
    check(user, done, f"error: the `kind` command is not installed at {server.address}; ", "install kind")


def test_a_machine_whose_kind_cannot_be_run(user: User, bare: tuple[Sshd, Path]) -> None:
    server, folder = bare
    (folder / "kind").write_text("#!/bin/sh\n")
    user.plan(CREATE, cluster=CLUSTER)
    check(
        user, user.bringup("up", *on(server)), f"error: the `kind` command at {server.address} cannot be run"
    )
    (folder / "kind").write_text("#!/bin/sh\necho wrong machine; exit 126\n")
    (folder / "kind").chmod(0o755)
    check(
        user,
        user.bringup("up", *on(server)),
        f"error: `kind version` at {server.address} failed",
        "wrong machine",
    )


def test_a_machine_whose_kind_is_too_old(user: User, bare: tuple[Sshd, Path]) -> None:
    server, folder = bare
    for name, says in {"kind": "kind v0.7.0 go1.13", "docker": "Docker version 28"}.items():
        (folder / name).write_text(f"#!/bin/sh\necho {says}\n")
        (folder / name).chmod(0o755)
    user.plan(CREATE, cluster=CLUSTER)
    done = user.bringup("up", *on(server))
    check(user, done, f"error: kind 0.7.0 at {server.address} is too old: 0.8 is needed\n", "upgrade it")
    done = user.bringup("doctor", *on(server))
    assert done.returncode == 3
    assert f"✓ machine           {server.address}: Linux" in done.stdout
    assert f"kind 0.7.0 at {server.address} is too old: 0.8 is needed" in done.stdout


def test_a_machine_without_an_engine(user: User, machine: Callable[..., Sshd]) -> None:
    far = machine("far", DOCKER_HOST="unix:///nowhere.sock")
    user.plan(PULL)
    done = user.bringup("up", *on(far))
    check(
        user,
        done,
        f"error: no container engine answers at {far.address}\n",
        "unix:///nowhere.sock (DOCKER_HOST)",
    )
    assert "start Docker or Podman there, or install one" in done.stderr
    done = user.bringup("doctor", *on(far))
    assert done.returncode == 3
    assert f"✗ container engine  no container engine answers at {far.address}\n" in done.stdout


def test_a_machine_whose_engine_is_too_old(user: User, machine: Callable[..., Sshd], place: str) -> None:
    said = {"Version": "17.06.0", "ApiVersion": "1.30"}
    far = machine("far", DOCKER_HOST=f"unix://{place}")
    user.plan(PULL)
    with serving_aside({"/version": (200, said)}, place):
        done = user.bringup("up", *on(far))
        asked = user.bringup("doctor", *on(far))
    says = f"error: Docker 17.06.0 at {far.address} is too old: its API is 1.30, 1.40 is needed\n"
    check(user, done, says, "hint: upgrade it")
    assert asked.returncode == 3
    assert f"✗ container engine  {says.removeprefix('error: ')}" in asked.stdout


def test_what_a_machine_lacks_is_told_at_once(user: User, bare: tuple[Sshd, Path], place: str) -> None:
    server, _ = bare
    Path(place).unlink()
    user.plan(CREATE, cluster=CLUSTER)
    done = user.bringup("up", *on(server))
    first = f"error: no container engine answers at {server.address}; the `kind` command is not installed at "
    check(user, done, first, f"unix://{place} (DOCKER_HOST)", "start Docker or Podman there", "install kind")


def test_each_machine_is_looked_at_for_what_it_has_to_do(
    user: User, machine: Callable[..., Sshd], place: str, tmp_path: Path
) -> None:
    far = machine("far", DOCKER_HOST=f"unix://{place}")
    builder = machine("builder", DOCKER_HOST="unix:///nowhere.sock")
    hosts = {"default": far.address.url, "builder": builder.address.url}
    tasks = (task("plain", "true"), task("near", "true", host="local"), {**PULL, "host": "builder"})
    user.plan(*tasks, hosts=hosts)
    with serving_aside(answers_of(platform.release(), tmp_path), place):
        done = user.bringup("doctor", "--output", "json")
    assert done.returncode == 3, done.stderr
    of_far, of_builder = (
        [each for each in json.loads(done.stdout) if each["host"] == str(server.address)]
        for server in (far, builder)
    )
    assert [each["check"] for each in of_far][:3] == ["machine", "container engine", "kind"]
    assert of_far[1]["text"].startswith(f"Docker 99.1 (API 1.41) at unix://{place}, found by DOCKER_HOST at ")
    assert not [each for each in of_far if each["level"] == "fault"]
    assert [(each["check"], each["level"]) for each in of_builder] == [
        ("machine", "ok"), ("container engine", "fault"), ("buildx", "ok"), ("disk", "unknown")
    ]  # fmt: skip
