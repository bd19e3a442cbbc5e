"""Logging in: who the other machine is, who we are, and what went wrong in words that help.

The user's SSH configuration holds, as for the `ssh` command: names, users, ports, key files, agent, jumps.
The keys of machines are verified strictly, whatever it says.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, cast

import asyncssh

from tui.errors import NotReadyError
from tui.hosts.ssh.known_hosts import KnownHosts, arguments
from tui.plan.address import Address, parse_address

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

PATIENCE = 10.0
"""Seconds for a machine to answer, and again for the login."""

KEEPALIVE = (3.0, 3)
"""Seconds between two questions whether the other machine is there, and how many it may leave unanswered."""

_FASTEST = "^aes128-gcm@openssh.com"  # ahead of the others: twice as fast here as the library's first
_TRIES = 3  # at a passphrase
_JUMPS = 5  # one behind the other
_KEYS = ("id_ed25519", "id_ecdsa", "id_rsa", "id_ed25519_sk", "id_ecdsa_sk")  # in ssh's own folder


class Prompter(Protocol):
    """Asks the person at the terminal.

    It blocks, and so does what asks: that is before a run begins, on the main thread, which Ctrl-C reaches.
    """

    def confirm(self, question: str) -> bool:
        """Whether the person says yes."""

    def secret(self, question: str) -> str:
        """What the person types, unseen."""


class Login:
    """Logs in to a machine, as often as it takes.

    What was asked for once is not asked again: keys stay open in memory, and nowhere else.
    """

    def __init__(self, address: Address, prompter: Prompter | None = None) -> None:
        """Prepares it.

        Args:
            address: The machine.
            prompter: Asks for what is not known; None where nobody can be asked.
        """
        self.address = address
        self.prompter = prompter
        self._opened: dict[Path, asyncssh.SSHKey] = {}
        self._left_out: set[Path] = set()

    async def connect(self, lost: Callable[[Exception | None], None]) -> asyncssh.SSHClientConnection:
        """Connects and logs in.

        Args:
            lost: Told when the connection has ended, and of what.

        Raises:
            NotReadyError: It cannot be had.
        """
        return await self._connect(self.address, None, lost, _JUMPS)

    async def _connect(
        self,
        address: Address,
        tunnel: asyncssh.SSHClientConnection | None,
        lost: Callable[[Exception | None], None],
        jumps: int,
    ) -> asyncssh.SSHClientConnection:
        options = await asyncio.to_thread(_options, address)
        if tunnel is None and isinstance(options.tunnel, str) and options.tunnel:
            tunnel = await self._jump(address, options.tunnel, jumps)
        try:
            connection = await self._log_in(address, options, tunnel, lost)
        except BaseException:
            if tunnel is not None:
                tunnel.abort()
            raise
        connection.set_tunnel(tunnel)  # which ends with it
        return connection

    async def _log_in(
        self,
        address: Address,
        options: asyncssh.SSHClientConnectionOptions,
        tunnel: asyncssh.SSHClientConnection | None,
        lost: Callable[[Exception | None], None],
    ) -> asyncssh.SSHClientConnection:
        known = KnownHosts(address, options)
        while True:
            client = _Client(lost)
            trusted = await known.load()
            keys = await asyncio.to_thread(_sort_keys, options)
            try:
                return await self._open(address, options, client, tunnel, trusted, keys.open)
            except asyncssh.HostKeyNotVerifiable as error:
                if client.offered is None:
                    raise _refused(address, f"its key cannot be verified: {error.reason}") from error
                await self._trust(known, client.offered, known.keys(trusted, client.peer))
            except asyncssh.PermissionDenied as error:
                locked = [path for path in keys.locked if path not in {*self._opened, *self._left_out}]
                if not locked:
                    raise _denied(address, options, [*keys.open, *self._opened]) from error
                await self._unlock(address, locked[0], error)
            except (asyncssh.Error, OSError, ValueError) as error:
                raise _explained(address, error) from error

    async def _jump(self, address: Address, jumps: str, left: int) -> asyncssh.SSHClientConnection:
        if not left:
            raise NotReadyError(
                f"{address} lies behind too many jumps: {jumps}", "mend ProxyJump in ~/.ssh/config"
            )
        tunnel = None
        for hop in jumps.split(","):
            tunnel = await self._connect(parse_address(hop.strip()), tunnel, lambda _: None, left - 1)
        assert tunnel is not None
        return tunnel

    async def _open(
        self,
        address: Address,
        options: asyncssh.SSHClientConnectionOptions,
        client: _Client,
        tunnel: asyncssh.SSHClientConnection | None,
        known: asyncssh.SSHKnownHosts,
        keys: Sequence[Path],
    ) -> asyncssh.SSHClientConnection:
        interval, count = KEEPALIVE
        # Key files that are open are found by themselves, but no longer so where others are named.
        given: dict[str, Any] = (
            {"client_keys": [*self._opened.values(), *map(str, keys)]} if self._opened else {}
        )
        if not options.config.get("Ciphers"):
            given["encryption_algs"] = _FASTEST
        async with asyncio.timeout(PATIENCE):
            return await asyncssh.connect(
                address.host,  # what its configuration makes of it is in the options
                () if address.port is None else address.port,
                options=options,
                tunnel=tunnel,
                client_factory=lambda: client,
                known_hosts=known,
                password_auth=False,
                kbdint_auth=False,
                connect_timeout=0,  # none: by `wait_for`, which may swallow a cancel before Python 3.12
                login_timeout=PATIENCE,
                keepalive_interval=interval,
                keepalive_count_max=count,
                **given,
            )

    async def _trust(
        self, known: KnownHosts, offered: asyncssh.SSHKey, trusted: Sequence[asyncssh.SSHKey]
    ) -> None:
        """Has the user look at the key of a machine that is new.

        Raises:
            NotReadyError: It is not new, or the user does not trust it, or nobody can be asked.
        """
        if trusted:
            raise known.changed(offered, trusted)
        if self.prompter is None:
            raise known.unknown(offered)
        question = f"{known.name} is not known yet. Its {known.describe(offered)}. Trust it from now on?"
        if not self.prompter.confirm(question):
            raise NotReadyError(
                f"the key of {known.name} is not trusted", "compare its fingerprint, then say yes"
            )
        await asyncio.to_thread(known.add, offered)

    async def _unlock(self, address: Address, path: Path, refusal: asyncssh.PermissionDenied) -> None:
        """Opens a key file with its passphrase, if the user has it."""
        if self.prompter is None:
            raise NotReadyError(
                f"{address} wants a key, and {path} is locked with a passphrase",
                f"`ssh-add {path}` opens it for the agent, or run this in a terminal, where it is asked for",
            ) from refusal
        question = f"Passphrase of {path} (nothing to leave it out)"
        for _ in range(_TRIES):
            passphrase = self.prompter.secret(question)
            if not passphrase:
                break
            with contextlib.suppress(asyncssh.KeyImportError, asyncssh.KeyEncryptionError):
                self._opened[path] = await asyncio.to_thread(asyncssh.read_private_key, path, passphrase)
                return
            question = f"That does not open it. Passphrase of {path} (nothing to leave it out)"
        self._left_out.add(path)


class _Client(asyncssh.SSHClient):
    """Notes which key a machine offered that is not known."""

    def __init__(self, lost: Callable[[Exception | None], None]) -> None:
        self._lost = lost
        self._is_open = False
        self.offered: asyncssh.SSHKey | None = None
        self.peer = ""

    def validate_host_public_key(self, host: str, addr: str, port: int, key: asyncssh.SSHKey) -> bool:
        self.offered, self.peer = key, addr
        return False

    def auth_completed(self) -> None:
        self._is_open = True

    def connection_lost(self, exc: Exception | None) -> None:
        if self._is_open:
            self._lost(exc)


@dataclass(frozen=True, slots=True)
class _Keys:
    """The user's key files for a machine.

    Attributes:
        open: Those without a passphrase.
        locked: Those with one.
    """

    open: list[Path]
    locked: list[Path]


def _options(address: Address) -> asyncssh.SSHClientConnectionOptions:
    try:
        user = {} if address.user is None else {"username": address.user}
        port = {} if address.port is None else {"port": address.port}
        return asyncssh.SSHClientConnectionOptions(host=address.host, config=(), **port, **user)
    except (asyncssh.Error, OSError, ValueError) as error:
        raise NotReadyError(
            f"the SSH configuration for {address} is not usable: {error}", "mend ~/.ssh/config"
        ) from error


def _key_files(options: asyncssh.SSHClientConnectionOptions) -> list[Path]:
    named = cast("Sequence[str]", options.config.get("IdentityFile", ()))
    folder = Path.home() / ".ssh"
    return [Path(name).expanduser() for name in named] or [folder / name for name in _KEYS]


def _sort_keys(options: asyncssh.SSHClientConnectionOptions) -> _Keys:
    keys = _Keys([], [])
    for path in _key_files(options):
        try:
            asyncssh.read_private_key(path)
            keys.open.append(path)
        except asyncssh.KeyImportError as error:
            if "assphrase" in str(error):
                keys.locked.append(path)
        except OSError:  # it is not there
            continue
    return keys


def _refused(address: Address, why: str, hint: str = "") -> NotReadyError:
    return NotReadyError(f"{address} cannot be used: {why}", hint)


def _denied(
    address: Address, options: asyncssh.SSHClientConnectionOptions, keys: list[Path]
) -> NotReadyError:
    tried = ", ".join(map(str, keys)) or "no key file"
    command = arguments(address)
    agent = "an agent" if os.environ.get("SSH_AUTH_SOCK") else "no agent"
    return NotReadyError(
        f"{options.username}@{address.host} does not let us in: it was offered {tried} and {agent}'s keys",
        f"does `ssh {command}` work without a password? `ssh-copy-id {command}` puts your key there",
    )


def _explained(address: Address, error: Exception) -> NotReadyError:
    try_ssh = f"does `ssh {arguments(address)}` work?"
    if isinstance(error, socket.gaierror):
        return _refused(address, "its name does not resolve", "check its spelling, ~/.ssh/config and DNS")
    if isinstance(error, ConnectionRefusedError):
        return _refused(address, "it refuses the connection", "does sshd run there, and at that port?")
    if isinstance(error, TimeoutError):
        return _refused(
            address, f"no answer within {PATIENCE:g} s", "is it up, and reachable (VPN, firewall)?"
        )
    if isinstance(error, asyncssh.ChannelOpenError):
        return _refused(address, f"its jump host does not lead there: {error.reason}", try_ssh)
    if isinstance(error, asyncssh.KeyExchangeFailed):
        return _refused(address, f"no algorithm is common to both sides: {error.reason}", try_ssh)
    if isinstance(error, asyncssh.Error):
        return _refused(address, error.reason or type(error).__name__, try_ssh)
    text = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return _refused(address, text or type(error).__name__, try_ssh)
