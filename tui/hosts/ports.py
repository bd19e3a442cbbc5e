"""Host ports: whether one can be had, and who has it."""

from __future__ import annotations

import errno
import socket
from pathlib import Path

ANYWHERE = ("", "0.0.0.0", "::")  # noqa: S104 - how "all addresses" is written; looked at, not served on
_LISTENING = "0A"  # the state in /proc/net/tcp


def is_taken(port: int, address: str = "") -> bool:
    """Whether another program listens on a TCP port; blocks for a moment.

    Args:
        port: The port.
        address: Where it would be listened on; `ANYWHERE` has the ways to write all addresses.
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
    """The process that listens on a TCP port: `name (pid 42)`; empty where the system does not say.

    Linux alone says it, and to a plain user only of the user's own processes. Blocks.
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
        rows = [line.split() for line in table.read_text().splitlines()[1:]]
    except OSError:
        return []
    return [row[9] for row in rows if row[1].endswith(f":{port:04X}") and row[3] == _LISTENING]
