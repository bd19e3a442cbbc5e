"""Image names in full, and the logins that go with them."""

from __future__ import annotations

import asyncio
import base64
import json
import os
import shutil
import subprocess
from typing import TYPE_CHECKING, Any

import pytest

from tests.clients.registries import PASSWORD, serving
from tui.clients.registry import (
    HUB_KEY,
    Login,
    Logins,
    canonical,
    for_builds,
    login_files,
    read_login_file,
    read_logins,
    with_tag,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path


@pytest.mark.parametrize(
    ("image", "full"),
    [
        ("redis", "docker.io/library/redis:latest"),
        ("redis:7", "docker.io/library/redis:7"),
        ("me/app:1", "docker.io/me/app:1"),
        ("docker.io/redis:7", "docker.io/library/redis:7"),
        ("index.docker.io/me/app:1", "docker.io/me/app:1"),
        ("localhost/app:1", "localhost/app:1"),
        ("host:5000/app", "host:5000/app:latest"),
        ("quay.example/a/b@sha256:00", "quay.example/a/b@sha256:00"),
    ],
)
def test_names_are_completed_as_runtimes_do(image: str, full: str) -> None:
    assert canonical(image) == full
    assert canonical(full) == full
    assert with_tag(with_tag(image)) == with_tag(image)


def auth(user: str, password: str = "pass:word") -> dict[str, str]:
    return {"auth": base64.b64encode(f"{user}:{password}".encode()).decode()}


def write(path: Path, config: object) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(config if isinstance(config, str) else json.dumps(config))
    return path


def read(paths: list[Path], environment: Mapping[str, str] = os.environ) -> Logins:
    return asyncio.run(read_logins(paths, environment))


def find(logins: Logins, image: str) -> Login | None:
    return asyncio.run(logins.find(image))


def users(paths: list[Path], *images: str) -> list[str]:
    logins = read(paths)
    found = [find(logins, image) for image in images]
    assert logins.problems == []
    return [login.username if login else "" for login in found]


@pytest.mark.parametrize(
    ("key", "image"),
    [
        (HUB_KEY, "redis:7"),
        ("https://index.docker.io/v2/", "redis"),
        ("https://index.docker.io/v1", "docker.io/me/app"),
        ("index.docker.io", "me/app:1"),
        ("docker.io", "docker.io/library/redis"),
        ("registry-1.docker.io", "redis"),
        ("docker.io/me", "me/app"),
        ("docker.io/library/redis", "redis:7@sha256:00"),
        ("quay.example", "quay.example/team/app:1"),
        ("QUAY.example", "quay.example/team/app:1"),
        ("https://quay.example", "quay.example/app"),
        ("http://quay.example/v2/", "quay.example/app"),
        ("quay.example/v1/", "quay.example/app"),
        ("https://quay.example/some/path/", "quay.example/app"),
        ("quay.example/team", "quay.example/team/app:1"),
        ("quay.example/team/app", "quay.example/team/app@sha256:00"),
        ("localhost:5000", "localhost:5000/app:1"),
        ("localhost:5000/team", "localhost:5000/team/app"),
        ("http://localhost:5000", "localhost:5000/app"),
        ("[::1]:5000", "[::1]:5000/app"),
    ],
)
def test_a_key_in_any_spelling_is_found(tmp_path: Path, key: str, image: str) -> None:
    assert users([write(tmp_path / "a.json", {"auths": {key: auth("me")}})], image) == ["me"]


def test_a_key_covers_no_more_than_it_names(tmp_path: Path) -> None:
    file = write(
        tmp_path / "a.json",
        {
            "auths": {
                "quay.example": auth("wide"),
                "quay.example/team": auth("team"),
                "localhost:5000": auth("port"),
            }
        },
    )
    images = ("quay.example/team/app:1", "quay.example/teams/app", "localhost/app", "localhost:50/a", "redis")
    assert users([file], *images) == ["team", "wide", "", "", ""]


def test_logins_are_found_where_docker_and_podman_keep_them(tmp_path: Path) -> None:
    home, moved, runtime = tmp_path / "home", tmp_path / "moved", tmp_path / "runtime"
    write(
        home / ".docker" / "config.json",
        {"auths": {"a.example": auth("docker"), "c.example": auth("docker")}},
    )
    write(home / ".config" / "containers" / "auth.json", {"auths": {"b.example": auth("podman")}})
    write(runtime / "containers" / "auth.json", {"auths": {"c.example": auth("runtime")}})
    write(moved / "config.json", {"auths": {"a.example": auth("moved")}})
    write(moved / "named.json", {"auths": {"b.example": auth("named")}})

    def found(flavour: str, **environment: object) -> list[str]:
        variables = {name: str(value) for name, value in environment.items()}
        paths = login_files(variables, home, flavour)
        return users(paths, "a.example/x", "b.example/x", "c.example/x")

    assert found("docker") == ["docker", "podman", "docker"]
    assert found("docker", XDG_RUNTIME_DIR=runtime) == ["docker", "podman", "docker"]
    assert found("podman", XDG_RUNTIME_DIR=runtime) == ["docker", "podman", "runtime"]
    assert found("docker", DOCKER_CONFIG=moved) == ["moved", "podman", ""]
    assert found("docker", REGISTRY_AUTH_FILE=moved / "named.json") == ["docker", "named", "docker"]


@pytest.mark.parametrize(
    "empty", ["", "  \n", "{}", '{"auths": {}}', '{"auths": null}', '{"auths": {"q.example": {}}}']
)
def test_an_empty_file_hides_no_other(tmp_path: Path, empty: str) -> None:
    good = write(tmp_path / "good.json", {"auths": {"q.example": auth("me")}})
    assert users([tmp_path / "none", write(tmp_path / "empty.json", empty), good], "q.example/x") == ["me"]


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ('{"auths": {"q.example": {"auth": "c2VjcmV0OnNlY3JldA=="', "is no JSON at line 1"),
        ("[" * 100_000, "is no JSON"),
        ("[1]", "is no login file"),
        ('{"auths": ["c2VjcmV0OnNlY3JldA=="]}', "`auths` in "),
        ('{"auths": {"q.example": {"auth": "%%%"}}}', "the login for q.example in "),
        ('{"auths": {"q.example": {"auth": "c2VjcmV0"}}}', "the login for q.example in "),
        ('{"auths": {"q.example": "c2VjcmV0OnNlY3JldA=="}}', "the login for q.example in "),
    ],
)
def test_a_damaged_file_is_told_without_its_content_and_hides_no_other(
    tmp_path: Path, content: str, problem: str
) -> None:
    good = write(tmp_path / "good.json", {"auths": {"q.example": auth("me")}})
    logins = read([write(tmp_path / "bad.json", content), good])
    login = find(logins, "q.example/x")
    assert login is not None
    assert login.username == "me"
    assert problem in logins.problems[0]
    assert "c2Vj" not in logins.problems[0]


def test_a_byte_order_mark_is_no_damage(tmp_path: Path) -> None:
    file = write(tmp_path / "a.json", "\ufeff" + json.dumps({"auths": {"q.example": auth("me")}}))
    found = read_login_file(file)
    assert found is not None
    assert (list(found.logins), found.problems) == (["q.example"], ())


HELPER = """#!/bin/sh
read -r server
case "$1 $server" in
"get q.example") echo '{"ServerURL":"q.example","Username":"me","Secret":"p4ss"}' ;;
"get https://index.docker.io/v1/") echo '{"Username":"<token>","Secret":"t0ken"}' ;;
"list ") echo '{"https://index.docker.io/v1/":"<token>","q.example":"me"}' ;;
get*) echo 'credentials not found in native keychain'; exit 1 ;;
esac
"""


@pytest.fixture
def helped(tmp_path: Path) -> dict[str, str]:
    """An environment with the helper `test`, and one that is broken."""
    for name, text in (("test", HELPER), ("broken", "#!/bin/sh\necho s3cret >&2; echo s3cret; exit 3\n")):
        write(tmp_path / "bin" / f"docker-credential-{name}", text).chmod(0o755)
    return {"PATH": f"{tmp_path / 'bin'}:{os.environ['PATH']}"}


@pytest.mark.parametrize(
    "config", [{"credsStore": "test"}, {"credHelpers": {"q.example": "test", "docker.io": "test"}}]
)
def test_helper_programs_are_asked(tmp_path: Path, helped: dict[str, str], config: dict[str, Any]) -> None:
    config["auths"] = {"q.example": {}, "other.example": auth("plain")}
    logins = read([write(tmp_path / "a.json", config)], helped)
    assert find(logins, "q.example/app:1") == Login("q.example", "me", "p4ss")
    assert find(logins, "redis") == Login(HUB_KEY, identity_token="t0ken")
    assert find(logins, "unknown.example/app") is None
    plain = find(logins, "other.example/app")
    assert plain is not None
    assert plain.username == "plain"
    found = asyncio.run(logins.all())
    assert {scope: login.username for scope, login in found.items()} == {
        "q.example": "me",
        "docker.io": "",
        "other.example": "plain",
    }
    assert for_builds(found, "docker")[HUB_KEY] == {"identitytoken": "t0ken", "serveraddress": HUB_KEY}
    assert logins.problems == []


@pytest.mark.parametrize(
    ("helper", "problem"),
    [
        ("absent", "docker-credential-absent, which is not on PATH"),
        ("broken", "docker-credential-broken get failed with status 3"),
    ],
)
def test_a_helper_that_does_not_answer_is_told(
    tmp_path: Path, helped: dict[str, str], helper: str, problem: str
) -> None:
    file = write(tmp_path / "a.json", {"credsStore": helper, "auths": {"q.example": auth("plain")}})
    logins = read([file], helped)
    login = find(logins, "q.example/app")
    assert login is not None
    assert login.username == "plain"
    assert len(logins.problems) == 1
    assert problem in logins.problems[0]
    assert "s3cret" not in logins.problems[0]


def test_builds_with_docker_get_a_registrys_own_login_before_that_for_a_part_of_it() -> None:
    logins = {
        name: Login(name, name, "p") for name in ("q.example/a/b", "q.example", "q.example/a", "r.example/a")
    }
    assert {key: entry["username"] for key, entry in for_builds(logins, "docker").items()} == {
        "q.example": "q.example",
        "r.example": "r.example/a",
    }
    assert set(for_builds(logins, "podman")) == set(logins)


def test_every_form_of_a_password_is_secret() -> None:
    login = Login("q.example", "me", "p4ss", "t0ken")
    assert set(login.secrets()) == {"p4ss", "t0ken", "me:p4ss", auth("me", "p4ss")["auth"]}
    assert "p4ss" not in repr(login)
    assert "t0ken" not in repr(login)


@pytest.fixture
def registry(tmp_path: Path) -> Iterator[str]:
    with serving(tmp_path) as address:
        yield address


@pytest.mark.e2e
@pytest.mark.parametrize("program", ["docker", "podman"])
@pytest.mark.parametrize("address", ["{}", "http://{}", "{}/team"])
def test_what_the_real_programs_log_in_with_is_found(
    tmp_path: Path, registry: str, program: str, address: str
) -> None:
    if shutil.which(program) is None:
        pytest.skip(f"{program} is not installed")
    if program == "podman" and "://" in address:
        pytest.skip("podman takes no scheme")
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(tmp_path),
        "DOCKER_CONFIG": str(tmp_path / "docker"),
        "XDG_RUNTIME_DIR": str(tmp_path / "run"),
    }
    (tmp_path / "run").mkdir()
    insecure = ("--tls-verify=false",) if program == "podman" else ()
    argv = (program, "login", *insecure, "--username", "me", "--password-stdin", address.format(registry))
    subprocess.run(argv, env=environment, input=PASSWORD.encode(), check=True, capture_output=True)
    logins = read(login_files(environment, tmp_path, program), environment)
    login = find(logins, f"{registry}/team/app:1")
    assert login is not None
    assert (login.username, login.password) == ("me", PASSWORD)
