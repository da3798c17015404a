"""Lets in at the admin only who stands in the allow-list.

The list is a file with an address or prefix a line and comments behind "#": the one that gaol
reads for ignoreip and from which nginx-allow.sh makes nginx's rules.
"""

import ipaddress

from django.conf import settings
from django.contrib.admin.forms import AdminAuthenticationForm
from django.contrib.auth.signals import user_login_failed


def read(path):
    """The networks that the file lists. It is read at every login, so a change counts at once."""
    with open(path, encoding="ascii") as lines:
        entries = [line.partition("#")[0].strip() for line in lines]
    return [ipaddress.ip_network(entry) for entry in entries if entry]


def allowed(address):
    """Whether somebody from there may log in at the admin."""
    if settings.ADMIN_ALLOW_LIST is None:
        return True
    address = ipaddress.ip_address(address)
    return any(address in network for network in read(settings.ADMIN_ALLOW_LIST))


class AllowListAuthenticationForm(AdminAuthenticationForm):
    """Refuses everybody else with the words for a wrong password, without having tried
    the password. nginx refuses them before; this is for the request that found a way around it."""

    def clean(self):
        if not allowed(self.request.META["REMOTE_ADDR"]):
            # It counts as a failed login, for gaol and for axes.
            credentials = {"username": self.cleaned_data.get("username", "")}
            user_login_failed.send(sender=__name__, credentials=credentials, request=self.request)
            raise self.get_invalid_login_error()
        return super().clean()
