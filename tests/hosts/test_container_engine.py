from __future__ import annotations

import asyncio
import contextlib
import hashlib
import json
from typing import TYPE_CHECKING

import pytest
from aiohttp import web

from tui.errors import NotReadyError
from tui.hosts import container_engine, local_engine
from tui.hosts.container_engine import elsewhere
from tui.hosts.local_engine import find_engine

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path


DOCKER = {"Version": "27.1.0", "ApiVersion": "1.46", "Components": [{"Name": "Engine", "Version": "27.1.0"}]}
PODMAN = {
    "Version": "5.2.0",
    "ApiVersion": "1.41",
    "Components": [{"Name": "Podman Engine", "Version": "5.2.0"}],
}


@contextlib.asynccontextmanager
async def speaks(path: Path, said: object) -> AsyncIterator[str]:
    """A peer on a socket that answers `/version`."""

    async def version(_: web.Request) -> web.Response:
        return web.json_response(said)

    app = web.Application()
    app.router.add_get("/version", version)
    await asyncio.to_thread(path.parent.mkdir, parents=True, exist_ok=True)
    runner = web.AppRunner(app)
    await runner.setup()
    await asyncio.to_thread(path.unlink, missing_ok=True)
    await web.UnixSite(runner, str(path)).start()
    try:
        yield f"unix://{path}"
    finally:
        await runner.cleanup()


def write_context(folder: Path, name: str, host: str, current: bool = False) -> None:
    meta = folder / "contexts" / "meta" / hashlib.sha256(name.encode()).hexdigest() / "meta.json"
    meta.parent.mkdir(parents=True)
    meta.write_text(json.dumps({"Name": name, "Endpoints": {"docker": {"Host": host}}}))
    (folder / "config.json").write_text(json.dumps({"currentContext": name} if current else {}))


async def failure(environment: dict[str, str], home: Path) -> NotReadyError:
    with pytest.raises(NotReadyError) as caught:
        await find_engine(environment, home)
    return caught.value


async def test_docker_host_leads_to_docker(tmp_path: Path) -> None:
    async with speaks(tmp_path / "d.sock", DOCKER) as url:
        engine = await find_engine({"DOCKER_HOST": url}, tmp_path)
    assert (engine.flavour, engine.version, engine.api_version) == ("docker", "27.1.0", "1.46")
    assert (engine.url, engine.found) == (url, "DOCKER_HOST")
    assert engine.environment == {"DOCKER_HOST": url}


@pytest.mark.parametrize(
    ("url", "machine"),
    [
        ("unix:///run/docker.sock", ""),
        ("tcp://localhost:2375", ""),
        ("tcp://[::1]:2376", ""),
        ("tcp://127.0.0.2:2375", ""),
        ("tcp://192.0.2.1:2375", "192.0.2.1"),
        ("https://docker.invalid:2376", "docker.invalid"),
    ],
)
def test_an_engine_is_elsewhere_if_its_address_is_none_of_this_machine(url: str, machine: str) -> None:
    assert elsewhere(url) == machine


async def test_podman_behind_docker_host_is_recognised(tmp_path: Path) -> None:
    async with speaks(tmp_path / "p.sock", PODMAN) as url:
        engine = await find_engine({"DOCKER_HOST": url}, tmp_path)
    assert (engine.flavour, engine.version) == ("podman", "5.2.0")
    assert engine.environment["KIND_EXPERIMENTAL_PROVIDER"] == "podman"
    assert engine.environment["CONTAINER_HOST"] == url


async def test_kind_is_told_of_docker_where_the_environment_says_podman(tmp_path: Path) -> None:
    async with speaks(tmp_path / "d.sock", DOCKER) as url:
        engine = await find_engine({"DOCKER_HOST": url, "KIND_EXPERIMENTAL_PROVIDER": "podman"}, tmp_path)
    assert engine.environment["KIND_EXPERIMENTAL_PROVIDER"] == "docker"


@pytest.mark.parametrize("chosen_by", ["DOCKER_CONTEXT", "config.json"])
async def test_a_docker_context_leads_to_its_engine(tmp_path: Path, chosen_by: str) -> None:
    by_file = chosen_by == "config.json"
    async with speaks(tmp_path / "c.sock", DOCKER) as url:
        await asyncio.to_thread(write_context, tmp_path / ".docker", "colima", url, by_file)
        engine = await find_engine({} if by_file else {"DOCKER_CONTEXT": "colima"}, tmp_path)
    assert engine.url == url
    assert engine.found == "Docker context 'colima'"


async def test_docker_config_names_another_folder(tmp_path: Path) -> None:
    async with speaks(tmp_path / "c.sock", DOCKER) as url:
        await asyncio.to_thread(write_context, tmp_path / "elsewhere", "mine", url, True)
        engine = await find_engine({"DOCKER_CONFIG": str(tmp_path / "elsewhere")}, tmp_path)
    assert engine.url == url


async def test_docker_host_goes_over_a_context(tmp_path: Path) -> None:
    async with speaks(tmp_path / "d.sock", DOCKER) as url:
        engine = await find_engine({"DOCKER_HOST": url, "DOCKER_CONTEXT": "absent"}, tmp_path)
    assert engine.found == "DOCKER_HOST"


async def test_a_context_that_does_not_exist_is_named(tmp_path: Path) -> None:
    error = await failure({"DOCKER_CONTEXT": "absent"}, tmp_path)
    assert "'absent', named by DOCKER_CONTEXT, does not exist" in error.cause
    assert "docker context ls" in error.hint


async def test_a_named_engine_that_is_silent_is_an_error_even_if_another_answers(tmp_path: Path) -> None:
    async with speaks(tmp_path / "podman" / "podman.sock", PODMAN):
        error = await failure(
            {"DOCKER_HOST": f"unix://{tmp_path}/none.sock", "XDG_RUNTIME_DIR": str(tmp_path)}, tmp_path
        )
    assert error.cause == "the container engine of DOCKER_HOST does not answer: no such socket"


async def test_connections_that_are_refused_are_told(tmp_path: Path, unused_tcp_port: int) -> None:
    error = await failure({"DOCKER_HOST": f"tcp://127.0.0.1:{unused_tcp_port}"}, tmp_path)
    assert error.cause.endswith("connection refused")


async def test_what_is_no_engine_is_told(tmp_path: Path) -> None:
    async with speaks(tmp_path / "x.sock", ["hello"]) as url:
        error = await failure({"DOCKER_HOST": url}, tmp_path)
    assert "does not answer" in error.cause


async def test_an_engine_that_says_nothing_is_given_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tui.hosts.container_engine._PATIENCE", 0.2)

    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    server = await asyncio.start_unix_server(silent, tmp_path / "s.sock")
    async with server:
        error = await failure({"DOCKER_HOST": f"unix://{tmp_path}/s.sock"}, tmp_path)
    assert "no answer within 0.2 s" in error.cause


@pytest.mark.parametrize(
    ("url", "cause", "hint"),
    [
        ("ssh://me@far", "an engine over SSH cannot be used directly", "--host ssh://me@far"),
        ("unix://var/run/docker.sock", "no such socket", "unix:///var/run/docker.sock"),
        (
            "/var/run/docker.sock",
            "not an address of the form unix://… or tcp://…",
            "unix:///var/run/docker.sock",
        ),
    ],
)
async def test_addresses_that_cannot_be_used(tmp_path: Path, url: str, cause: str, hint: str) -> None:
    error = await failure({"DOCKER_HOST": url}, tmp_path)
    assert error.cause.endswith(cause)
    assert hint in error.hint


def test_of_an_error_in_an_error_the_innermost_is_told() -> None:
    said = (
        "[900] Cannot connect to Docker Engine via http://x [Cannot connect to host x ssl:default [No name]]"
    )
    assert str(container_engine._explained(OSError(said))) == "no name"


async def test_podman_is_found_where_kind_is_to_use_it(tmp_path: Path) -> None:
    wish = {"XDG_RUNTIME_DIR": str(tmp_path), "KIND_EXPERIMENTAL_PROVIDER": "podman"}
    async with speaks(tmp_path / "podman" / "podman.sock", PODMAN) as url:
        engine = await find_engine(wish, tmp_path)
    assert (engine.url, engine.found) == (url, "rootless Podman")


async def test_container_host_is_asked_as_podman_does(tmp_path: Path) -> None:
    async with speaks(tmp_path / "p.sock", PODMAN) as url:
        engine = await find_engine({"CONTAINER_HOST": url, "KIND_EXPERIMENTAL_PROVIDER": "podman"}, tmp_path)
    assert engine.found == "CONTAINER_HOST"


async def test_an_unreadable_configuration_is_told(tmp_path: Path) -> None:
    config = tmp_path / ".docker" / "config.json"
    await asyncio.to_thread(config.parent.mkdir)
    await asyncio.to_thread(config.write_text, "{")
    error = await failure({}, tmp_path)
    assert str(config) in error.cause


@pytest.mark.parametrize("text", ["", "\n", "[]", '{"currentContext": null}'])
async def test_a_configuration_that_says_nothing_changes_nothing(tmp_path: Path, text: str) -> None:
    config = tmp_path / ".docker" / "config.json"
    await asyncio.to_thread(config.parent.mkdir)
    await asyncio.to_thread(config.write_text, text)
    async with speaks(tmp_path / "d.sock", DOCKER) as url:
        assert await asyncio.to_thread(local_engine._named, {}, tmp_path) is None
        engine = await find_engine({"DOCKER_HOST": f" {url}\n"}, tmp_path)
    assert engine.url == url


async def test_docker_host_is_read_as_docker_does(tmp_path: Path) -> None:
    said = {"unix://": "unix:///var/run/docker.sock", "box:2376": "tcp://box:2376", ":1": "tcp://localhost:1"}
    said |= {
        "tcp://box": "tcp://box:2375",
        "tcp://[::1]:1": "tcp://[::1]:1",
        "tcp://": "tcp://localhost:2375",
    }
    found = {text: local_engine._named({"DOCKER_HOST": text}, tmp_path) for text in (*said, " ")}
    assert {text: each and each.url for text, each in found.items()} == {**said, " ": None}


async def test_a_context_of_another_form_leads_to_the_default(tmp_path: Path) -> None:
    await asyncio.to_thread(write_context, tmp_path / ".docker", "odd", "unix:///x", True)
    (meta,) = await asyncio.to_thread(lambda: list((tmp_path / ".docker" / "contexts").rglob("meta.json")))
    await asyncio.to_thread(meta.write_text, '{"Endpoints": {"docker": "unix:///x"}}')
    named = await asyncio.to_thread(local_engine._named, {}, tmp_path)
    assert named is not None
    assert named.url == "unix:///var/run/docker.sock"
