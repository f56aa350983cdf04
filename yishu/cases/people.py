"""Who is signed in, for views."""

from django.http import HttpRequest

from yishu.orgs.models import Person


def signed_in(request: HttpRequest) -> Person:
    """Who is signed in; ``login_required`` made sure that somebody is."""
    assert isinstance(request.user, Person)  # noqa: S101  (narrows the type)
    return request.user
