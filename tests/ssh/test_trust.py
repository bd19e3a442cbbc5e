"""A person at a terminal is asked about a machine that is new, and about a key that is locked."""

from __future__ import annotations

import os
import termios
from typing import TYPE_CHECKING

import pytest

from tests.commands import BRINGUP
from tests.ssh.user import on, task, until
from tests.tmux import Tmux, quoted, tmux

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.contract.servers import Sshd
    from tests.ssh.user import User


@pytest.fixture
def terminal(user: User) -> Iterator[Tmux]:
    folders = {name: value for name, value in os.environ.items() if name.startswith("XDG_")}
    with tmux(user.client.home, folders) as terminal:
        yield terminal


@pytest.fixture
def new(user: User, own_sshd: Callable[..., Sshd]) -> Sshd:
    """A machine that is not known yet, and a plan to bring up there."""
    user.plan(task("where", "echo at [$PLACE]"))
    return own_sshd(environment={"PLACE": "far"})


def start(terminal: Tmux, user: User, command: str, server: Sshd, *options: str) -> None:
    argv = (*BRINGUP, command, str(user.folder), *on(server), *options)
    terminal.type(f"clear; {quoted(argv)}; echo code $?")


def answer_unseen(terminal: Tmux, answer: str) -> None:
    """Types an answer as soon as it is not shown: what is typed before is thrown away."""
    terminal.wait_for("Passphrase of ")
    tty = os.open(terminal("display-message", "-p", "#{pane_tty}").strip(), os.O_RDONLY | os.O_NOCTTY)
    try:
        until(lambda: not termios.tcgetattr(tty)[3] & termios.ECHO, "unseen what is typed")
    finally:
        os.close(tty)
    terminal.type(answer)


def test_a_new_machine_is_trusted_once(terminal: Tmux, user: User, new: Sshd) -> None:
    start(terminal, user, "up", new, "--no-tui")
    terminal.wait_for("Trust it from now on? [y/N]:")
    assert new.key.get_fingerprint() in terminal.scrollback()
    terminal.type("y")
    terminal.wait_for("code 0")
    assert "at [far]" in terminal.scrollback()
    known = (user.client.home / ".ssh" / "known_hosts").read_text()
    assert known.partition(" ")[2] == new.key.export_public_key().decode()
    start(terminal, user, "up", new)  # in the dashboard
    terminal.wait_for("✓ up in")
    assert "Trust it" not in terminal.screen()
    terminal.press("q")
    terminal.wait_for("code 0")


def test_a_new_machine_of_the_plan_is_asked_about_ahead_of_the_screen(
    terminal: Tmux, user: User, new: Sshd
) -> None:
    user.plan(task("where", "echo at [$PLACE]", host="far"), hosts={"far": new.address.url})
    terminal.type(f"{quoted((*BRINGUP, 'up', str(user.folder), '--host', 'local'))}; echo code $?")
    screen = terminal.wait_for("Trust it from now on? [y/N]:")
    assert "Timeline" not in screen
    terminal.type("y")
    terminal.wait_for("✓ up in")
    terminal.press("q")
    terminal.wait_for("code 0")


@pytest.mark.parametrize(("answer", "command"), [("n", "up"), ("", "doctor")])
def test_a_new_machine_is_not_trusted(
    terminal: Tmux, user: User, new: Sshd, answer: str, command: str
) -> None:
    start(terminal, user, command, new)
    terminal.wait_for("Trust it from now on? [y/N]:")
    terminal.type(answer)
    terminal.wait_for("code 3")
    assert f"error: the key of [127.0.0.1]:{new.port} is not trusted" in terminal.scrollback()
    assert not (user.client.home / ".ssh" / "known_hosts").exists()
    assert user.runs == []


@pytest.mark.parametrize(("command", "key"), [("up", "C-c"), ("doctor", "C-c"), ("up", "C-d")])
def test_who_leaves_at_the_question_is_out_at_once(
    terminal: Tmux, user: User, new: Sshd, command: str, key: str
) -> None:
    start(terminal, user, command, new)
    terminal.wait_for("Trust it from now on? [y/N]:")
    terminal.press(key)
    screen = terminal.wait_for("code 130")
    assert "Traceback" not in screen
    assert "never retrieved" not in screen
    assert user.runs == []
    assert new.left() == []


def test_a_locked_key_is_asked_for_ahead_of_the_screen(terminal: Tmux, user: User, far: Sshd) -> None:
    user.plan(task("where", "echo at [$PLACE]"), down=[{"kind": "command", "shell": "echo down at [$PLACE]"}])
    user.client.write_key("id_ed25519", "open sesame")
    start(terminal, user, "up", far)
    answer_unseen(terminal, "open sesame")
    terminal.wait_for("✓ up in")
    terminal.press("q")
    terminal.wait_for("code 0")
    terminal.type(f"clear; {quoted((*BRINGUP, 'down', str(user.folder)))}; echo code $?")
    answer_unseen(terminal, "open sesame")
    terminal.wait_for("code 0")
    assert "down at [far]" in terminal.screen()
    assert "sesame" not in terminal.scrollback()
