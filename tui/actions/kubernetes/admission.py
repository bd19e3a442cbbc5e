"""Which webhooks judge an object, by their configurations.

An operator may fill its configuration in itself, after its Deployment is Available: until its webhooks have
rules and a certificate authority, the API server takes objects without asking anybody.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tui.clients.kubernetes.api import ApiError

if TYPE_CHECKING:
    from tui.clients.kubernetes.api import Api, Object
    from tui.clients.kubernetes.discovery import Resource

_CONFIGURATIONS = tuple(
    f"/apis/admissionregistration.k8s.io/v1/{kind}webhookconfigurations"
    for kind in ("mutating", "validating")
)
_DEFINITIONS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
_OPERATIONS = {"CREATE", "UPDATE", "*"}


@dataclass(frozen=True, slots=True)
class Webhook:
    """A webhook that the API server may ask.

    Attributes:
        name: Its name.
        rules: What it is asked about.
        service: The service that it is reached at; empty where it has a URL.
        has_authority: Whether its server's certificate can be checked.
    """

    name: str
    rules: tuple[dict[str, Any], ...]
    service: str
    has_authority: bool

    def judges(self, resource: Resource) -> bool:
        """Return whether it is asked about objects of a resource when they are made or changed.

        Versions do not count: by default a rule for one version covers all of them.
        """
        return any(
            _OPERATIONS & set(rule.get("operations") or ())
            and {resource.group, "*"} & set(rule.get("apiGroups") or ())
            and {resource.plural, "*", "*/*", f"{resource.plural}/*"} & set(rule.get("resources") or ())
            for rule in self.rules
        )


async def why_not_judged(api: Api, resource: Resource) -> str:
    """Return why a resource's webhooks cannot judge objects yet; empty if all of them can.

    Raises:
        ApiError: The API server refuses to show the configurations.
        UnreachableError: It does not answer.
    """
    found: list[Webhook] = []
    for path in _CONFIGURATIONS:
        for configuration in (await api.get(path)).get("items") or ():
            found += [_webhook(entry) for entry in configuration.get("webhooks") or ()]
    judging = [webhook for webhook in found if webhook.judges(resource)]
    judging += await _conversion(api, resource)
    services = {webhook.service for webhook in judging}
    for webhook in found:
        if not webhook.rules and (not judging or webhook.service in services):
            return f"webhook {webhook.name} has no rules yet"
    for webhook in judging:
        if not webhook.has_authority:
            return f"webhook {webhook.name} has no certificate authority yet"
    return "" if judging else f"no webhook is configured to judge {resource.plural}"


def _webhook(entry: Object) -> Webhook:
    client = entry.get("clientConfig") or {}
    service = client.get("service") or {}
    return Webhook(
        name=str(entry.get("name", "")),
        rules=tuple(entry.get("rules") or ()),
        service=f"{service.get('namespace')}/{service.get('name')}" if service else "",
        has_authority=bool(client.get("caBundle") or client.get("url")),
    )


async def _conversion(api: Api, resource: Resource) -> list[Webhook]:
    """Return the webhook that converts objects to the version in which they are stored, if there is one."""
    try:
        found = await api.find(f"{_DEFINITIONS}/{resource.plural}.{resource.group}")
    except ApiError:
        return []
    conversion = ((found or {}).get("spec") or {}).get("conversion") or {}
    if conversion.get("strategy") != "Webhook":
        return []
    return [_webhook({**(conversion.get("webhook") or {}), "name": f"for conversion of {resource.plural}"})]
