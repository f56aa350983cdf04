"""Rules compiled from item definitions into one Ibis pass (XW-12.2, XW-13.1, XW-15). Django-free."""
