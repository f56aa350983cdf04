"""The name under which failed sign-ins are counted. People type identity numbers and passwords into that box by mistake."""

import hashlib
import hmac

from django.conf import settings

from yishu.orgs.rules import normalise_username


def digest(username: str) -> str:
    """A keyed digest of the normalised sign-in name, so that what was typed is stored nowhere."""
    key = settings.SECRET_KEY.encode()
    return hmac.new(key, b"signin:" + normalise_username(username).encode(), hashlib.sha256).hexdigest()
