from django.apps import AppConfig


class AuthLogConfig(AppConfig):
    name = "authlog"
    verbose_name = "Log of failed logins"

    def ready(self):
        from . import checks, receivers  # noqa: F401  they register themselves

        checks.log_warnings()
