#!/usr/bin/env python3
"""The house: who may include whom, and what a pure room must not do. Reads every #include below src
and include, the dependency objects of the rooms' meson.build, and the calls that the libraries of
pure rooms leave open for others to answer.

    layers.py ROOT BUILD
"""

import pathlib
import re
import subprocess
import sys

# room: the rooms it stands on, and through them all that these stand on; the libraries it may use
HOUSE = {
    "base": ((), ()),
    "race": (("base",), ()),
    "names": (("race",), ()),
    "proxy": (("names",), ("libmd",)),
    "report": (("names", "race"), ()),
    "strategy": (("names",), ("toml++",)),
    "doctor": (("report", "strategy"), ()),
    "samples": (("names", "race"), ()),
    "figures": (("report", "samples"), ("nlohmann_json",)),
    "sys": (("base",), ("Asio",)),
    "dns": (("names", "sys"), ("Asio", "c-ares", "libidn2", "nlohmann_json")),
    "dial": (("dns",), ("Asio", "nlohmann_json")),
    "connect": (("dial", "proxy"), ("Asio",)),
    "handover": (("sys",), ("Asio",)),
    "bench": (("connect", "samples"), ("Asio",)),
    "tls": (("sys",), ("OpenSSL",)),
    "http": (("sys",), ("Asio",)),
    "apps": (
        ("bench", "connect", "doctor", "figures", "handover", "http", "strategy", "tls"),
        ("Asio", "CLI11", "c-ares", "libidn2"),
    ),
}
PURE = {"base", "race", "names", "proxy", "report", "strategy", "doctor", "samples", "figures"}

# What an embedding program sees stands apart, but each of its headers is some room's.
PUBLIC = {"candidate": "race", "endpoint": "base", "error": "base", "event": "race", "target": "names"}

LIBRARIES = {"asio": "Asio", "ares": "c-ares", "CLI": "CLI11", "idn2": "libidn2", "md5": "libmd", "sha2": "libmd",
             "nlohmann": "nlohmann_json", "openssl": "OpenSSL", "toml++": "toml++"}
STREAMS = {"iostream", "fstream", "sstream", "ostream", "istream", "iomanip"}
CLOCK = re.compile(
    r"\b(steady_clock::now|system_clock::now|high_resolution_clock|clock_gettime|sleep_for|sleep_until|usleep|nanosleep)\b"
)
INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]', re.MULTILINE)

# What the library of a pure room may ask of the C library: memory, text, numbers, exceptions; and of libmd.
HARMLESS = re.compile(
    r"""_Z | __cxa_ | _Unwind_ | _GLOBAL_OFFSET_TABLE_ | __gxx_personality | __stack_chk | __dso_handle
      | __libc_single_threaded | (__isoc23_)? (mem|str) [a-z]+ $ | b(cmp|copy|zero) $ | __[a-z]+_chk $ | is[a-z]+ $ | to(upper|lower) $
      | inet_(aton|ntop|pton) $ | [hn]to[hn][sl] $ | ll?round f? $ | (log|pow|sqrt|exp|floor|ceil|lgamma|erfc?|fmod|ldexp|nextafter) [fl0-9]* $
      | explicit_bzero $ | snprintf $ | (gmtime_r|timegm|localeconv|__errno_location) $ | abort $ | __assert_fail $
      | (MD5|SHA256)Data $
      | __(asan|ubsan|sanitizer|gcov)_ | __gcov""",
    re.VERBOSE,
)


def allowed_below(room):
    direct, _ = HOUSE[room]
    return {room, *direct, *(lower for one in direct for lower in allowed_below(one))}


def room_of(path, root):
    parts = path.relative_to(root).parts
    if parts[0] == "include":
        return PUBLIC.get(path.stem, f"no room for {path.name}")
    return parts[1]


def included_files(path, root):
    """Pairs: what is included, and its room; a library or "streams" for headers in angle brackets."""
    for quote, name in INCLUDE.findall(path.read_text(encoding="utf-8")):
        if quote == "<":
            yield name, "streams" if name in STREAMS else LIBRARIES.get(re.split(r"[/.]", name)[0])
            continue
        homes = [base / name for base in (root / "src", root / "include") if (base / name).is_file()]
        yield name, room_of(homes[0], root) if homes else "no file"


def include_faults(path, root):
    room = room_of(path, root)
    if room not in HOUSE:
        yield f"{path.relative_to(root)}: {room}"
        return
    allowed = allowed_below(room) | set(HOUSE[room][1]) | {None}
    for name, target in included_files(path, root):
        if target not in allowed:
            yield f"{path.relative_to(root)}: {room} may not include {name} ({target})"
        if path.parts[-3] == "include" and not name.startswith("gladhand/") and target is not None:
            yield f"{path.relative_to(root)}: a public header may not include {name}"
    clock = CLOCK.search(path.read_text(encoding="utf-8"))
    if clock and room in PURE:
        yield f"{path.relative_to(root)}: {room} may not know {clock.group(0)}"


def build_faults(room, root):
    """Whether the room's dependency object names just the rooms that it stands on."""
    if room == "apps":
        return
    text = (root / "src" / room / "meson.build").read_text(encoding="utf-8")
    stated = re.search(r"declare_dependency\(.*?^\)", text, re.DOTALL | re.MULTILINE).group(0)
    rooms = {name for name in re.findall(r"\b(\w+)_dep\b", stated) if name in HOUSE}
    if rooms != set(HOUSE[room][0]):
        yield f"src/{room}/meson.build: stands on {sorted(rooms)}, not on {sorted(HOUSE[room][0])}"


def call_faults(room, build):
    library = build / "src" / room / f"libgladhand-{room}.a"
    listing = subprocess.run(["nm", "-u", library], capture_output=True, text=True, check=True).stdout
    symbols = {line.split()[-1] for line in listing.splitlines() if " U " in line}
    if not symbols:
        yield f"{library.name}: nothing to read"
    for symbol in sorted(symbols):
        if not HARMLESS.match(symbol.split("@")[0]):
            yield f"src/{room}: a pure room may not call {symbol}"


def main():
    root, build = (pathlib.Path(argument).resolve() for argument in sys.argv[1:3])
    files = sorted(p for top in ("src", "include") for p in (root / top).rglob("*.[ch]pp"))
    found = [fault for path in files for fault in include_faults(path, root)]
    found += [fault for room in HOUSE for fault in build_faults(room, root)]
    found += [fault for room in sorted(PURE) for fault in call_faults(room, build)]
    print("\n".join(found) if found else f"{len(files)} files of {len(HOUSE)} rooms, every arrow leads down")
    sys.exit(1 if found or not files else 0)


if __name__ == "__main__":
    main()
