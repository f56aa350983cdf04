"""Who is reading a page of the catalogue."""

from django.http import HttpRequest

from yishu.orgs import reading
from yishu.orgs.models import Jurisdiction, Person


def reader(request: HttpRequest) -> tuple[Person, Jurisdiction]:
    """Who is signed in and whose catalogue they read. Raises NotAllowed for somebody without a department."""
    return reading.reader(request, what="目录", code="catalogue.no_department")
