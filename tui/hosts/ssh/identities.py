"""The keys that a machine is offered: those of key files and of an agent, in the order of OpenSSH."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import asyncssh

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence
    from pathlib import Path

    from tui.hosts.ssh.configuration import Configuration


class KeyFiles:
    """The user's key files, opened once: keys stay open in memory, and nowhere else."""

    def __init__(self) -> None:
        self._opened: dict[Path, Sequence[asyncssh.SSHKeyPair]] = {}
        self._left_out: set[Path] = set()

    def load(self, configuration: Configuration) -> Identities:
        """Read the key files; blocks.

        One that does not exist, or holds no key, is passed over, as OpenSSH does.
        """
        certificates = list(_certificates(configuration))
        found = Identities(configuration)
        for path in dict.fromkeys(configuration.identity_files):
            if public := _public(path):
                found.known.add(public)
            try:
                found.files[path] = self._opened.get(path) or asyncssh.load_keypairs(
                    [str(path)], certlist=certificates
                )
            except asyncssh.KeyImportError as error:
                if "assphrase" in str(error) and path not in self._left_out:
                    found.locked[path] = public
            except (OSError, ValueError):
                continue
        found.known.update(pair.key_public_data for pairs in found.files.values() for pair in pairs)
        return found

    def open(self, path: Path, passphrase: str, configuration: Configuration) -> bool:
        """Open a locked file, if the passphrase is right; blocks."""
        try:
            certificates = list(_certificates(configuration))
            self._opened[path] = asyncssh.load_keypairs([str(path)], passphrase, certificates)
        except (asyncssh.KeyImportError, asyncssh.KeyEncryptionError, OSError, ValueError):
            return False
        return True

    def leave_out(self, path: Path) -> None:
        """Ask no more for a file's passphrase."""
        self._left_out.add(path)


@dataclass(slots=True)
class Identities:
    """The keys for one machine.

    Attributes:
        configuration: What names them.
        files: The keys of each file that is open.
        locked: The files that have a passphrase, each with its public key where that is beside it.
        known: The public keys of all files.
        from_agent: The public keys that an agent has offered.
    """

    configuration: Configuration
    files: dict[Path, Sequence[asyncssh.SSHKeyPair]] = field(default_factory=dict)
    locked: dict[Path, bytes] = field(default_factory=dict)
    known: set[bytes] = field(default_factory=set)
    from_agent: set[bytes] = field(default_factory=set)

    @contextlib.asynccontextmanager
    async def offered(self) -> AsyncIterator[list[asyncssh.SSHKeyPair]]:
        """Give the keys to offer, which hold for as long as the block does.

        As in OpenSSH, keys of the agent that the configuration names come first, then the agent's others,
        unless `IdentitiesOnly` rules them out, then those of files alone.
        """
        async with contextlib.AsyncExitStack() as stack:
            keys: list[asyncssh.SSHKeyPair] = []
            if path := self.configuration.agent:
                with contextlib.suppress(OSError, asyncssh.Error, ValueError):  # it is gone, or no agent
                    agent = await stack.enter_async_context(await asyncssh.connect_agent(path))
                    keys = list(await agent.get_keys())
            named = [key for key in keys if key.key_public_data in self.known]
            others = [] if self.configuration.identities_only else [key for key in keys if key not in named]
            self.from_agent = {key.key_public_data for key in (*named, *others)}
            files = [pair for pairs in self.files.values() for pair in pairs]
            yield [
                *named,
                *others,
                *(pair for pair in files if pair.key_public_data not in self.from_agent or pair.has_cert),
            ]

    def next_locked(self) -> Path | None:
        """Return the first locked file whose key no agent has offered."""
        return next((path for path, key in self.locked.items() if key not in self.from_agent), None)


def _public(path: Path) -> bytes:
    """Read the public key of a file, or beside it; empty where there is none."""
    for each in (path, path.with_name(f"{path.name}.pub")):
        with contextlib.suppress(OSError, ValueError):
            return asyncssh.read_public_key(each).public_data
    return b""


def _certificates(configuration: Configuration) -> Sequence[asyncssh.SSHCertificate]:
    found: list[asyncssh.SSHCertificate] = []
    for path in configuration.certificate_files:
        with contextlib.suppress(OSError, ValueError):
            found += asyncssh.load_certificates(str(path))
    return found
