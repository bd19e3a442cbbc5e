"""A real registry on loopback that wants a login."""

from __future__ import annotations

import contextlib
import json
import shutil
import subprocess
import time
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

HTPASSWD = "me:$2b$05$K82IV1rsCL2pkDbzJ1Z9XeyAFY9TWepw9iIGJmP.zKwFvWUjXKmWq"
PASSWORD = "s3cret-word"


@contextlib.contextmanager
def serving(directory: Path) -> Iterator[str]:
    """Serve a registry to the user `me`; yields its address, skips where it is not installed."""
    if shutil.which("docker-registry") is None:
        pytest.skip("docker-registry is not installed")
    (directory / "htpasswd").write_text(f"{HTPASSWD}\n")
    config = {
        "version": 0.1,
        "storage": {"filesystem": {"rootdirectory": str(directory / "registry")}},
        "http": {"addr": "127.0.0.1:0", "net": "tcp"},
        "auth": {"htpasswd": {"realm": "test", "path": str(directory / "htpasswd")}},
    }
    (directory / "config.yml").write_text(json.dumps(config))
    log = directory / "registry.log"
    with log.open("wb") as output:
        argv = ("docker-registry", "serve", str(directory / "config.yml"))
        server = subprocess.Popen(argv, stdout=output, stderr=output)
    try:
        for _ in range(100):
            if "listening on " in log.read_text():
                break
            time.sleep(0.05)
        yield log.read_text().partition("listening on ")[2].split('"')[0].strip().split()[0]
    finally:
        server.terminate()
        server.wait(10)
