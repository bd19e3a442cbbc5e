"""Makes a run of what its user asked for: which tasks, in which environment, kept in which journal."""
