"""The examples of gladhand.toml(5), as they stand there, on the networks that they are for; and a real
bastion."""

import fcntl
import os
import pathlib
import re
import struct
import unittest

import dial_case
import net_case
from dial_case import FAR_V4, SECOND, DialTest
from net_case import HOST
from support import dns, network, scripted
from support.network import CLIENT_V4, SERVER_MAC, SERVER_V4, SERVER_V6

PAGE = pathlib.Path(__file__).parents[2] / "man" / "gladhand.toml.5"
TUNSETIFF, IFF_TUN, IFF_TAP = 0x400454CA, 0x1001, 0x1002  # without packet information
FAKE_SSH = '#!/bin/sh\necho "SSH-2.0-$*"\nexec cat 2>/dev/null\n'


def setUpModule():
    net_case.require()


def examples():
    """The texts in the man page's EXAMPLES, in order."""
    section = PAGE.read_text(encoding="utf-8").partition(".Sh EXAMPLES")[2].partition(".Sh SEE ALSO")[0]
    return re.findall(r"^\.Bd -literal -offset indent\n(.*?)^\.Ed", section, re.MULTILINE | re.DOTALL)


HOME, OFFICE, BASTION, BROKEN_IPV6, NAS, _ = range(6)


class Examples(DialTest):
    def setUp(self):
        super().setUp()
        self.config = self.network.client.etc / "gladhand"
        self.config.mkdir(exist_ok=True)
        self.addCleanup((self.config / "config.toml").unlink)
        for name, address in (("nas.home.example", SERVER_V4), ("router.example", FAR_V4),
                              ("db.corp.example", SERVER_V4), ("proxy.corp.example", SERVER_V4),
                              ("out.example", FAR_V4), ("nas.tailnet.example", FAR_V4)):
            self.dns.set(name, "A", dns.answer(address))
            self.dns.set(name, "AAAA", dns.answer())

    def rules(self, number, **replaced):
        text = examples()[number]
        for old, new in replaced.items():
            self.assertIn(old.replace("_", ":"), text)
            text = text.replace(old.replace("_", ":"), new)
        (self.config / "config.toml").write_text(text, encoding="utf-8")

    def client(self, command):
        return self.network.client.do(command)

    def peer(self, *arguments, **how):
        passed, _ = self.connect(*arguments, **how)
        return passed.getpeername()[:2]

    def listen(self, address, port, where=None):
        with (where or self.network.server).inside():
            return self.enter(dial_case.receiver.Listener(address, port))

    def leave_home(self):
        """The second link, with another gateway, is the way to the world then."""
        self.client(f"ip route del default via {SERVER_V4}")
        self.addCleanup(self.client, f"ip route add default via {SERVER_V4}")
        self.client(f"ip -6 route del default via {SERVER_V6}")
        self.addCleanup(self.client, f"ip -6 route add default via {SERVER_V6}")

    def test_the_laptop_at_home_and_outside(self):
        self.rules(HOME, **{"00_53_0a_01_02_03": SERVER_MAC})
        self.listen(SERVER_V4, 22)
        self.listen(FAR_V4, 2222, self.far)
        self.assertEqual(self.peer(host="nas.home.example"), (SERVER_V4, 22))
        self.leave_home()
        self.assertEqual(self.peer(host="nas.home.example"), (FAR_V4, 2222))

    def test_the_office_with_its_proxy(self):
        self.rules(OFFICE)
        self.listen(SERVER_V4, 22)
        self.listen(FAR_V4, 22, self.far)
        with self.network.server.inside():
            proxy = self.enter(scripted.Server(scripted.in_turn(scripted.http(), scripted.ssh),
                                               address=SERVER_V4, port=3128))
        self.assertEqual(self.peer(host="out.example"), (FAR_V4, 22))  # not at the office
        self.network.client.write_etc("resolv.conf", f"nameserver {SERVER_V4}\nsearch corp.example\n")
        self.assertEqual(self.peer(host="out.example"), (SERVER_V4, 3128))
        self.assertEqual(proxy.asked, [["CONNECT out.example:22 HTTP/1.1"]])
        self.assertEqual(self.peer(host="db.corp.example"), (SERVER_V4, 22))

    def test_the_bastion_off_site_only(self):
        self.rules(BASTION)
        self.listen(SERVER_V4, 22)
        programs = os.path.join(self.own_file("bin"))
        os.mkdir(programs)
        with open(os.path.join(programs, "ssh"), "w", encoding="ascii") as file:
            file.write(FAKE_SSH)
        os.chmod(file.name, 0o755)
        through = ("env", f"PATH={programs}:{network.SEARCH_PATH}")
        passed, _ = self.connect(host="db.corp.example", through=through)
        passed.settimeout(5)
        self.assertEqual(passed.recv(100), b"SSH-2.0--W db.corp.example:22 bastion.corp.example\n")
        self.client("ip link add wg0 type bridge")
        self.addCleanup(self.client, "ip link del wg0")
        self.client("ip link set wg0 up")
        self.client("ip route add 10.1.0.0/24 dev wg0")
        self.assertEqual(self.peer(host="db.corp.example", through=through), (SERVER_V4, 22))

    def test_the_network_whose_ipv6_is_broken(self):
        self.serve()
        self.network.black_hole(net_case.IPV6_SSH)
        self.rules(BROKEN_IPV6)
        passed, wire = self.connect()
        self.assertEqual(passed.getpeername()[0].removeprefix("::ffff:"), SERVER_V4)
        self.assertEqual(wire.destinations, [SERVER_V4])
        self.assertEqual({query.type for query in self.dns.queries}, {"A"})
        self.leave_home()
        _, wire = self.connect()
        self.assertEqual(wire.destinations, [SERVER_V6, SERVER_V4])

    def test_the_nas_by_its_lan_name_else_by_tailscale(self):
        self.rules(NAS)
        self.listen(FAR_V4, 22, self.far)
        self.assertEqual(self.peer(host="nas"), (FAR_V4, 22))  # nas.lan is no name here
        self.dns.set("nas.lan", "A", dns.answer(SERVER_V4))
        self.dns.set("nas.lan", "AAAA", dns.answer())
        self.network.black_hole(net_case.SSH + f" ip daddr {SERVER_V4}")
        self.assertEqual(self.peer(host="nas"), (FAR_V4, 22))  # it is somebody else's, and silent
        self.network.clear()
        self.listen(SERVER_V4, 22)
        self.assertEqual(self.peer(host="nas"), (SERVER_V4, 22))


class Facts(DialTest):
    """Each condition against the kernel's own networks."""

    def decisions(self, condition):
        config = self.network.client.etc / "facts.toml"
        config.write_text(f"[[rule]]\n{condition}\ntimeout = 3\n", encoding="utf-8")
        self.addCleanup(lambda: config.unlink(missing_ok=True))
        done = self.network.client.run(self.gladhand, "--config", "/etc/facts.toml", "--print-config", HOST)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        return done.stdout

    def holds(self, condition):
        return "rule holds" in self.decisions(condition)

    def check(self, true, false):
        self.assertTrue(self.holds(true), true)
        self.assertFalse(self.holds(false), false)

    def test_what_the_kernel_says(self):
        self.check(f'match.gateway = "{SERVER_V4}"', 'match.gateway = "192.0.2.77"')
        self.check(f'match.gateway = "{SERVER_V6}"', 'match.gateway = "2001:db8::77"')
        self.check(f'match.gateway-mac = "{SERVER_MAC}"', 'match.gateway-mac = "02:00:00:00:00:77"')
        self.check(f'match.default-device = "{SECOND}"', 'match.default-device = "wlan*"')
        self.check('match.interface = "eth0"', 'match.interface = "eth7"')
        self.check('match.address = "192.0.2.0/24"', 'match.address = "127.0.0.0/8"')
        self.check('match.address = "2001:db8::/64"', 'match.address = "::1"')
        self.check(f'match.dns-server = "{SERVER_V4}"', 'match.dns-server = "192.0.2.77"')
        self.check(f'match.route-to = "{FAR_V4} dev eth0"', f'match.route-to = "{FAR_V4} dev {SECOND}"')
        self.check('match.route-to = "2001:db8:1::7 dev eth1"', 'match.route-to = "2001:db8:1::7 dev eth0"')

    def test_wifi_and_power(self):
        self.assertFalse(self.holds('match.wifi = "no such network"'))
        # Wireless interfaces belong to another namespace.
        self.assertIn("rule does not hold: there is no wifi", self.decisions('match.wifi = "*"'))
        self.assertNotEqual(self.holds("match.mains-power = true"), self.holds("match.mains-power = false"))

    @unittest.skipUnless(os.path.exists("/dev/net/tun"), "needs /dev/net/tun")
    def test_a_vpn(self):
        self.check("match.vpn = false", "match.vpn = true")
        for flags, is_vpn in ((IFF_TUN, True), (IFF_TAP, False)):  # virtual machines have taps
            with self.network.client.inside(), open("/dev/net/tun", "r+b", buffering=0) as tunnel:
                fcntl.ioctl(tunnel, TUNSETIFF, struct.pack("16sH22x", b"tunnel", flags))
                self.assertFalse(self.holds("match.vpn = true"), "it is down")
                self.network.client.do("ip link set tunnel up")
                self.assertEqual(self.holds("match.vpn = true"), is_vpn)
                self.assertEqual(self.holds("match.vpn = false"), not is_vpn)


class RealBastion(net_case.NetworkTest):
    def test_a_login_through_ssh_through_ssh(self):
        """Past the bastion's sshd to itself: the address that it sees is its own."""
        self.dns.set("inner.example", "A", dns.answer(SERVER_V4))
        self.dns.set("inner.example", "AAAA", dns.answer())
        inner = self.client.directory / "inner_config"
        inner.write_text(re.sub(r".*Proxy.*\n", "", self.client.config.read_text()), encoding="utf-8")
        self.client.configure("--route", "300ms :2222",
                              "--route", f"command ssh -F {inner} -W 127.0.0.1:%p {SERVER_V4}")
        self.network.black_hole("tcp dport 2222")
        login = self.client.login("inner.example")
        self.assertEqual((login.status, login.errors), (0, ""), login)
        self.assertEqual(login.address, "127.0.0.1")
        self.assertNotIn(CLIENT_V4, login.output)
        self.assert_soon(lambda: not [command for command in self.network.client.processes().values()
                                      if "ssh" in command], "the inner ssh's end")


if __name__ == "__main__":
    net_case.main()
