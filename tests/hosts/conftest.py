"""Servers for tests of what goes wrong."""

from __future__ import annotations

from tests.contract.fixtures import client, own_sshd, small, sshd, user_key

__all__ = ["client", "own_sshd", "small", "sshd", "user_key"]
