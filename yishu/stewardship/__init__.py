"""Who must collect what, and who already has it: demand lists, responsibility lists, joint collection, one source.

XW-8, 9, 12, 17, 23; XZ-2.3, 4.1; JY-16–18, 20, 22; TL-19, 20. In: published catalogue versions (as events), registered system
tables, demands. Out: duties departments acknowledge, decisions on the source of a datum, what need not be asked for again.
"""
