"""Loads: a file's way from upload to serving (XW-7, XW-12.2, XW-13.1, XW-15.2).

In: a CSV file bound to a published catalogue resource. Out: versions in the lake, a serving table named by
``serving.current``, a report of what was rejected and why, and the event ``LoadPublished``. The ``Load`` row is the truth:
versions and tables it does not name do not exist (docs/decisions/0005-collection.md).
"""
