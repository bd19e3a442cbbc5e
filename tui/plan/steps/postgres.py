"""Steps that speak to a PostgreSQL server in the cluster."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from tui.plan.steps.base import Names, StepBase
from tui.plan.steps.references import Namespace
from tui.plan.values import ExistingDirectory, Frozen


class Database(Frozen):
    """A PostgreSQL database in the cluster, reached through a port-forward to a ready pod."""

    service: str = Field(description="The server's Service.")
    namespace: Namespace = Field("default", description="Namespace of the Service.")
    port: Annotated[int, Field(ge=1, le=65535)] = Field(5432, description="Port of the Service.")
    user: str = Field(description="User to log in as.")
    password: str = Field(repr=False, description="The user's password; never shown.")
    database: str = Field(description="The database's name.")


class _PostgresStep(StepBase):
    needs_cluster = True

    connection: Database = Field(description="The database.")

    @property
    def namespaces_used(self) -> frozenset[str]:
        """The namespace of the server's Service."""
        return frozenset((self.connection.namespace,))


class PostgresMigrate(_PostgresStep):
    """Apply the goose-format migrations that the database has not had, once a pod of it is ready."""

    action = "tui.actions.postgres.migrate:migrate"
    example = """\
- kind: postgres.migrate
  connection: {service: postgresql, namespace: shop, user: shop, password: "${password}", database: shop}
  migrations: migrations"""

    kind: Literal["postgres.migrate"]
    migrations: ExistingDirectory = Field(description="Directory of files such as `00001_name.sql`.")

    def _subject(self) -> str:
        return self.connection.database


class PostgresVerify(_PostgresStep):
    """Check that tables exist."""

    action = "tui.actions.postgres.verify:verify"
    example = """\
- kind: postgres.verify
  connection: {service: postgresql, namespace: shop, user: shop, password: "${password}", database: shop}
  tables: [orders, customers]"""

    kind: Literal["postgres.verify"]
    tables: Names = Field(description="Tables, as `table` or `schema.table`.")

    def _subject(self) -> str:
        return ", ".join(self.tables)
