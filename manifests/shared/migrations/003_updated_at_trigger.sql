-- Keeps updated_at true whoever changes a row.

-- +goose Up
-- +goose StatementBegin
CREATE FUNCTION set_updated_at() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    -- clock_timestamp() and not now(), so that two changes in one transaction can be told apart.
    NEW.updated_at := clock_timestamp();
    RETURN NEW;
END;
$$;
-- +goose StatementEnd

CREATE TRIGGER remediation_workflow_catalog_updated_at
    BEFORE UPDATE ON remediation_workflow_catalog
    FOR EACH ROW
    WHEN (OLD IS DISTINCT FROM NEW)
    EXECUTE FUNCTION set_updated_at();

-- +goose Down
DROP TRIGGER remediation_workflow_catalog_updated_at ON remediation_workflow_catalog;
DROP FUNCTION set_updated_at();
