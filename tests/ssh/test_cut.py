"""The connection to a machine is cut while a plan is brought up there."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, Any

from tests.ssh.user import Running, on, settled, task

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.contract.servers import Sshd
    from tests.ssh.user import User

# Its first try, in a group that does not end by itself, runs until it is ended; the next one is done at once.
SLOW = 'echo "began at [$PLACE]"; test -e ~/go && exit; (trap "" TERM HUP; sleep 60) & sleep 60'
LOST = "the connection to {} was lost: it was cut"
HINT = "hint: try again: bringup connects again, and ends what still runs there"


def cut(running: Running, *servers: Sshd) -> None:
    """Cuts machines off as soon as the slow task runs there."""
    running.heard("│ began at [")
    for server in servers:
        server.cut()
        (server.home / "go").touch()


def siblings(folder: Path) -> list[dict[str, Any]]:
    """Tasks that end after the cut, on this machine and on another one."""
    wait = f"until test -e {folder}/cut; do sleep 0.05; done; echo done at [$PLACE]"
    return [task("near", wait, host="local"), task("other", wait, host="other")]


def test_its_task_fails_the_others_go_on_and_it_is_resumed(user: User, machine: Callable[..., Sshd]) -> None:
    far, other = machine("far"), machine("other")
    user.plan(
        task("slow", SLOW),
        task("after", 'echo "after at [$PLACE]"', needs=["slow"]),
        *siblings(user.folder),
        hosts={"other": other.address.url},
    )
    with user.starting("up", *on(far)) as running:
        cut(running, far)
        running.heard(LOST.format(far.address))
        (user.folder / "cut").touch()
        assert running.ended() == 1
        assert running.errors == ""
    assert "near    │ done at []" in running.output
    assert "other   │ done at [other]" in running.output
    assert "after   │ – after skipped: it needs slow" in running.output
    report = running.output.partition("✗ far is not up · 2 of 4 tasks done, 1 failed")[2]
    assert LOST.format(far.address) in report
    assert HINT in report
    assert settled(far) == []
    done = user.bringup("up", "--resume")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "slow    │ began at [far]" in done.stdout
    assert "after   │ after at [far]" in done.stdout


def test_it_is_retried_by_itself_where_the_plan_says_so(user: User, far: Sshd) -> None:
    retry = {"attempts": 2, "backoff": "0s", "signatures": ["connection"]}
    user.plan(task("slow", SLOW, retry=retry))
    with user.starting("up", *on(far)) as running:
        cut(running, far)
        assert running.ended() == 0, running.output
    assert LOST.format(far.address) in running.output
    assert "began at [far]" in running.output
    assert "✓ slow succeeded" in running.output
    outcomes = [event["outcome"] for event in user.events() if event["type"] == "attempt-finished"]
    assert outcomes == ["failed", "succeeded"]


def test_a_machine_that_stays_away_is_told_in_the_next_try(user: User, far: Sshd) -> None:
    retry = {"attempts": 2, "backoff": "0s", "signatures": [{"pattern": "was lost"}]}
    user.plan(task("slow", SLOW, retry=retry))
    with user.starting("up", *on(far)) as running:
        running.heard("│ began at [")
        far.stop()
        assert running.ended() == 1, running.output
        assert running.errors == ""
    assert (
        f"{far.address} cannot be used: it refuses the connection" in running.output.partition("is not up")[2]
    )
    shutil.rmtree(far.cache)  # a machine that dies keeps what it had
