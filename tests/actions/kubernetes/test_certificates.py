"""Certificates as real clients of TLS take them."""

from __future__ import annotations

import ssl
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from tui.actions.kubernetes.x509 import is_kept, make

if TYPE_CHECKING:
    from pathlib import Path

NAMES = ("hook.shop.svc", "*.shop.example.com", "127.0.0.1", "a" * 60 + ".shop.svc")
NOW = datetime.now(UTC)


def _shake_hands(folder: Path, data: dict[str, bytes], host: str) -> None:
    for name, content in data.items():
        (folder / name).write_bytes(content)
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(folder / "tls.crt", folder / "tls.key")
    client = ssl.create_default_context(cafile=str(folder / "ca.crt"))
    client.verify_flags |= ssl.VERIFY_X509_STRICT
    there, back = ssl.MemoryBIO(), ssl.MemoryBIO()
    ours = client.wrap_bio(back, there, server_hostname=host)
    theirs = server.wrap_bio(there, back, server_side=True)
    for side in (ours, theirs, ours):
        try:
            side.do_handshake()
        except ssl.SSLWantReadError:
            continue


@pytest.mark.parametrize("names", [NAMES, NAMES[::-1]])
def test_clients_trust_the_authority_for_the_names_alone(tmp_path: Path, names: tuple[str, ...]) -> None:
    data = make(names)
    for host in ("hook.shop.svc", "x.shop.example.com", "127.0.0.1", "a" * 60 + ".shop.svc"):
        _shake_hands(tmp_path, data, host)
    for host in ("hook.other.svc", "127.0.0.2"):
        with pytest.raises(ssl.SSLCertVerificationError):
            _shake_hands(tmp_path, data, host)
    with pytest.raises(ssl.SSLCertVerificationError):
        _shake_hands(tmp_path, {**data, "ca.crt": make(names)["ca.crt"]}, "hook.shop.svc")


def test_a_certificate_is_kept_while_it_fits_and_lasts() -> None:
    data, other = make(NAMES), make(NAMES)
    assert is_kept(data, NAMES[::-1], NOW)
    assert is_kept(data, NAMES, NOW + timedelta(days=363))
    assert not is_kept(data, NAMES, NOW + timedelta(days=364, hours=1))
    assert not is_kept(data, NAMES, NOW - timedelta(days=1))
    assert not is_kept(data, NAMES[1:], NOW)
    assert not is_kept(data, (*NAMES, "more.shop.svc"), NOW)
    for key in data:
        assert not is_kept({**data, key: other[key]}, NAMES, NOW)
        assert not is_kept({**data, key: b"nothing of the sort"}, NAMES, NOW)
        assert not is_kept({each: data[each] for each in data if each != key}, NAMES, NOW)
