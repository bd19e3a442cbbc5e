"""A provider's configuration, checked when the plan is read: it itself sees it after minutes of builds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from pydantic import ValidationError

from tui.plan.document import EmptyError, get, items, parse_document
from tui.plan.faults import Place, PlanError, shown
from tui.plan.k3d_config import K3dConfig
from tui.plan.kind_config import KindConfig
from tui.plan.messages import explain
from tui.plan.substitute import References

if TYPE_CHECKING:
    from pydantic import BaseModel

    from tui.plan.document import Document


class _Form(NamedTuple):
    """The form of a provider's configuration: whose, its model, and how it begins."""

    whose: str
    model: type[BaseModel]
    begin: str


_FORMS = {
    "kind": _Form(
        "Kind's", KindConfig, "begin with `kind: Cluster` and `apiVersion: kind.x-k8s.io/v1alpha4`"
    ),
    "k3d": _Form("k3d's", K3dConfig, "begin with `kind: Simple` and `apiVersion: k3d.io/v1alpha5`"),
}


def node_images(config: str, provider: str, image: str | None) -> set[str]:
    """Return the images that a cluster's nodes are made of.

    Args:
        config: The provider's configuration, filled in; empty for its defaults.
        provider: Whose it is.
        image: The image that goes over those of the configuration; None if there is none.

    Returns:
        The images; empty text for the provider's own default.

    Raises:
        PlanError: The configuration is not YAML.
    """
    if image:
        return {image}
    content = parse_document(config, "").value if config else None
    named = [content] if provider == "k3d" else items(content, "nodes") or [None]
    return {str(get(each, ("image",)) or "") for each in named}


def check_config(written: str, filled: str, source: str, provider: str) -> None:
    """Check a configuration.

    Args:
        written: The file's text.
        filled: The text with its references filled in.
        source: The file's name in errors.
        provider: Whose it is.

    Raises:
        PlanError: The provider would refuse it; every fault found has its place.
    """
    try:
        document = parse_document(filled, source)
    except EmptyError as error:
        raise PlanError.at(Place(source), "is empty", _FORMS[provider].begin) from error
    data = document.value
    if filled != written:  # what is filled in is laid out anew: places are those of the file
        document = parse_document(References(written, {}, source).text, source)
    check_values(data, document, provider)


def check_values(data: Any, document: Document, provider: str) -> None:
    """Check the values of a configuration.

    Args:
        data: The configuration, filled in.
        document: Where its values are written.
        provider: Whose it is.

    Raises:
        PlanError: The provider would refuse it; every fault found has its place.
    """
    whose, model, begin = _FORMS[provider]
    if not isinstance(data, dict):
        cause = f"{whose} configuration must be a mapping, not {shown(data)}"
        raise PlanError.at(document.place(()), cause, begin)
    try:
        model.model_validate(data)
    except ValidationError as error:
        raise PlanError(f for _, f in explain(error, data, document, model.model_json_schema())) from error
