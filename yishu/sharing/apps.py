from django.apps import AppConfig


class SharingConfig(AppConfig):
    default_auto_field = "django.db.models.BigAutoField"
    name = "yishu.sharing"
    label = "sharing"
    verbose_name = "共享"
