"""What every context speaks in: codes, references to law, errors, events and time. Imports nothing of Yishu, never Django.

Serves XW-12.2 (identifiers) and every refusal that must name its article. In: plain values. Out: frozen values and errors.
"""
