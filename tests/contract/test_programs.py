"""Starting and ending programs, on every host."""

from __future__ import annotations

import asyncio
import os
import shlex
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.contract.programs import Started, alive, said
from tests.processes import needs_proc
from tui.hosts.cpu_account import CPU_ACCOUNT, CpuAccount
from tui.hosts.host import HostLostError
from tui.hosts.usage.sources import find_daemons, find_daemons_here, patterns, watch

if TYPE_CHECKING:
    from tests.contract.places import Place
    from tui.hosts.host import Host
    from tui.hosts.usage.counters import Reading

HARD = [
    "plain",
    "",
    "two words",
    "it's",
    '"quoted"',
    "$HOME `id` $(id) ${x}",
    "back\\slash \\n \\",
    "two\nlines\n",
    "\ttab ; & | > < * ? ~ # !",
    "größer → 漢字 🚀",
    "-n",
    "%s",
]
ASCII = "import os, sys; print(ascii([os.environ[name] for name in sys.argv[1].split()]))"

# One that obeys, one that ignores, one whose child ignores that it is asked to end, one in a group of its
# own, and a stubborn one in a session of its own.
ENDING = (
    "sleep 60 & sleep 60 & echo ready $$ $!; wait",
    "trap '' TERM; (trap '' TERM; sleep 60) & echo ready $$ $!; while :; do sleep 1; done",
    "sh -c 'trap \"\" TERM; echo ready $$; while :; do sleep 1; done' & wait",
    "timeout 60 sh -c 'echo ready $$; sleep 60; true'; true",
    "setsid timeout 60 sh -c 'trap : TERM; echo ready $$; while sleep 1; do :; done' & wait",
)


async def test_the_status_tells_exit_and_signal_apart(host: Host) -> None:
    shells = {"true": 0, "exit 3": 3, "exit 127": 127, "kill -TERM $$": -15, "kill -KILL $$": -9}
    assert {shell: await host.run(("sh", "-c", shell)) for shell in shells} == shells


async def test_the_cpu_time_of_a_program_is_charged_to_whoever_had_it_run(host: Host) -> None:
    burn = "import time\nwhile time.process_time() < 0.1: pass"
    account = CpuAccount()
    CPU_ACCOUNT.set(account)
    await host.run(("sh", "-c", f"{shlex.quote(sys.executable)} -Ic {shlex.quote(burn)}; true"))
    first = account.seconds
    await host.run(("sleep", "0.1"))
    assert 0.09 <= first < 2
    assert account.seconds - first < 0.09


@needs_proc
async def test_a_machine_is_watched_until_nobody_wants_to_know(host: Host) -> None:
    readings: list[Reading] = []
    first = asyncio.Event()

    def take(reading: Reading) -> None:
        readings.append(reading)
        first.set()

    daemons = await find_daemons(host)
    assert set(daemons) == set(await asyncio.to_thread(find_daemons_here))
    watching = asyncio.create_task(watch(host, patterns((), daemons), take))
    await asyncio.wait_for(first.wait(), 5)
    watching.cancel()
    await asyncio.wait({watching})
    assert readings[0].cores == os.cpu_count()
    assert 0 < readings[0].machine.memory < readings[0].memory


LEFT = "(for i in 1 2 3 4 5 6 7 8 9 10 11 12; do sleep 0.2; echo tick $i; done; sleep 60) & echo ready $$ $!"


async def test_what_a_program_leaves_in_the_background_is_told_heard_and_ended_with_the_host(
    host: Host,
) -> None:
    told: list[str] = []
    started = Started(host, LEFT, on_left=told.append)
    assert await started.task == 0
    assert len(told) == 1
    assert "tick 12" not in started.lines
    async with asyncio.timeout(20):  # the last tick comes later than a program's output is waited for
        while "tick 12" not in started.lines:  # noqa: ASYNC110 - what is heard is watched
            await asyncio.sleep(0.05)
    assert await said(host, "echo", "more") == ["more"]
    assert await started.alive() == started.pids[1:]
    await host.close()
    assert await started.gone()


async def test_what_a_failed_program_leaves_in_the_background_ends_with_it(host: Host) -> None:
    lines: list[str] = []
    told: list[str] = []
    shell = "sleep 60 >/dev/null 2>&1 & echo $!; exit 3"
    assert await host.run(("sh", "-c", shell), on_lines=lines.extend, on_left=told.append) == 3
    assert told == []
    assert not await asyncio.to_thread(alive, map(int, lines))


async def test_what_leaves_nothing_in_the_background_is_not_said_to(host: Host) -> None:
    told: list[str] = []
    for shell in ("sleep 0.2 & true", "true | cat", "sleep 0.1 >/dev/null 2>&1 &"):
        assert await host.run(("sh", "-c", shell), on_left=told.append) == 0
    assert told == []


async def test_a_program_that_is_not_there(host: Host) -> None:
    for program in ("no-such-program", "/no/such/program", "./no-such", "export"):
        with pytest.raises(FileNotFoundError) as caught:
            await host.run((program, "--help"))
        assert caught.value.filename == program


async def test_a_file_that_is_no_program(host: Host, tmp_path: Path) -> None:
    path = tmp_path / "notes"
    await asyncio.to_thread(path.write_text, "notes")
    for argv in ((str(path),), (str(tmp_path),)):
        with pytest.raises(PermissionError) as caught:
            await host.run(argv)
        assert caught.value.filename == argv[0]


async def test_a_folder_that_is_not_there(host: Host, tmp_path: Path) -> None:
    folder = tmp_path / "no such folder"
    with pytest.raises(FileNotFoundError) as caught:
        await host.run(("true",), directory=folder)
    assert str(caught.value.filename) == str(folder)


async def test_it_runs_in_the_folder(host: Host, tmp_path: Path) -> None:
    for name in ("folder", "two words", "it's $HOME", "-P"):
        folder = tmp_path / name
        await asyncio.to_thread(folder.mkdir)
        await asyncio.to_thread(os.symlink, "/bin/pwd", folder / "where")
        for argv in (("pwd", "-P"), ("./where",)):
            lines: list[str] = []
            assert await host.run(argv, on_lines=lines.extend, directory=folder) == 0
            assert lines == [str(folder)]


async def test_arguments_arrive_as_they_are(host: Host) -> None:
    script = "import sys; print(ascii(sys.argv[1:]))"
    assert await said(host, sys.executable, "-c", script, *HARD) == [ascii(HARD)]


async def test_variables_arrive_as_they_are(host: Host) -> None:
    env = {f"V{number}": value for number, value in enumerate(HARD)}
    assert await said(host, sys.executable, "-c", ASCII, " ".join(env), env=env) == [ascii(HARD)]


async def test_variables_may_have_any_name_that_a_shell_knows(host: Host) -> None:
    names = ("folder", "line", "said", "nl", "group", "status", "start", "watch", "try", "IFS", "HOME", "ENV")
    env = dict.fromkeys(names, "/e")
    assert await said(host, sys.executable, "-c", ASCII, " ".join(env), env=env) == [ascii(["/e"] * 12)]


async def test_a_program_is_looked_for_where_the_variable_path_leads(host: Host, tmp_path: Path) -> None:
    program = tmp_path / "my-program"
    await asyncio.to_thread(os.symlink, "/bin/echo", program)
    assert await said(host, "my-program", "hello", env={"PATH": str(tmp_path)}) == ["hello"]


async def test_much_is_given_to_a_program(host: Host) -> None:
    argument, value = "a" * 100_000, "v" * 100_000
    shell = 'echo "${#1} ${#V}"'
    assert await said(host, "sh", "-c", shell, "sh", argument, env={"V": value}) == ["100000 100000"]


async def test_there_is_nothing_to_read(host: Host) -> None:
    assert await said(host, "cat") == []
    assert await said(host, "sh", "-c", "read line; echo $?; test -t 0; echo $?") == ["1", "1"]


async def test_values_of_variables_are_in_no_process_list(host: Host) -> None:
    value = "very-secret-value"
    shell = "ps -eo args; echo $SECRET | wc -c"
    lines = await said(host, "sh", "-c", shell, env={"SECRET": value})
    assert not [line for line in lines if value in line]
    assert lines[-1].strip() == str(len(value) + 1)


async def test_variables_of_this_machine_stay_here(remote: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("MY_SECRET", "LC_MINE", "LANG"):
        monkeypatch.setenv(name, "leaked")
    assert not [line for line in await said(remote, "env") if "leaked" in line]


async def test_a_daemon_that_keeps_the_output_open_does_not_delay(host: Host) -> None:
    began = time.monotonic()
    lines = await said(host, "sh", "-c", "sleep 20 & echo $!")
    took = time.monotonic() - began
    os.kill(int(lines[0]), 9)
    assert took < 15


@needs_proc
async def test_what_a_program_leaves_running_is_its_own_affair(host: Host) -> None:
    lines = await said(host, "sh", "-c", "setsid sleep 20 >/dev/null 2>&1 & echo $!")
    await asyncio.sleep(0.3)
    assert await asyncio.to_thread(alive, [int(lines[0])])
    os.kill(int(lines[0]), 9)


@needs_proc
async def test_cancelling_ends_the_whole_group(host: Host) -> None:
    started = [Started(host, shell) for shell in ENDING]
    await asyncio.gather(*(each.ready.wait() for each in started))
    assert [await each.alive() for each in started] == [each.pids for each in started]
    began = time.monotonic()
    for each in started:
        each.task.cancel()
    await asyncio.wait({each.task for each in started})
    took = time.monotonic() - began
    assert [await each.alive() for each in started] == [[]] * len(started)
    assert all(each.task.cancelled() for each in started)
    assert took < 8


@needs_proc
async def test_a_second_cancel_does_not_wait(host: Host) -> None:
    started = Started(host, "trap '' TERM; echo ready $$; while :; do sleep 1; done")
    await started.ready.wait()
    began = time.monotonic()
    started.task.cancel()
    await asyncio.wait({started.task}, timeout=0.1)
    assert not started.task.done()
    started.task.cancel()
    await asyncio.wait({started.task})
    assert time.monotonic() - began < 1.4  # a first one would have waited longer
    assert started.task.cancelled()
    assert await started.gone()


@needs_proc
@pytest.mark.parametrize("after", [0.0, 0.01, 0.02, 0.05])  # while it connects, and later
async def test_cancelled_while_it_starts_leaves_nothing(place: Place, after: float) -> None:
    for _ in range(3):
        host = place.host()
        tasks = [asyncio.create_task(host.run(("sleep", "60"))) for _ in range(8)]
        for number, task in enumerate(tasks):
            asyncio.get_running_loop().call_later(after + number * 0.008, task.cancel)
        ended = await asyncio.gather(*tasks, return_exceptions=True)
        assert [each for each in ended if not isinstance(each, asyncio.CancelledError)] == []
        await host.close()
        assert await place.settled() == []


@needs_proc
async def test_kill_ends_what_runs(place: Place) -> None:
    host = place.host()
    started = Started(host, "trap '' TERM; echo ready $$; while :; do sleep 1; done")
    await started.ready.wait()
    host.kill()
    try:
        assert await started.task == -9
    except HostLostError:  # then the other machine has seen to it
        assert host.location
    host.kill()  # nothing is left to kill
    assert await started.gone()
    await host.close()
    assert await place.settled() == []


async def test_many_run_at_once(host: Host, tmp_path: Path) -> None:
    go = tmp_path / "go"
    shell = f"echo ready $$; until [ -e {go} ]; do sleep 0.05; done"
    started = [Started(host, shell) for _ in range(14)]  # OpenSSH allows ten sessions a connection
    await asyncio.gather(*(each.ready.wait() for each in started))
    await asyncio.to_thread(go.touch)
    assert await asyncio.gather(*(each.task for each in started)) == [0] * 14


@needs_proc
async def test_closing_leaves_nothing(place: Place) -> None:
    host = place.host()
    await host.connect()
    started = [Started(host, "sleep 60 & echo ready $$ $!; wait") for _ in range(10)]
    await asyncio.gather(*(each.ready.wait() for each in started))
    for each in started:
        each.task.cancel()
    await asyncio.gather(*(each.task for each in started), return_exceptions=True)
    await host.close()
    await host.close()
    assert await place.settled() == []


@needs_proc
async def test_closing_ends_what_runs_there(remote_place: Place) -> None:
    host = remote_place.host()
    started = Started(host, "sleep 60 & echo ready $$ $!; wait")
    await started.ready.wait()
    await host.close()
    with pytest.raises(HostLostError):
        await started.task
    assert await remote_place.settled() == []


@needs_proc
@pytest.mark.parametrize("after", [0.0, 0.05, 0.12])
async def test_cancelled_while_it_connects_leaves_nothing(remote_place: Place, after: float) -> None:
    host = remote_place.host()
    tasks = [asyncio.create_task(host.run(("echo", "hello"))) for _ in range(3)]
    asyncio.get_running_loop().call_later(after, tasks[0].cancel)
    await asyncio.wait(tasks)
    assert [task.result() for task in tasks[1:]] == [0, 0]
    await host.close()
    assert await remote_place.settled() == []


async def test_a_host_that_was_never_used_is_closed(place: Place) -> None:
    await place.host().close()


async def test_what_it_says_of_its_machine(host: Host, place: Place) -> None:
    machine = await host.machine()
    said = os.uname()
    assert (machine.system, machine.release, machine.processor) == (said.sysname, said.release, said.machine)
    assert Path(machine.home) == place.home
