"""Who is reading a page, for the views of every context."""

from django.http import HttpRequest

from yishu.kernel.errors import NotAllowed
from yishu.orgs.models import Jurisdiction, Person


def signed_in(request: HttpRequest) -> Person:
    """Who is signed in; ``login_required`` made sure that somebody is."""
    if not isinstance(request.user, Person):
        raise TypeError("a view without sign-in asked for its person")
    return request.user


def reader(request: HttpRequest, *, what: str, code: str) -> tuple[Person, Jurisdiction]:
    """Who is signed in and whose ``what`` they read. Raises NotAllowed under ``code`` for somebody without a department."""
    person = signed_in(request)
    if person.department is None:
        raise NotAllowed(f"您的账号没有所属部门，不能查看{what}", remedy="请联系系统管理员设置所属部门", code=code)
    return person, person.department.jurisdiction
