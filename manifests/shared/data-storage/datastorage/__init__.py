"""Data Storage: writes audit events to PostgreSQL and reads them back, with Redis in between."""
