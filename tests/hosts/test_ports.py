from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from tui.hosts.ports import holder, is_taken


def test_a_port_that_is_listened_on_is_taken_and_its_holder_known() -> None:
    with socket.socket() as peer:
        peer.bind(("127.0.0.1", 0))
        peer.listen()
        port = peer.getsockname()[1]
        assert is_taken(port, "127.0.0.1")
        assert is_taken(port)
        if Path("/proc/net/tcp").exists():
            assert f"(pid {os.getpid()})" in holder(port)
    assert not is_taken(port, "127.0.0.1")
    assert holder(port) == ""


@pytest.mark.parametrize("table", ["", "  sl  local_address rem_address   st\n"])
def test_no_holder_where_the_system_does_not_say(tmp_path: Path, table: str) -> None:
    (tmp_path / "net").mkdir()
    (tmp_path / "net" / "tcp").write_text(table)
    assert holder(80, tmp_path) == ""
