"""A run without a screen: lines, JSON, and the report at its end."""
