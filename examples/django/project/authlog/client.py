"""Finds out who the client is, when a proxy stands in front of Django."""

import ipaddress

from django.conf import settings


def _address(text):
    """The address that text is, without the form of IPv4 inside IPv6; None if it is none."""
    try:
        address = ipaddress.ip_address(text.strip())
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address


def client_address(remote, forwarded, proxies):
    """The address of the client, as text.

    remote is where the connection came from, forwarded the header X-Forwarded-For, proxies
    the addresses whose word is taken for it. Every proxy appends whom it saw. So
    the list is read from its end, for as long as the one who wrote the entry is a
    proxy of ours; all that stands further left is the client's own invention.
    """
    client = _address(remote)
    if client is None:
        raise ValueError("the server named no address: let it listen on TCP, not on a unix socket")
    for entry in reversed(forwarded.split(",")):
        if client not in proxies:
            break
        address = _address(entry)
        if address is None:
            break
        client = address
    return str(client)


class ClientAddressMiddleware:
    """Sets REMOTE_ADDR to the client's address and drops X-Forwarded-For.

    Whatever asks later (the receiver, axes, the login form) needs to know
    nothing of proxies, and cannot be lied to.
    """

    def __init__(self, get_response):
        self.get_response = get_response
        self.proxies = {ipaddress.ip_address(p) for p in settings.TRUSTED_PROXIES}

    def __call__(self, request):
        forwarded = request.META.pop("HTTP_X_FORWARDED_FOR", "")
        request.META["REMOTE_ADDR"] = client_address(request.META["REMOTE_ADDR"], forwarded, self.proxies)
        return self.get_response(request)
