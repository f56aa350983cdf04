"""The delivery service that consumers' programs call (DESIGN §6): who → grant → row filter and masks → ledger → answer.

Serves XW-19 (shared use under a grant) and XW-20.2 (use only for the purpose and within the term granted). In: compiled
grants (schema ``gateway``), serving tables (schema ``serving``), bearer tokens. Out: records, receipts, problem documents,
and one ledger entry for every delivery and every refusal. The contract for callers is docs/gateway-protocol.md. Django-free.
"""
