"""The procedure engine that interprets the packs' procedures: cases, steps, clocks, work list.

Serves every procedure of the regulations (XW-8.3, XW-10.2, XW-19.1.b) and the auditor (XW-34.2). In: a pack's procedure,
who may act (orgs), decisions of people. Out: cases with an immutable history, ledger entries, pages `/` and `/cases/…`.
A context joins with a ``ports.Handler`` registered in ``config.wiring``.
"""
