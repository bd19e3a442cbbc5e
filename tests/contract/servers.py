"""Machines to log in to: real SSH servers on the loopback, each with keys and a home of its own."""

from __future__ import annotations

import contextlib
import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import asyncssh
import pytest

from tests.processes import children, with_variable
from tui.plan.address import Address

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

SSHD = shutil.which("sshd", path="/usr/sbin:/usr/local/sbin:/sbin:/opt/homebrew/sbin")
_SFTP = next(
    (
        path
        for path in ("/usr/lib/openssh/sftp-server", "/usr/libexec/sftp-server", "/usr/lib/ssh/sftp-server")
        if Path(path).exists()
    ),
    "internal-sftp",
)
_S = TypeVar("_S", bound="Server")
_PATIENCE = 10.0  # seconds for a server to answer: other tests use the machine too
_TRIES = 5  # at a port that somebody else takes in between

needs_sshd = pytest.mark.skipif(SSHD is None, reason="needs OpenSSH's sshd")
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="needs root")


class Server:
    """A server that runs, and the machine that it makes of this one.

    Attributes:
        home: The home of its user there.
        mark: A value that MARK has in the environment of all that runs there.
    """

    def __init__(self, folder: Path, users: Sequence[asyncssh.SSHKey]) -> None:
        self._folder = folder
        self.home = folder / "home"
        self.home.mkdir(parents=True)
        self.mark = secrets.token_hex(8)
        self.key = asyncssh.generate_private_key("ssh-ed25519")
        self._key_file.write_bytes(self.key.export_private_key("openssh"))
        self._key_file.chmod(0o600)
        self.authorized = folder / "authorized_keys"
        self.authorized.write_bytes(b"".join(key.export_public_key() for key in users))
        self._process: subprocess.Popen[bytes] | None = None
        self.port = 0

    @property
    def address(self) -> Address:
        """Where it is."""
        return Address("127.0.0.1", port=self.port)

    @property
    def known(self) -> str:
        """Its line of `known_hosts`."""
        return f"[127.0.0.1]:{self.port} {self.key.export_public_key().decode()}"

    @property
    def cache(self) -> Path:
        """Where bringup makes its folders there."""
        return self.home / ".cache" / "bringup"

    @property
    def environment(self) -> Mapping[str, str]:
        """What commands there find beside what every login has."""
        return {"HOME": str(self.home), "MARK": self.mark}

    @property
    def _key_file(self) -> Path:
        return self._folder / "host_key"

    @property
    def _pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def left(self) -> list[str]:
        """What is there of a connection: processes and folders."""
        own = self._process and self._process.pid
        processes = [line for pid, line in with_variable("MARK", self.mark) if pid != own]
        return [*processes, *map(str, self.cache.glob("*"))]

    def stop(self) -> None:
        """Ends it, its connections, and all that still runs there."""
        if self._process is not None:
            own = (self._pid, *children(self._pid))
            for pid in (*own, *(pid for pid, _ in with_variable("MARK", self.mark))):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            self._process.wait()
            self._process = None


class Sshd(Server):
    """OpenSSH's own."""

    def __init__(
        self,
        folder: Path,
        users: Sequence[asyncssh.SSHKey],
        options: Sequence[str] = (),
        environment: Mapping[str, str] | None = None,
    ) -> None:
        """Starts it.

        Args:
            folder: Its own.
            users: Whose keys it accepts.
            options: Lines of its configuration; of several for one thing the first counts.
            environment: Variables of all commands there.
        """
        super().__init__(folder, users)
        self._options = options
        self._variables = environment or {}
        self._adopted: list[int] = []  # carriers of an earlier process that listened
        if os.geteuid() == 0:
            Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)  # sshd starts with it alone
        self.start()

    @property
    def environment(self) -> Mapping[str, str]:
        return {**super().environment, **self._variables}

    @property
    def log(self) -> str:
        """What it has said."""
        return (self._folder / "log").read_text(errors="replace")

    @property
    def carriers(self) -> list[int]:
        """The processes that carry a connection each."""
        found = {pid for parent in (self._pid, *self._adopted) for pid in (parent, *children(parent))}
        return [pid for pid in found - {self._pid} if _name(pid).startswith("sshd")]

    def start(self) -> None:
        """Starts it: at the port that it had, or a free one."""
        assert SSHD is not None
        for _ in range(_TRIES):
            port = self.port or _free_port()
            config = self._folder / "sshd_config"
            config.write_text(self._config(port))
            argv = (SSHD, "-D", "-f", str(config), "-E", str(self._folder / "log"))
            self._process = subprocess.Popen(argv, stdin=subprocess.DEVNULL)
            if _answers(port, self._process):
                self.port = port
                return
            self.stop()
        raise RuntimeError(self.log)

    def stop_listening(self) -> None:
        """Takes no further connections; those that there are go on."""
        assert self._process is not None
        self._adopted += self.carriers
        self._process.terminate()
        self._process.wait()

    def cut(self) -> None:
        """Cuts all connections off."""
        for pid in self.carriers:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

    def _config(self, port: int) -> str:
        has_subsystem = any(option.startswith("Subsystem") for option in self._options)
        variables = " ".join(f'"{name}={value}"' for name, value in self.environment.items())
        return "\n".join(
            (
                *self._options,
                f"Port {port}",
                "ListenAddress 127.0.0.1",
                f"HostKey {self._key_file}",
                f"AuthorizedKeysFile {self.authorized}",
                "PidFile none",
                "StrictModes no",
                "UsePAM no",
                "PasswordAuthentication no",
                "KbdInteractiveAuthentication no",
                "PermitRootLogin yes",
                "MaxStartups 100",
                "PrintMotd no",
                "PrintLastLog no",
                f"SetEnv {variables}",
                *([] if has_subsystem else [f"Subsystem sftp {_SFTP}"]),
                "",
            )
        )


class Peer(Server):
    """asyncssh's, in a process of its own."""

    def __init__(self, folder: Path, users: Sequence[asyncssh.SSHKey]) -> None:
        """Starts it; see `Sshd`."""
        super().__init__(folder, users)
        argv = (sys.executable, "-m", "tests.contract.peer", str(self._key_file), str(self.authorized))
        user = pwd.getpwuid(os.getuid()).pw_name
        environment = {"PATH": os.environ["PATH"], "USER": user, **self.environment}
        self._process = subprocess.Popen(
            argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, env=environment
        )
        assert self._process.stdout is not None
        with self._process.stdout as said:
            self.port = int(said.readline())


class Client:
    """The user's own side: a home with keys, known machines and a configuration.

    Attributes:
        home: The folder.
        key: The user's key.
    """

    def __init__(self, home: Path, key: asyncssh.SSHKey) -> None:
        self.home = home
        self.key = key
        (home / ".ssh").mkdir(mode=0o700, parents=True)
        self.write_key("id_ed25519")

    def knows(self, *servers: Server) -> None:
        """Has servers known."""
        with (self.home / ".ssh" / "known_hosts").open("a") as file:
            file.writelines(server.known for server in servers)

    def write_key(self, name: str, passphrase: str | None = None) -> Path:
        """Writes the key down, locked with a passphrase if one is given."""
        path = self.home / ".ssh" / name
        path.write_bytes(self.key.export_private_key("openssh", passphrase, rounds=1, ignore_few_rounds=True))
        path.chmod(0o600)
        return path

    def configure(self, *lines: str) -> None:
        """Writes the user's SSH configuration."""
        (self.home / ".ssh" / "config").write_text("\n".join((*lines, "")))


@contextlib.contextmanager
def running(server: _S) -> Iterator[_S]:
    """Ends a server with the block."""
    try:
        yield server
    finally:
        server.stop()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _answers(port: int, process: subprocess.Popen[bytes]) -> bool:
    """Whether a server comes to greet at a port, before it ends."""
    until = time.monotonic() + _PATIENCE
    while process.poll() is None and time.monotonic() < until:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1) as stream:
            if stream.recv(4) == b"SSH-" and process.poll() is None:
                return True
        time.sleep(0.01)
    return False


def _name(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/comm").read_text()
    except OSError:
        return ""
