"""Ports of hosts: which are taken, and by whom."""

from __future__ import annotations

import asyncio
import errno
import ipaddress
import socket
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from tui.hosts.host import Host

ANYWHERE = ("", "0.0.0.0", "::")  # noqa: S104 - how "all addresses" is written; looked at, not served on
_LISTENING = "0A"  # the state in /proc/net/tcp
_INODE = 9  # the column there
_MAPPED = "0000000000000000FFFF0000"  # an IPv4 address among IPv6 ones


def is_loopback(address: str) -> bool:
    """Return whether an address is one that only its own machine can call."""
    try:
        return address == "localhost" or ipaddress.ip_address(address.partition("%")[0]).is_loopback
    except ValueError:
        return False


def meet(one: tuple[str, int], other: tuple[str, int]) -> bool:
    """Return whether two listeners, each by its address and port, cannot both be there."""
    (address, port), (its, number) = one, other
    return port == number and (address == its or address in ANYWHERE or its in ANYWHERE)


async def taken(host: Host, wanted: Iterable[tuple[str, int]]) -> dict[int, str]:
    """Return the ports among `wanted` that another program listens on.

    Args:
        host: Whose ports.
        wanted: Addresses and ports.

    Returns:
        The taken ports, each with the process that has it; empty where that is not known, as over SSH.
        Of a machine over SSH that is no Linux, no port is known to be taken.
    """
    if host.shares_kernel:
        busy = [port for address, port in wanted if await asyncio.to_thread(is_taken, port, address)]
        return {port: await asyncio.to_thread(holder, port) for port in busy}
    wanted = list(wanted)
    if not wanted:
        return {}
    lines: list[str] = []
    await host.run(("cat", "/proc/net/tcp", "/proc/net/tcp6"), on_lines=lines.extend)
    return {port: "" for address, port in wanted if _listens(lines, address, port)}


def is_taken(port: int, address: str = "") -> bool:
    """Return whether another program listens on a TCP port; blocks for a moment.

    Args:
        port: The port.
        address: The address to listen on; `ANYWHERE` has the spellings of "all addresses".
    """
    address = "" if address in ANYWHERE else address
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        # As engines do: a connection that has just ended does not keep a port.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((address, port))
            probe.listen(1)
        except OSError as error:  # a port below 1024 may be the engine's to take though not this user's
            return error.errno == errno.EADDRINUSE
    return False


def holder(port: int, proc: Path = Path("/proc")) -> str:
    """Return the process that listens on a TCP port, as `name (pid 42)`; blocks.

    It is empty if the system does not show it: only Linux does, and to a plain user only their own processes.
    """
    wanted = {
        f"socket:[{inode}]" for table in ("tcp", "tcp6") for inode in _inodes(proc / "net" / table, port)
    }
    if not wanted:
        return ""
    for process in proc.glob("[0-9]*"):
        try:
            if any(str(link.readlink()) in wanted for link in (process / "fd").iterdir()):
                return f"{(process / 'comm').read_text().strip()} (pid {process.name})"
        except OSError:  # it has ended, or is another user's
            continue
    return ""


def _inodes(table: Path, port: int) -> list[str]:
    try:
        return [row[9] for row in _listeners(table.read_text().splitlines(), port)]
    except OSError:
        return []


def _listeners(lines: Iterable[str], port: int) -> Iterator[list[str]]:
    """Yield the rows of `/proc/net/tcp` of those that listen on a port."""
    for line in lines:
        row = line.split()
        if len(row) > _INODE and row[1].endswith(f":{port:04X}") and row[3] == _LISTENING:
            yield row


def _listens(lines: Iterable[str], address: str, port: int) -> bool:
    """Return whether a program listens at an address; these tables have its bytes backwards."""
    listening = {row[1].partition(":")[0] for row in _listeners(lines, port)}
    try:
        number = ipaddress.IPv4Address(address).packed[::-1].hex().upper()
    except ValueError:  # all addresses, or one of IPv6
        return bool(listening)
    return any(set(each) == {"0"} or each in (number, f"{_MAPPED}{number}") for each in listening)
