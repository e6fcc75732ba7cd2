"""What people asked for, each as one story with the real ssh and sshd: the network changes, the way changes,
the server turns one away; and the login is there all the same.
"""

import re
import shutil
import subprocess

import net_case
from dial_case import SECOND, SECOND_CLIENT_V4, SECOND_CLIENT_V6, SECOND_SERVER_V4, SECOND_SERVER_V6
from net_case import HOST, SSH
from ssh_pair import SSH_CONFIG, gladhand
from support import dns, network, receiver, scripted
from support.network import DEVICE, SEARCH_PATH, SERVER_LINK_LOCAL, SERVER_MAC, SERVER_V4, SERVER_V6

FAR_V4 = "203.0.113.7"
FAR_V4_TRANSLATED = "2001:db8:64::cb00:7107"
ELSEWHERE = 2022  # a port of the server's, where what stands before one of its addresses is
SECOND_SERVER_MAC = "02:00:00:00:00:11"


def setUpModule():
    net_case.require()


class Story(net_case.NetworkTest):
    def setUp(self):
        super().setUp()
        self.addCleanup(shutil.rmtree, self.network.client.home / ".local", ignore_errors=True)
        self.addCleanup(shutil.rmtree, self.network.client.home / ".config", ignore_errors=True)

    def rules(self, text):
        """The user's own file."""
        folder = self.network.client.home / ".config" / "gladhand"
        folder.mkdir(parents=True)
        (folder / "config.toml").write_text(text, encoding="utf-8")

    def name(self, host, *addresses):
        self.dns.set(host, "A", dns.answer(*(it for it in addresses if ":" not in it)))
        self.dns.set(host, "AAAA", dns.answer(*(it for it in addresses if ":" in it)))

    def assert_goes(self, *addresses):
        """A login to the last of these, after SYNs to each of them and to no others."""
        login = self.login()
        self.assert_login(login, addresses[-1])
        self.assert_attempts(login, *addresses)
        return login

    def start_sshd(self, setting):
        """A second one, with the same keys and another setting in place of the first's."""
        server, directory = self.network.server, self.client.directory
        settings = directory / "second_config"
        first = (directory / "sshd_config").read_text(encoding="utf-8")
        settings.write_text(setting + "\n" + re.sub(setting.split()[0] + ".*", "", first), encoding="utf-8")
        sshd = server.start(shutil.which("sshd", path=SEARCH_PATH), "-D", "-p", ELSEWHERE, "-f", settings,
                            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.addCleanup(sshd.wait)
        self.addCleanup(sshd.kill)
        listeners = "ss --no-header --tcp --numeric --listening"
        self.assert_soon(lambda: f":{ELSEWHERE} " in server.do(listeners), "its sshd")


class LaptopMoves(Story):
    """At home IPv6 packets to port 22 are lost; elsewhere, by another device and gateway, they are not."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        client, server = cls.network.client, cls.network.server
        client.do(f"ip link add {SECOND} type veth peer name {SECOND} address {SECOND_SERVER_MAC} "
                  f"netns {server.pid}")
        cls.network.up(client, SECOND, "fe80::2/64", SECOND_CLIENT_V4 + "/24", SECOND_CLIENT_V6 + "/64")
        cls.network.up(server, SECOND, "fe80::1/64", SECOND_SERVER_V4 + "/24", SECOND_SERVER_V6 + "/64")
        for device in (DEVICE, SECOND):
            client.run("sh", "-c", f"echo 1 >/proc/sys/net/ipv6/conf/{device}/keep_addr_on_down", check=True)

    def setUp(self):
        super().setUp()
        self.network.black_hole(f"iifname {DEVICE} {net_case.IPV6_SSH}")
        self.go(SECOND, DEVICE)
        self.addCleanup(self.go, SECOND, DEVICE)

    def go(self, left, joined):
        client = self.network.client
        client.do(f"ip link set {left} down")
        client.do(f"ip link set {joined} up")
        gateways = {DEVICE: (SERVER_V4, SERVER_V6), SECOND: (SECOND_SERVER_V4, SECOND_SERVER_V6)}[joined]
        mac = SERVER_MAC if joined == DEVICE else SECOND_SERVER_MAC
        for gateway in (*gateways, SERVER_LINK_LOCAL):
            client.do(f"ip neigh replace {gateway} lladdr {mac} dev {joined} nud permanent")
        for gateway in gateways:
            client.do(f"ip route replace default via {gateway} dev {joined}")
        with client.inside():
            for address in (SERVER_V4, SERVER_V6):
                network.await_refusal((address, 9))

    def test_a_history_knows_where_it_is(self):
        self.client.configure("--history")
        self.assert_goes(SERVER_V6, SERVER_V4)  # and learns it
        self.assert_goes(SERVER_V4)
        self.go(DEVICE, SECOND)
        self.assert_goes(SERVER_V6)
        self.go(SECOND, DEVICE)
        self.assert_goes(SERVER_V4)

    def test_a_rule_knows_where_it_is(self):
        self.rules(f'[[rule]]\nmatch.gateway-mac = "{SERVER_MAC}"\n4 = true\n')
        self.client.configure()
        self.assert_goes(SERVER_V4)
        self.go(DEVICE, SECOND)
        self.assert_goes(SERVER_V6)
        self.go(SECOND, DEVICE)
        login = self.assert_goes(SERVER_V4)
        self.assertEqual({query.type for query in login.queries}, {"A"})


class OnlyIpv6(Story):
    """The address of the NAT64 is the server's own: who logs in there has taken the translator's way."""

    families = (6,)

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.network.server.do(f"ip addr add {FAR_V4_TRANSLATED}/128 dev lo")

    def setUp(self):
        super().setUp()
        self.name("ipv4only.arpa", "192.0.0.170", "2001:db8:64::c000:aa", "2001:db8:64::c000:ab")
        self.name("old.example", FAR_V4)

    def test_an_ipv4_address_and_a_name_that_has_no_other(self):
        for host in (FAR_V4, "old.example"):
            login = self.login(host)
            self.assert_login(login, FAR_V4_TRANSLATED)
            self.assert_attempts(login, FAR_V4_TRANSLATED)

    def test_native_ipv6_has_no_need_of_it(self):
        self.assert_goes(SERVER_V6)


class LanElseBastion(Story):
    """The bastion's sshd knows the machine as this one's own; it is reached by the name that it has in the DNS."""

    def setUp(self):
        super().setUp()
        server = self.network.server
        hosts = (server.etc / "hosts").read_text(encoding="utf-8")
        self.addCleanup(server.write_etc, "hosts", hosts)
        server.write_etc("hosts", hosts + "127.0.0.1 nas\n")
        self.name("bastion.example", SERVER_V4)
        config = self.client.config
        config.write_text(SSH_CONFIG.format(directory=self.client.directory, proxy=gladhand() + " -- %h %p"))
        self.rules('[[rule]]\nmatch.host = "nas"\n'
                   f'route = ["500ms nas.lan", "command ssh -F {config} -W %h:%p bastion.example"]\n')

    def assert_ends_with_the_session(self):
        self.assert_soon(lambda: not [line for line in self.network.client.processes().values() if "ssh" in line],
                         "the end of the ssh to the bastion")

    def test_at_home_and_outside(self):
        self.assert_login(self.login("nas"), "127.0.0.1")  # nas.lan is no name here
        self.assert_ends_with_the_session()
        self.name("nas.lan", SERVER_V6)
        self.assert_login(self.login("nas"), SERVER_V6)
        self.network.black_hole(f"ip6 daddr {SERVER_V6} {SSH}")  # somebody else's nas.lan
        login = self.login("nas")
        self.assert_login(login, "127.0.0.1")
        self.assertEqual([address for _, address, _ in login.syns], [SERVER_V6, SERVER_V6, SERVER_V4])  # one a backup
        self.assertGreaterEqual(login.seconds, 0.5)
        self.assert_ends_with_the_session()

    def test_a_rule_that_holds_for_the_bastion_too_ends(self):
        config = self.network.client.home / ".config" / "gladhand" / "config.toml"
        config.write_text(config.read_text(encoding="utf-8").replace('"nas"', '"*"'), encoding="utf-8")
        login = self.login("nas")
        self.assertEqual(login.status, 255)
        self.assertIn('it runs for this host already: leave the host out of the rule, as in match.host = '
                      '"*,!bastion.example"', login.errors)
        self.assert_ends_with_the_session()

    def test_a_bastion_that_turns_one_away_says_so(self):
        self.network.server.write_etc("hosts", "127.0.0.1 localhost\n")
        login = self.login("nas")
        self.assertEqual(login.status, 255)
        self.assertIn("connect to 'nas.lan' port 22: name does not exist; command ssh -F ", login.errors)


class WhoSpeaksFirst(Story):
    """What stands at port 22 of the server's IPv6 address is not its sshd."""

    def before_ipv6(self):
        server = self.network.server
        server.do("nft add table ip6 before")
        self.addCleanup(server.do, "nft delete table ip6 before")
        server.do("nft add chain ip6 before in { type nat hook prerouting priority -100 ; }")
        server.do(f"nft add rule ip6 before in ip6 daddr {SERVER_V6} {SSH} redirect to :{ELSEWHERE}")

    def assert_until_banner_is_what_it_takes(self, why):
        """ssh alone with it fails, for that reason."""
        self.client.configure(more="  ConnectTimeout 1\n")
        login = self.login()
        self.assertEqual(login.status, 255, login)
        self.assertRegex(login.errors, why)
        self.assert_attempts(login, SERVER_V6)
        self.client.configure("--until", "banner")
        login = self.assert_goes(SERVER_V6, SERVER_V4)
        self.assertEqual(login.trace.outcomes[SERVER_V4], "success")
        return login

    def test_a_middlebox_that_accepts_everything_and_says_nothing(self):
        with self.network.server.inside():
            self.enter(scripted.Server(scripted.silence, address="::", port=ELSEWHERE))
        self.before_ipv6()
        login = self.assert_until_banner_is_what_it_takes("banner exchange")
        self.assertEqual(login.trace.outcomes[SERVER_V6], "canceled")
        self.assertEqual([event["address"] for event in login.trace.named("attempt_established")],
                         [SERVER_V6, SERVER_V4])

    def test_a_server_that_has_too_many_half_open_logins(self):
        self.start_sshd("MaxStartups 1:100:1")
        with self.network.server.inside():
            held = self.enter(receiver.tcp_socket("::1"))
            held.settimeout(5)
            held.connect(("::1", ELSEWHERE))
            self.assertTrue(held.recv(100).startswith(b"SSH-"))
        self.before_ipv6()
        login = self.assert_until_banner_is_what_it_takes("Exceeded MaxStartups|Not allowed at this time|closed|reset")
        self.assertEqual(login.trace.outcomes[SERVER_V6], "failure")
        (failed,) = [event for event in login.trace.named("attempt_outcome") if event["address"] == SERVER_V6]
        self.assertRegex(failed["error"], "Exceeded MaxStartups|Not allowed at this time|closed")
        held.close()  # the server has room again
        self.assert_soon(lambda: len(self.login().trace.attempts) == 1, "a login over IPv6")


class ServiceRecords(Story):
    """The stanza of gladhand(1): another service of the same name, at another port, with another host key."""

    def setUp(self):
        super().setUp()
        directory, self.key = self.client.directory, self.client.directory / "spare_key"
        if not self.key.exists():
            subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(self.key)], check=True, timeout=20)
        self.start_sshd(f"HostKey {self.key}")
        self.name("spare.example", SERVER_V4)
        spare = self.key.with_suffix(".pub").read_text(encoding="utf-8")
        usual = (directory / "host_key.pub").read_text(encoding="utf-8")
        self.known = directory / "known_hosts_of_records"
        self.known.write_text(f"db-spare {spare}{HOST} {usual}", encoding="utf-8")

    def stanza(self, options):
        config = SSH_CONFIG.format(directory=self.client.directory, proxy=f"{gladhand()} {options} -- %h %p")
        self.client.config.write_text(f"Host db-spare\n  Hostname {HOST}\n  UserKnownHostsFile {self.known}\n"
                                      "  HostKeyAlias db-spare\n" + config, encoding="utf-8")

    def test_srv_with_an_alias_for_the_host_key(self):
        self.dns.set(f"_ssh-spare._tcp.{HOST}", "SRV", dns.srv((0, 0, ELSEWHERE, "spare.example")))
        self.stanza("--srv=_ssh-spare._tcp")
        login = self.login("db-spare")
        self.assert_login(login, SERVER_V4)
        self.assertEqual(login.output.split()[3], str(ELSEWHERE))

    def test_svcb_with_an_alias_for_the_host_key(self):
        self.dns.set(f"_22._ssh.{HOST}", "SVCB", dns.svcb((1, "spare.example", dns.port(ELSEWHERE))))
        self.stanza("--svcb")
        login = self.login("db-spare")
        self.assert_login(login, SERVER_V4)
        self.assertEqual(login.output.split()[3], str(ELSEWHERE))

    def test_ssh_refuses_the_usual_machine_in_its_place(self):
        self.stanza("")
        login = self.login("db-spare")
        self.assertEqual(login.status, 255)
        self.assertIn("Host key verification failed", login.errors)


if __name__ == "__main__":
    net_case.main()
