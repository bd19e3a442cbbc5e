"""SSH configurations as people write them: what `ssh` can log in with, bringup can, and nothing else."""

from __future__ import annotations

import asyncio
import os
import pwd
import shutil
import subprocess
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import asyncssh
import pytest

from tests.hosts.failing import connected
from tui.errors import NotReadyError
from tui.plan.address import Address

if TYPE_CHECKING:
    from pathlib import Path

    from tests.contract.servers import Client, Sshd

SSH = shutil.which("ssh")
_PARTS = 12
needs_ssh = pytest.mark.skipif(SSH is None, reason="needs the ssh program")

# Each is the user's file, but for what leads to the server: `box` is its name, LOGIN are its host and port.
FILES = {
    "plain": "Host box\n LOGIN",
    "lower case": "host box\n hostname 127.0.0.1\n port PORT",
    "equals signs": "Host=box\nHostName=127.0.0.1\nPort = PORT",
    "tabs and quotes": 'Host "box"\n\tHostName\t"127.0.0.1"\n\tPort "PORT"',
    "CRLF": "Host box\r\n HostName 127.0.0.1\r\n Port PORT\r\n",
    "no final newline, comments": "# mine\n\nHost box # the box\n LOGIN",
    "negated pattern": "Host * !other\n LOGIN\nHost !box *\n Port 1",
    "a negated pattern that leaves it out": "Host b* !box\n LOGIN",
    "question mark": "Host b?x\n LOGIN",
    "several names": "Host other box\n LOGIN",
    "commas are part of names": "Host other,box\n LOGIN",
    "first value wins": "Host box\n LOGIN\nHost *\n Port 1\n HostName nowhere.invalid",
    "Match host": "Match host box\n LOGIN",
    "Match originalhost": "Host box\n HostName 127.0.0.1\nMatch originalhost box\n Port PORT",
    "Match exec": 'Match host box exec "true"\n LOGIN',
    "Match exec that fails": 'Match host box exec "false"\n LOGIN',
    "Match user": "Host box\n HostName 127.0.0.1\nMatch user USER\n Port PORT",
    "Match localuser": "Match localuser USER\n LOGIN",
    "Match all": "Match all\n LOGIN",
    "Match final": "Host box\n HostName 127.0.0.1\nMatch final host 127.0.0.1\n Port PORT",
    "Match canonical": "Host box\n LOGIN\n CanonicalizeHostname no\nMatch canonical\n User nobody-here",
    "canonical names": "CanonicalizeHostname yes\nCanonicalDomains invalid\nHost box\n LOGIN",
    "Include": "Include HOME/more\nHost box\n Port PORT",
    "Include with a pattern": "Include HOME/mo*e\nHost box\n Port PORT",
    "Include of nothing": "Include HOME/no*thing\nHost box\n LOGIN",
    "Include within Host": "Host box\n Include HOME/more\n Port PORT",
    "token in HostName": "Host 127.0.0.1 box\n HostName 127.0.0.1\n Port PORT\nHost 127*\n HostName %h",
    "identity that is not there": "Host box\n LOGIN\n IdentityFile HOME/no_such\n IdentityFile KEY",
    "identity that is no key": "Host box\n LOGIN\n IdentityFile HOME/more\n IdentityFile KEY",
    "identity that is a directory": "Host box\n LOGIN\n IdentityFile HOME\n IdentityFile KEY",
    "identity that is a public key": "Host box\n LOGIN\n IdentityFile KEY.pub\n IdentityFile KEY",
    "identity that is the wrong one": "Host box\n LOGIN\n IdentityFile HOME/other",
    "a wrong identity before the right one": "Host box\n LOGIN\n IdentityFile HOME/other\n IdentityFile KEY",
    "identity with spaces and tokens": 'Host box\n LOGIN\n IdentityFile "HOME/a key of %r at %p"',
    "identity with host tokens": "Host box\n LOGIN\n IdentityFile HOME/%n-%h-%k",
    "identity with a variable": "Host box\n LOGIN\n IdentityFile ${BRINGUP_TEST_KEY}",
    "identity with a percent sign": "Host box\n LOGIN\n IdentityFile HOME/100%%",
    "no identity": "Host box\n LOGIN\n IdentityFile none",
    "times with units": "Host box\n LOGIN\n ServerAliveInterval 1m\n ConnectTimeout 1m30s",
    "no time limit": "Host box\n LOGIN\n ConnectTimeout none",
    "options that bringup has no use for": (
        "Host box\n LOGIN\n ForwardAgent yes\n ForwardX11 no\n LocalForward 1 a:1\n RequestTTY no\n"
        " LogLevel QUIET\n Compression yes\n TCPKeepAlive no\n VisualHostKey yes\n AddKeysToAgent yes\n"
        " RekeyLimit 1G 1h\n IPQoS none\n SetEnv A=b\n SendEnv LC_*\n EscapeChar none\n Tunnel no"
    ),
    "ControlMaster": "Host box\n LOGIN\n ControlMaster auto\n ControlPath /tmp/bringup-%C",
    "an unknown option": "Host box\n LOGIN\n UseKeychain yes",
    "an unknown option to be ignored": "IgnoreUnknown UseKeychain,Add*\nHost box\n LOGIN\n UseKeychain yes",
    "a bad number": "Host box\n LOGIN\n ConnectTimeout soon",
    "a bad yes": "Host box\n LOGIN\n IdentitiesOnly perhaps",
    "an option without a value": "Host box\n LOGIN\n User",
    "an unclosed quote": 'Host box\n LOGIN\n IdentityFile "KEY',
    "a bad option for another machine": "Host box\n LOGIN\nHost other\n Port many",
    "user": "Host box\n LOGIN\n User USER",
    "another user": "Host box\n LOGIN\n User nobody-here",
    "known by an alias": "Host box\n LOGIN\n HostKeyAlias the-box\n UserKnownHostsFile HOME/by_alias",
    "not known by its alias": "Host box\n LOGIN\n HostKeyAlias the-other",
    "known by the alias with its port alone": (
        "Host box\n LOGIN\n HostKeyAlias the-box\n UserKnownHostsFile HOME/by_alias_and_port"
    ),
    "known without its port": "Host box\n LOGIN\n UserKnownHostsFile HOME/by_name",
    "known among several files": "Host box\n LOGIN\n UserKnownHostsFile HOME/no_such HOME/by_name",
    "known in a file with spaces": 'Host box\n LOGIN\n UserKnownHostsFile "HOME/known by name"',
    "known to everybody": "Host box\n LOGIN\n UserKnownHostsFile none\n GlobalKnownHostsFile HOME/by_name",
    "known by a hash": "Host box\n LOGIN\n UserKnownHostsFile HOME/by_hash",
    "known by another type of key": "Host box\n LOGIN\n UserKnownHostsFile HOME/by_type",
    "known beside nonsense": "Host box\n LOGIN\n UserKnownHostsFile HOME/beside_nonsense",
    "known with another key": "Host box\n LOGIN\n UserKnownHostsFile HOME/by_old",
    "not known": "Host box\n LOGIN\n UserKnownHostsFile HOME/no_such",
    "new ones accepted": (
        "Host box\n LOGIN\n UserKnownHostsFile HOME/no_such_2\n StrictHostKeyChecking accept-new"
    ),
    "as Vagrant writes it": (
        "Host box\n LOGIN\n User USER\n UserKnownHostsFile /dev/null\n StrictHostKeyChecking no\n"
        " PasswordAuthentication no\n IdentityFile KEY\n IdentitiesOnly yes\n LogLevel FATAL"
    ),
    "new ones accepted, not changed ones": (
        "Host box\n LOGIN\n UserKnownHostsFile HOME/by_old\n StrictHostKeyChecking accept-new"
    ),
    "changed ones accepted": "Host box\n LOGIN\n UserKnownHostsFile HOME/by_old\n StrictHostKeyChecking no",
    "revoked": "Host box\n LOGIN\n RevokedHostKeys HOME/revoked",
    "others revoked": "Host box\n LOGIN\n RevokedHostKeys HOME/id",
    "no file of what is revoked": "Host box\n LOGIN\n RevokedHostKeys HOME/no_such_3",
    "ciphers": "Host box\n LOGIN\n Ciphers aes256-ctr,aes128-ctr\n MACs hmac-sha2-256",
    "ciphers removed": "Host box\n LOGIN\n Ciphers -aes128-gcm@openssh.com\n KexAlgorithms -curve25519*",
    "an unknown cipher": "Host box\n LOGIN\n Ciphers rot13",
    "more key algorithms": "Host box\n LOGIN\n HostKeyAlgorithms +ssh-rsa\n PubkeyAcceptedKeyTypes +ssh-rsa",
    "other key algorithms alone": "Host box\n LOGIN\n HostKeyAlgorithms ssh-rsa",
    "a proxy command": "Host box\n LOGIN\n ProxyCommand ssh -F HOME/hop -W %h:%p hop",
    "shell words in a proxy command": 'Host box\n LOGIN\n ProxyCommand A=%h; ssh -F HOME/hop -W $A:%p hop',
    "a proxy command that fails": "Host box\n LOGIN\n ProxyCommand false",
    "a proxy command that says much": (
        "Host box\n LOGIN\n ProxyCommand sh -c 'for i in $(seq 90); do echo $i >&2; sleep 0.01; done &"
        " exec ssh -F HOME/hop -W %h:%p hop'"
    ),
    "no proxy command": "Host box\n LOGIN\n ProxyCommand none",
    "no jump": "Host box\n LOGIN\n ProxyJump none\nHost *\n ProxyJump nowhere.invalid",
    "a jump": "Host box\n LOGIN\n ProxyJump hop\nHost hop\n LOGIN",
    "a jump with user and port": "Host box\n LOGIN\n ProxyJump USER@127.0.0.1:PORT",
    "two jumps": "Host box\n LOGIN\n ProxyJump hop,127.0.0.1:PORT\nHost hop\n LOGIN",
    "a family": "Host box\n LOGIN\n AddressFamily inet",
    "the wrong family": "Host box\n LOGIN\n AddressFamily inet6",
    "a name for the loopback": "Host box\n HostName localhost\n Port PORT\n AddressFamily inet\n"
    " HostKeyAlias 127.0.0.1\n UserKnownHostsFile HOME/by_name",
}  # fmt: skip


@pytest.fixture
def written(client: Client, sshd: Sshd, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """A home with all that the files name; what the words in capitals in them stand for."""
    home, key = client.home, client.home / ".ssh" / "id_ed25519"
    user = pwd.getpwuid(os.getuid()).pw_name
    client.knows(sshd)
    (home / "more").write_text("HostName 127.0.0.1\n")
    key.with_name("id_ed25519.pub").write_bytes(client.key.export_public_key())
    other = asyncssh.generate_private_key("ssh-ed25519")
    for name in (f"a key of {user} at {sshd.port}", "box-127.0.0.1-box", "100%", "by variable"):
        shutil.copy(key, home / name)
    (home / "other").write_bytes(other.export_private_key("openssh"))
    (home / "other").chmod(0o600)
    monkeypatch.setenv("BRINGUP_TEST_KEY", str(home / "by variable"))
    public, old = sshd.key.export_public_key().decode(), other.export_public_key().decode()
    rsa = asyncssh.generate_private_key("ecdsa-sha2-nistp256").export_public_key().decode()
    (home / "hop").write_text(
        f"Host hop\n HostName 127.0.0.1\n Port {sshd.port}\n IdentityFile {key}\n"
        f" UserKnownHostsFile {home}/.ssh/known_hosts"
    )
    for name, text in {
        "revoked": public,
        "id": client.key.export_public_key().decode(),
        "by_alias": f"the-box {public}",
        "by_alias_and_port": f"[the-box]:{sshd.port} {public}",
        "by_name": f"127.0.0.1 {public}",
        "known by name": f"127.0.0.1 {public}",
        "by_hash": sshd.known,
        "by_type": f"[127.0.0.1]:{sshd.port} {rsa}",
        "beside_nonsense": f"nonsense\n@what * {public}\n{sshd.known}",
        "by_old": f"[127.0.0.1]:{sshd.port} {old}",
    }.items():
        (home / name).write_text(text)
    subprocess.run(("ssh-keygen", "-q", "-H", "-f", str(home / "by_hash")), check=True, capture_output=True)
    return {
        "LOGIN": f"HostName 127.0.0.1\n Port {sshd.port}",
        "PORT": str(sshd.port),
        "HOME": str(home),
        "KEY": str(key),
        "USER": user,
    }


def lets_ssh_in(config: Path) -> bool:
    """Whether OpenSSH logs in; a home of the test's own is not the one that it goes by."""
    argv = ("ssh", "-F", str(config), "-o", "BatchMode=yes", "-o", "ConnectTimeout=20", "box", "true")
    return subprocess.run(argv, capture_output=True, check=False, stdin=subprocess.DEVNULL).returncode == 0


async def lets_us_in() -> bool:
    try:
        async with connected(Address("box")):
            return True
    except NotReadyError:
        return False


@needs_ssh
@pytest.mark.parametrize("part", range(_PARTS))
async def test_files_do_what_they_do_for_ssh(client: Client, written: dict[str, str], part: int) -> None:
    names = list(FILES)[part::_PARTS]
    texts = {name: _filled(FILES[name], written) for name in names}
    expected = await asyncio.to_thread(_let_in, client.home, texts)
    config = client.home / ".ssh" / "config"
    found: dict[str, bool] = {}
    for name, text in texts.items():
        await asyncio.to_thread(config.write_text, text)
        found[name] = await lets_us_in()
    assert found == expected
    assert True in expected.values()


def _filled(text: str, written: dict[str, str]) -> str:
    """A file with its words filled in, and with what OpenSSH else takes from the home that it goes by."""
    names_key = "IdentityFile" in text
    for word, value in written.items():
        text = text.replace(word, value)
    text += f"\nHost *\n UserKnownHostsFile {written['HOME']}/.ssh/known_hosts"
    return text if names_key else f"{text}\n IdentityFile {written['KEY']}"


def _let_in(home: Path, texts: dict[str, str]) -> dict[str, bool]:
    """Whether OpenSSH logs in, with each of some files."""
    files = {name: home / f"config-{number}" for number, name in enumerate(texts)}
    for name, file in files.items():
        file.write_text(texts[name])
    with ThreadPoolExecutor(8) as pool:
        found = dict(zip(texts, pool.map(lets_ssh_in, files.values()), strict=True))
    for path in home.glob("no_such*"):  # what accepted keys were written to
        path.unlink()
    return found
