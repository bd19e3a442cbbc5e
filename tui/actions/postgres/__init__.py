"""The steps that migrate PostgreSQL databases and check what is in them."""
