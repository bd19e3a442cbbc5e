"""Steps that ask a URL."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from tui.plan.steps.base import StepBase
from tui.plan.values import Duration, Url

URL = "^https?://"


class HttpCheck(StepBase):
    """Ask a URL until it answers as wanted."""

    action = "tui.actions.http:check"
    default_timeout: ClassVar[float] = 60.0
    example = '- {kind: http.check, url: "http://127.0.0.1:8080/health", contains: ok, timeout: 1m}'

    kind: Literal["http.check"]
    url: Url = Field(pattern=URL, description="The URL, http:// or https://.")
    status: Annotated[int, Field(ge=100, le=599)] = Field(200, description="Status that is expected.")
    contains: str = Field("", description="Text that must stand in the answer.")
    interval: Duration = Field(0.25, description="Pause between two requests.")

    def _subject(self) -> str:
        return self.url
