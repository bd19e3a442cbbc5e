"""A stand-in shaped like Tekton Pipelines, for tests that run without a registry. Not Tekton."""
