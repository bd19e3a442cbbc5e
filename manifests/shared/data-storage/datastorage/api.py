"""The service's HTTP interface."""

from __future__ import annotations

import json
import logging
import time
from http import HTTPStatus
from typing import TYPE_CHECKING

from aiohttp import web

from datastorage import events
from datastorage.health import check_all
from datastorage.logs import fields
from datastorage.problems import Handler, problem_middleware

if TYPE_CHECKING:
    from datastorage.cache import AnswerCache
    from datastorage.store import AuditPage, AuditStore

_LOG = logging.getLogger(__name__)
_MAX_BODY_BYTES = 4 * 1024 * 1024
_HEALTH = "/health"
_EVENTS = "/api/v1/audit/events"


class AuditApi:
    """Answers requests about audit events, and about the service's health."""

    def __init__(self, store: AuditStore, cache: AnswerCache) -> None:
        """Serve from `store`, with `cache` before it."""
        self._store = store
        self._cache = cache

    async def health(self, _request: web.Request) -> web.Response:
        """Tell, with 200 or 503, whether PostgreSQL and Redis can both be reached."""
        checks = await check_all(self._store, self._cache)
        errors = {name: check.error for name, check in checks.items() if check.error}
        healthy = not errors
        if not healthy:
            _LOG.warning("unhealthy", extra=fields(errors=errors))
        body = {
            "status": "ok" if healthy else "unavailable",
            "checks": {name: check.to_json() for name, check in checks.items()},
        }
        return web.json_response(body, status=HTTPStatus.OK if healthy else HTTPStatus.SERVICE_UNAVAILABLE)

    async def add_event(self, request: web.Request) -> web.Response:
        """Write one event."""
        event = events.parse_event(await _read_json(request))
        await self._add([event])
        body = {
            "event_id": str(event.event_id),
            "event_timestamp": event.event_timestamp.isoformat(),
        }
        return web.json_response(body, status=HTTPStatus.CREATED)

    async def add_batch(self, request: web.Request) -> web.Response:
        """Write several events, all or none."""
        batch = events.parse_batch(await _read_json(request))
        await self._add(batch)
        body = {"count": len(batch), "event_ids": [str(event.event_id) for event in batch]}
        return web.json_response(body, status=HTTPStatus.CREATED)

    async def find_events(self, request: web.Request) -> web.Response:
        """Read events, newest first; the header X-Cache tells where the answer comes from."""
        query = events.parse_query(_single_values(request))
        key = await self._cache.key(query)
        answer = await self._cache.get(key) if key else None
        if answer is not None:
            return _answer(answer, "hit")
        answer = json.dumps(_page_json(query, await self._store.find(query)))
        if key:
            await self._cache.put(key, answer)
        return _answer(answer, "miss")

    async def close(self, _application: web.Application) -> None:
        """Close the connections, once the last request has been answered."""
        await self._store.close()
        await self._cache.close()
        _LOG.info("stopped")

    async def _add(self, batch: list[events.AuditEvent]) -> None:
        await self._store.add(batch)
        await self._cache.invalidate()
        _LOG.info("events written", extra=fields(count=len(batch)))


def create_application(api: AuditApi) -> web.Application:
    """Return the application that routes requests to `api`."""
    application = web.Application(
        middlewares=[_log_middleware, problem_middleware], client_max_size=_MAX_BODY_BYTES
    )
    application.add_routes(
        [
            web.get(_HEALTH, api.health),
            web.post(_EVENTS, api.add_event),
            web.post(f"{_EVENTS}/batch", api.add_batch),
            web.get(_EVENTS, api.find_events),
        ]
    )
    application.on_cleanup.append(api.close)
    return application


@web.middleware
async def _log_middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Log every request, probes of a healthy service only when debugging."""
    begin = time.monotonic()
    response = await handler(request)
    quiet = request.path == _HEALTH and response.status == HTTPStatus.OK
    level = logging.DEBUG if quiet else logging.INFO
    duration_ms = round((time.monotonic() - begin) * 1000, 1)
    details = fields(
        method=request.method, path=request.path, status=response.status, duration_ms=duration_ms
    )
    _LOG.log(level, "request", extra=details)
    return response


async def _read_json(request: web.Request) -> object:
    body = await request.read()
    try:
        value: object = json.loads(body)
    except (ValueError, RecursionError) as error:
        message = f"must be JSON: {error}"
        raise events.InvalidInputError([events.FieldError("", message)]) from error
    return value


def _single_values(request: web.Request) -> dict[str, str]:
    """Return the parameters by name.

    Raises:
        InvalidInputError: A parameter is given more than once.
    """
    repeated = {name for name in request.query if len(request.query.getall(name)) > 1}
    if repeated:
        message = "must be given once"
        raise events.InvalidInputError([events.FieldError(name, message) for name in sorted(repeated)])
    return dict(request.query)


def _page_json(query: events.AuditQuery, page: AuditPage) -> dict[str, object]:
    end = query.offset + len(page.events)
    return {
        "data": [event.to_json() for event in page.events],
        "pagination": {
            "limit": query.limit,
            "offset": query.offset,
            "total": page.total,
            "has_more": bool(page.events) and end < page.total,
        },
    }


def _answer(text: str, source: str) -> web.Response:
    return web.Response(text=text, content_type="application/json", headers={"X-Cache": source})
