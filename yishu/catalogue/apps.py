from django.apps import AppConfig


class CatalogueConfig(AppConfig):
    default_auto_field = "django.db.models.BigAutoField"
    name = "yishu.catalogue"
    label = "catalogue"
    verbose_name = "目录"
