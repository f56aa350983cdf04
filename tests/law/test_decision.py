"""Decisions carry their reason."""

import pytest

from yishu.law.decision import Decision


def test_decision_as_a_truth_value_is_refused():
    with pytest.raises(TypeError, match="allowed"):
        bool(Decision(True, "可以"))
    assert Decision(False, "不可以").allowed is False
