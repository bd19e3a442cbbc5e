"""A plan brought up on another machine, and all that is asked about it afterwards."""

from __future__ import annotations

import json
import signal
from typing import TYPE_CHECKING

import pytest

from tests.ssh.user import on, settled, task

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.contract.servers import Sshd
    from tests.ssh.user import User

WHERE = task("where", 'echo "at [$PLACE], home $HOME"')  # PLACE is set on other machines alone
SLEEP = task("sleeper", 'echo "sleeping at [$PLACE]"; (trap "" TERM; sleep 60) & sleep 60')


def test_it_runs_there_and_later_commands_go_there_too(user: User, far: Sshd) -> None:
    user.plan(WHERE, down=[{"kind": "command", "shell": 'echo "down at [$PLACE]"'}])
    done = user.bringup("up", *on(far))
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    assert f"at [far], home {far.home}\n" in done.stdout
    assert f"far · kind on {far.address} " in done.stdout
    assert f"take down   bringup down {user.runs[-1].name} (at {far.address})" in done.stdout
    assert user.events()[0]["hosts"] == {"default": far.address.url}
    done = user.bringup("status")
    assert (done.returncode, f"kind on {far.address}" in done.stdout) == (0, True)
    done = user.bringup("down")
    assert (done.returncode, "│ down at [far]\n" in done.stdout) == (0, True), done.stderr
    assert user.events()[0]["hosts"] == {"default": far.address.url}


def test_a_run_that_failed_is_resumed_there(user: User, far: Sshd) -> None:
    user.plan(WHERE, task("picky", 'echo "picky at [$PLACE]"; test -e ~/allowed', needs=["where"]))
    assert user.bringup("up", *on(far)).returncode == 1
    (far.home / "allowed").touch()
    done = user.bringup("up", "--resume")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "where   │ ✓ done by run" in done.stdout
    assert "picky at [far]" in done.stdout
    assert user.events()[0]["hosts"] == {"default": far.address.url}


@pytest.mark.parametrize(
    ("option", "variable", "place"),
    [("", "URL", "far"), ("local", "URL", ""), ("builder", "", "far"), ("", "local", "")],
)
def test_the_machine_is_named_in_many_ways(
    user: User, far: Sshd, option: str, variable: str, place: str
) -> None:
    user.client.configure("Host builder", "  HostName 127.0.0.1", f"  Port {far.port}")
    arguments = ("--host", option) if option else ()
    user.plan(WHERE)
    done = user.bringup("up", *arguments, BRINGUP_HOST=far.address.url if variable == "URL" else variable)
    assert done.returncode == 0, done.stderr
    assert f"at [{place}]" in done.stdout
    assert bool(user.events()[0]["hosts"]) == bool(place)


@pytest.mark.parametrize(
    ("command", "address"),
    [("up", "-oProxyCommand=x"), ("status", "me@far:99999"), ("doctor", "")],
)
def test_what_is_no_address_is_an_error(user: User, command: str, address: str) -> None:
    user.plan(WHERE, down=[{"kind": "command", "shell": "true"}])
    done = user.bringup(command, "--host", address)
    assert done.returncode == 2, done.stdout
    assert done.stderr == (
        f"error: --host: {address!r} is not the address of a machine\n"
        "  hint: write ssh://[USER@]HOST[:PORT], or a Host of your ~/.ssh/config\n"
    )
    assert user.runs == []


def test_a_rehearsal_goes_nowhere(user: User) -> None:
    options = ("--env", "rehearsal", "--speed", "200", "--host", "ssh://nowhere.invalid")
    done = user.bringup("up", "workflowexecution", *options)
    assert done.returncode == 0, done.stderr
    assert user.events()[0]["hosts"] == {}


def test_json_tells_where(user: User, far: Sshd) -> None:
    user.plan(WHERE)
    done = user.bringup("up", *on(far), "--output", "json")
    events = [json.loads(line) for line in done.stdout.splitlines()]
    assert done.returncode == 0
    assert events[0]["hosts"] == {"default": far.address.url}
    assert f"at [far], home {far.home}" in [event.get("text") for event in events]
    assert events[-1]["outcome"] == "succeeded"
    listed = json.loads(user.bringup("runs", "--output", "json").stdout)
    assert [run["run"] for run in listed] == [events[0]["run"]]


def test_output_comes_while_it_runs(user: User, far: Sshd) -> None:
    user.plan(task("slow", 'echo "waiting at [$PLACE]"; until test -e ~/go; do sleep 0.05; done; echo went'))
    with user.starting("up", *on(far)) as running:
        running.heard("waiting at [far]")
        (far.home / "go").touch()
        assert running.ended() == 0
    assert "│ went\n" in running.output


@pytest.mark.parametrize(
    ("acts", "code"),
    [
        ({signal.SIGTERM: "was cancelled"}, 130),
        ({signal.SIGINT: "stopping everything", signal.SIGHUP: "was killed"}, 130),
        ({signal.SIGKILL: ""}, -signal.SIGKILL),
    ],
)
def test_a_signal_leaves_nothing_running_there(
    user: User, far: Sshd, acts: dict[signal.Signals, str], code: int
) -> None:
    user.plan(SLEEP)
    with user.starting("up", *on(far)) as running:
        running.heard("sleeping at [far]")
        assert far.left()
        for number, says in acts.items():
            running.process.send_signal(number)
            if says:
                running.heard(says)
        assert running.ended() == code
        assert running.errors == ""
    assert settled(far) == []


def test_two_machines_may_each_have_the_plan(user: User, machine: Callable[..., Sshd]) -> None:
    """What keeps two runs off one cluster knows machines apart."""
    user.plan(SLEEP)
    one, other = machine("one"), machine("other")
    with user.starting("up", *on(one)) as first, user.starting("up", *on(other)) as second:
        first.heard("sleeping at [one]")
        second.heard("sleeping at [other]")
        done = user.bringup("up", *on(one))
        assert done.returncode == 3
        assert f"another bringup (process {first.process.pid})" in done.stderr
        for running in (first, second):
            running.process.send_signal(signal.SIGINT)
        assert (first.ended(), second.ended()) == (130, 130)
