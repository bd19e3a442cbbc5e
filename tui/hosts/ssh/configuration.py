"""The settings for connecting to a machine, by the user's SSH configuration as `ssh -G` reads it.

OpenSSH itself reads the files, since no other parser agrees with it. asyncssh's parser, which is stricter and
knows fewer options, stands in where there is no `ssh` program.
"""

from __future__ import annotations

import asyncio
import contextlib
import getpass
import glob
import os
import pwd
import re
import shlex
import socket
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import asyncssh

from tui.errors import NotReadyError
from tui.hosts.local import LocalHost
from tui.plan.address import Address, parse_address

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping, Sequence

PATIENCE = 10.0
"""Seconds for a machine to answer, and again for the login, unless `ConnectTimeout` says otherwise."""

_HASHES = ("rsa", "ecdsa", "ecdsa_sk", "ed25519", "ed25519_sk")
_FAMILIES = {"inet": socket.AF_INET, "inet6": socket.AF_INET6}
_STRICT = {"true": "yes", "false": "no", "off": "no"}  # other spellings of one value
_ANSWERED = "hostname "  # a line of every answer of `ssh -G`

Values = dict[str, list[str]]
"""The values of each option, by its name in lower case."""


@dataclass(frozen=True, slots=True)
class Configuration:
    """How to connect to a machine.

    Attributes:
        host: Its name or IP address for the network.
        port: Its port.
        user: As whom to log in.
        strict: `StrictHostKeyChecking`: `yes`, `ask`, `accept-new` or `no`.
        alias: Its name in `known_hosts` files, where that is not its host and port.
        user_known_hosts: The user's such files; new keys go to the first.
        global_known_hosts: Everybody's such files.
        hash_names: Whether names are hashed there.
        revoked: A file of keys that no machine may have, if there is one.
        identity_files: Private or public keys to offer, of which some may not exist.
        certificate_files: Certificates of these keys.
        identities_only: Whether an agent's other keys are not to be offered.
        agent: The agent's socket; empty for none.
        jumps: The machines to go through, in order.
        proxy: A shell command that leads to the machine; empty for none.
        patience: Seconds to connect, and again to log in.
        family: The address family of sockets.
        algorithms: The algorithms that are allowed, best first, by the option that lists them; empty where
            the library's own are used.
    """

    host: str
    port: int
    user: str
    strict: str
    alias: str
    user_known_hosts: tuple[Path, ...]
    global_known_hosts: tuple[Path, ...]
    hash_names: bool
    revoked: Path | None
    identity_files: tuple[Path, ...]
    certificate_files: tuple[Path, ...]
    identities_only: bool
    agent: str
    jumps: tuple[Address, ...]
    proxy: str
    patience: float
    family: int
    algorithms: Mapping[str, Sequence[str]]


async def read_configuration(address: Address) -> Configuration:
    """Read what holds for a machine.

    Raises:
        NotReadyError: The configuration is not valid.
    """
    try:
        values = await _ask_ssh(address)
    except FileNotFoundError:
        values = await asyncio.to_thread(_parse, address)
    try:
        return await asyncio.to_thread(_configuration, address, values)
    except ValueError as error:
        raise _invalid(address, str(error.args[0])) from error


async def _ask_ssh(address: Address) -> Values:
    """Ask `ssh -G`.

    Raises:
        FileNotFoundError: There is no `ssh` program.
    """
    lines: list[str] = []
    user = () if address.user is None else ("-l", address.user)
    port = () if address.port is None else ("-p", str(address.port))
    try:
        async with _file() as file, asyncio.timeout(PATIENCE):  # it may look names up, or run `Match exec`
            argv = ("ssh", "-G", *file, *user, *port, "--", address.host)
            await LocalHost().run(argv, on_lines=lines.extend)
    except TimeoutError as error:
        raise _invalid(address, f"`ssh -G` takes more than {PATIENCE:g} s") from error
    if not any(line.startswith(_ANSWERED) for line in lines):
        raise _invalid(address, "; ".join(line for line in lines if ": terminating, " not in line))
    values: Values = {}
    for line in lines:
        option, _, value = line.partition(" ")
        values.setdefault(option, []).append(value)
    return values


@contextlib.asynccontextmanager
async def _file() -> AsyncIterator[tuple[str, ...]]:
    """Give the arguments that name the user's file, where OpenSSH takes another directory for the home."""
    home = await asyncio.to_thread(_home)
    if home == _own_home():
        yield ()
        return
    files = (home / ".ssh" / "config", "/etc/ssh/ssh_config")
    async with LocalHost().scratch() as directory:
        path = Path(directory / "config")
        lines = (f'Include "{glob.escape(str(file))}"\n' for file in files)
        await asyncio.to_thread(path.write_text, "".join(lines), encoding="utf-8")
        yield ("-F", str(path))


def _home() -> Path:
    """Return the directory that has the user's `.ssh`: HOME, as for all that bringup reads, if it has one."""
    home = Path.home()
    return home if os.access(home / ".ssh", os.X_OK) else _own_home()


def _own_home() -> Path:
    """Return the home that OpenSSH goes by, which does not heed HOME."""
    try:
        return Path(pwd.getpwuid(os.getuid()).pw_dir)
    except KeyError:
        return Path.home()


def _own_name() -> str:
    """Return the name that OpenSSH takes for the user's, which does not heed LOGNAME."""
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return getpass.getuser()


def _parse(address: Address) -> Values:
    """Read the user's file with asyncssh; blocks.

    Raises:
        NotReadyError: It is not valid.
    """
    given: dict[str, Any] = {} if address.user is None else {"username": address.user}
    if address.port is not None:
        given["port"] = address.port
    try:
        options = asyncssh.SSHClientConnectionOptions(host=address.host, config=(), client_keys=None, **given)
    except (asyncssh.Error, OSError, ValueError) as error:
        raise _invalid(address, str(error)) from error
    values: Values = {
        "hostname": [options.host],
        "port": [str(options.port)],
        "user": [options.username],
        "userknownhostsfile": ["~/.ssh/known_hosts ~/.ssh/known_hosts2"],
        "globalknownhostsfile": ["/etc/ssh/ssh_known_hosts /etc/ssh/ssh_known_hosts2"],
        "identityfile": [f"~/.ssh/id_{name}" for name in _HASHES],
    }
    config = options.config
    for option in ("HostKeyAlias", "IdentityAgent", "ProxyJump", "ProxyCommand", "ConnectTimeout"):
        if value := config.get(option):
            values[option.lower()] = [str(value)]
    for option in ("UserKnownHostsFile", "GlobalKnownHostsFile"):
        if files := cast("Sequence[str]", config.get(option)):
            values[option.lower()] = [" ".join(files)]
    for option in ("IdentityFile", "CertificateFile"):
        if files := cast("Sequence[str]", config.get(option)):
            values[option.lower()] = list(files)
    values["identitiesonly"] = ["yes" if config.get("IdentitiesOnly") else "no"]
    return values


def _configuration(address: Address, values: Values) -> Configuration:
    def one(option: str, default: str = "") -> str:
        value = values.get(option, [""])[0]
        return default if value in ("", "none") else value

    me = _own_name()
    host, port, user = one("hostname", address.host), int(one("port", "22")), one("user", me)
    alias = one("hostkeyalias")
    tokens = {
        "%": "%",
        "d": str(_home()),
        "h": host,
        "i": str(os.getuid()),
        "j": one("proxyjump"),
        "k": alias or address.host,
        "l": socket.gethostname(),
        "n": address.host,
        "p": str(port),
        "r": user,
        "u": me,
    }

    def paths(names: Sequence[str]) -> tuple[Path, ...]:
        return tuple(_path(name, tokens) for name in names if name not in ("", "none"))

    if one("proxycommand") and one("proxyusefdpass") == "yes":
        raise ValueError("`ProxyUseFdpass` is not supported: name a ProxyCommand that passes data on")
    timeout = one("connecttimeout")
    strict = one("stricthostkeychecking", "ask")
    ciphers = _words(values, "ciphers")
    return Configuration(
        host=host,
        port=port,
        user=user,
        strict=_STRICT.get(strict, strict),
        alias=alias,
        user_known_hosts=paths(_split(one("userknownhostsfile"))),
        global_known_hosts=paths(_split(one("globalknownhostsfile"))),
        hash_names=one("hashknownhosts") == "yes",
        revoked=next(iter(paths([one("revokedhostkeys")])), None),
        identity_files=paths(values.get("identityfile", ())),
        certificate_files=paths(values.get("certificatefile", ())),
        identities_only=one("identitiesonly") == "yes",
        agent=_agent(values.get("identityagent", [""])[0], tokens),
        jumps=tuple(parse_address(hop.strip()) for hop in one("proxyjump").split(",") if hop),
        proxy=_expand(one("proxycommand"), tokens),
        patience=float(timeout) if timeout else PATIENCE,
        family=_FAMILIES.get(one("addressfamily"), socket.AF_UNSPEC),
        algorithms={
            # aes128-gcm is twice as fast in this library as any other.
            "ciphers": sorted(ciphers, key=lambda name: name != "aes128-gcm@openssh.com"),
            **{option: _words(values, option) for option in ("kexalgorithms", "macs", "hostkeyalgorithms")},
        },
    )


def _words(values: Values, option: str) -> list[str]:
    return [name for value in values.get(option, ()) for name in value.split(",")]


def _split(files: str) -> list[str]:
    """Split a list of paths, whose names may have spaces: each begins at the root or a home."""
    return re.split(r" (?=[/~])", files)


def _agent(value: str, tokens: Mapping[str, str]) -> str:
    if value == "none":
        return ""
    if value in ("", "SSH_AUTH_SOCK"):
        return os.environ.get("SSH_AUTH_SOCK", "")
    if re.fullmatch(r"\$\w+", value):
        return os.environ.get(value[1:], "")
    return str(_path(value, tokens))


def _path(text: str, tokens: Mapping[str, str]) -> Path:
    text, home = _expand(text, tokens), _home()
    if text.startswith("~/"):
        return home / text[2:]
    path = Path(text).expanduser()
    own = _own_home() / ".ssh"  # which OpenSSH has put in for "~/.ssh"
    return home / ".ssh" / path.relative_to(own) if path.is_relative_to(own) else path


def _expand(text: str, tokens: Mapping[str, str]) -> str:
    """Replace tokens such as `%h` and variables such as `${HOME}` by their values."""
    text = re.sub(r"\$\{(\w+)\}", lambda found: os.environ.get(found[1], found[0]), text)
    return re.sub(r"%(.)", lambda found: tokens.get(found[1], found[0]), text)


def _invalid(address: Address, why: str) -> NotReadyError:
    asked = f"`ssh -G {shlex.quote(address.host)}`"
    return NotReadyError(
        f"the SSH configuration for {address} is not usable: {why}",
        f"mend ~/.ssh/config, or the file that is named; {asked} checks it",
    )
