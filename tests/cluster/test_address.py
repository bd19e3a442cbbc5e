"""Whether a node's certificate is for the address that it has."""

from __future__ import annotations

import pytest

from tui.actions.kubernetes.x509 import make
from tui.cluster.containers.address import is_for

NAMES = ("kubernetes", "10.96.0.1", "172.18.0.2", "fc00::2")


@pytest.mark.parametrize(
    ("addresses", "found"),
    [
        (["172.18.0.2"], True),
        (["172.18.0.3"], False),
        (["fc00::2"], True),
        (["fc00::3", "172.18.0.3"], False),
    ],
)
def test_a_certificate_names_its_addresses(addresses: list[str], found: bool) -> None:
    assert is_for(make(NAMES)["tls.crt"].decode(), addresses) == found
