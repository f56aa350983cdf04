"""The gateway's application, built from the environment. Django-free; loaded by every gateway worker."""

from importlib.metadata import version

from yishu.config.environment import read_environment
from yishu.gateway.app import Gateway, Settings
from yishu.ledger.digests import Digester
from yishu.runtime.roles import gateway_url
from yishu.security.tokens import TokenKeys


def settings() -> Settings:
    """Addresses and keys of this platform. Raises ``BadSetting`` and ``Unavailable`` in words for people."""
    environment = read_environment()
    return Settings(
        database_url=gateway_url(environment),
        token_keys=TokenKeys.load(environment.home),
        digester=Digester.load(environment.home),
        token_seconds=environment.token_seconds,
        version=version("yishu"),
    )


app = Gateway(settings)
