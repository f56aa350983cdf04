"""Processes: embedded PostgreSQL, supervisor, ports. Django-free."""
