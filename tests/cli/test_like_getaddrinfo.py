"""Names, side by side with the C library: the same files and the same scripted name servers, one question
to getaddrinfo(3) and one to gladhand. A row is a sentence, and says how the two compare:

EQUAL: both find the same addresses, or neither finds any. BETTER: gladhand finds all that the C library
does, and more. ON_PURPOSE: they differ, and gladhand(1) says why.

Of gladhand, the addresses count that it has found out; every one of them refuses or has no route. Which
goes first is for other tests: families are interleaved here, and by getaddrinfo(3) are not.
"""

import contextlib
import ctypes
import dataclasses
import json
import os
import socket
import subprocess
import sys
import tempfile
import unittest

import common
import sandbox
from common import ENVIRONMENT, CommandTest, run
from support import dns, receiver

EQUAL, BETTER, ON_PURPOSE = "equal", "better", "different on purpose"
SERVER, SECOND_SERVER = "127.0.0.53", "127.0.0.54"
A1, A2, B1, B2 = "127.0.7.1", "127.0.7.2", "fd00::1", "fd00::2"  # what stands in the answers
CLONE_NEWUTS = 0x04000000

# What getaddrinfo(3) says, as JSON: the addresses, or the number of its error.
PROBE = """
import json, socket, sys
family = {"4": socket.AF_INET, "6": socket.AF_INET6}.get(sys.argv[2], socket.AF_UNSPEC)
try:
    host = sys.argv[1].encode("utf-8", "surrogateescape")
    found = socket.getaddrinfo(host, 22, family, socket.SOCK_STREAM)
    print(json.dumps(sorted({entry[4][0] for entry in found})))
except socket.gaierror as error:
    print(json.dumps([]))
"""


@dataclasses.dataclass(frozen=True)
class Row:
    sentence: str
    host: str
    finds: tuple = ()  # what gladhand is to find
    relation: str = EQUAL
    script: dict = dataclasses.field(default_factory=dict)
    second: object = None  # the script of another server, behind the first
    default: object = None
    nameservers: tuple = ()  # what resolv.conf has, where that is not where they listen
    listens: str = SERVER
    once_a_port: bool = False  # in front of the first is a firewall that lets one answer pass to a port
    resolv: str = ""
    hosts: str = ""
    nsswitch: str = "files dns"
    environment: dict = dataclasses.field(default_factory=dict)
    aliases: str = ""  # the text of HOSTALIASES' file
    own_name: str = ""  # of this machine
    family: str = ""  # "4" or "6"
    options: tuple = ()  # of gladhand alone: longer delays, so that no order depends on milliseconds


def both(name, a=dns.answer(A1), aaaa=dns.answer(B1)):
    return {(name, "A"): a, (name, "AAAA"): aaaa}


BOTH = (A1, B1)
PATIENT = ("--resolution-delay", "2s")
EDNS_REPLIES = ((dns.FORMERR, "says FORMERR"), ("bare", "says FORMERR with a bare header"),
                (dns.REFUSED, "refuses"), (dns.NOTIMP, "does not implement it"), (dns.SERVFAIL, "fails"),
                ("drop", "drops it"))
DB = both("db.example")
SEARCH = "search one.example two.example\n"

ROWS = [
    # -- addresses
    Row("four decimal numbers are an address", "127.0.7.1", (A1,)),
    Row("two numbers are an address, the second of three octets", "127.1", ("127.0.0.1",)),
    Row("three numbers are an address, the last of two octets", "127.0.1793", (A1,)),
    Row("one number is an address", "2130706433", ("127.0.0.1",)),
    Row("a hexadecimal number is an address", "0x7f.0.7.1", (A1,)),
    Row("a number that begins with 0 is octal", "0177.0.7.1", (A1,)),
    Row("an IPv6 address with an IPv4 end is one", "fd00::192.0.2.1", ("fd00::c000:201",)),
    Row("a last label of digits makes a name", "web.1", (A1,), script=both("web.1", aaaa=dns.nodata())),
    Row("a last label of digits with a leading 0 makes a name", "node.01", BOTH, script=both("node.01")),
    Row("a number over 255 makes a name", "127.0.0.256", (A1,), script=both("127.0.0.256", aaaa=dns.nodata())),
    Row("five numbers make a name", "1.2.3.4.5", BOTH, script=both("1.2.3.4.5")),
    # -- the hosts file
    Row("hosts: a name has all the addresses of its lines", "db.example", (A1, A2, B1),
        hosts=f"{A1} db.example\n{B1} x db.example\n{A2} db.example # {B2}\n"),
    Row("hosts: case does not count", "DB.example", (A1,), hosts=f"{A1} db.EXAMPLE\n"),
    Row("hosts: part of a name does not count", "db", hosts=f"{A1} db.example dbx xdb db-\n"),
    Row("hosts: what stands behind # does not count", "db", hosts=f"{A1} x # db\n#{A1} db\n"),
    Row("hosts: an address of too few numbers does not count", "db", hosts="127.1 db\n"),
    Row("hosts: a name that it has is not asked for", "db.example", (A2,), script=DB, hosts=f"{A2} db.example\n"),
    Row("hosts: one family is enough for both", "db.example", (B2,), script=DB, hosts=f"{B2} db.example\n"),
    Row("hosts: with one family wanted, the other's entry hides nothing", "db.example", (A1,), script=DB,
        hosts=f"{B2} db.example\n", family="4"),
    Row("hosts: a name in its own letters is found", "b\u00fccher.example", (A1,),
        hosts=f"{A1} b\u00fccher.example\n"),
    Row("hosts: the search list is not tried there", "db", BOTH, script=both("db.one.example"), resolv=SEARCH,
        hosts=f"{A2} db.one.example\n"),
    Row("hosts: a final dot does not count", "db.example.", (A1,), BETTER, hosts=f"{A1} db.example\n"),
    # -- nsswitch.conf
    Row("nsswitch: dns before files, the DNS has it", "db.example", BOTH, script=DB, hosts=f"{A2} db.example\n",
        nsswitch="dns files"),
    Row("nsswitch: dns before files, hosts has it", "db.example", (A2,), hosts=f"{A2} db.example\n",
        nsswitch="dns files"),
    Row("nsswitch: files alone", "db.example", script=DB, nsswitch="files"),
    Row("nsswitch: dns alone", "db.example", BOTH, script=DB, hosts=f"{A2} db.example\n", nsswitch="dns"),
    Row("nsswitch: files, whose no is final", "db.example", script=DB, nsswitch="files [NOTFOUND=return] dns"),
    Row("nsswitch: the DNS, whose no is final", "db.example", hosts=f"{A2} db.example\n",
        nsswitch="dns [NOTFOUND=return] files"),
    Row("nsswitch: the DNS, whose silence is no no", "db.example", (A2,), script=both("db.example", dns.servfail(),
        dns.servfail()), hosts=f"{A2} db.example\n", nsswitch="dns [NOTFOUND=return] files"),
    Row("nsswitch: a module that is nowhere is passed over", "db.example", BOTH, script=DB,
        nsswitch="files nosuchmodule dns"),
    # -- the search list
    Row("search: a name without a dot is completed first", "db", BOTH,
        script={**both("db.two.example"), **both("db", dns.answer(A2), dns.answer(B2))}, resolv=SEARCH),
    Row("search: and asked as it is last", "db", BOTH, script=both("db"), resolv=SEARCH),
    Row("search: a name with a dot is asked as it is first", "db.x", BOTH,
        script={**both("db.x"), **both("db.x.one.example", dns.answer(A2), dns.answer(B2))}, resolv=SEARCH),
    Row("search: and completed then", "db.x", BOTH, script=both("db.x.two.example"), resolv=SEARCH),
    Row("search: a final dot ends it", "db.", script=both("db.one.example"), resolv=SEARCH),
    Row("search: ndots:2 completes a name with one dot first", "db.x", BOTH,
        script={**both("db.x.one.example"), **both("db.x", dns.answer(A2), dns.answer(B2))},
        resolv=SEARCH + "options ndots:2\n"),
    Row("search: ndots:0 asks for every name as it is first", "db", BOTH,
        script={**both("db"), **both("db.one.example", dns.answer(A2), dns.answer(B2))},
        resolv=SEARCH + "options ndots:0\n"),
    Row("search: ndots:2,timeout:1 sets the dots", "db.x", BOTH,
        script={**both("db.x.one.example"), **both("db.x", dns.answer(A2), dns.answer(B2))},
        resolv=SEARCH + "options ndots:2,timeout:1\n"),
    Row("search: the last line counts", "db", BOTH, script=both("db.three.example"),
        resolv=SEARCH + "search three.example\n"),
    Row("search: a domain line is a search line", "db", BOTH, script=both("db.three.example"),
        resolv=SEARCH + "domain three.example\n"),
    Row("search: a root domain is the name as it is", "db", BOTH, script=both("db"), resolv="search .\n"),
    Row("search: no-tld-query keeps a name without a dot from the root", "db", script=both("db"),
        resolv=SEARCH + "options no-tld-query\n"),
    Row("search: no-tld-query without search domains does not", "db", BOTH, script=both("db"),
        resolv="search .\noptions no-tld-query\n"),
    Row("search: LOCALDOMAIN replaces it", "db", BOTH,
        script={**both("db.three.example"), **both("db.one.example", dns.answer(A2), dns.answer(B2))}, resolv=SEARCH,
        environment={"LOCALDOMAIN": "four.example three.example"}),
    Row("search: RES_OPTIONS adds to the options", "db.x", BOTH,
        script={**both("db.x.one.example"), **both("db.x", dns.answer(A2), dns.answer(B2))}, resolv=SEARCH,
        environment={"RES_OPTIONS": "ndots:2"}),
    Row("search: HOSTALIASES gives a short name another", "db", BOTH, script=both("real.example"),
        aliases="db real.example\n"),
    Row("search: HOSTALIASES does not count for a name with a dot", "db.x", aliases="db.x real.example\n",
        script=both("real.example")),
    Row("search: the domain of this machine's own name where no line names one", "db", BOTH,
        script=both("db.home.example"), own_name="me.home.example"),
    Row("search: that domain is nothing beside a search line", "db", script=both("db.home.example"), resolv=SEARCH,
        own_name="me.home.example"),
    Row("search: a name that fails in one family stays with the first domain that has it", "db", (A1,),
        script={**both("db.one.example", aaaa=dns.nodata()), **both("db.two.example", dns.answer(A2))}, resolv=SEARCH),
    Row("search: and in the other family too", "db", (B1,),
        script={**both("db.one.example", a=dns.nodata()), **both("db.two.example", dns.answer(A2))}, resolv=SEARCH),
    Row("search: LOCALDOMAIN that is empty leaves no search domain", "db", BOTH,
        script={**both("db"), **both("db.one.example", dns.answer(A2), dns.answer(B2))}, resolv=SEARCH,
        environment={"LOCALDOMAIN": ""}),
    Row("search: LOCALDOMAIN counts before the own domain", "db", BOTH,
        script={**both("db.one.example"), **both("db.home.example", dns.answer(A2), dns.answer(B2))},
        environment={"LOCALDOMAIN": "one.example"}, own_name="me.home.example"),
    Row("search: RES_OPTIONS goes over what the file says", "db.x", BOTH,
        script={**both("db.x"), **both("db.x.one.example", dns.answer(A2), dns.answer(B2))},
        resolv=SEARCH + "options ndots:3\n", environment={"RES_OPTIONS": "ndots:1"}),
    Row("search: RES_OPTIONS has options behind an unknown one", "db.x", BOTH,
        script={**both("db.x.one.example"), **both("db.x", dns.answer(A2), dns.answer(B2))},
        resolv=SEARCH, environment={"RES_OPTIONS": "nonsense\tndots:2"}),
    Row("search: HOSTALIASES counts whatever the case", "DB", BOTH, script=both("real.example"),
        aliases="db real.example\n"),
    Row("search: HOSTALIASES has no entry for another name", "db", BOTH, script=both("db"),
        aliases="dbx other.example\nxdb other.example\n"),
    Row("search: HOSTALIASES goes before the search list", "db", BOTH, resolv=SEARCH, aliases="db real.example\n",
        script={**both("real.example"), **both("db.one.example", dns.answer(A2), dns.answer(B2))}),
    Row("search: HOSTALIASES of a file that is not there", "db", BOTH, script=both("db"),
        environment={"HOSTALIASES": "/nonexistent/aliases"}),
    # -- the forms of resolv.conf
    Row("form: options on two lines", "db.x", BOTH,
        script={**both("db.x.one.example"), **both("db.x", dns.answer(A2), dns.answer(B2))},
        resolv=SEARCH + "options timeout:1\noptions ndots:2\n"),
    Row("form: the last of two that say the same", "db.x", BOTH,
        script={**both("db.x.one.example"), **both("db.x", dns.answer(A2), dns.answer(B2))},
        resolv=SEARCH + "options ndots:1 ndots:2\n"),
    Row("form: ndots is at most 15", ".".join("abcdefghijklmnop"), BOTH, resolv=SEARCH + "options ndots:99\n",
        script={**both(".".join("abcdefghijklmnop")),
                **both(".".join("abcdefghijklmnop") + ".one.example", dns.answer(A2), dns.answer(B2))}),
    Row("form: a number ends where no digit follows", "db.x", BOTH,
        script={**both("db.x.one.example"), **both("db.x", dns.answer(A2), dns.answer(B2))},
        resolv=SEARCH + "options ndots:2x\n"),
    Row("form: an option in upper case is none", "db.x", BOTH,
        script={**both("db.x"), **both("db.x.one.example", dns.answer(A2), dns.answer(B2))},
        resolv=SEARCH + "options NDOTS:2\n"),
    Row("form: what is commented out says nothing", "db", BOTH,
        script={**both("db.one.example"), **both("db.three.example", dns.answer(A2), dns.answer(B2))},
        resolv=SEARCH + "# search three.example\n; search three.example\n"),
    Row("form: tabs are blanks", "db", BOTH, script=both("db.three.example"), resolv="search\t\tthree.example\t\n"),
    Row("form: an indented line says nothing", "db", BOTH,
        script={**both("db.one.example"), **both("db.three.example", dns.answer(A2), dns.answer(B2))},
        resolv=SEARCH + " search three.example\n"),
    Row("form: no newline at the end of the file", "db", BOTH, script=both("db.three.example"),
        resolv="search three.example"),
    Row("form: a search domain may end with a dot", "db", BOTH, script=both("db.three.example"),
        resolv="search three.example.\n"),
    Row("form: eight search domains", "db", BOTH, script=both("db.d8.example"),
        resolv="search " + " ".join(f"d{i}.example" for i in range(1, 9)) + "\n"),
    Row("form: options that nobody knows", "db.example", BOTH, script=DB,
        resolv="options inet6 no-reload trust-ad sortlist nonsense:7 no-check-names\nsortlist 10.0.0.0\n"),
    # -- answers
    Row("answers: both families", "db.example", BOTH, script=DB),
    Row("answers: IPv4 alone", "db.example", (A1,), script=both("db.example", aaaa=dns.nodata())),
    Row("answers: IPv6 alone", "db.example", (B1,), script=both("db.example", a=dns.nodata())),
    Row("answers: IPv4 wanted", "db.example", (A1,), script=DB, family="4"),
    Row("answers: IPv6 wanted", "db.example", (B1,), script=DB, family="6"),
    Row("answers: many addresses", "db.example", tuple(f"127.0.8.{i}" for i in range(1, 25)),
        script=both("db.example", dns.answer(*(f"127.0.8.{i}" for i in range(1, 25))), dns.nodata())),
    Row("answers: more than one datagram holds", "db.example", tuple(f"127.0.8.{i}" for i in range(1, 60)),
        script=both("db.example", dns.answer(*(f"127.0.8.{i}" for i in range(1, 60)), truncate=True), dns.nodata())),
    Row("answers: an alias", "db.example", BOTH, script=both("db.example", dns.alias(["x.example"], A1),
                                                             dns.alias(["x.example"], B1))),
    Row("answers: a chain of aliases", "db.example", (A1,), script=both("db.example", dns.alias(
        ["x.example", "y.example", "z.example"], A1), dns.nodata())),
    Row("answers: an alias to nothing", "db.example", script=both("db.example", dns.alias(["x.example"]),
                                                                  dns.alias(["x.example"]))),
    Row("answers: no such name", "db.example"),
    Row("answers: a name without addresses", "db.example", script=both("db.example", dns.nodata(), dns.nodata())),
    Row("answers: a name in upper case", "DB.Example", BOTH, script=DB),
    Row("answers: a name with an underscore", "_db.example", BOTH, script=both("_db.example")),
    Row("answers: a name that IPv4 denies and IPv6 has", "db.example", (B1,), script=both("db.example", dns.nxdomain())),
    Row("answers: the same where IPv6 is the later", "db.example", (B1,),
        options=PATIENT, script=both("db.example", dns.nxdomain(), dns.answer(B1, delay=0.1))),
    Row("answers: a name that IPv6 denies and IPv4 has", "db.example", (A1,),
        script=both("db.example", aaaa=dns.nxdomain())),
    Row("answers: the same where IPv4 is the later", "db.example", (A1,),
        options=PATIENT, script=both("db.example", dns.answer(A1, delay=0.1), dns.nxdomain())),
    Row("answers: what IPv4 denies hides no other name of the search list", "db", (B1,), resolv=SEARCH,
        script={**both("db.one.example", dns.nxdomain()), **both("db.two.example", dns.answer(A2), dns.answer(B2))}),
    Row("answers: IPv4 alone, whose IPv6 the server fails to say", "db.example", (A1,),
        script=both("db.example", aaaa=dns.servfail())),
    Row("answers: IPv6 alone, whose IPv4 the server fails to say", "db.example", (B1,),
        script=both("db.example", a=dns.servfail())),
    Row("answers: IPv4 alone, whose IPv6 the server refuses", "db.example", (A1,),
        script=both("db.example", aaaa=dns.refused())),
    Row("answers: one lost datagram", "db.example", BOTH, resolv="options timeout:1\n",
        script=both("db.example", aaaa=[dns.drop(), dns.answer(B1)])),
    Row("answers: both lost once", "db.example", BOTH, resolv="options timeout:1\n",
        script=both("db.example", [dns.drop(), dns.answer(A1)], [dns.drop(), dns.answer(B1)])),
    Row("answers: cut in both families, the rest over TCP", "db.example", BOTH,
        script=both("db.example", dns.answer(A1, truncate=True), dns.answer(B1, truncate=True))),
    Row("answers: cut, and no more over TCP", "db.example", resolv="options timeout:1 attempts:1\n",
        script=both("db.example", *(dns.answer(it, truncate=True, tcp="close") for it in BOTH))),
    Row("answers: cut, and no more over TCP, but of the next server", "db.example", BOTH, second=DB,
        script=both("db.example", *(dns.answer(A2, truncate=True, tcp="close") for it in BOTH))),
    Row("answers: cut, and over TCP the name has nothing", "db.example",
        script=both("db.example", dns.nodata(truncate=True), dns.nodata(truncate=True))),
    Row("answers: addresses that no alias leads to are nobody's", "db.example", (A1,),
        script=both("db.example", dns.alias(["x.example"], A1, strays=(A2,)), dns.nodata())),
    Row("answers: nor without any alias", "db.example", (A1,),
        script=both("db.example", dns.answer(A1, strays=(A2,)), dns.nodata())),
    Row("answers: nothing but addresses of another name", "db.example",
        script=both("db.example", dns.Reply(strays=(A2,)), dns.nodata())),
    # -- datagrams that are no answer, then the answer
    *(Row(f"forged: {words} is not the answer", "db.example", BOTH,
          script=both("db.example", dns.answer(A1, forge=(what,)), dns.answer(B1, forge=(what,))))
      for what, words in (("id", "a wrong id"), ("question", "a wrong question"), ("port", "a wrong sender"),
                          ("noise", "garbage"))),
    *(Row(f"forged: {words} is not the answer", "db.example", BOTH, ON_PURPOSE,
          script=both("db.example", dns.answer(A1, forge=(what,)), dns.answer(B1, forge=(what,))))
      for what, words in (("query", "a question in its place"), ("opcode", "another operation's answer"))),
    # -- EDNS
    *(Row(f"EDNS: a server that {words} is not asked for it", "db.example", BOTH,
          script=both("db.example", dns.answer(A1, without_edns=how), dns.answer(B1, without_edns=how)))
      for how, words in EDNS_REPLIES),
    *(Row(f"EDNS: edns0, and a server that {words}", "db.example", BOTH,
          BETTER, script=both("db.example", dns.answer(A1, without_edns=how), dns.answer(B1, without_edns=how)),
          resolv="options edns0 timeout:1\n") for how, words in EDNS_REPLIES),
    Row("EDNS: edns0, and a server that takes it", "db.example", BOTH, script=DB, resolv="options edns0\n"),
    Row("EDNS: edns0, cut, and refused over TCP", "db.example", BOTH, BETTER, resolv="options edns0\n",
        script=both("db.example", *(dns.answer(it, truncate=True, without_edns=dns.FORMERR) for it in BOTH))),
    # -- ports
    Row("ports: a firewall that lets one answer pass to a port", "db.example", BOTH, BETTER, script=DB, once_a_port=True,
        resolv="options timeout:1\n"),
    Row("ports: the same with single-request-reopen", "db.example", BOTH, script=DB, once_a_port=True,
        resolv="options single-request-reopen timeout:1\n"),
    Row("ports: single-request", "db.example", BOTH, script=DB, resolv="options single-request\n"),
    Row("ports: single-request, IPv6 alone", "db.example", (B1,), script=both("db.example", a=dns.nodata()),
        resolv="options single-request\n"),
    Row("ports: single-request, and the search list", "db", BOTH, script=both("db.two.example"),
        resolv=SEARCH + "options single-request\n"),
    Row("ports: single-request-reopen, and more than one datagram holds", "db.example", BOTH,
        script=both("db.example", dns.answer(A1, truncate=True), dns.answer(B1, truncate=True)),
        resolv="options single-request-reopen\n"),
    # -- more answers
    Row("answers: no-aaaa asks for IPv4 alone", "db.example", (A1,), script=DB, resolv="options no-aaaa\n"),
    Row("answers: use-vc asks over TCP", "db.example", BOTH, script=DB, resolv="options use-vc\n"),
    # -- servers
    Row("servers: one that refuses leaves the next", "db.example", BOTH, default=dns.refused(), second=DB),
    Row("servers: one that fails leaves the next", "db.example", BOTH, default=dns.servfail(), second=DB),
    Row("servers: one that is silent leaves the next", "db.example", BOTH, default=dns.drop(), second=DB,
        resolv="options timeout:1 attempts:1\n"),
    Row("servers: the first's no is final", "db.example", second=DB),
    Row("servers: all fail", "db.example", default=dns.servfail()),
    Row("servers: none answers", "db.example", default=dns.drop(), resolv="options timeout:1 attempts:1\n"),
    Row("servers: one that does not implement it leaves the next", "db.example", BOTH,
        default=dns.Reply(rcode=dns.NOTIMP), second=DB),
    Row("servers: one that cannot read the question leaves the next", "db.example", BOTH, BETTER,
        default=dns.Reply(rcode=dns.FORMERR), second=DB),
    Row("servers: one that refers elsewhere leaves the next", "db.example", BOTH, default=dns.Reply(lame=True),
        second=DB),
    Row("servers: one that sends what cannot be read leaves the next", "db.example", BOTH,
        default=dns.answer(A2, malformed="garbage"), second=DB, resolv="options timeout:1 attempts:1\n"),
    Row("servers: one that nobody listens at leaves the next", "db.example", BOTH, script=DB,
        nameservers=("127.0.0.59", SERVER)),
    Row("servers: one without a route leaves the next", "db.example", BOTH, script=DB,
        nameservers=("2001:db8::53", SERVER)),
    Row("servers: WSL's leave the next", "db.example", BOTH, script=DB,
        nameservers=("fec0:0:0:ffff::1", "fec0:0:0:ffff::2", SERVER)),
    Row("servers: 0.0.0.0 is this machine", "db.example", BOTH, script=DB, nameservers=("0.0.0.0",),
        listens="127.0.0.1"),
    Row("servers: :: is this machine", "db.example", BOTH, script=DB, nameservers=("::",), listens="::1"),
    Row("servers: one over IPv6", "db.example", BOTH, script=DB, nameservers=("::1",), listens="::1"),
    Row("servers: no line is 127.0.0.1", "db.example", BOTH, script=DB, nameservers=("",), listens="127.0.0.1"),
    Row("servers: a line that is no address is passed over", "db.example", BOTH, script=DB,
        nameservers=("nonsense", "300.1.1.1", SERVER)),
    Row("servers: rotate, and all say the same", "db.example", BOTH, script=DB, second=DB, resolv="options rotate\n"),
    Row("servers: the fourth is asked too", "db.example", BOTH, BETTER, default=dns.refused(), second=DB,
        nameservers=(SERVER,) * 3),
    Row("servers: addresses of the first that come late beat the second's no", "db.example", BOTH, second={},
        options=PATIENT, script=both("db.example", dns.answer(A1, delay=0.6), dns.answer(B1, delay=0.6))),
    Row("servers: addresses of the second beat the first's no that comes late", "db.example", BOTH, BETTER,
        script=both("db.example", dns.nxdomain(delay=1), dns.nxdomain(delay=1)), second=DB),
    Row("servers: one that fails for IPv6 alone leaves that to the next", "db.example", BOTH, BETTER,
        script=both("db.example", aaaa=dns.servfail()), second=DB),
    Row("servers: one that fails leaves the next, whose no is final", "db.example", default=dns.servfail(), second={}),
    # -- what differs on purpose
    *(Row(f"a name without {what} is no reason to go to another machine's", "db", (), ON_PURPOSE, family=family,
          script={**both("db.one.example", dns.nodata(), dns.nodata()), **both("db.two.example")}, resolv=SEARCH)
      for family, what in (("4", "an IPv4 address"), ("6", "an IPv6 address"), ("", "addresses"))),
    Row("addresses of a first server that come after the second's no, and after the Resolution Delay", "db.example",
        (), ON_PURPOSE, second={}, script=both("db.example", dns.answer(A1, delay=1.5), dns.answer(B1, delay=1.5))),
    Row("localhost and names below it are this machine", "x.localhost", ("127.0.0.1", "::1"), ON_PURPOSE),
    Row("an onion service is never asked for", "abc.onion", (), ON_PURPOSE, script=both("abc.onion")),
    Row("ndots:x says nothing", "db", BOTH, ON_PURPOSE,
        script={**both("db.one.example"), **both("db", dns.answer(A2), dns.answer(B2))},
        resolv=SEARCH + "options ndots:x\n"),
]


def setUpModule():
    sandbox.enter()
    if "CS_GNU_LIBC_VERSION" not in os.confstr_names:
        raise unittest.SkipTest("needs glibc to compare with")
    if ctypes.CDLL(None).unshare(CLONE_NEWUTS) != 0:
        raise unittest.SkipTest("needs a host name of its own")


class SideBySide(CommandTest):
    maxDiff = None

    def setUp(self):
        self.port = receiver.free_port("127.0.0.1", "::1")

    @contextlib.contextmanager
    def world_of(self, row):
        """The servers and files of a row, anew for each of the two."""
        with contextlib.ExitStack() as stack:
            servers = [dns.Server((row.listens, 53), script=row.script, default=row.default,
                                  once_a_port=row.once_a_port)]
            names = row.nameservers or (row.listens,)
            if row.second is not None:
                servers.append(dns.Server((SECOND_SERVER, 53), script=row.second))
                names += (SECOND_SERVER,)
            resolv = "".join(f"nameserver {name}\n" for name in names if name) + row.resolv
            for one in (*servers, sandbox.file("/etc/resolv.conf", resolv), sandbox.file("/etc/hosts", row.hosts),
                        sandbox.file("/etc/nsswitch.conf", f"hosts: {row.nsswitch}\n")):
                stack.enter_context(one)
            socket.sethostname(row.own_name or "me")
            self.environment = {**ENVIRONMENT, "LC_ALL": "C.UTF-8", **row.environment}
            if row.aliases:
                file = stack.enter_context(tempfile.NamedTemporaryFile("w", suffix="aliases"))
                file.write(row.aliases)
                file.flush()
                self.environment["HOSTALIASES"] = file.name
            yield

    def ask_libc(self, row):
        done = subprocess.run([sys.executable, "-I", "-S", "-c", PROBE, row.host, row.family], env=self.environment,
                              capture_output=True, text=True, check=True, timeout=20)
        return set(json.loads(done.stdout))

    def ask_gladhand(self, row):
        path = self.temporary_path("trace")
        family = ["-" + row.family] if row.family else []
        result = run("--trace", path, "--connection-attempt-delay", "10ms", *row.options, *family, row.host, self.port,
                     env=self.environment)
        result.close()
        self.assertIn(result.status, (68, 69), result)
        with open(path, encoding="utf-8") as file:
            events = [json.loads(line) for line in file]
        return {event["address"] for event in events if event["event"] == "candidate_discovered"}

    def compare(self, row):
        with self.world_of(row):
            theirs = self.ask_libc(row)
        with self.world_of(row):
            ours = self.ask_gladhand(row)
        self.assertEqual(ours, set(row.finds), "gladhand")
        if row.relation == EQUAL:
            self.assertEqual(theirs, ours, "getaddrinfo")
        elif row.relation == BETTER:
            self.assertLess(theirs, ours, "getaddrinfo is no worse by now: a row that is equal")
        else:
            self.assertNotEqual(theirs, ours, "the two no longer differ")

    def test_every_sentence_is_one_of_its_own(self):
        self.assertEqual(len({row.sentence for row in ROWS}), len(ROWS))

    @classmethod
    def tearDownClass(cls):
        counts = {relation: sum(row.relation == relation for row in ROWS) for relation in (EQUAL, BETTER, ON_PURPOSE)}
        print("rows:", ", ".join(f"{count} {relation}" for relation, count in counts.items()), file=sys.stderr)


def add_row(row):
    def test(self):
        self.compare(row)
    test.__doc__ = row.sentence
    name = "".join(c if c.isalnum() else "_" for c in row.sentence)
    setattr(SideBySide, "test_" + name, test)


for one in ROWS:
    add_row(one)


if __name__ == "__main__":
    common.main()
