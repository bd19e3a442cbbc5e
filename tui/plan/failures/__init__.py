"""The catalogue of known failures: what programs and servers say, and what helps against it.

A newly known failure is one entry in the file of who says it. Its name can stand under a task's
`retry.signatures`: a retry names the failures that it applies to, since one that applies to all hides flakes
and destroys the diagnosis.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui.plan.failures.anywhere import CONNECTIONS, LIMITS
from tui.plan.failures.builds import BUILDS
from tui.plan.failures.clusters import CLUSTERS
from tui.plan.failures.commands import COMMANDS
from tui.plan.failures.databases import DATABASES
from tui.plan.failures.images import IMAGES
from tui.plan.failures.objects import OBJECTS
from tui.plan.failures.pods import PODS

if TYPE_CHECKING:
    from tui.plan.signature import Known

# The first entry that a text shows is taken: what says more of the cause stands before what says less.
KNOWN: dict[str, Known] = {
    **LIMITS,
    **PODS,
    **OBJECTS,
    **DATABASES,
    **BUILDS,
    **CLUSTERS,
    **IMAGES,
    **COMMANDS,
    **CONNECTIONS,
}
