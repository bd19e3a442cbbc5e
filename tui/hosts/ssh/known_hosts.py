"""The keys of machines that the user knows: OpenSSH's `known_hosts` files."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, cast

import asyncssh

from tui.errors import NotReadyError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tui.plan.address import Address

_EVERYBODY = Path("/etc/ssh/ssh_known_hosts")


class KnownHosts:
    """What is known of one machine's keys.

    Attributes:
        name: The machine's name in these files.
    """

    def __init__(self, address: Address, options: asyncssh.SSHClientConnectionOptions) -> None:
        """Prepares it.

        Args:
            address: The machine, as the user named it.
            options: The user's configuration for it.
        """
        self._address = address
        self._host = options.host_key_alias or options.host
        self._port = options.port
        standard = self._port == asyncssh.DEFAULT_PORT
        self.name = self._host if standard else f"[{self._host}]:{self._port}"
        named = cast("Sequence[str]", options.config.get("UserKnownHostsFile", ()))
        self._own = [Path(name).expanduser() for name in named] or [Path.home() / ".ssh" / "known_hosts"]

    async def load(self) -> asyncssh.SSHKnownHosts:
        """Reads the files that there are.

        Raises:
            NotReadyError: One cannot be read.
        """
        return await asyncio.to_thread(self._load)

    def keys(self, known: asyncssh.SSHKnownHosts, peer: str) -> Sequence[asyncssh.SSHKey]:
        """The keys that the machine is known by; none where it is new.

        Args:
            known: What the files say.
            peer: Its IP address.
        """
        port = None if self._port == asyncssh.DEFAULT_PORT else self._port
        return tuple(asyncssh.match_known_hosts(known, self._host, peer, port)[0])

    def add(self, key: asyncssh.SSHKey) -> None:
        """Has a key known from now on.

        Raises:
            NotReadyError: It cannot be written down.
        """
        path = self._own[0]
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            with path.open("a+b") as file:
                if file.tell():
                    file.seek(-1, 2)
                    file.write(b"" if file.read() == b"\n" else b"\n")
                file.write(self.name.encode() + b" " + key.export_public_key().split(b" ")[0] + b" ")
                file.write(key.export_public_key().split(b" ")[1].strip() + b"\n")
        except OSError as error:
            raise NotReadyError(f"{path} cannot be written: {error.strerror}", "make it writable") from error

    def describe(self, key: asyncssh.SSHKey) -> str:
        """A key as people compare it."""
        algorithm = key.algorithm.decode().removeprefix("ssh-").partition("-")[0].upper()
        return f"{algorithm} key has the fingerprint {key.get_fingerprint()}"

    def unknown(self, key: asyncssh.SSHKey) -> NotReadyError:
        """What is said where nobody can be asked about a machine that is new."""
        return NotReadyError(
            f"{self.name} is not known yet: its {self.describe(key)}",
            f"compare that with the machine's own, and log in once: `ssh {arguments(self._address)}`",
        )

    def changed(self, key: asyncssh.SSHKey, trusted: Sequence[asyncssh.SSHKey]) -> NotReadyError:
        """What is said of a machine that has another key than it had."""
        had = ", ".join(dict.fromkeys(each.get_fingerprint() for each in trusted))
        return NotReadyError(
            f"the key of {self.name} has changed: its {self.describe(key)}, where {had} is known",
            "somebody may be in between; if the machine was set up anew, forget its old key with"
            f' `ssh-keygen -R "{self.name}" -f {self._own[0]}`, then try again',
        )

    def _load(self) -> asyncssh.SSHKnownHosts:
        known = asyncssh.import_known_hosts("")
        for path in (*self._own, _EVERYBODY):
            try:
                known.load(path.read_text(encoding="utf-8", errors="replace"))
            except FileNotFoundError:
                continue
            except (OSError, ValueError) as error:
                raise NotReadyError(f"{path} cannot be read: {error}", "mend it, or move it away") from error
        return known


def arguments(address: Address) -> str:
    """A machine as the `ssh` command and its kin are told it."""
    port = f"-p {address.port} " if address.port else ""
    user = f"{address.user}@" if address.user else ""
    return f"{port}{user}{address.host}"
