"""Jurisdictions, departments, people, roles and machine clients; sign-in, lock-out and the first visit.

Serves XW-2.2 (what counts as a 政务部门), XW-5.1 (authority), XW-5.2 (responsible person, unit and officers of a department).
In: what an administrator enters. Out: who somebody is, which roles they hold, and ``ClientChanged`` for the gateway.
"""
