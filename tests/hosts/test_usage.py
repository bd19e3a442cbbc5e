"""The counters of machines and containers, from the texts that their files hold."""

from __future__ import annotations

import os
import subprocess
import sys
import time

import pytest

from tests.processes import needs_proc
from tui.clients.engine_api import counters_of
from tui.hosts.usage.counters import Counters, grown, parse
from tui.hosts.usage.here import Programs, read_own
from tui.hosts.usage.sources import patterns, read_files

NODE, OTHER = "a1" * 32, "b2" * 32
MACHINE = {
    "/proc/uptime": "1000.50 1500.00\n",
    "/proc/stat": "cpu  1000 200 300 4000 50 10 20 30 500 0\ncpu0 1 2 3\ncpu1 1 2 3\nintr 1 2\nctxt 5\n",
    "/proc/meminfo": "MemTotal:        4096000 kB\nMemFree:   100 kB\nMemAvailable:    1024000 kB\n",
    "/proc/loadavg": "1.25 1.00 0.50 3/400 1234\n",
    "/proc/diskstats": " 8 0 sda 1 0 2000 1 1 0 4000 1 0 1 2\n 8 1 sda1 1 0 2000 1 1 0 4000 1 0 1 2\n"
    " 7 0 loop0 1 0 99 1 1 0 99 1 0 1 2\n 259 0 nvme0n1 1 0 2000 0 0 0 0 0 0 0 0\n",
}
VERSION_1 = {
    f"/sys/fs/cgroup/cpuacct/docker/{NODE}/cpuacct.usage": "2500000000\n",
    f"/sys/fs/cgroup/cpuacct/docker/{OTHER}/cpuacct.usage": "1000000000\n",
    f"/sys/fs/cgroup/memory/docker/{NODE}/memory.usage_in_bytes": "2097152\n",
    f"/sys/fs/cgroup/memory/docker/{NODE}/memory.stat": "inactive_file 5\ntotal_inactive_file 1048576\n",
    f"/sys/fs/cgroup/blkio/docker/{NODE}/blkio.throttle.io_service_bytes_recursive": "8:0 Read 3000000\n"
    "8:0 Write 1000000\n8:0 Total 4000000\nTotal 4000000\n",
}
SCOPE = f"/sys/fs/cgroup/system.slice/docker-{NODE}.scope"
VERSION_2 = {
    f"{SCOPE}/cpu.stat": "usage_usec 2500000\nuser_usec 1\nsystem_usec 1\n",
    f"/sys/fs/cgroup/system.slice/docker-{OTHER}.scope/cpu.stat": "usage_usec 1000000\n",
    f"{SCOPE}/memory.current": "2097152\n",
    f"{SCOPE}/memory.stat": "anon 5\ninactive_file 1048576\n",
    f"{SCOPE}/io.stat": "8:0 rbytes=3000000 wbytes=1000000 rios=1 wios=1 dbytes=0 dios=0\n",
}


def test_a_machine_is_what_its_files_say() -> None:
    reading = parse(MACHINE)
    assert reading is not None
    assert (reading.at, reading.cores, reading.memory, reading.load) == (1000.5, 2, 4000, 1.25)
    assert reading.machine == pytest.approx((15.6, 3000, 2.048, 2.048))


@pytest.mark.parametrize("files", [VERSION_1, VERSION_2], ids=["v1", "v2"])
def test_containers_are_told_by_either_version_of_control_groups(files: dict[str, str]) -> None:
    reading = parse(MACHINE | files)
    assert reading is not None
    assert reading.containers == {NODE: (2.5, 1.0, 3.0, 1.0), OTHER: (1.0, 0.0, 0.0, 0.0)}


@pytest.mark.parametrize("cached", ["total_inactive_file", "inactive_file"])
def test_a_container_is_told_by_the_engine_where_its_files_are_elsewhere(cached: str) -> None:
    said = {
        "cpu_stats": {"cpu_usage": {"total_usage": 2_500_000_000}},
        "memory_stats": {"usage": 2097152, "stats": {cached: 1048576}},
        "blkio_stats": {
            "io_service_bytes_recursive": [
                {"op": "Read", "value": 3_000_000},
                {"op": "write", "value": 1_000_000},
            ]
        },
    }
    assert counters_of(said) == (2.5, 1.0, 3.0, 1.0)
    assert counters_of(
        {"cpu_stats": None, "memory_stats": {}, "blkio_stats": {"io_service_bytes_recursive": None}}
    ) == (0, 0, 0, 0)


@pytest.mark.parametrize("path", MACHINE)
def test_a_machine_that_does_not_tell_all_tells_nothing(path: str) -> None:
    assert parse(MACHINE | {path: "?\n"}) is None or path == "/proc/diskstats"


def test_what_is_damaged_or_gone_is_left_out() -> None:
    strange = {f"/sys/fs/cgroup/docker/{NODE}/cpu.stat": "", "/proc/77/stat": "77 (half", "/proc/78/stat": ""}
    reading = parse(MACHINE | strange)
    assert reading is not None
    assert (reading.containers, reading.daemons) == ({}, {})


def test_what_comes_counts_and_what_goes_takes_nothing_away() -> None:
    before = {"old": Counters(5.0, 10, 1, 1), "gone": Counters(9.0, 10, 9, 9)}
    after = {"old": Counters(6.0, 20, 1, 3), "new": Counters(0.5, 5, 0, 1)}
    assert grown(before, after) == (1.5, 25, 0, 3)


@needs_proc
def test_this_machine_is_read() -> None:
    before = read_files(patterns([NODE], [f"/proc/{os.getpid()}"]))
    own = read_own()
    until = time.process_time() + 0.05
    while time.process_time() < until:
        pass
    after = read_files(patterns([NODE], [f"/proc/{os.getpid()}"]))
    assert before is not None
    assert after is not None
    assert after.machine.cpu - before.machine.cpu >= 0.04
    assert after.daemons[os.getpid()].cpu - before.daemons[os.getpid()].cpu >= 0.03
    assert 0.04 <= read_own().cpu - own.cpu < 1


@needs_proc
def test_programs_count_while_they_run_and_when_they_have_finished() -> None:
    sessions: set[int] = set()
    programs = Programs(lambda: sessions)
    before = programs.read()
    script = "import time\nwhile time.process_time() < 0.1: pass\nprint(flush=True)\ninput()"
    with subprocess.Popen(
        [sys.executable, "-Ic", script],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        start_new_session=True,
    ) as process:
        sessions.add(process.pid)
        assert process.stdout is not None
        process.stdout.readline()
        during = programs.read()
        process.communicate(b"\n")
    sessions.clear()
    assert 0.08 <= during.cpu - before.cpu < 1
    assert during.memory > 1
    assert programs.read().cpu >= during.cpu - 0.02
