"""Resources and items by guide 1272, their review, versions and search.

Serves XW-2, XW-3.1, XW-7, XW-8, XW-12, XW-17.1, XW-18, XW-19.2, XW-21, XW-30. In: drafts of providers, decisions of the
authority. Out: published versions (``rules.ResourceSpec`` through ``queries.published``), ``messages.ResourcePublished``.
Later contexts add buttons and cards to the resource page through ``ports.ResourcePanels``.
"""
