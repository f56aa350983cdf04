"""Loads: a file's way from upload to serving (XW-7, XW-13, XW-22, XW-24)."""
