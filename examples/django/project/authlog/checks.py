"""Warns when gaol would look for addresses in vain."""

import logging

from django.core import checks

PROBE = "192.0.2.1"


@checks.register(checks.Tags.security)
def addresses_in_the_log_of_axes(app_configs=None, **kwargs):
    """axes can be told to mask the client's address, and since 6.1 does so unless told not to.

    Not the setting is looked at, but what axes makes of an address with all its settings.
    """
    try:
        from axes.helpers import get_client_str
    except ImportError:
        return []
    text = get_client_str("name", PROBE, "agent", ("/",), None)
    if PROBE in text:
        return []
    return [
        checks.Warning(
            "axes masks the client's address in its log: gaol's filter django-axes will never ban anybody.",
            hint="Take \"ip_address\" out of AXES_SENSITIVE_PARAMETERS (its default has it since axes 6.1) and let "
            "AXES_CLIENT_STR_CALLABLE name the address, or use gaol's filter django-auth, which does not need axes.",
            id="authlog.W001",
        )
    ]


def log_warnings():
    """Writes the warnings to the log as well: no WSGI server runs Django's checks."""
    for warning in addresses_in_the_log_of_axes():
        logging.getLogger("authlog").warning("%s %s", warning.msg, warning.hint)
