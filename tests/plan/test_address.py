from __future__ import annotations

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
        "box:",
        "box:0",
        "box:65536",
        "box:ssh",
        "::1",
        "-oProxyCommand=id",
        "me@-box",
        "a@b@c",
        "http://box",
        "ssh://box/path",
        "box\n",
    ],
)
def test_what_is_no_address(text: str) -> None:
    with pytest.raises(ValueError, match="is not the address of a machine") as caught:
        parse_address(text)
    assert "ssh://[USER@]HOST[:PORT]" in caught.value.args[1]
