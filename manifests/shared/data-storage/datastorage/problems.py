"""Errors as clients see them: problem details in JSON, in the manner of RFC 7807."""

from __future__ import annotations

import json
import logging
from collections.abc import Awaitable, Callable
from dataclasses import asdict
from http import HTTPStatus

from aiohttp import web

from datastorage.events import InvalidInputError
from datastorage.store import SchemaMissingError, StoreUnavailableError

_LOG = logging.getLogger(__name__)
_RETRY_SECONDS = "2"

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@web.middleware
async def problem_middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Answer every failure of a handler with a problem."""
    try:
        return await handler(request)
    except InvalidInputError as error:
        errors = [asdict(each) for each in error.errors]
        return _problem(
            request,
            HTTPStatus.BAD_REQUEST,
            "invalid-input",
            "The input is not valid",
            errors=errors,
        )
    except SchemaMissingError:
        detail = "The migrations have not been applied yet"
        return _unavailable(request, "schema-missing", detail)
    except StoreUnavailableError as error:
        return _unavailable(request, "database-unavailable", str(error))
    except web.HTTPException as error:
        if error.status < HTTPStatus.BAD_REQUEST:
            raise
        response = _problem(request, HTTPStatus(error.status), "http", error.text or error.reason)
        if "Allow" in error.headers:
            response.headers["Allow"] = error.headers["Allow"]
        return response
    except Exception:
        _LOG.exception("request failed unexpectedly")
        detail = "An unexpected error; the log has its cause"
        return _problem(request, HTTPStatus.INTERNAL_SERVER_ERROR, "internal", detail)


def _unavailable(request: web.Request, kind: str, detail: str) -> web.Response:
    response = _problem(request, HTTPStatus.SERVICE_UNAVAILABLE, kind, detail)
    response.headers["Retry-After"] = _RETRY_SECONDS
    return response


def _problem(
    request: web.Request, status: HTTPStatus, kind: str, detail: str, **more: object
) -> web.Response:
    problem = {
        "type": f"urn:datastorage:problem:{kind}",
        "title": status.phrase,
        "status": status.value,
        "detail": detail,
        "instance": request.path,
        **more,
    }
    return web.Response(status=status, text=json.dumps(problem), content_type="application/problem+json")
