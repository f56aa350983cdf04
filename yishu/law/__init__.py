"""The law as dated values: packs, overlay, working-day calendar, clocks and decisions. Django-free, pure functions.

In: the YAML under ``yishu/packs`` and a date. Out: values that carry their reference, due dates, ``Decision``.
Serves every deadline, role, required field and refusal of the regulations.
"""
