from django.apps import AppConfig


class CollectionConfig(AppConfig):
    default_auto_field = "django.db.models.BigAutoField"
    name = "yishu.collection"
    label = "collection"
    verbose_name = "汇聚"
