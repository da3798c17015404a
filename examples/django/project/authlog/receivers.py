"""Logs every failed login, for gaol to read (its filter django-auth).

The line bears the client's address and nothing that the client could choose. The
name it tried is left out on purpose: a name may hold line breaks, dates and other
people's addresses.
"""

import logging

from django.contrib.auth.signals import user_login_failed
from django.dispatch import receiver

logger = logging.getLogger("authlog")


@receiver(user_login_failed, dispatch_uid="authlog.failed")
def log_failure(sender, credentials, request=None, **kwargs):
    # Without a request it was no client: a management command, a test.
    if request is not None:
        logger.error("Login failure %s", request.META["REMOTE_ADDR"])
