-- The workflows that the end-to-end tests run. Applying it again changes nothing.

-- +goose Up
INSERT INTO remediation_workflow_catalog
    (workflow_name, version, title, description, bundle, labels, parameters, is_latest)
VALUES
    ('restart-deployment', '1.0.0', 'Restart a deployment',
     'Rolls every pod of a deployment, for a state that a fresh start clears',
     'workflows/restart-deployment:1.0.0',
     '{"signal": "CrashLoopBackOff", "severity": "high", "component": "deployment"}',
     '[{"name": "namespace", "required": true}, {"name": "deployment", "required": true}]',
     false),
    ('restart-deployment', '1.1.0', 'Restart a deployment',
     'Rolls every pod of a deployment and waits until it is available again',
     'workflows/restart-deployment:1.1.0',
     '{"signal": "CrashLoopBackOff", "severity": "high", "component": "deployment"}',
     '[{"name": "namespace", "required": true}, {"name": "deployment", "required": true},
       {"name": "timeout", "default": "5m"}]',
     true),
    ('raise-memory-limit', '1.0.0', 'Raise a memory limit',
     'Multiplies the memory limit of a container that was killed for want of memory',
     'workflows/raise-memory-limit:1.0.0',
     '{"signal": "OOMKilled", "severity": "critical", "component": "container"}',
     '[{"name": "namespace", "required": true}, {"name": "deployment", "required": true},
       {"name": "factor", "default": "1.5"}]',
     true),
    ('roll-back-deployment', '1.0.0', 'Roll a deployment back',
     'Returns to the revision before the one that does not become ready',
     'workflows/roll-back-deployment:1.0.0',
     '{"signal": "ProgressDeadlineExceeded", "severity": "high", "component": "deployment"}',
     '[{"name": "namespace", "required": true}, {"name": "deployment", "required": true}]',
     true),
    ('drain-node', '1.0.0', 'Drain a node',
     'Cordons a node under pressure and moves its pods away',
     'workflows/drain-node:1.0.0',
     '{"signal": "NodePressure", "severity": "critical", "component": "node"}',
     '[{"name": "node", "required": true}, {"name": "grace_period", "default": "30s"}]',
     true)
ON CONFLICT (workflow_name, version) DO NOTHING;

-- +goose Down
DELETE FROM remediation_workflow_catalog
WHERE (workflow_name, version) IN (
    ('restart-deployment', '1.0.0'),
    ('restart-deployment', '1.1.0'),
    ('raise-memory-limit', '1.0.0'),
    ('roll-back-deployment', '1.0.0'),
    ('drain-node', '1.0.0')
);
