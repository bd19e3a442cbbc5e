-- What happened, when, to what and by whose hand: written by Data Storage, never changed after.

-- +goose Up
CREATE TABLE audit_events (
    event_id         UUID        PRIMARY KEY DEFAULT gen_random_uuid(),
    event_version    TEXT        NOT NULL DEFAULT '1.0',
    event_timestamp  TIMESTAMPTZ NOT NULL,
    event_type       TEXT        NOT NULL CHECK (event_type <> ''),
    event_category   TEXT        NOT NULL CHECK (event_category <> ''),
    event_action     TEXT        NOT NULL CHECK (event_action <> ''),
    event_outcome    TEXT        NOT NULL CHECK (event_outcome IN ('success', 'failure', 'pending')),
    correlation_id   TEXT        NOT NULL CHECK (correlation_id <> ''),
    actor_type       TEXT,
    actor_id         TEXT,
    resource_type    TEXT,
    resource_id      TEXT,
    namespace        TEXT,
    duration_ms      INTEGER     CHECK (duration_ms >= 0),
    event_data       JSONB       NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(event_data) = 'object'),
    recorded_at      TIMESTAMPTZ NOT NULL DEFAULT now()
);

-- The story of one remediation, newest first.
CREATE INDEX audit_events_correlation_idx
    ON audit_events (correlation_id, event_timestamp DESC, event_id);

-- Everything, newest first.
CREATE INDEX audit_events_timestamp_idx
    ON audit_events (event_timestamp DESC, event_id);

-- +goose Down
DROP TABLE audit_events;
