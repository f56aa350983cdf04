"""Whose cases a person reads after their post has changed."""

from yishu.cases.queries import visible_cases
from yishu.orgs.models import Role

from .conftest import AT, open_review


def test_opener_who_moved_to_another_department_no_longer_reads_the_case(county):
    case = open_review(county)
    Role.objects.filter(person=county.clerk).update(revoked_at=AT)
    assert case in visible_cases(county.clerk), "still there, without a role: their own case"
    county.clerk.department = county.consumer
    county.clerk.save()
    assert case not in visible_cases(county.clerk)
