"""The keys of machines that the user knows: OpenSSH's `known_hosts` files."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import hashlib
import hmac
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING

import asyncssh

from tui.errors import NotReadyError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tui.hosts.ssh.configuration import Configuration
    from tui.plan.address import Address


@dataclass(frozen=True, slots=True)
class HostKeys:
    """What is known of one machine's keys.

    Attributes:
        keys: Its own.
        authorities: Those that may sign its own.
        revoked: Those that are not to be trusted.
    """

    keys: tuple[asyncssh.SSHKey, ...]
    authorities: tuple[asyncssh.SSHKey, ...]
    revoked: tuple[asyncssh.SSHKey, ...]

    @property
    def of_library(self) -> tuple[list[asyncssh.SSHKey], list[asyncssh.SSHKey], list[asyncssh.SSHKey]]:
        """The keys as asyncssh takes them."""
        return list(self.keys), list(self.authorities), list(self.revoked)

    def sort(self, algorithms: Sequence[str]) -> list[str]:
        """Put first, as OpenSSH does, the algorithms of keys that are known.

        Certificates are asked for only where somebody may sign them.
        """
        known = {name.decode() for key in self.keys for name in (key.algorithm, *key.sig_algorithms)}
        usable = [name for name in algorithms if self.authorities or "-cert-" not in name]
        return sorted(usable, key=lambda name: "-cert-" not in name and name not in known)


class KnownHosts:
    """The user's and everybody's files, asked about one machine.

    Attributes:
        name: The machine's name in these files.
        strict: How strictly its key is checked: `yes`, `ask`, `accept-new` or `no`.
    """

    def __init__(self, address: Address, configuration: Configuration) -> None:
        """Prepare them.

        Args:
            address: The machine, as the user named it.
            configuration: The user's configuration for it.
        """
        self._address = address
        self._configuration = configuration
        self._host = configuration.alias or configuration.host
        plain = configuration.alias or configuration.port == asyncssh.DEFAULT_PORT
        self._port = None if plain else configuration.port
        self.name = self._host if plain else f"[{self._host}]:{self._port}"
        self.strict = configuration.strict

    async def load(self) -> HostKeys:
        """Read the files that exist.

        Raises:
            NotReadyError: One cannot be read.
        """
        return await asyncio.to_thread(self._load)

    def add(self, key: asyncssh.SSHKey) -> None:
        """Write a key down as known, if the user has a file for that; blocks.

        Raises:
            NotReadyError: It cannot be written.
        """
        if not self._configuration.user_known_hosts:
            return
        path = self._configuration.user_known_hosts[0]
        name = _hashed(self.name) if self._configuration.hash_names else self.name
        line = b" ".join((name.encode(), *key.export_public_key().split()[:2], b""))
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            with path.open("a+b") as file:
                if file.tell():
                    file.seek(-1, 2)
                    file.write(b"" if file.read() == b"\n" else b"\n")
                file.write(line.rstrip() + b"\n")
        except OSError as error:
            raise NotReadyError(f"{path} cannot be written: {error.strerror}", "make it writable") from error

    def describe(self, key: asyncssh.SSHKey) -> str:
        """Describe a key as people compare it."""
        algorithm = key.algorithm.decode().removeprefix("ssh-").partition("-")[0].upper()
        return f"{algorithm} key has the fingerprint {key.get_fingerprint()}"

    def unknown(self, key: asyncssh.SSHKey) -> NotReadyError:
        """Make the error for a machine that is new, where nobody can be asked about it."""
        return NotReadyError(
            f"{self.name} is not known yet: its {self.describe(key)}",
            f"compare that with the machine's own, and log in once: `ssh {arguments(self._address)}`",
        )

    def changed(self, key: asyncssh.SSHKey, known: Sequence[asyncssh.SSHKey]) -> NotReadyError:
        """Make the error for a machine whose key is not the one that is known."""
        had = ", ".join(dict.fromkeys(each.get_fingerprint() for each in known))
        file = next(iter(self._configuration.user_known_hosts), "~/.ssh/known_hosts")
        return NotReadyError(
            f"the key of {self.name} has changed: its {self.describe(key)}, where {had} is known",
            "somebody may be in between; if the machine was set up anew, forget its old key with"
            f' `ssh-keygen -R "{self.name}" -f {file}`, then try again',
        )

    def _load(self) -> HostKeys:
        known = asyncssh.import_known_hosts("")
        for path in (*self._configuration.user_known_hosts, *self._configuration.global_known_hosts):
            try:
                lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
            except FileNotFoundError:
                continue
            except OSError as error:
                raise NotReadyError(
                    f"{path} cannot be read: {error.strerror}", "make it readable, or move it away"
                ) from error
            for line in lines:
                with contextlib.suppress(ValueError):  # OpenSSH passes over what it does not understand, too
                    known.load(line)
        keys, authorities, revoked, *_ = asyncssh.match_known_hosts(known, self._host, "", self._port)
        return HostKeys(tuple(keys), tuple(authorities), (*revoked, *self._revoked()))

    def _revoked(self) -> Sequence[asyncssh.SSHKey]:
        """Read the keys of `RevokedHostKeys`; blocks."""
        path = self._configuration.revoked
        try:
            return asyncssh.load_public_keys(str(path)) if path else ()
        except (OSError, ValueError) as error:
            hint = "make it a readable list of public keys: bringup reads no key revocation lists (KRL)"
            raise NotReadyError(f"the RevokedHostKeys file {path} cannot be read: {error}", hint) from error


def arguments(address: Address) -> str:
    """Return what names a machine to the `ssh` command."""
    port = f"-p {address.port} " if address.port else ""
    user = f"{address.user}@" if address.user else ""
    return f"{port}{user}{address.host}"


def _hashed(name: str) -> str:
    """Hash a name as `HashKnownHosts` has it."""
    salt = secrets.token_bytes(20)
    digest = hmac.digest(salt, name.encode(), hashlib.sha1)
    return "|".join(("", "1", base64.b64encode(salt).decode(), base64.b64encode(digest).decode()))
