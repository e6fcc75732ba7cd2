"""gladhand --doctor with the real ssh: what it finds, by which evidence, and that its remedy is one."""

import json
import os
import pathlib
import shutil

import net_case
from net_case import BOTH, HOST, IPV4_SSH, IPV6_SSH, SSH
from ssh_pair import gladhand
from support import dns
from support.network import SERVER_V4, SERVER_V6

DROP_IN = pathlib.Path(__file__).parents[2] / "man" / "ssh.conf"
LOGIN = """
Host *
  User root
  IdentityFile {directory}/user_key
  IdentitiesOnly yes
  UserKnownHostsFile {directory}/known_hosts
  GlobalKnownHostsFile /dev/null
  BatchMode yes
"""
PROXY = "  ProxyCommand gladhand -- %h %p\n"
PASS = "  ProxyUseFdpass yes\n"
FINE, PROBLEMS, USAGE = 0, 78, 64


def setUpModule():
    net_case.require()


class Doctor(net_case.NetworkTest):
    def setUp(self):
        super().setUp()
        self.home = self.network.client.home
        programs = self.network.directory / "bin"
        programs.mkdir(exist_ok=True)
        self.addCleanup(shutil.rmtree, programs)
        os.symlink(gladhand(), programs / "gladhand")
        self.env = {"PATH": f"{programs}:/usr/bin:/bin"}
        self.config = self.home / ".ssh" / "config"
        self.config.parent.mkdir(mode=0o700, exist_ok=True)
        self.configure(DROP_IN.read_text(encoding="utf-8"))

    def configure(self, text):
        self.config.write_text(text, encoding="utf-8")

    def run_doctor(self, *arguments):
        done = self.client.run(gladhand(), "--doctor", *arguments, env=self.env)
        self.assertEqual(done.stderr, "")
        return done

    def find(self, host=HOST, *options):
        """{code: finding}; the status says whether there is a problem among them."""
        done = self.run_doctor("--json", *options, host)
        report = json.loads(done.stdout)
        found = {finding["code"]: finding for finding in report["findings"] if finding["code"] != "old-c-ares"}
        problems = [code for code, finding in found.items() if finding["severity"] == "problem"]
        self.assertEqual(done.returncode, PROBLEMS if problems else FINE, report)
        for finding in found.values():
            self.assertTrue(finding["what"] and finding["evidence"] and finding["remedy"], finding)
        self.snippet = report["ssh_config"]
        return found

    def test_nothing_is_wrong(self):
        self.assertEqual(self.find(), {})
        done = self.run_doctor(HOST)
        self.assertTrue(done.stdout.startswith(HOST + ": nothing is wrong"), done.stdout)
        for seen in (f"name server   {SERVER_V4}: AAAA addresses in ", f"IPv6          {SERVER_V6} connected in ",
                     f"IPv4          {SERVER_V4} connected in ", "ProxyCommand  gladhand -- %h %p\n"):
            self.assertIn(seen, done.stdout)
        self.assertTrue(all(line.isprintable() and len(line) < 400 for line in done.stdout.splitlines()))

    def test_it_connects_to_the_host_once_a_family_and_to_nobody_else(self):
        with self.network.capture_syns() as syns:
            self.find()
        self.assertEqual(sorted((address, port) for _, address, port in syns), [(SERVER_V4, 22), (SERVER_V6, 22)])

    def test_its_lines_are_what_it_takes(self):
        self.configure(LOGIN.format(directory=self.client.directory))
        self.assertEqual(list(self.find()), ["not-used"])
        self.configure(LOGIN.format(directory=self.client.directory) + self.snippet)
        self.assertEqual(self.find(), {})
        done = self.client.run("ssh", "-v", HOST, "echo well", env=self.env)
        self.assertEqual((done.returncode, done.stdout), (0, "well\n"), done.stderr)
        self.assertIn("proxy dialer command: exec gladhand -- db.example 22", done.stderr)

    def test_fdpass_is_missing(self):
        self.configure("Host *\n" + PROXY)
        found = self.find()
        self.assertEqual(list(found), ["fdpass-missing"])
        self.assertIn(f"{self.config}:2", found["fdpass-missing"]["evidence"])

    def test_fdpass_harms_other_proxy_commands(self):
        self.configure("Host old\n  ProxyCommand corkscrew p 80 %h %p\nHost *\n" + PROXY + PASS)
        found = self.find()
        self.assertEqual(set(found), {"fdpass-harms-others", "fdpass-harms-mosh"})
        self.assertIn(f"{self.config}:2: host old", found["fdpass-harms-others"]["evidence"])
        self.assertEqual(set(self.find("old")), {"fdpass-harms", "fdpass-harms-mosh", "no-address"})

    def test_a_jump_host(self):
        self.configure("Host db.example\n  ProxyJump gate\nHost *\n" + PROXY + PASS)
        found = self.find()
        self.assertEqual(list(found), ["jump-host"])
        self.assertIn(f"ProxyJump gate ({self.config}:2)", found["jump-host"]["evidence"])

    def test_what_ssh_has_and_gladhand_is_not_told(self):
        self.configure("Host *\n  ConnectTimeout 5\n  ControlMaster auto\n  ControlPath /tmp/no/%h\n"
                       "  ControlPersist 60\n" + DROP_IN.read_text(encoding="utf-8"))
        self.assertEqual(set(self.find()), {"options-unheeded", "errors-hidden"})
        self.assertIn("gladhand --ssh-config --log journal -- %h %p", self.snippet)

    def test_what_ssh_runs_meanwhile_knows_who_has_asked(self):
        """A gladhand in a Match exec asks no ssh again."""
        told, script = self.home / "told", self.home / "script"
        script.write_text(f'#!/bin/sh\necho "$GLADHAND_IN_SSH_CONFIG" >>{told}\n', encoding="utf-8")
        script.chmod(0o755)
        self.configure(f"Match exec {script}\n" + DROP_IN.read_text(encoding="utf-8"))
        self.find()
        self.assertEqual(set(told.read_text(encoding="utf-8").split("\n")), {"1", ""})

    def test_ssh_fails(self):
        self.configure("Host *\n  Nonsense yes\n")
        self.assertIn("config: line 2: Bad configuration option: nonsense", self.find()["ssh-fails"]["evidence"])

    def test_the_program_is_not_there(self):
        self.configure("Host *\n  ProxyCommand /nowhere/gladhand -- %h %p\n" + PASS)
        self.assertIn("/nowhere/gladhand", self.find()["program-missing"]["evidence"])

    def test_options_that_are_none(self):
        for options, fault in (("--untl banner", "unknown option '--untl'"),
                               ("--timeout soon", "'soon' is not a duration"),
                               ("--route 'no way'", "--route: 'no way' is not direct")):
            self.configure(f"Host *\n  ProxyCommand gladhand {options} -- %h %p\n" + PASS)
            self.assertIn(fault, self.find()["options-wrong"]["evidence"])
        for options in ("--config ~/rules.toml --route 'command ssh -W %%h:%%p gate'", "--log ~/$USER"):
            (self.home / "rules.toml").write_text("", encoding="utf-8")
            self.configure(f"Host *\n  ProxyCommand gladhand {options} -- %h %p\n" + PASS)
            self.assertNotIn("options-wrong", self.find())

    def test_its_lines_go_where_they_count(self):
        self.configure("Host *\n  ProxyCommand gladhand --until banner -- %h %p\n" + PASS)
        page = self.run_doctor(HOST).stdout
        self.assertIn(f"\nin place of {self.config}:2 and {self.config}:3:\n", page)
        self.find()
        self.configure(self.snippet)
        self.assertEqual(self.find(), {})
        self.assertIn("gladhand --until banner -- %h %p", self.snippet or self.config.read_text(encoding="utf-8"))

    def test_ipv6_is_broken(self):
        self.network.black_hole(IPV6_SSH)
        found = self.find()
        self.assertEqual(list(found), ["ipv6-broken"])
        self.assertRegex(found["ipv6-broken"]["evidence"], rf"{SERVER_V6} no answer in [45][.\d]* s; {SERVER_V4} connected in ")

    def test_the_options_of_the_proxy_command_hold(self):
        self.network.black_hole(IPV6_SSH)
        self.configure(DROP_IN.read_text(encoding="utf-8").replace("gladhand --", "gladhand -4 --"))
        self.assertEqual(self.find(), {})
        self.assertEqual(list(self.find(HOST, "--dns-attempt-delay", "250ms")), ["ipv6-broken"])
        self.configure(DROP_IN.read_text(encoding="utf-8").replace("gladhand --", "gladhand --proxy socks5://gate --"))
        self.assertIn("a proxy makes the connection", self.run_doctor(HOST).stdout)

    def test_nobody_listens_over_ipv4(self):
        self.network.refuse(IPV4_SSH)
        self.assertEqual(list(self.find()), ["ipv4-refused"])

    def test_nothing_connects_in_the_time_that_is_given(self):
        self.network.black_hole(SSH)
        found = self.find(HOST, "--timeout", "1s")
        self.assertEqual(list(found), ["not-reached"])

    def test_the_port_and_the_user_that_are_typed(self):
        self.assertIn("refused", self.find("ssh://me@db.example:2222")["not-reached"]["evidence"])
        self.assertEqual(self.find(f"[{SERVER_V6}]:22"), {})

    def test_the_first_name_server_is_dead(self):
        self.network.black_hole("udp dport 53 ip daddr 192.0.2.1")
        self.write_etc("resolv.conf", f"nameserver {SERVER_V4}\nnameserver {SERVER_V6}\n")
        found = self.find()
        self.assertEqual(list(found), ["first-name-server-dead"])
        self.assertIn(f"{SERVER_V4} says nothing in 5 s (/etc/resolv.conf:1), while {SERVER_V6} answers",
                      found["first-name-server-dead"]["evidence"])

    def test_aaaa_is_dropped(self):
        self.answers(AAAA=dns.drop(), A=BOTH[HOST, "A"])
        self.assertEqual(list(self.find()), ["aaaa-dropped"])

    def test_there_is_no_such_name(self):
        self.answers(AAAA=dns.nxdomain(), A=dns.nxdomain())
        self.assertIn("does not exist", self.find()["no-address"]["evidence"])

    def test_a_configuration_that_others_can_write(self):
        path = self.home / ".config" / "gladhand" / "config.toml"
        path.parent.mkdir(parents=True)
        self.addCleanup(shutil.rmtree, self.home / ".config")
        path.write_text("", encoding="utf-8")
        path.chmod(0o666)
        self.assertIn("others can write it", self.find()["configuration"]["evidence"])

    def test_a_route_is_for_explain_to_show(self):
        path = self.home / ".config" / "gladhand" / "config.toml"
        path.parent.mkdir(parents=True)
        self.addCleanup(shutil.rmtree, self.home / ".config")
        path.write_text('[[rule]]\nroute = "command ssh -W %h:%p gate"\n', encoding="utf-8")
        self.assertIn("network       not looked at, a route leads there: use --explain\n", self.run_doctor(HOST).stdout)

    def test_a_host_that_is_none(self):
        done = self.client.run(gladhand(), "--doctor", "a b", env=self.env)
        self.assertEqual((done.returncode, done.stdout), (USAGE, ""))


if __name__ == "__main__":
    net_case.main()
