"""Which proxy leads to a URL: as Go's programs have it, which read the same variables."""

from __future__ import annotations

import pytest

from tui.clients.proxies import ways_to

PROXY = "http://proxy:3128"


@pytest.mark.parametrize(
    ("url", "spared", "direct"),
    [
        ("https://127.0.0.1:6443", "", True),
        ("https://[::1]:6443", "", True),
        ("https://localhost", "", True),
        ("https://10.0.0.1", "", False),
        ("https://example.com", "a, *", True),
        ("https://10.0.0.1", "a,10.0.0.0/8", True),
        ("https://10.0.0.1", "10.0.0.5/8", True),
        ("https://11.0.0.1", "10.0.0.0/8,10.0.0.0/99,fe80::/10", False),
        ("https://[fe80::1]", "FE80::/10", True),
        ("https://10.0.0.1:6443", "10.0.0.1:6443", True),
        ("https://10.0.0.1:6443", "10.0.0.1:80", False),
        ("https://10.0.0.1", "10.0.0.1:443", True),
        ("https://[fd00::1]:80", "[fd00::1]:80", True),
        ("https://a.example.com", " .Example.com ", True),
        ("https://a.example.com", "*.example.com", True),
        ("https://example.com", ".example.com,*.example.com", False),
        ("https://example.com.", "example.com", True),
        ("https://notexample.com", "example.com", False),
        ("https://a.example.com:80", "example.com:80", True),
    ],
)
def test_what_no_proxy_names_is_reached_without_one(url: str, spared: str, direct: bool) -> None:
    environment = {"https_proxy": PROXY, "NO_PROXY": spared}
    assert ways_to(url, environment)["proxy"] == (None if direct else PROXY)


def test_a_proxy_may_be_named_without_a_scheme() -> None:
    environment = {"HTTP_PROXY": "proxy:3128", "http_proxy": "other", "no_proxy": "a"}
    assert ways_to("http://example.com", environment) == {"proxy": PROXY, "trust_env": True}
    assert ways_to("https://example.com", environment) == {"proxy": None, "trust_env": False}
    assert ways_to("http://example.com:99999", environment)["proxy"] is None


def test_what_is_no_url_is_left_to_the_client_to_refuse() -> None:
    assert ways_to("https://[::1", {"https_proxy": PROXY}) == {"proxy": None, "trust_env": False}
