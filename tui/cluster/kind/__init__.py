"""Kind clusters: created, adopted, loaded with images, deleted."""
