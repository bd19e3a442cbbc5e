"""Runs the service until it is told to stop."""

from __future__ import annotations

import logging
import os
import sys

from aiohttp import web

from datastorage import logs
from datastorage.api import AuditApi, create_application
from datastorage.cache import open_cache
from datastorage.settings import Settings, SettingsError
from datastorage.store import open_store

_LOG = logging.getLogger("datastorage")
_EXIT_USAGE = 2
_DRAIN_SECONDS = 10.0


def main() -> int:
    """Serve until SIGTERM or SIGINT, answer what is under way, and return the exit code."""
    logs.configure("INFO")
    try:
        settings = Settings.from_environment(os.environ)
    except SettingsError as error:
        _LOG.error("cannot start", extra=logs.fields(error=str(error)))
        return _EXIT_USAGE
    logs.configure(settings.log_level)
    web.run_app(
        _start(settings),
        port=settings.listen_port,
        shutdown_timeout=_DRAIN_SECONDS,
        access_log=None,
        print=_say_nothing,
    )
    return 0


async def _start(settings: Settings) -> web.Application:
    application = create_application(AuditApi(await open_store(settings), open_cache(settings)))
    application.on_startup.append(_log_start)
    application.on_shutdown.append(_log_stop)
    _LOG.info("starting", extra=logs.fields(port=settings.listen_port, database=settings.db_host))
    return application


async def _log_start(_application: web.Application) -> None:
    _LOG.info("started")


async def _log_stop(_application: web.Application) -> None:
    _LOG.info("stopping")


def _say_nothing(*_words: object) -> None:
    """Stand in for print: run_app's greeting is no JSON."""


if __name__ == "__main__":
    sys.exit(main())
