"""What happens on a connection is told to those who ask for it, where it disturbs nothing."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

from tests.commands import BRINGUP
from tests.ssh.user import on, task
from tests.tmux import quoted, tmux

if TYPE_CHECKING:
    from tests.contract.servers import Sshd
    from tests.ssh.user import User

LINE = re.compile(r"\d\d:\d\d:\d\d ssh \S.*")


def test_it_is_told_as_errors_a_line_each(user: User, far: Sshd) -> None:
    user.plan(task("where", "echo at [$PLACE]"))
    done = user.bringup("up", *on(far), "--verbose")
    assert done.returncode == 0
    lines = done.stderr.splitlines()
    assert [line for line in lines if not LINE.fullmatch(line)] == []
    assert any(line.endswith("Connection closed") for line in lines)
    assert any(f"Connected to SSH server at 127.0.0.1, port {far.port}" in line for line in lines)
    assert " ssh [" not in done.stdout
    assert "│ at [far]\n" in done.stdout
    assert not (user.runs[-1] / "ssh.log").exists()


def test_under_the_dashboard_it_is_written_down(user: User, far: Sshd) -> None:
    user.plan(task("where", "echo at [$PLACE]; until test -e ~/go; do sleep 0.05; done"))
    folders = {name: value for name, value in os.environ.items() if name.startswith("XDG_")}
    argv = (*BRINGUP, "up", str(user.folder), *on(far), "--verbose")
    with tmux(user.client.home, folders) as terminal:
        terminal.type(f"{quoted(argv)}; echo code $?")
        screen = terminal.wait_for("at [far]")
        assert str(far.address) in screen
        (far.home / "go").touch()
        screen = terminal.wait_for("✓ up in")
        assert "ssh [" not in screen
        terminal.press("q")
        terminal.wait_for("code 0")
        printed = terminal.scrollback()
    assert printed.index("Connected to SSH server") < printed.index("✓ far is up")  # ahead of the screen
    assert "Connection closed" not in printed
    log = (user.runs[-1] / "ssh.log").read_text()
    assert "Connection closed" in log
    assert "Connected to SSH server" not in log
    assert user.runs[-1].stat().st_mode & 0o077 == 0
