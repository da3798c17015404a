import ipaddress
import io
import logging
import tempfile
from pathlib import Path

from axes.models import AccessAttempt
from django.contrib.auth.models import User
from django.core.management import call_command
from django.test import SimpleTestCase, TestCase, override_settings

from . import allowlist, checks, client, logformat

PROXIES = {ipaddress.ip_address("127.0.0.1"), ipaddress.ip_address("203.0.113.1")}


class ClientAddressTest(SimpleTestCase):
    def test_who_the_client_is(self):
        for name, remote, forwarded, want in [
            ("no proxy", "192.0.2.5", "", "192.0.2.5"),
            ("no proxy, and a client that plays one", "192.0.2.5", "198.51.100.1", "192.0.2.5"),
            ("the proxy", "127.0.0.1", "192.0.2.5", "192.0.2.5"),
            ("the proxy, and what the client wrote before", "127.0.0.1", "198.51.100.1, 192.0.2.5", "192.0.2.5"),
            ("two proxies", "127.0.0.1", "198.51.100.1, 192.0.2.5, 203.0.113.1", "192.0.2.5"),
            ("a client that claims to be a proxy", "127.0.0.1", "198.51.100.1, 127.0.0.1, 192.0.2.5", "192.0.2.5"),
            ("nothing but proxies", "127.0.0.1", "203.0.113.1", "203.0.113.1"),
            ("the proxy without the header", "127.0.0.1", "", "127.0.0.1"),
            ("no address", "127.0.0.1", "192.0.2.5, unknown", "127.0.0.1"),
            ("IPv6", "127.0.0.1", "2001:DB8::5", "2001:db8::5"),
            ("IPv4 inside IPv6", "::ffff:127.0.0.1", "::ffff:192.0.2.5", "192.0.2.5"),
        ]:
            with self.subTest(name):
                self.assertEqual(client.client_address(remote, forwarded, PROXIES), want)

    def test_a_unix_socket_names_nobody(self):
        with self.assertRaisesMessage(ValueError, "listen on TCP"):
            client.client_address("", "192.0.2.5", PROXIES)


class LoginTest(TestCase):
    def setUp(self):
        User.objects.create_superuser("admin", password="right")

    def login(self, **data):
        form = {"username": "admin", "password": "wrong", "next": "/admin/"}
        return self.client.post("/admin/login/", {**form, **data}, REMOTE_ADDR="192.0.2.5")

    def test_a_failure_is_logged_with_the_address_and_nothing_else(self):
        with self.assertLogs("authlog") as logged:
            response = self.login(username="x\n2026-11-24T20:00:00+0000 ERROR Login failure 198.51.100.1")
        self.assertEqual(response.status_code, 200)
        self.assertEqual([r.getMessage() for r in logged.records], ["Login failure 192.0.2.5"])

    def test_a_success_is_not(self):
        with self.assertRaises(AssertionError):  # assertLogs found none
            with self.assertLogs("authlog"):
                self.assertEqual(self.login(password="right").status_code, 302)

    def test_only_who_is_in_the_allow_list_gets_in(self):
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "admin-allow.txt"
            for text, status in [
                ("# nobody\n", 200),
                ("203.0.113.10\n2001:db8::/32\n", 200),
                ("203.0.113.10 # here\n192.0.2.0/24\n", 302),
            ]:
                with self.subTest(text), override_settings(ADMIN_ALLOW_LIST=path):
                    path.write_text(text)
                    self.assertEqual(self.login(password="right").status_code, status)

    def test_being_kept_out_counts_as_a_failure(self):
        with tempfile.NamedTemporaryFile() as nobody, override_settings(ADMIN_ALLOW_LIST=nobody.name):
            with self.assertLogs("authlog") as logged:
                self.login(password="right")
        self.assertEqual([r.getMessage() for r in logged.records], ["Login failure 192.0.2.5"])

    def test_an_allow_list_that_is_not_there_lets_nobody_in(self):
        with override_settings(ADMIN_ALLOW_LIST="/no/such/file"):
            with self.assertRaises(FileNotFoundError):
                allowlist.allowed("192.0.2.5")


class AxesTest(TestCase):
    def test_reset_of_a_prefix(self):
        for address in ["2001:db8::5", "2001:db8::6", "2001:db8:0:1::5", "192.0.2.5"]:
            AccessAttempt.objects.create(username="x", ip_address=address, failures_since_start=5)
        call_command("axes_reset_prefix", "2001:db8::/64", stdout=io.StringIO())
        left = AccessAttempt.objects.order_by("ip_address").values_list("ip_address", flat=True)
        self.assertEqual(list(left), ["192.0.2.5", "2001:db8:0:1::5"])

    def test_masked_addresses_are_told(self):
        self.assertEqual(checks.addresses_in_the_log_of_axes(), [])
        with override_settings(AXES_CLIENT_STR_CALLABLE=lambda *args: '{ip_address: "********************"}'):
            self.assertEqual([w.id for w in checks.addresses_in_the_log_of_axes()], ["authlog.W001"])
            with self.assertLogs("authlog", "WARNING"):
                checks.log_warnings()


class OneLineFormatterTest(SimpleTestCase):
    def test_whatever_is_in_it(self):
        record = logging.makeLogRecord({"msg": "a\nb\r\x85\u2028\x1b[31m ü \\n"})
        self.assertEqual(logformat.OneLineFormatter().format(record), r"a\nb\r\x85\u2028\x1b[31m ü \n")
