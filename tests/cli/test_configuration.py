#!/usr/bin/env python3
"""Configuration files: which are read, what they set, and every way in which one is refused."""

import os
import socket
import subprocess
import unittest

from common import ENVIRONMENT, USAGE, CommandTest, let_signals_end, main, read_json_lines, resolve, run

setUpModule = let_signals_end


class ConfigurationTest(CommandTest):
    def write(self, text, name="config.toml", mode=0o600):
        path = self.temporary_path(name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        os.chmod(path, mode)
        return path

    def text_of(self, *arguments, **how):
        result = run(*arguments, stdout=subprocess.PIPE, **how)
        self.addCleanup(result.close)
        self.assertEqual((result.status, result.stderr), (0, ""), result)
        return result.stdout.decode()


class WhoHasDecided(ConfigurationTest):
    def test_the_log_and_the_trace_say_which_rules_hold_and_what_they_set(self):
        listener = self.listen()
        path = self.write('[[rule]]\nname = "other"\nmatch.host = "other"\ntimeout = 3\n'
                          '[[rule]]\nname = "here"\ntimeout = 4\n')
        trace, log = self.temporary_path("trace"), self.temporary_path("log")
        self.assert_handed_over(run("--config", path, "--trace", trace, "--log", log, "127.0.0.1", listener.port),
                                listener)
        decisions = [f"{path}:5:1: rule 'here' holds", f"{path}:7:1:   timeout = 4"]
        with open(trace, encoding="utf-8") as file:
            events = read_json_lines(file.read())
        self.assertEqual([event["decision"] for event in events if event["event"] == "rule_applied"], decisions)
        self.assertEqual(events[2]["event"], "config_set")
        with open(log, encoding="utf-8") as file:
            self.assertEqual(file.read().splitlines()[:2], ["gladhand: " + line for line in decisions])
        result = run("-v", "--config", path, "127.0.0.1", listener.port)
        self.addCleanup(result.close)
        self.assertEqual(result.lines[0], "gladhand: " + decisions[0])


class Files(ConfigurationTest):
    def home(self, text, **how):
        path = self.write(text, ".config/gladhand/config.toml", **how)
        return path, {**ENVIRONMENT, "HOME": path.removesuffix("/.config/gladhand/config.toml")}

    def test_that_of_the_user_is_read_for_a_plain_dial(self):
        listener = self.listen()
        path, env = self.home('[[rule]]\nmatch.host = "db.example"\nresolve = "db.example:127.0.0.1"\n')
        self.assert_handed_over(run("--", "db.example", listener.port, env=env), listener)
        self.assertIn(path, self.text_of("--print-config", "db.example", env=env))

    def test_xdg_config_home_is_in_place_of_config_in_home(self):
        path = self.write("[[rule]]\ntimeout = 3\n", "gladhand/config.toml")
        home = path.removesuffix("/gladhand/config.toml")
        env = {**ENVIRONMENT, "XDG_CONFIG_HOME": home, "HOME": "/nowhere"}
        self.assertIn(path, self.text_of("--print-config", "a", env=env))

    def test_one_that_is_not_absolute_is_not_looked_at(self):
        env = {**ENVIRONMENT, "XDG_CONFIG_HOME": "x", "HOME": "y"}
        self.assertEqual(self.text_of("--print-config", "a", env=env), "there is no rule\n")

    def test_a_home_that_can_have_none_harms_no_dial(self):
        listener = self.listen()
        for home in ("/nowhere", "/dev/null", "/" + "x" * 5000, ""):
            env = {**ENVIRONMENT, "HOME": home}
            self.assert_handed_over(run("--", "127.0.0.1", listener.port, env=env), listener)

    def test_none_is_as_if_there_were_no_file(self):
        listener = self.listen()
        _, env = self.home("this is no TOML")
        self.assert_handed_over(run("--config", "none", "127.0.0.1", listener.port, env=env), listener)

    def test_a_named_one_is_the_only_one_and_must_be_there(self):
        listener = self.listen()
        _, env = self.home("this is no TOML")
        path = self.write("[[rule]]\ntimeout = 3\n")
        self.assert_handed_over(run("--config", path, "127.0.0.1", listener.port, env=env), listener)
        self.assert_fails(run("--config", path + "x", "127.0.0.1", "1"), USAGE, "there is no '%sx'" % path)

    def test_what_others_can_write_is_refused(self):
        for mode in (0o620, 0o602, 0o666):
            path, env = self.home("", mode=mode)
            self.assert_fails(run("127.0.0.1", "1", env=env), USAGE, path, "others can write it")

    @unittest.skipIf(os.geteuid() != 0, "needs root")
    def test_what_belongs_to_another_user_is_refused(self):
        path, env = self.home("")
        os.chown(path, 65534, 65534)
        self.assert_fails(run("127.0.0.1", "1", env=env), USAGE, path, "belongs to another user")

    def test_what_is_no_file_or_too_long_is_refused(self):
        path = self.temporary_path("fifo")
        os.mkfifo(path, 0o600)
        self.assert_fails(run("--config", path, "127.0.0.1", "1"), USAGE, "it is no file")
        path = self.write("#" * (1 << 20 | 1))
        self.assert_fails(run("--config", path, "127.0.0.1", "1"), USAGE, "over 1 MiB")

    def test_a_fault_has_its_file_line_and_column(self):
        for text, fault in (
            ("[[rule]]\ntiemout = 3\n", ":2:1: unknown key 'tiemout', perhaps timeout"),
            ("[[rule]\n", ":1:8: "),
            ('[[rule]]\ntimeout = "soon"\n', ":2:1: --timeout: 'soon' is not a duration"),
            ("[[rule]]\nexplain = true\n", ":2:1: explain is for the command line alone"),
            ("[[rule]]\nexplian = true\n", ":2:1: unknown key 'explian'"),
            ("timeout = 3\n", ":1:1: 'timeout' stands in no rule: write [[rule]] before it"),
            ("[[rule]]\nmatch.host = db.example\n", ":2:14: "),
        ):
            path, env = self.home(text)
            self.assert_fails(run("127.0.0.1", "1", env=env), USAGE, path + fault)


class Rules(ConfigurationTest):
    def delay_of(self, *arguments):
        """The Connection Attempt Delay, as the dial had it, in milliseconds."""
        trace = self.temporary_path("trace")
        self.assert_handed_over(run("--trace", trace, *arguments))
        with open(trace, encoding="utf-8") as file:
            (event,) = (it for it in read_json_lines(file.read()) if it["event"] == "config_set")
            return event["connection_attempt_delay_us"] / 1000

    def test_the_command_line_wins(self):
        path = self.write('[[rule]]\nconnection-attempt-delay = "300ms"\n')
        dial = ("--config", path, "127.0.0.1", self.listen().port)
        self.assertEqual(self.delay_of(*dial), 300)
        self.assertEqual(self.delay_of("--connection-attempt-delay", "400ms", *dial), 400)

    def test_the_first_rule_that_holds_has_the_setting(self):
        port = self.listen().port
        path = self.write(
            '[[rule]]\nmatch.host = "*.example"\nconnection-attempt-delay = "300ms"\n'
            '[[rule]]\nmatch.port = %d\nconnection-attempt-delay = 0.4\n'
            '[[rule]]\nconnection-attempt-delay = "500ms"\n' % port)
        self.assertEqual(self.delay_of("--config", path, "127.0.0.1", port), 400)

    def test_a_tag_is_for_rules_to_ask_for(self):
        listener = self.listen()
        path = self.write('[[rule]]\nmatch.tag = "lab"\nresolve = "db.example:127.0.0.1"\n')
        result = run("--config", path, "--tag", "lab", "db.example", listener.port)
        self.assert_handed_over(result, listener)

    def test_a_list_is_one_value(self):
        listener = self.listen()
        path = self.write(
            '[[rule]]\nresolve = ["a.example:127.0.0.2", "db.example:127.0.0.1"]\n'
            '[[rule]]\nresolve = "db.example:127.0.0.3"\n')
        self.assert_handed_over(run("--config", path, "db.example", listener.port), listener)

    def test_what_excludes_an_option_of_the_command_line_is_left_out(self):
        listener = self.listen()
        path = self.write("[[rule]]\n6 = true\nno-keepalive = true\nrelay = true\n")
        result = run("--config", path, "-4", "--keepalive", "--fdpass",
                     *resolve("db.example", "127.0.0.1"), "db.example", listener.port)
        self.assert_handed_over(result, listener)

    def test_what_has_no_meaning_for_the_host_is_left_out_but_a_guard_is_not(self):
        path = self.temporary_path("socket")
        listener = socket.socket(socket.AF_UNIX)
        self.addCleanup(listener.close)
        listener.bind(path)
        listener.listen()
        rules = self.write("[[rule]]\nkeepalive = true\ndscp = \"ef\"\n4 = true\n")
        self.assert_handed_over(run("--config", rules, "unix" + path))
        guard = self.write("[[rule]]\ninternet-only = true\n")
        self.assert_fails(run("--config", guard, "unix" + path), USAGE, "is not on the internet")

    def test_a_path_may_begin_at_home(self):
        path = self.write('[[rule]]\nlog = "~/a log"\nhistory = "~/h"\nbefore = "true ~/x"\n')
        home = os.path.dirname(path)
        env = {**ENVIRONMENT, "HOME": home}
        text = self.text_of("--config", path, "--print-config", "a", env=env)
        self.assertEqual([line.partition(" = ")[2] for line in text.splitlines()[1:]],
                         [home + "/a log", home + "/h", "true ~/x"])
        self.assert_handed_over(run("--config", path, "127.0.0.1", self.listen().port, env=env))
        self.assertTrue(os.path.exists(home + "/a log"))

    def test_false_hides_what_later_rules_have(self):
        path = self.write('[[rule]]\nmatch.host = "127.*"\nrelay = false\n[[rule]]\nrelay = true\n')
        listener = self.listen()
        self.assert_handed_over(run("--config", path, "127.0.0.1", listener.port), listener)


class Looking(ConfigurationTest):
    RULES = ('[[rule]]\nname = "lab"\nmatch.host = "*.lab"\ntimeout = 3\n'
             "[[rule]]\ntimeout = 4\n4 = true\n"
             "[[rule]]\ntimeout = 5\n")

    def test_print_config_says_who_has_set_what(self):
        path = self.write(self.RULES)
        self.assertEqual(
            self.text_of("--config", path, "-6", "--print-config", "db.example").splitlines(),
            [path + line for line in (
                ":1:1: rule 'lab' does not hold: host is db.example, not *.lab",
                ":5:1: rule holds",
                ":6:1:   timeout = 4",
                ":7:1:   4 = true (not used: beside -6 it has no meaning)",
                ":8:1: rule holds",
                f":9:1:   timeout = 5 (not used: {path}:6:1 comes first)",
            )])

    def test_passwords_are_not_shown(self):
        path = self.write('[[rule]]\nproxy = "http://jo:secret@p.example:1"\nproxy-header = "X-Key: secret"\n')
        text = self.text_of("--config", path, "--print-config", "db.example")
        self.assertIn("proxy = http://p.example:1\n", text)
        self.assertNotIn("secret", text)

    def test_explain_says_it_before_the_race(self):
        listener = self.listen()
        path = self.write('[[rule]]\nmatch.host = "x"\n')
        text = self.text_of("--config", path, "--explain", f"127.0.0.1:{listener.port}")
        self.assertTrue(
            text.startswith(path + ":1:1: rule does not hold: host is 127.0.0.1, not x\n\nconnect to"), text)

    def test_check_config_looks_at_every_value(self):
        path = self.write(self.RULES)
        self.assertEqual(self.text_of("--check-config", path), path + ": good\n")
        self.assertEqual(self.text_of("--check-config"), "there is no configuration file\n")
        for rule, fault in (
            ('timeout = "soon"', ":2:1: --timeout: 'soon'"),
            ("4 = true\n6 = true", ":3:1: 6: beside -4 it has no meaning"),
            ('proxy = "ftp://x"', ":2:1: "),
            ('route = ["direct", "nowhere at all"]', ":2:1: --route: 'nowhere at all' is not direct"),
            ('route = "http://a http://b:x"', ":2:1: "),
            ('route = ":99999"', ":2:1: port '99999' is not between"),
            ('route = "command"', ":2:1: --route: "),
        ):
            path = self.write("[[rule]]\n" + rule + "\n")
            result = run("--check-config", path, stdout=subprocess.PIPE)
            self.assert_fails(result, USAGE, path + fault)


if __name__ == "__main__":
    main()
