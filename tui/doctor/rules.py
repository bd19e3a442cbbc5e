"""Judging a machine by its figures: plain values in, a finding out.

The rules are those of Kind's "Known Issues" and "Rootless" pages, and of the issues named beside them.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from tui.doctor.finding import Finding
from tui.hosts.ports import is_loopback

if TYPE_CHECKING:
    from collections.abc import Mapping

GIB = 1 << 30
MEMORY = 4 * GIB
CPUS = 2
DISK = 15 * GIB
DISK_LEAST = 5 * GIB
INOTIFY = {"max_user_watches": 524288, "max_user_instances": 512}  # kind#2586, kind#3405
STUB = "127.0.0.53"  # systemd-resolved's own address; Docker reads RESOLVED in its place
RESOLVED = "/run/systemd/resolve/resolv.conf"
_PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY")

_SHIPPED = ("amd64", "arm64")  # what node images are made for
_SAME = {"x86_64": "amd64", "aarch64": "arm64", "x64": "amd64"}
_CGROUP_2_SINCE = 19  # Kubernetes 1.19; older kubelets do not start on cgroup v2
_CGROUP_1_UNTIL = 34  # Kubernetes 1.34; newer kubelets do not start on cgroup v1 (kubernetes#134298)
_KERNEL_OPTION = "boot with systemd.unified_cgroup_hierarchy=1 on the kernel's command line"


def judge_architecture(engine: str, machine: str) -> Finding:
    """Judge whether images are built and run for this machine's own processor.

    Args:
        engine: The engine's architecture, by any of its names.
        machine: This machine's.
    """
    of_engine, of_machine = (_SAME.get(name.lower(), name.lower()) for name in (engine, machine))
    if of_engine not in _SHIPPED:
        hint = "name one as `image` of cluster.create; `kind build node-image` builds kind's"
        return Finding("images", "warning", f"no node image is made for {of_engine}", hint)
    if of_engine != of_machine:
        text = f"the engine runs {of_engine}, the machine is {of_machine}"
        hint = f"load and build images for {of_engine}: set `platform: linux/{of_engine}`"
        return Finding("images", "warning", text, hint)
    return Finding("images", "ok", f"{of_engine}, as the machine")


def kubernetes_minor(image: str) -> int | None:
    """Return the minor version in a node image's tag, 20 in `kindest/node:v1.20.2`; None if there is none."""
    found = re.search(r":v1\.(\d+)\.", image)
    return int(found[1]) if found else None


def judge_cgroups(info: Mapping[str, Any], image: str = "") -> Finding:
    """Judge whether the kubelet can start in the engine's control groups.

    Args:
        info: The engine's `/info`.
        image: The node image that the plan asks for; empty for its provider's own default.
    """
    version = str(info.get("CgroupVersion") or "").removeprefix("v")
    rootless = any(str(option).startswith("name=rootless") for option in info.get("SecurityOptions") or ())
    minor = kubernetes_minor(image)
    text = f"v{version or '?'}, {info.get('CgroupDriver') or 'unknown'} driver"
    if version == "1" and rootless:
        text = "v1, on which a rootless engine cannot run clusters"
        return Finding("cgroups", "fault", text, f"{_KERNEL_OPTION}, or use a rootful engine")
    if version == "1" and (minor is None or minor > _CGROUP_1_UNTIL):
        text += f": Kubernetes 1.{_CGROUP_1_UNTIL + 1} and later do not start on v1 (kind#3915)"
        hint = f"{_KERNEL_OPTION}, or use a node image of Kubernetes 1.{_CGROUP_1_UNTIL} or earlier"
        return Finding("cgroups", "warning", text, hint)
    if version == "2" and minor is not None and minor < _CGROUP_2_SINCE:
        text += f": Kubernetes 1.{minor} does not start on v2 (kind#2082)"
        hint = f"use a node image of Kubernetes 1.{_CGROUP_2_SINCE} or later"
        return Finding("cgroups", "fault", text, hint)
    limits = ("MemoryLimit", "PidsLimit", "CPUShares")
    if rootless and (lacking := [name for name in limits if info.get(name) is False]):
        text = f"the rootless engine may not set {', '.join(lacking)}"
        hint = "write `[Service]` and `Delegate=yes` to /etc/systemd/system/user@.service.d/delegate.conf"
        return Finding("cgroups", "fault", text, f"{hint}, then log in anew")
    return Finding("cgroups", "ok", f"{text}, rootless" if rootless else text)


def judge_size(memory: int, cpus: int) -> Finding:
    """Judge whether the engine has the memory, in bytes, and the CPUs that a small cluster takes."""
    text = f"{memory / GIB:.1f} GiB, {cpus} {'CPU' if cpus == 1 else 'CPUs'}"
    lacking = [f"{MEMORY // GIB} GiB"] if memory < MEMORY else []
    lacking += [f"{CPUS} CPUs"] if cpus < CPUS else []
    if not lacking:
        return Finding("memory and CPUs", "ok", text)
    hint = (
        "give the engine's virtual machine more (Docker Desktop: Settings, Resources; `colima start "
        "--memory 8 --cpu 4`; `podman machine set --memory 8192 --cpus 4`), or set the plan's `limit`"
    )
    return Finding("memory and CPUs", "warning", f"{text}: less than {' and '.join(lacking)}", hint)


def judge_disk(free: int, root: str, program: str) -> Finding:
    """Judge whether images and a cluster find room.

    Args:
        free: Bytes.
        root: The directory of the engine's data.
        program: The engine's command.
    """
    text = f"{free / GIB:.1f} GiB free at {root}"
    if free >= DISK:
        return Finding("disk", "ok", text)
    hint = f"`{program} system df` shows what takes room, `{program} system prune` frees it (kind#156)"
    if free < DISK_LEAST:
        return Finding(
            "disk", "fault", f"{text}; a bring-up wants {DISK_LEAST // GIB} GiB at the least", hint
        )
    return Finding("disk", "warning", f"{text}; less than {DISK // GIB} GiB may not do", hint)


def judge_inotify(limits: Mapping[str, int]) -> Finding:
    """Judge whether kubelet and pods may watch enough files.

    Args:
        limits: What stands in `/proc/sys/fs/inotify`, by the names of `INOTIFY`.
    """
    low = {name: wanted for name, wanted in INOTIFY.items() if limits[name] < wanted}
    if not low:
        return Finding("inotify", "ok", ", ".join(f"{name} {limits[name]}" for name in INOTIFY))
    text = ", ".join(f"{name} is {limits[name]}, should be {wanted}" for name, wanted in low.items())
    command = "sudo sysctl -w " + " ".join(f"fs.inotify.{name}={wanted}" for name, wanted in low.items())
    hint = f"{command}; to keep it, write the same to /etc/sysctl.d/99-kind.conf"
    return Finding("inotify", "warning", f"{text}: pods may fail with “too many open files”", hint)


def nameservers(text: str) -> list[str]:
    """Return the servers that a `resolv.conf` names."""
    lines = (line.split() for line in text.splitlines())
    return [words[1] for words in lines if len(words) > 1 and words[0] == "nameserver"]


def judge_dns(servers: list[str]) -> Finding:
    """Judge whether a container can reach a name server that this machine uses."""
    if any(not is_loopback(server) for server in servers):
        return Finding("DNS", "ok", ", ".join(server for server in servers if not is_loopback(server)))
    named = ", ".join(servers) or "none, which means 127.0.0.1"
    text = f"name servers on loopback alone ({named}), which nodes and pods may not reach (kind#3443)"
    hint = (
        'name one that containers can reach: Docker `"dns": ["ADDRESS"]` in /etc/docker/daemon.json, '
        'Podman `dns_servers = ["ADDRESS"]` in containers.conf; then restart the engine'
    )
    return Finding("DNS", "warning", text, hint)


def judge_proxies(environment: Mapping[str, str], *, handed: bool = True) -> Finding:
    """Judge whether nodes can use the proxies that they are handed.

    Whatever `NO_PROXY` says, bringup, kubectl and helm ask none for 127.0.0.1, where the cluster's ports are.

    Args:
        environment: This process's variables.
        handed: Whether nodes are handed them, as kind does.
    """
    given = {name: environment.get(name) or environment.get(name.lower()) or "" for name in _PROXIES}
    proxies = {name: url for name, url in given.items() if url and name != "NO_PROXY"}
    if not proxies:
        return Finding("proxies", "ok", "none")
    at = {name: urlsplit(f"//{url.split('//')[-1]}").hostname or "" for name, url in proxies.items()}
    local = [name for name, address in at.items() if is_loopback(address)]
    if local and handed:
        text = f"{', '.join(local)} is on loopback; kind hands it to the nodes, whose loopback is their own"
        return Finding("proxies", "warning", text, "name the proxy by an address that containers can reach")
    spared = [name.strip() for name in given["NO_PROXY"].split(",")]
    if "*" in spared or "127.0.0.1" in spared:
        return Finding("proxies", "ok", f"{', '.join(proxies)}, not for 127.0.0.1")
    text = f"{', '.join(proxies)}, which commands such as curl ask for 127.0.0.1, too"
    return Finding("proxies", "ok", text, "export NO_PROXY=127.0.0.1,localhost,$NO_PROXY")
