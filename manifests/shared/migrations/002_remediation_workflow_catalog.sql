-- The workflows that a remediation can choose from, one row a version.

-- +goose Up
CREATE TABLE remediation_workflow_catalog (
    workflow_id       UUID        PRIMARY KEY DEFAULT gen_random_uuid(),
    workflow_name     TEXT        NOT NULL CHECK (workflow_name <> ''),
    version           TEXT        NOT NULL CHECK (version <> ''),
    title             TEXT        NOT NULL,
    description       TEXT        NOT NULL DEFAULT '',
    execution_engine  TEXT        NOT NULL DEFAULT 'tekton',
    bundle            TEXT        NOT NULL,
    labels            JSONB       NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(labels) = 'object'),
    parameters        JSONB       NOT NULL DEFAULT '[]' CHECK (jsonb_typeof(parameters) = 'array'),
    status            TEXT        NOT NULL DEFAULT 'active'
                                  CHECK (status IN ('active', 'disabled', 'deprecated')),
    is_latest         BOOLEAN     NOT NULL DEFAULT true,
    created_at        TIMESTAMPTZ NOT NULL DEFAULT now(),
    updated_at        TIMESTAMPTZ NOT NULL DEFAULT now(),
    UNIQUE (workflow_name, version)
);

-- Of each workflow at most one version is the latest.
CREATE UNIQUE INDEX remediation_workflow_catalog_latest_idx
    ON remediation_workflow_catalog (workflow_name)
    WHERE is_latest;

-- +goose Down
DROP TABLE remediation_workflow_catalog;
