import ipaddress
import os

from axes.models import AccessAttempt
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError


class Command(BaseCommand):
    help = (
        "Makes axes forget what it holds against the addresses of a prefix, by its own command axes_reset_ip. "
        "Without an argument it is the prefix that gaol names in the environment, GAOL_PREFIX: gaol counts "
        "IPv6 clients by their /64, axes by their address."
    )

    def add_arguments(self, parser):
        parser.add_argument("prefix", nargs="?", default=os.environ.get("GAOL_PREFIX"))

    def handle(self, *args, prefix, **options):
        if prefix is None:
            raise CommandError("no prefix given, and GAOL_PREFIX is not set")
        try:
            network = ipaddress.ip_network(prefix, strict=False)
        except ValueError as err:
            raise CommandError(str(err)) from err
        known = set(AccessAttempt.objects.exclude(ip_address=None).values_list("ip_address", flat=True))
        affected = sorted(address for address in known if ipaddress.ip_address(address) in network)
        if affected:
            call_command("axes_reset_ip", *affected, stdout=self.stdout)
        else:
            self.stdout.write(f"axes holds nothing against {network}.")
