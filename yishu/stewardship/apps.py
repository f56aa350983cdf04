from django.apps import AppConfig


class StewardshipConfig(AppConfig):
    default_auto_field = "django.db.models.BigAutoField"
    name = "yishu.stewardship"
    label = "stewardship"
    verbose_name = "数源"
