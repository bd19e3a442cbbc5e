"""How images are named in a cluster's registry, and how a plan names that."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from tui.clients.registry import canonical
from tui.plan.model import Cluster
from tui.plan.registry import LocalRegistry, name_in
from tui.plan.values import is_image_name

ID = "0123456789ab"
PART = st.from_regex(r"[a-z0-9]{1,5}", fullmatch=True)
HOST = st.sampled_from(["", "docker.io/", "ghcr.io/", "localhost:5000/", "LOCALHOST.example/", "[::1]:5000/"])
REST = st.sampled_from(["", ":dev", ":1.2_3", f"@sha256:{'a1' * 32}", f":dev@sha256:{'b2' * 32}"])
IMAGES = st.builds(
    lambda host, parts, rest: host + "/".join(parts) + rest, HOST, st.lists(PART, min_size=1), REST
)


@pytest.mark.parametrize(
    ("image", "named"),
    [
        ("redis:7", "localhost:5001/redis:7"),
        ("shop/web", "localhost:5001/shop/web:latest"),
        ("docker.io/library/redis", "localhost:5001/redis:latest"),
        ("ghcr.io/team/app:1", "localhost:5001/ghcr.io/team/app:1"),
        ("localhost:5000/app:1", "localhost:5001/localhost_5000/app:1"),
        ("localhost:5001/app:1", "localhost:5001/app:1"),
        ("localhost:5001/team/app", "localhost:5001/team/app:latest"),
        (f"redis@sha256:{'0' * 64}", f"localhost:5001/redis:sha256-{'0' * 64}"),
    ],
)
def test_an_image_keeps_its_name_in_a_registry(image: str, named: str) -> None:
    assert name_in("localhost:5001", canonical(image), ID) == f"{named}-{ID}"


def identity(image: str) -> tuple[str, str]:
    """What an image is: its digest decides, whatever its tag."""
    name, _, digest = canonical(image).lower().partition("@")
    return re.sub(":[^:/]*$", "", name) if digest else name, digest


@given(IMAGES, IMAGES)
def test_names_in_a_registry_are_names_and_no_two_images_become_one(one: str, other: str) -> None:
    names = [name_in("r.example/team", canonical(image), ID) for image in (one, other)]
    assert all(map(is_image_name, names))
    if names[0] == names[1]:
        assert identity(one) == identity(other)


def test_a_registry_is_there_or_made() -> None:
    def registry(value: object) -> object:
        return Cluster.model_validate({"context": "shared", "registry": value}).registry

    assert registry("ghcr.io/team/") == "ghcr.io/team"
    assert registry({"port": 5001}) == LocalRegistry(port=5001)
    for wrong in ("team", "ghcr.io/team:1", "https://ghcr.io", "Ghcr.io/Team", {"port": 0}, {}, 5001):
        with pytest.raises(ValidationError):
            registry(wrong)
