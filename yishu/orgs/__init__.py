"""Jurisdictions, departments, people, roles and machine clients (XW-2.2, XW-5)."""
