"""Migrations of PostgreSQL in goose's format, read alike by lint and by those who apply them."""
