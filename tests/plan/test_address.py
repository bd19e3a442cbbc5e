from __future__ import annotations

import shutil
import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.plan.address import Address, parse_address

_WORDS = st.from_regex(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,20}", fullmatch=True)
_HOSTS = _WORDS | st.ip_addresses(v=4).map(str) | st.ip_addresses(v=6).map(str)


@given(st.builds(Address, _HOSTS, st.none() | _WORDS, st.none() | st.integers(1, 65535)))
def test_an_address_is_read_as_it_is_written(address: Address) -> None:
    assert parse_address(str(address)) == address
    assert parse_address(address.url) == address


@given(st.text(max_size=30))
def test_what_can_be_read_reads_the_same_again(text: str) -> None:
    try:
        address = parse_address(text)
    except ValueError:
        return
    assert parse_address(address.url) == address


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("box", Address("box")),
        ("ssh://box", Address("box")),
        ("ssh://box/", Address("box")),
        ("me@box", Address("box", "me")),
        ("ssh://me@box.example.org:2222", Address("box.example.org", "me", 2222)),
        ("10.0.0.1:22", Address("10.0.0.1", None, 22)),
        ("me@[fe80::1%eth0]:22", Address("fe80::1%eth0", "me", 22)),
        ("[::1]", Address("::1")),
        ("::1", Address("::1")),
        ("me@fe80::1%eth0", Address("fe80::1%eth0", "me")),
        (" SSH://box \n", Address("box")),
        ("ssh://box:", Address("box")),
        ("a@b@c", Address("c", "a@b")),
        ("DOMAIN\\me@box", Address("box", "DOMAIN\\me")),
        ("ssh://me%40corp@box", Address("box", "me@corp")),
        ("ssh://me;fingerprint=x@box", Address("box", "me")),
    ],
)
def test_what_people_write(text: str, address: Address) -> None:
    assert parse_address(text) == address


@pytest.mark.parametrize(
    "text",
    [
        "",
        "ssh://",
        "@box",
        "me@",
        "two words",
        "box:0",
        "box:65536",
        "box:ssh",
        "-oProxyCommand=id",
        "me@-box",
        "http://box",
        "ssh://box/path",
        "ssh://::1",
        "[::1",
        "::1]",
        "[box]",
        "me@box:src",
        "box:22:22",
    ],
)
def test_what_is_no_address(text: str) -> None:
    with pytest.raises(ValueError, match="is not the address of a machine") as caught:
        parse_address(text)
    assert "ssh://[USER@]HOST[:PORT]" in caught.value.args[1]


@pytest.mark.parametrize("text", ["me:secret@box", "ssh://me:secret@box:22", "ssh://me:s:ecret@box"])
def test_a_password_is_not_wanted_and_not_shown(text: str) -> None:
    with pytest.raises(ValueError, match="is not the address of a machine") as caught:
        parse_address(text)
    assert "ecret" not in str(caught.value.args)
    assert caught.value.args[1].startswith("leave the password out")


@pytest.mark.parametrize("text", ["ssh me@box", "ssh -p 22 me@box", "me@box -p 22"])
def test_a_whole_command_is_no_address(text: str) -> None:
    with pytest.raises(ValueError, match="is not the address of a machine") as caught:
        parse_address(text)
    assert caught.value.args[1].startswith("leave out `ssh` and its options")


@pytest.mark.skipif(shutil.which("ssh") is None, reason="needs the ssh program")
@pytest.mark.parametrize(
    "text",
    [
        "box",
        "me@box",
        "a@b@c",
        "fe80::1",
        "me@fe80::1",
        "ssh://box",
        "ssh://me@box:22/",
        "ssh://me@box:2222",
        "ssh://box:",
        "ssh://me%40corp@box",
        "ssh://me;x=1@box",
        "DOMAIN\\me@box",
        "bo_x",
        "Box.Example.ORG",
        "@box",
        "ssh://box/path",
        "ssh://box:0",
        "ssh://@box",
        "ssh://me@",
        "-oProxyCommand=id",
        "me@-box",
        "a;b",
        "a$b",
        "ssh://box:65536",
        "ssh://::1",
    ],
)
def test_an_address_is_what_it_is_for_ssh(text: str) -> None:
    def asked(*arguments: str) -> str:
        argv = ("ssh", "-F", "none", "-G", *arguments)
        done = subprocess.run(argv, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)
        words = ("user ", "hostname ", "port ")
        return "".join(line for line in done.stdout.splitlines(True) if line.startswith(words))

    try:
        address = parse_address(text)
    except ValueError:
        assert asked("--", text) == ""
        return
    user = () if address.user is None else ("-l", address.user)
    port = () if address.port is None else ("-p", str(address.port))
    assert asked(*user, *port, "--", address.host) == asked("--", text)
