"""What PostgreSQL says, with its SQLSTATE."""

from __future__ import annotations

from tui.plan.signature import Known, known

DATABASES: dict[str, Known] = {
    "database-login": known(
        r"\((?:28000|28P01|3D000)\)",
        "a server takes user, password and database from its first start, whatever its Secret says now",
        "postgres",
    ),
    "in-transaction": known(r"\(25001\)", "begin the file with `-- +goose NO TRANSACTION`", "postgres"),
    "database-privilege": known(
        r"\(42501\)", "the user lacks the privilege: grant it, or use another user", "postgres"
    ),
    "enum-value": known(
        r"\(55P04\)", "put `ALTER TYPE … ADD VALUE` into a migration of its own, before this one", "postgres"
    ),
    "extension-absent": known(
        r'extension "[^"]*" is not available|could not open extension control file',
        "bring up a database image that has the extension, such as pgvector's or PostGIS's own",
        "postgres",
    ),
    "extension-first": known(
        r"function (?:uuid_generate_\w+|gen_random_bytes|crypt|gen_salt|digest|similarity|unaccent)\(.* exist"
        r'|type "(?:citext|hstore|vector|geometry|geography|ltree)" does not exist|class "gin_trgm_ops"',
        'make what it is of first, such as `CREATE EXTENSION IF NOT EXISTS "uuid-ossp"`, pgcrypto or citext',
        "postgres",
    ),
    "table-exists": known(
        r"\(42P07\)",
        "it was made by other means: start from an empty database, or record the version as applied",
        "postgres",
    ),
}
