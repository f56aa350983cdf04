from django.apps import AppConfig


class RegistersConfig(AppConfig):
    default_auto_field = "django.db.models.BigAutoField"
    name = "yishu.registers"
    label = "registers"
    verbose_name = "登记"
