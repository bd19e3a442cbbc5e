"""A server of asyncssh's: runs commands by `sh`, has files, and leads to ports and sockets.

Usage: python -m tests.contract.peer HOST_KEY AUTHORIZED_KEYS

It says its port.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import IO

import asyncssh

_COMMANDS = 100  # at once
_DRAIN = 1.0  # seconds that output may outlive its command


class _Server(asyncssh.SSHServer):
    def connection_requested(self, dest_host: str, dest_port: int, orig_host: str, orig_port: int) -> bool:
        return True

    def unix_connection_requested(self, dest_path: str) -> bool:
        return True


async def _run(process: asyncssh.SSHServerProcess[bytes]) -> None:
    pipe = subprocess.PIPE
    argv = ("sh", "-c", process.command or "exec sh")
    # asyncio's own way waits for the end of the output too, which a daemon keeps open.
    child = subprocess.Popen(argv, stdin=pipe, stdout=pipe, stderr=pipe)  # noqa: ASYNC220
    assert child.stdout is not None
    assert child.stderr is not None
    await process.redirect(child.stdin)  # which ends with the connection
    pumps = {
        asyncio.create_task(_pump(child.stdout, process.stdout)),
        asyncio.create_task(_pump(child.stderr, process.stderr)),
    }
    status = await asyncio.to_thread(child.wait)
    _, late = await asyncio.wait(pumps, timeout=_DRAIN)
    for pump in late:
        pump.cancel()
    process.exit(status if status >= 0 else 128 - status)


async def _pump(source: IO[bytes], target: asyncssh.SSHWriter[bytes]) -> None:
    reader = asyncio.StreamReader()
    transport, _ = await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(reader), source
    )
    with contextlib.suppress(asyncssh.Error, OSError):
        while data := await reader.read(1 << 16):
            target.write(data)
            await target.drain()
    transport.close()


async def _serve(host_key: str, authorized_keys: str) -> None:
    asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(_COMMANDS))
    server = await asyncssh.listen(
        "127.0.0.1",
        0,
        server_factory=_Server,
        server_host_keys=[host_key],
        authorized_client_keys=authorized_keys,
        process_factory=_run,
        sftp_factory=True,
        encoding=None,
    )
    print(server.get_port(), flush=True)
    os.close(sys.stdout.fileno())
    await server.wait_closed()


if __name__ == "__main__":
    asyncio.run(_serve(*sys.argv[1:]))
