"""Registers a regulation asks for, one mechanism with the pack's schemas; filing of responsible units and people.

Systems, channels, networks, nodes, standards, documents, risk assessments, reviews, trainings (XW-6.2, 16, 27, 31, 32; XZ-1.3, 5.1,
5.8, 5.9, 6.3, 6.4; JY-6, 31). In: what departments and the authority enter. Out: entries other contexts check against.
"""
