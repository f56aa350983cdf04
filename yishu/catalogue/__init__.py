"""Resources and items by guide 1272, their review, versions and search (XW-7, XW-8, XW-18, XW-21)."""
