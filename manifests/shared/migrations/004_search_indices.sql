-- +goose NO TRANSACTION
-- Indices for searching a table that is already written to, built without locking it. An index that
-- broke off stays behind, invalid: each is dropped first, so that the file can be applied again.

-- +goose Up
DROP INDEX CONCURRENTLY IF EXISTS audit_events_type_idx;
CREATE INDEX CONCURRENTLY audit_events_type_idx
    ON audit_events (event_type, event_timestamp DESC, event_id);

DROP INDEX CONCURRENTLY IF EXISTS audit_events_data_idx;
CREATE INDEX CONCURRENTLY audit_events_data_idx
    ON audit_events USING gin (event_data jsonb_path_ops);

DROP INDEX CONCURRENTLY IF EXISTS remediation_workflow_catalog_labels_idx;
CREATE INDEX CONCURRENTLY remediation_workflow_catalog_labels_idx
    ON remediation_workflow_catalog USING gin (labels jsonb_path_ops);

-- +goose Down
DROP INDEX CONCURRENTLY IF EXISTS remediation_workflow_catalog_labels_idx;
DROP INDEX CONCURRENTLY IF EXISTS audit_events_data_idx;
DROP INDEX CONCURRENTLY IF EXISTS audit_events_type_idx;
