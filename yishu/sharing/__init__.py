"""Applications, grants, and their compilation for the gateway (XW-17, XW-19, XW-22, XW-25)."""
