"""Bodies are bounded before anything reads them: a stranger cannot fill the disk through a form's CSRF check."""

import pytest
from django.conf import settings
from django.test import Client, RequestFactory

from yishu.pages import middleware
from yishu.pages.middleware import FORM_ROOM, STRANGERS_BODY, BodyLimits

pytestmark = pytest.mark.django_db


class Person:
    def __init__(self, known):
        self.is_authenticated = known


def through(size, *, known):
    request = RequestFactory().post("/x/", data=b"", content_type="text/plain")
    request.META["CONTENT_LENGTH"] = str(size)
    request.user = Person(known)
    reached = []
    answer = BodyLimits(lambda _: reached.append(1) or middleware.HttpResponse("in"))(request)
    return answer.status_code, bool(reached)


def test_body_of_a_stranger_beyond_a_form_is_refused_unread():
    assert through(STRANGERS_BODY, known=False) == (200, True)
    assert through(STRANGERS_BODY + 1, known=False) == (413, False)


def test_body_of_a_person_is_bounded_by_the_upload_limit():
    most = settings.ENVIRONMENT.upload_limit + FORM_ROOM
    assert through(most, known=True) == (200, True)
    assert through(most + 1, known=True) == (413, False)
    assert through("9" * 30, known=True)[1] is False


def test_sign_in_page_given_a_large_form_answers_413():
    client = Client(enforce_csrf_checks=True)
    client.get("/accounts/login/")
    answer = client.post("/accounts/login/", {"login": "x" * STRANGERS_BODY, "password": "y"})
    assert answer.status_code == 413 and "pages.body_too_large" in answer.content.decode()
