"""How allauth keeps second factors here: secrets encrypted under the platform's key, names in Chinese."""

import base64
import hashlib

from allauth.mfa.adapter import DefaultMFAAdapter
from cryptography.fernet import Fernet
from django.conf import settings

from yishu.orgs.models import Person


class Adapter(DefaultMFAAdapter):  # type: ignore[misc]  # allauth has no types
    """Whoever reads the database alone cannot compute anybody's codes."""

    def encrypt(self, text: str) -> str:
        """A secret as the database keeps it."""
        return _box().encrypt(text.encode()).decode()

    def decrypt(self, encrypted_text: str) -> str:
        """A secret as it is used. Raises ``cryptography.fernet.InvalidToken`` when ``keys/django-secret`` is another one."""
        return _box().decrypt(encrypted_text.encode()).decode()

    def get_totp_label(self, user: Person) -> str:
        """What the app shows beside the code: the sign-in name."""
        return user.username

    def get_public_key_credential_user_entity(self, user: Person) -> dict[str, object]:
        """What the key is told about its person: the row's number and the sign-in name, nothing else."""
        return {"id": str(user.pk).encode(), "name": user.username, "display_name": user.username}


def _box() -> Fernet:
    key = hashlib.sha256(b"yishu second factor\n" + settings.SECRET_KEY.encode()).digest()
    return Fernet(base64.urlsafe_b64encode(key))
