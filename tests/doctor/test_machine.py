"""The doctor's rules, over given figures."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tui.doctor.finding import Finding, joined
from tui.doctor.programs import judge_provider
from tui.doctor.rules import (
    GIB,
    judge_architecture,
    judge_cgroups,
    judge_disk,
    judge_dns,
    judge_inotify,
    judge_proxies,
    judge_size,
    nameservers,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

ROOTLESS = ["name=seccomp,profile=default", "name=rootless"]


@pytest.mark.parametrize(
    ("engine", "machine", "level", "says"),
    [
        ("x86_64", "x86_64", "ok", "amd64"),
        ("amd64", "x86_64", "ok", "amd64"),
        ("aarch64", "arm64", "ok", "arm64"),
        ("x86_64", "arm64", "warning", "runs amd64, the machine is arm64"),
        ("riscv64", "riscv64", "warning", "no node image is made for riscv64"),
    ],
)
def test_architecture(engine: str, machine: str, level: str, says: str) -> None:
    finding = judge_architecture(engine, machine)
    assert (finding.level, says in finding.text) == (level, True)


@pytest.mark.parametrize(
    ("info", "image", "level", "says"),
    [
        ({"CgroupVersion": "2", "CgroupDriver": "systemd"}, "", "ok", "v2, systemd driver"),
        ({"CgroupVersion": "v2"}, "", "ok", "v2, unknown driver"),
        ({"CgroupVersion": "2", "SecurityOptions": ROOTLESS}, "", "ok", "rootless"),
        ({"CgroupVersion": "1", "CgroupDriver": "cgroupfs"}, "", "warning", "do not start on v1"),
        ({"CgroupVersion": "1"}, "kindest/node:v1.35.0@sha256:0", "warning", "do not start on v1"),
        ({"CgroupVersion": "1"}, "kindest/node:v1.20.2", "ok", "v1"),
        ({"CgroupVersion": "1"}, "node:own", "warning", "do not start on v1"),
        (
            {"CgroupVersion": "1", "SecurityOptions": ROOTLESS},
            "kindest/node:v1.20.2",
            "fault",
            "rootless engine",
        ),
        ({"CgroupVersion": "2"}, "kindest/node:v1.18.15", "fault", "1.18 does not start on v2"),
        (
            {"CgroupVersion": "2", "SecurityOptions": ROOTLESS, "PidsLimit": False},
            "",
            "fault",
            "may not set PidsLimit",
        ),
        ({}, "", "ok", "v?"),
    ],
)
def test_cgroups(info: Mapping[str, Any], image: str, level: str, says: str) -> None:
    finding = judge_cgroups(info, image)
    assert (finding.level, says in finding.text) == (level, True)
    assert bool(finding.hint) == (level != "ok")


@pytest.mark.parametrize(
    ("memory", "cpus", "level", "text"),
    [
        (16 * GIB, 8, "ok", "16.0 GiB, 8 CPUs"),
        (4 * GIB, 2, "ok", "4.0 GiB, 2 CPUs"),
        (2 * GIB, 4, "warning", "2.0 GiB, 4 CPUs: less than 4 GiB"),
        (2 * GIB, 1, "warning", "2.0 GiB, 1 CPU: less than 4 GiB and 2 CPUs"),
    ],
)
def test_size(memory: int, cpus: int, level: str, text: str) -> None:
    finding = judge_size(memory, cpus)
    assert (finding.level, finding.text) == (level, text)


@pytest.mark.parametrize(("free", "level"), [(15, "ok"), (14.9, "warning"), (5, "warning"), (4.9, "fault")])
def test_disk(free: float, level: str) -> None:
    finding = judge_disk(round(free * GIB), "/data", "podman")
    assert finding.level == level
    assert ("podman system prune" in finding.hint) == (level != "ok")


def test_inotify_gives_the_command_for_what_is_low_alone() -> None:
    finding = judge_inotify({"max_user_watches": 1_000_000, "max_user_instances": 128})
    assert finding.level == "warning"
    assert finding.text.startswith("max_user_instances is 128, should be 512:")
    assert finding.hint.startswith("sudo sysctl -w fs.inotify.max_user_instances=512;")
    assert judge_inotify({"max_user_watches": 524288, "max_user_instances": 512}).level == "ok"


def test_name_servers_are_read_from_resolv_conf() -> None:
    text = "# nameserver 9.9.9.9\nsearch lan\nnameserver 127.0.0.53\n\nnameserver\tfe80::1%eth0\nnameserver\n"
    assert nameservers(text) == ["127.0.0.53", "fe80::1%eth0"]


@pytest.mark.parametrize(
    ("servers", "level"),
    [
        (["192.168.1.1"], "ok"),
        (["127.0.0.53", "192.168.1.1"], "ok"),
        (["fe80::1%eth0"], "ok"),
        (["127.0.0.53"], "warning"),
        (["127.0.0.1", "::1"], "warning"),
        ([], "warning"),
    ],
)
def test_dns(servers: list[str], level: str) -> None:
    finding = judge_dns(servers)
    assert (finding.level, "kind#3443" in finding.text) == (level, level == "warning")


@pytest.mark.parametrize(
    ("environment", "level", "says"),
    [
        ({}, "ok", "none"),
        ({"HTTP_PROXY": "", "NO_PROXY": ""}, "ok", "none"),
        ({"HTTPS_PROXY": "http://proxy:3128"}, "ok", "HTTPS_PROXY, which commands such as curl ask"),
        ({"https_proxy": "http://proxy:3128", "no_proxy": "lan"}, "ok", "curl"),
        ({"HTTP_PROXY": "http://proxy:3128", "NO_PROXY": "lan, 127.0.0.1"}, "ok", "not for 127.0.0.1"),
        ({"HTTP_PROXY": "http://localhost:3128", "NO_PROXY": "127.0.0.1"}, "warning", "is on loopback"),
        ({"https_proxy": "127.0.0.1:3128"}, "warning", "HTTPS_PROXY is on loopback"),
        ({"HTTP_PROXY": "http://user@[::1]:3128/", "http_proxy": "a"}, "warning", "is on loopback"),
    ],
)
def test_proxies(environment: dict[str, str], level: str, says: str) -> None:
    finding = judge_proxies(environment)
    assert (finding.level, says in finding.text) == (level, True)


@pytest.mark.parametrize(
    ("kind", "program", "said", "needed", "level", "says"),
    [
        ("kind v0.33.0", "docker", "Docker version 28", True, "ok", "kind v0.33.0; Docker version 28"),
        ("kind v0.33.0", "podman", "podman version 4", True, "ok", "through kind's Podman provider"),
        (None, "docker", "Docker version 28", True, "fault", "the `kind` command is not installed"),
        ("kind v0.33.0", "podman", None, True, "fault", "the `podman` command is not installed"),
        (None, "docker", None, True, "fault", "is not installed; the `docker` command is"),
        (None, "docker", None, False, "ok", "the plan does not need"),
        ("kind v0.7.0 go1.13", "docker", "Docker version 20", True, "fault", "kind 0.7.0 is too old"),
        ("kind v0.7.0 go1.13", "docker", "Docker version 20", False, "ok", "kind v0.7.0"),
    ],
)
def test_kind(kind: str | None, program: str, said: str | None, needed: bool, level: str, says: str) -> None:
    finding = judge_provider("kind", {"kind": kind, program: said}, needed=needed)
    assert (finding.level, says in finding.text) == (level, True)
    assert bool(finding.hint) == (level == "fault")


@pytest.mark.parametrize(
    ("k3d", "needed", "level", "says"),
    [
        ("k3d version v5.8.3", True, "ok", "k3d version v5.8.3"),
        ("k3d version v4.4.8", True, "fault", "k3d 4.4.8 is too old"),
        (None, True, "fault", "the `k3d` command is not installed"),
        (None, False, "ok", "k3d not found, which the plan does not need"),
    ],
)
def test_k3d(k3d: str | None, needed: bool, level: str, says: str) -> None:
    finding = judge_provider("k3d", {"k3d": k3d}, needed=needed)
    assert (finding.check, finding.level, says in finding.text) == ("k3d", level, True)
    assert bool(finding.hint) == (level == "fault")


def test_findings_are_joined_as_the_worst() -> None:
    parts = [
        Finding("ports", "ok", "1 is free"),
        Finding("ports", "fault", "2 is held", "stop it"),
        Finding("ports", "fault", "3 is held", "stop it"),
    ]
    assert joined("ports", parts) == Finding("ports", "fault", "2 is held; 3 is held", "stop it")
    assert joined("ports", parts[:1]) == parts[0]
