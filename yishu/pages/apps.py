from django.apps import AppConfig


class PagesConfig(AppConfig):
    default_auto_field = "django.db.models.BigAutoField"
    name = "yishu.pages"
    label = "pages"
    verbose_name = "页面"
