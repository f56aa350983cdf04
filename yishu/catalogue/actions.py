"""Writes of the catalogue, by their modules: drafting, submitting, reviewing. Each is one transaction with its event and ledger entry.

The shortest way to a published resource: ``create_resource`` → ``submit_resource`` → ``decide_review`` (where the authority
alone decides: ``approve_resource``). Change events: ``changes``; leads: ``leads``; retirement: ``retiring``.
"""

from yishu.catalogue.access import DraftChanged
from yishu.catalogue.approval_rules import ReviewInput, SecrecyFinding
from yishu.catalogue.drafting import create_resource, save_draft
from yishu.catalogue.reviewing import approve_resource, decide_review, return_resource, withdraw_resource
from yishu.catalogue.submitting import SuspectedDuplicates, resubmit_resource, submit_resource

__all__ = [
    "DraftChanged",
    "ReviewInput",
    "SecrecyFinding",
    "SuspectedDuplicates",
    "approve_resource",
    "create_resource",
    "decide_review",
    "resubmit_resource",
    "return_resource",
    "save_draft",
    "submit_resource",
    "withdraw_resource",
]
