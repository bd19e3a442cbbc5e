"""The calls of the container engine's API that its library does not offer.

The library's own calls never close an answer that is left, and the engine then goes on with what nobody
listens to any more. Its private `_query`, which does not have that fault, is used here and nowhere else.
"""

from __future__ import annotations

import contextlib
import json
from typing import TYPE_CHECKING, Any, cast

from aiodocker import DockerError
from aiohttp import ClientResponse, ClientTimeout
from yarl import URL

from tui.clients.engine_errors import LIBRARY, EngineRefusedError, explained
from tui.clients.execution import Execution
from tui.clients.registry import encode, with_tag
from tui.hosts.usage.counters import Counters

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping, Sequence

    from aiodocker import Docker
    from aiohttp import StreamReader

    from tui.clients.registry import Login
    from tui.hosts.container_engine import ContainerEngine

_STOP = 10  # seconds for a container to stop by itself, as `docker stop` has it

Message = dict[str, Any]
"""What a build or pull answers with, one JSON object after the other."""


class EngineApi:
    """An open connection to a container engine.

    Args:
        docker: The library's client.
    """

    def __init__(self, docker: Docker) -> None:
        self._docker = docker

    async def find_image(self, name: str) -> dict[str, Any] | None:
        """Return what the engine knows of an image; None where it has none of that name.

        Raises:
            EngineRefusedError: It fails to say.
            EngineLostError: It does not answer.
        """
        try:
            found: dict[str, Any] = await self._docker.images.inspect(name)
            return found
        except DockerError as error:
            if error.status == 404:
                return None
            raise explained(error) from error
        except LIBRARY as error:
            raise explained(error) from error

    def build(
        self, params: Mapping[str, str], context: AsyncIterator[bytes], logins: Mapping[str, Any]
    ) -> contextlib.AbstractAsyncContextManager[AsyncIterator[Message]]:
        """Build an image; leaving the block before the end stops the build.

        Args:
            params: As the engine's API has them.
            context: The build context, a tar.
            logins: By registry, as of `registry.for_builds`.

        Raises:
            EngineRefusedError: The build cannot begin.
            EngineLostError: The connection broke.
        """
        headers = {"Content-Type": "application/x-tar", "X-Registry-Config": encode(logins)}
        return self._messages("build", params, headers, context)

    def pull(
        self, image: str, platform: str | None, login: Login | None
    ) -> contextlib.AbstractAsyncContextManager[AsyncIterator[Message]]:
        """Pull an image; leaving the block before the end stops the pull. Raises as `build` does."""
        params = {"fromImage": with_tag(image)} | ({"platform": platform} if platform else {})
        headers = {"X-Registry-Auth": encode(login.for_engine())} if login else {}
        return self._messages("images/create", params, headers)

    def push(
        self, image: str, login: Login | None, *, podman: bool = False
    ) -> contextlib.AbstractAsyncContextManager[AsyncIterator[Message]]:
        """Push an image, named with its tag, to its registry; leaving the block stops it. Raises as `build`.

        A registry on the engine's loopback needs no TLS, which Podman has to be told.
        """
        repository, _, tag = image.rpartition(":")
        plain = podman and image.startswith(("localhost:", "127.0.0.1:"))
        params = {"tag": tag} | ({"tlsVerify": "false"} if plain else {})
        headers = {"X-Registry-Auth": encode(login.for_engine() if login else {})}  # it must be there
        return self._messages(f"images/{repository}/push", params, headers)

    @contextlib.asynccontextmanager
    async def export(self, images: Sequence[str], platform: Mapping[str, str]) -> AsyncIterator[StreamReader]:
        """Open an archive of images, a tar; leaving the block before the end stops the engine.

        Args:
            images: The images' names.
            platform: Which of their platforms, by `os`, `architecture`, `variant`; the engine's own if empty.

        Raises:
            EngineRefusedError: An image is not there.
            EngineLostError: The connection broke.
        """
        names = [("names", image) for image in images]
        chosen = [("platform", json.dumps(platform))] if platform else []
        async with self._answer("GET", URL("images/get").with_query(names + chosen), {}) as response:
            yield response.content

    def load(
        self, archive: AsyncIterator[bytes]
    ) -> contextlib.AbstractAsyncContextManager[AsyncIterator[Message]]:
        """Load an archive of images; leaving the block before the end stops that. Raises as `build` does."""
        return self._messages("images/load", {"quiet": "1"}, {"Content-Type": "application/x-tar"}, archive)

    async def images(self, pattern: str = "") -> dict[str, str]:
        """Return the engine's images: the ID of each, by its names with tags.

        Args:
            pattern: Which, by their names, such as `shop/*:dev-*`; all if it is empty.

        Raises:
            EngineRefusedError: It fails to say.
            EngineLostError: It does not answer.
        """
        params = {"filters": json.dumps({"reference": [pattern]})} if pattern else {}
        found = await self.call("GET", "images/json", params)
        named = ((name, each) for each in found for name in each.get("RepoTags") or ())
        return {name: str(each["Id"]) for name, each in named if name != "<none>:<none>"}

    async def tag(self, image: str, name: str) -> None:
        """Give an image another name, with its tag."""
        repository, _, tag = name.rpartition(":")
        await self._docker.images.tag(image, repository, tag=tag)

    async def containers(self, label: str = "") -> list[dict[str, Any]]:
        """Return the engine's containers as it lists them, running or not.

        Args:
            label: `key=value`, which they must have.

        Raises:
            EngineRefusedError: It fails to say.
            EngineLostError: It does not answer.
        """
        # The library's own list would inspect each of them.
        params = {"all": "true", "filters": json.dumps({"label": [label]} if label else {})}
        return cast("list[dict[str, Any]]", await self.call("GET", "containers/json", params))

    async def usage(self, container: str) -> Counters:
        """Return what a container has used so far; nothing where the engine does not say.

        Raises:
            EngineRefusedError: There is no such container.
            EngineLostError: It does not answer.
        """
        params = {"stream": "false", "one-shot": "true"}
        return counters_of(await self.call("GET", f"containers/{container}/stats", params))

    async def inspect(self, container: str) -> dict[str, Any]:
        """Return what the engine knows of a container.

        Raises:
            EngineRefusedError: There is no such container.
            EngineLostError: It does not answer.
        """
        return cast("dict[str, Any]", await self.call("GET", f"containers/{container}/json"))

    async def wake(self, container: str, *, paused: bool) -> None:
        """Start a stopped container again, or unpause a paused one."""
        await self.call("POST", f"containers/{container}/{'unpause' if paused else 'start'}")

    async def stop(self, container: str) -> None:
        """Stop a container, and wait until it has; one that does not stop by itself is killed."""
        await self.call("POST", f"containers/{container}/stop", {"t": str(_STOP)})

    async def remove(self, container: str) -> bool:
        """Remove a container with its volumes, running or not; whether the engine knows of it."""
        try:
            async with self._answer("DELETE", f"containers/{container}", {"force": "true", "v": "true"}):
                return True
        except EngineRefusedError as error:
            if error.status == 409:  # it is being removed already
                return True
            if error.status == 404:
                return False
            raise

    async def remove_image(self, name: str) -> bool:
        """Remove an image's name, and with its last name the image and what of its layers nothing else has.

        Returns:
            Whether the engine had it; an image that a container uses stays.

        Raises:
            EngineRefusedError: It fails to remove it.
            EngineLostError: It does not answer.
        """
        try:
            async with self._answer("DELETE", f"images/{name}", {}):
                return True
        except EngineRefusedError as error:
            if error.status in (404, 409):
                return False
            raise

    async def remove_labelled(self, path: str, label: str) -> bool:
        """Remove a network or a volume if it has a label.

        Args:
            path: `networks/NAME` or `volumes/NAME`.
            label: `key=value`.

        Returns:
            Whether there is none with that label any more; one that is in use stays.

        Raises:
            EngineRefusedError: It fails to remove it.
            EngineLostError: It does not answer.
        """
        key, _, value = label.partition("=")
        try:
            if ((await self.call("GET", path)).get("Labels") or {}).get(key) == value:
                await self.call("DELETE", path)
        except EngineRefusedError as error:
            if error.status not in (403, 404, 409):
                raise
            return error.status == 404
        return True

    async def last_lines(self, container: str, number: int) -> list[str]:
        """Return the last lines that a container has printed.

        Raises:
            EngineRefusedError: There is no such container.
            EngineLostError: It does not answer.
        """
        try:
            found = self._docker.containers.container(container)
            said = await found.log(stdout=True, stderr=True, tail=number)
        except LIBRARY as error:
            raise explained(error) from error
        return "".join(said).splitlines()  # which come in pieces

    async def run_in(self, container: str, argv: Sequence[str]) -> tuple[int, str]:
        """Run a short command in a container.

        Returns:
            Its exit status and its standard output.
        """
        try:
            execution = await self._docker.containers.container(container).exec(list(argv))
            output = bytearray()
            async with execution.start(detach=False) as stream:
                while message := await stream.read_out():
                    if message.stream == 1:
                        output += message.data
            status = (await execution.inspect())["ExitCode"]
        except LIBRARY as error:
            raise explained(error) from error
        return int(status or 0), output.decode(errors="replace")

    @contextlib.asynccontextmanager
    async def feed(self, container: str, argv: Sequence[str]) -> AsyncIterator[Execution]:
        """Run a command in a container that reads its input; leaving the block ends the input.

        Raises:
            EngineRefusedError: The engine does not run it.
            EngineLostError: The connection broke.
        """
        try:
            command = await self._docker.containers.container(container).exec(list(argv), stdin=True)
            async with command.start(detach=False) as stream:
                execution = Execution(command, stream)
                try:
                    yield execution
                finally:
                    await execution.close()
        except LIBRARY as error:
            raise explained(error) from error

    async def call(
        self, method: str, path: str, params: Mapping[str, str] | None = None, body: Any = None
    ) -> Any:
        """Call the engine's API.

        Args:
            method: The HTTP method.
            path: The path after the API's version.
            params: The query.
            body: What is sent, as JSON; nothing if None.

        Returns:
            The JSON of the answer; None if there is none.

        Raises:
            EngineRefusedError: It refuses.
            EngineLostError: It does not answer.
        """
        headers = {} if body is None else {"Content-Type": "application/json"}
        data = None if body is None else json.dumps(body).encode()
        async with self._answer(method, path, params or {}, headers, data) as response:
            text = await response.read()
        return json.loads(text) if text.strip() else None

    async def images_size(self) -> int:
        """Return how many bytes the engine's images take."""
        return int((await self.call("GET", "system/df")).get("LayersSize") or 0)

    async def info(self) -> dict[str, Any]:
        """Return the engine's information on itself and its machine."""
        return cast("dict[str, Any]", await self.call("GET", "info"))

    @contextlib.asynccontextmanager
    async def _messages(
        self,
        path: str,
        params: Mapping[str, str],
        headers: Mapping[str, str],
        data: AsyncIterator[bytes] | None = None,
    ) -> AsyncIterator[AsyncIterator[Message]]:
        async with self._answer("POST", path, params, headers, data) as response:
            yield _objects(response.content)

    @contextlib.asynccontextmanager
    async def _answer(
        self,
        method: str,
        path: str | URL,
        params: Mapping[str, str],
        headers: Mapping[str, str] | None = None,
        data: AsyncIterator[bytes] | bytes | None = None,
    ) -> AsyncIterator[ClientResponse]:
        try:
            async with self._docker._query(
                path, method, params=params, headers=headers, data=data, timeout=ClientTimeout()
            ) as response:
                try:
                    yield response
                finally:
                    response.close()  # or the engine would go on
        except LIBRARY as error:
            raise explained(error) from error


@contextlib.asynccontextmanager
async def connect(engine: ContainerEngine) -> AsyncIterator[EngineApi]:
    """Connect to a container engine until the block ends."""
    async with engine.client() as docker:
        yield EngineApi(docker)


async def _objects(content: StreamReader) -> AsyncIterator[Message]:
    """Yield the JSON objects of an answer, one a line, of any length."""
    rest = b""
    async for chunk in content.iter_any():
        *lines, rest = (rest + chunk).split(b"\n")
        for line in lines:
            if line.strip():
                yield json.loads(line)
    if rest.strip():
        yield json.loads(rest)


def failure_of(message: Message) -> str:
    """Return the error that a message reports; empty if it reports none."""
    if "error" not in message and "errorDetail" not in message:
        return ""
    detail = cast("Message", message.get("errorDetail") or {})
    return str(detail.get("message") or message.get("error") or "it does not say why")


def counters_of(stats: Mapping[str, Any]) -> Counters:
    """Return the counters of a container from the engine's statistics of it."""
    memory = stats.get("memory_stats") or {}
    cached = memory.get("stats") or {}
    held = (memory.get("usage") or 0) - cached.get("total_inactive_file", cached.get("inactive_file", 0))
    moved = {"read": 0, "write": 0}
    for entry in (stats.get("blkio_stats") or {}).get("io_service_bytes_recursive") or ():
        if (way := str(entry.get("op", "")).lower()) in moved:
            moved[way] += entry.get("value") or 0
    used = ((stats.get("cpu_stats") or {}).get("cpu_usage") or {}).get("total_usage") or 0
    return Counters(used / 1e9, max(held, 0) / (1 << 20), moved["read"] / 1e6, moved["write"] / 1e6)


def short(identity: str) -> str:
    """Return an image's ID as people know it, its first twelve digits."""
    return identity.removeprefix("sha256:")[:12]
