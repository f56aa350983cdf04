from django.apps import AppConfig


class ConfigConfig(AppConfig):
    name = "yishu.config"
    label = "config"

    def ready(self) -> None:
        """Join the contexts once every app is loaded."""
        from yishu.config.wiring import wire  # noqa: PLC0415  (contexts import models, which need loaded apps)

        wire()
