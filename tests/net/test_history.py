"""--history: what one dial has found out of a network spares the next one the wait, on that network and no
other; and whatever is wrong with the store, the dial goes on.
"""

import fcntl
import json
import os
import re
import stat
import time

import net_case
from dial_case import SECOND_SERVER_V4, SECOND_SERVER_V6, DialTest
from net_case import HOST
from support.network import SERVER_V4, SERVER_V6

BOTH = [SERVER_V6, SERVER_V4]


def setUpModule():
    net_case.require()


def signed(text):
    """With the checksum that its body has."""
    head, _, body = text.partition("\n")
    total = 0xcbf29ce484222325
    for byte in body.encode():
        total = (total ^ byte) * 0x100000001b3 % (1 << 64)
    return f"{head[:-16]}{total:016x}\n{body}"


class HistoryTest(DialTest):
    def setUp(self):
        super().setUp()
        self.store = os.path.join(self.own_file("state"), "gladhand")
        self.history = "--history=" + self.store
        self.serve()

    def addresses(self, *options, **how):
        """Where the SYNs of a dial go, which works."""
        passed, wire = self.connect(self.history, *options, **how)
        passed.close()
        return wire.destinations

    def told(self, *options, **how):
        """The lines of -v about history, without their times."""
        result, _ = self.dial(self.history, "-v", *options, **how)
        self.assertEqual((result.status, len(result.descriptors)), (0, 1), result)
        return [line.split("ms  ", 1)[1] for line in result.stderr.splitlines() if "ms  history" in line]

    def ask(self, *options):
        done = self.network.client.run(self.gladhand, self.history, *options)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        return done.stdout

    def file(self):
        (name,) = os.listdir(self.store)
        return os.path.join(self.store, name)

    def client(self, command):
        self.network.client.do(command)

    def leave_for_the_other_network(self):
        """The second link, with another gateway, is the way to the world until come_back()."""
        self.client(f"ip route del default via {SERVER_V4}")
        self.client(f"ip -6 route del default via {SERVER_V6}")
        self._away = True
        self.addCleanup(self.come_back)

    def come_back(self):
        if self._away:
            self.client(f"ip route add default via {SERVER_V4}")
            self.client(f"ip -6 route add default via {SERVER_V6}")
        self._away = False


class WhatIsSpared(HistoryTest):
    def test_a_dead_first_address_costs_nothing_from_the_second_dial_on(self):
        self.network.black_hole(net_case.IPV6_SSH)
        self.assertEqual(self.addresses(), BOTH)
        for _ in range(3):
            self.assertEqual(self.addresses(), [SERVER_V4])

    def test_without_it_each_dial_waits(self):
        self.network.black_hole(net_case.IPV6_SSH)
        for _ in range(2):
            passed, wire = self.connect()
            passed.close()
            self.assertEqual(wire.destinations, BOTH)
        self.assertFalse(os.path.exists(self.store))

    def test_the_laptop_moves_from_broken_ipv6_to_good_and_back(self):
        self.network.black_hole(net_case.IPV6_SSH)
        self.assertEqual(self.addresses(), BOTH)
        self.assertEqual(self.addresses(), [SERVER_V4])
        self.leave_for_the_other_network()
        self.network.clear()
        self.assertEqual(self.addresses(), [SERVER_V6])  # nothing that was learned elsewhere counts
        self.come_back()
        self.network.black_hole(net_case.IPV6_SSH)
        self.assertEqual(self.addresses(), [SERVER_V4])  # and what was learned here still does
        self.assertEqual(len(os.listdir(self.store)), 2)

    def test_ipv6_that_works_again_is_found(self):
        self.network.black_hole(net_case.IPV6_SSH)
        self.addresses()
        self.network.clear()
        for _ in range(15):
            self.assertEqual(self.addresses(), [SERVER_V4])
        for _ in range(2):
            self.assertEqual(self.addresses(), [SERVER_V6])

    def test_the_delay_follows_the_round_trip(self):
        self.addresses()
        self.network.black_hole(net_case.IPV6_SSH)
        trace = self.own_file("trace")
        self.assertEqual(self.addresses("--trace", trace), BOTH)
        with open(trace, encoding="ascii") as lines:
            events = [json.loads(line) for line in lines]
        starts = [event["t_us"] for event in events if event["event"] == "attempt_started"]
        self.assert_on_time((starts[1] - starts[0]) / 1e6, 0.1)
        weighed = [event for event in events if event["event"] == "history_weighed"][-1]
        self.assertEqual([(it["verdict"], it["delay_us"]) for it in weighed["addresses"]], [("known", 100000)])

    def test_a_delay_of_the_users_is_the_users(self):
        self.addresses()
        self.network.black_hole(net_case.IPV6_SSH)
        told = self.told("--connection-attempt-delay", "300ms")
        self.assertIn("the next is due after 300 ms", told[1])

    def test_a_relay_remembers_as_soon_as_it_is_connected(self):
        session = self.start(self.history, "--relay")
        self.addCleanup(lambda: session.finish(5).close())
        self.addCleanup(session.process.kill)
        self.assert_soon(lambda: os.path.isdir(self.store) and os.listdir(self.store) and
                         os.stat(self.file()).st_size > 0, "what it remembers")
        self.assertIsNone(session.process.poll())

    def test_what_another_program_has_written_meanwhile_counts(self):
        self.addresses()
        forget = f"{os.path.abspath(self.gladhand)} {self.history} --history-forget all"
        self.addresses("--before", f"sh -c '{forget} >/dev/null 2>&1'")
        with open(self.file(), encoding="utf-8") as lines:
            self.assertEqual([line.split()[5] for line in lines if line.startswith("endpoint")], ["1"])

    def test_rules_of_a_file_can_ask_for_it(self):
        config = self.network.client.etc / "history.toml"
        config.write_text(f'[[rule]]\nhistory = "{self.store}"\n', encoding="utf-8")
        self.addCleanup(config.unlink)
        passed, _ = self.connect("--config", "/etc/history.toml")
        passed.close()
        self.assertIn(HOST, self.ask("--history-show"))


class WhatIsTold(HistoryTest):
    def test_each_step(self):
        self.network.black_hole(net_case.IPV6_SSH)
        first = self.told()
        self.assertRegex(first[0], r"^history: network [0-9a-f]{16}, addresses known: 0$")
        self.assertEqual(first[1:], [f"history: remember that {SERVER_V6} has not answered, {SERVER_V4} has answered"])
        second = self.told()
        self.assertRegex(second[0], r"addresses known: 2$")
        self.assertRegex(second[-2], fr"^history: {SERVER_V4} has a round trip of [0-9.]+ ms, the next is due after "
                                     fr"100 ms; {SERVER_V6} goes last: it did not answer here, once$")

    def test_explain_says_it_below_the_picture(self):
        self.network.black_hole(net_case.IPV6_SSH)
        self.addresses()
        text = self.ask("--explain", HOST)
        self.assertIn(f"{SERVER_V6} goes last", text.rpartition("history: network")[2])
        self.assertEqual(text.count("history: network"), 1)

    def test_show_and_forget(self):
        self.assertEqual(self.ask("--history-show"), f"there is no history in {self.store}\n")
        self.network.black_hole(net_case.IPV6_SSH)
        self.addresses()
        self.addresses()
        network, family, lost, won = self.ask("--history-show").splitlines()
        self.assertEqual(family, "  IPv6: the last address has failed")
        self.assertRegex(network, fr"^network [0-9a-f]{{16}}: eth0, gateway {SERVER_V4}, 20")
        self.assertIn(f"{SERVER_V6} port 22 ({HOST}): won 0 dials, failed the last 1 time, passed over 1 time since",
                      lost)
        self.assertRegex(won, fr"{SERVER_V4} port 22 \({HOST}\): won 2 dials, round trip [0-9.]+ ms, 20")
        self.assertEqual(self.ask("--history-forget", "other.example"), "addresses forgotten: 0\n")
        self.assertEqual(self.ask("--history-forget", SERVER_V6), "addresses forgotten: 1\n")
        self.assertEqual(self.addresses(), BOTH)
        self.assertEqual(self.ask("--history-forget", HOST.upper() + "."), "addresses forgotten: 2\n")
        self.assertEqual(os.listdir(self.store), [])
        self.addresses()
        self.assertEqual(self.ask("--history-forget", "all"), "networks forgotten: 1\n")
        self.assertEqual(self.ask("--history-show"), f"there is no history in {self.store}\n")


class WhatGoesWrong(HistoryTest):
    """Each costs the history, one line of -v, and nothing else."""

    def setUp(self):
        super().setUp()
        self.network.black_hole(net_case.IPV6_SSH)
        self.addresses()

    def text(self):
        with open(self.file(), encoding="ascii") as file:
            return file.read()

    def change(self, make):
        text = self.text()
        with open(self.file(), "w", encoding="ascii") as file:
            file.write(make(text))

    def assert_none(self, why, **how):
        told = self.told(**how)
        self.assertEqual(told[0], "history: not used: " + why)
        return told

    def test_nobody_else_may_read_it(self):
        self.assertEqual(stat.S_IMODE(os.stat(self.store).st_mode), 0o700)
        self.assertEqual(stat.S_IMODE(os.stat(self.file()).st_mode), 0o600)

    def test_a_damaged_file_is_written_anew(self):
        self.change(lambda text: text.replace("endpoint", "endpaint"))
        self.assert_none("its file is damaged")
        self.assertEqual(self.addresses(), [SERVER_V4])

    def test_half_a_file(self):
        self.change(lambda text: text[:len(text) // 2])
        self.assert_none("its file is damaged")

    def test_a_file_of_a_later_version_stays_as_it_is(self):
        self.change(lambda text: text.replace("gladhand-history 1", "gladhand-history 2"))
        before = self.text()
        told = self.assert_none("its file is of another version")
        self.assertEqual(told[-1], "history: not written: its file is of another version")
        self.assertEqual(self.text(), before)

    def test_a_clock_that_was_set_back(self):
        self.change(lambda text: signed(re.sub("written [0-9]+", f"written {int(time.time()) + 3600}", text)))
        self.assert_none("the clock was set back since it was written")
        self.assertEqual(self.addresses(), [SERVER_V4])  # it was written anew

    def test_a_locked_file(self):
        with open(self.file(), "r+", encoding="ascii") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            told = self.assert_none(os.path.basename(self.file()) + ": others have it locked")
        self.assertIn("not written: ", told[-1])

    def test_a_folder_that_others_write_to(self):
        os.chmod(self.store, 0o777)
        told = self.assert_none(f"'{self.store}': others have access to it")
        self.assertIn("not written: ", told[-1])

    def test_a_file_of_somebody_elses(self):
        os.chown(self.file(), 65534, 65534)
        self.assert_none(os.path.basename(self.file()) + ": it belongs to another user")

    def test_a_symbolic_link_is_not_followed(self):
        name, real = self.file(), self.store + ".real"
        os.rename(name, real)
        os.symlink(real, name)
        before = os.stat(real).st_mtime_ns
        self.assert_none("too many levels of symbolic links")
        self.assertEqual(os.stat(real).st_mtime_ns, before)

    def test_a_folder_that_cannot_be_made(self):
        told = self.told("--history=/proc/none/gladhand")
        self.assertTrue(told[0].startswith("history: not used: '/proc/none/gladhand': "), told)

    def test_no_gateway_no_history(self):
        for words in ("ip route del default", "ip -6 route del default") * 2:
            self.client(words)
        self.addCleanup(self.give_routes_back)
        self.assert_none("no gateway has a link-layer address by which the network is known")

    def give_routes_back(self):
        for gateway, metric in ((SERVER_V4, ""), (SERVER_V6, ""), (SECOND_SERVER_V4, " metric 5000"),
                                (SECOND_SERVER_V6, " metric 5000")):
            self.client(f"ip route add default via {gateway}{metric}")


if __name__ == "__main__":
    net_case.main()
