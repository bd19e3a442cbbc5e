"""Logging in to a machine: who it is, who we are, and what went wrong in words that help."""

from __future__ import annotations

import asyncio
import socket
from typing import TYPE_CHECKING, Any, Protocol

import asyncssh
from asyncssh.encryption import get_encryption_algs
from asyncssh.kex import get_kex_algs
from asyncssh.mac import get_mac_algs
from asyncssh.public_key import get_certificate_algs, get_public_key_algs

from tui.errors import NotReadyError
from tui.hosts.ssh.configuration import read_configuration
from tui.hosts.ssh.identities import KeyFiles
from tui.hosts.ssh.known_hosts import KnownHosts, arguments
from tui.hosts.ssh.proxy import Proxy

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from tui.hosts.ssh.configuration import Configuration
    from tui.hosts.ssh.identities import Identities
    from tui.hosts.ssh.known_hosts import HostKeys
    from tui.plan.address import Address

    OnLost = Callable[[Exception | None], None]

KEEPALIVE = (3.0, 3)
"""Seconds between two questions whether the other machine is there, and how many it may leave unanswered."""

_ASKED = 3  # times for a passphrase
_JUMPS = 5  # one behind the other
_TOO_MANY = "Too many authentication failures"  # OpenSSH's own words


class Prompter(Protocol):
    """Asks the person at the terminal.

    It blocks, and so does what asks: that is before a run begins, on the main thread, which Ctrl-C reaches.
    """

    def confirm(self, question: str) -> bool:
        """Ask a question; return whether the answer is yes."""

    def secret(self, question: str) -> str:
        """Ask for a secret, which is not shown as it is typed."""


class Login:
    """Logs in to a machine, as often as needed; the user is asked for each thing once."""

    def __init__(self, address: Address, prompter: Prompter | None = None) -> None:
        """Prepare it.

        Args:
            address: The machine.
            prompter: Asks for what is not known; None where nobody can be asked.
        """
        self.address = address
        self.prompter = prompter
        self._key_files = KeyFiles()

    async def connect(self, on_lost: OnLost) -> asyncssh.SSHClientConnection:
        """Connect and log in.

        Args:
            on_lost: Called with the reason when the connection has ended.

        Raises:
            NotReadyError: That fails.
        """
        return await self._connect(self.address, None, on_lost, _JUMPS)

    async def _connect(
        self, address: Address, tunnel: asyncssh.SSHClientConnection | None, on_lost: OnLost, jumps: int
    ) -> asyncssh.SSHClientConnection:
        configuration = await read_configuration(address)
        if tunnel is None and configuration.jumps:
            tunnel = await self._jump(address, configuration.jumps, jumps)
        try:
            connection = await self._log_in(address, configuration, tunnel, on_lost)
        except BaseException:
            if tunnel is not None:
                tunnel.abort()
            raise
        if tunnel is not None:
            connection.set_tunnel(tunnel)  # which ends with it
        return connection

    async def _jump(
        self, address: Address, jumps: Sequence[Address], left: int
    ) -> asyncssh.SSHClientConnection | None:
        if not left:
            through = ",".join(map(str, jumps))
            raise NotReadyError(
                f"{address} lies behind too many jumps: {through}", "mend ProxyJump in ~/.ssh/config"
            )
        tunnel = None
        for hop in jumps:
            tunnel = await self._connect(hop, tunnel, lambda _: None, left - 1)
        return tunnel

    async def _log_in(
        self,
        address: Address,
        configuration: Configuration,
        tunnel: asyncssh.SSHClientConnection | None,
        on_lost: OnLost,
    ) -> asyncssh.SSHClientConnection:
        known_hosts = KnownHosts(address, configuration)
        accepted: asyncssh.SSHKey | None = None
        while True:
            client = _Client(on_lost, accepted)
            trusted = await known_hosts.load()
            identities = await asyncio.to_thread(self._key_files.load, configuration)
            try:
                return await _open(configuration, client, tunnel, trusted, identities)
            except asyncssh.HostKeyNotVerifiable as error:
                if client.offered is None:
                    raise _refused(address, f"its key cannot be verified: {error.reason}") from error
                await self._trust(known_hosts, client.offered, trusted)
                accepted = client.offered
            except asyncssh.PermissionDenied as error:
                locked = identities.next_locked()
                if locked is None:
                    raise _denied(address, configuration, identities) from error
                await self._unlock(address, locked, configuration, error)
            except (asyncssh.Error, OSError, ValueError) as error:
                said = await client.proxy.said() if client.proxy is not None else None
                raise _explained(address, error, configuration.patience, said) from error

    async def _trust(self, known_hosts: KnownHosts, offered: asyncssh.SSHKey, trusted: HostKeys) -> None:
        """Trust a key, or ask the user about it, as `StrictHostKeyChecking` says.

        Raises:
            NotReadyError: It is not trusted.
        """
        strict = known_hosts.strict
        changed = [key for key in trusted.keys if key.algorithm == offered.algorithm]
        if changed:
            if strict != "no":
                raise known_hosts.changed(offered, changed)
            return
        if strict in ("ask", "yes"):
            if strict == "yes" or self.prompter is None:
                raise known_hosts.unknown(offered)
            described = known_hosts.describe(offered)
            question = f"{known_hosts.name} is not known yet. Its {described}. Trust it from now on?"
            if not self.prompter.confirm(question):
                raise NotReadyError(
                    f"the key of {known_hosts.name} is not trusted", "compare its fingerprint, then say yes"
                )
        await asyncio.to_thread(known_hosts.add, offered)

    async def _unlock(
        self, address: Address, path: Path, configuration: Configuration, refusal: asyncssh.PermissionDenied
    ) -> None:
        """Open a key file with its passphrase, if the user has it."""
        if self.prompter is None:
            raise NotReadyError(
                f"{address} wants a key, and {path} is locked with a passphrase",
                f"run `ssh-add {path}` to open it for the agent, or start this in a terminal to be asked",
            ) from refusal
        question = f"Passphrase of {path} (nothing to leave it out)"
        for _ in range(_ASKED):
            passphrase = self.prompter.secret(question)
            if not passphrase:
                break
            if await asyncio.to_thread(self._key_files.open, path, passphrase, configuration):
                return
            question = f"That does not open it. Passphrase of {path} (nothing to leave it out)"
        self._key_files.leave_out(path)


class _Client(asyncssh.SSHClient):
    """Offers keys, and notes a machine's key that is not known.

    Attributes:
        keys: The keys to offer.
        offered: The machine's key, if it is not known.
        proxy: What leads to the machine, if something has to.
    """

    def __init__(self, on_lost: OnLost, accepted: asyncssh.SSHKey | None) -> None:
        self._on_lost = on_lost
        self._accepted = accepted
        self._is_open = False
        self.keys: list[asyncssh.SSHKeyPair] = []
        self.offered: asyncssh.SSHKey | None = None
        self.proxy: Proxy | None = None

    def validate_host_public_key(self, host: str, addr: str, port: int, key: asyncssh.SSHKey) -> bool:
        self.offered = key
        return key == self._accepted

    def public_key_auth_requested(self) -> list[asyncssh.SSHKeyPair]:
        keys, self.keys = self.keys, []
        return keys

    def auth_completed(self) -> None:
        self._is_open = True

    def connection_lost(self, exc: Exception | None) -> None:
        if self.proxy is not None:
            self.proxy.end()
        if self._is_open:
            self._on_lost(exc)


async def _open(
    configuration: Configuration,
    client: _Client,
    tunnel: asyncssh.SSHClientConnection | None,
    trusted: HostKeys,
    identities: Identities,
) -> asyncssh.SSHClientConnection:
    interval, count = KEEPALIVE
    if configuration.proxy and tunnel is None:
        client.proxy = await Proxy.start(configuration.proxy)
    try:
        async with identities.offered() as keys, asyncio.timeout(configuration.patience):
            client.keys = keys
            return await asyncssh.connect(
                configuration.host,
                configuration.port,
                config=None,
                username=configuration.user,
                family=configuration.family,
                tunnel=tunnel,
                proxy_command=None,
                sock=client.proxy.socket if client.proxy is not None else None,
                client_factory=lambda: client,
                client_keys=None,  # the client offers them
                known_hosts=trusted.of_library,
                gss_host=None,
                password_auth=False,
                kbdint_auth=False,
                connect_timeout=0,  # none: by `wait_for`, which may swallow a cancel before Python 3.12
                login_timeout=configuration.patience,
                keepalive_interval=interval,
                keepalive_count_max=count,
                **_algorithms(configuration, trusted),
            )
    except BaseException:
        if client.proxy is not None:
            client.proxy.end()
        raise


def _algorithms(configuration: Configuration, trusted: HostKeys) -> dict[str, Any]:
    """Name the algorithms that both the configuration and the library know."""
    known = {
        "kexalgorithms": ("kex_algs", get_kex_algs()),
        "ciphers": ("encryption_algs", get_encryption_algs()),
        "macs": ("mac_algs", get_mac_algs()),
        "hostkeyalgorithms": ("server_host_key_algs", [*get_certificate_algs(), *get_public_key_algs()]),
    }
    given: dict[str, Any] = {}
    for option, (name, supported) in known.items():
        if names := configuration.algorithms.get(option):
            given[name] = [each for each in names if each.encode() in supported]
    if "server_host_key_algs" in given:
        given["server_host_key_algs"] = trusted.sort(given["server_host_key_algs"])
    return given


def _refused(address: Address, why: str, hint: str = "") -> NotReadyError:
    return NotReadyError(f"{address} cannot be used: {why}", hint)


def _denied(address: Address, configuration: Configuration, identities: Identities) -> NotReadyError:
    tried = ", ".join(map(str, identities.files)) or "no key file"
    command = arguments(address)
    agent = "an agent" if configuration.agent else "no agent"
    return NotReadyError(
        f"{configuration.user}@{address.host} does not let us in: it was offered {tried} and {agent}'s keys",
        f"does `ssh {command}` work without a password? `ssh-copy-id {command}` puts your key there",
    )


def _explained(address: Address, error: Exception, patience: float, proxy_said: str | None) -> NotReadyError:
    hint = f"does `ssh {arguments(address)}` work?"
    if proxy_said is not None and isinstance(error, OSError | asyncssh.ConnectionLost):
        why = f"no answer within {patience:g} s" if isinstance(error, TimeoutError) else "not connected"
        return _refused(address, f"{why}; its ProxyCommand says: {proxy_said or 'nothing'}", hint)
    if isinstance(error, socket.gaierror):
        return _refused(address, "its name does not resolve", "check its spelling, ~/.ssh/config and DNS")
    if isinstance(error, ConnectionRefusedError):
        return _refused(address, "it refuses the connection", "does sshd run there, and at that port?")
    if isinstance(error, TimeoutError):
        return _refused(
            address, f"no answer within {patience:g} s", "is it up, and reachable (VPN, firewall)?"
        )
    if isinstance(error, asyncssh.ChannelOpenError):
        return _refused(address, f"its jump host does not lead there: {error.reason}", hint)
    if isinstance(error, asyncssh.KeyExchangeFailed):
        return _refused(address, f"no algorithm is common to both sides: {error.reason}", hint)
    if isinstance(error, asyncssh.Error):
        if _TOO_MANY in error.reason:
            hint = "set `IdentityFile` and `IdentitiesOnly yes` for it in ~/.ssh/config: it allows few keys"
        return _refused(address, error.reason or type(error).__name__, hint)
    text = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return _refused(address, text or type(error).__name__, hint)
