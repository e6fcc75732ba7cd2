#!/usr/bin/env python3
"""Who may include whom: reads every #include below src and include and fails on one that its room
does not allow. System headers would let a wrong one compile.

    layers.py ROOT
"""

import pathlib
import re
import sys

LIBRARIES = {"asio": "Asio", "ares": "c-ares", "CLI": "CLI11", "idn2": "libidn2", "nlohmann": "nlohmann_json"}

# room: the rooms and libraries it may not include
FORBIDDEN = {
    "core": {"io", "report", "app", "Asio", "c-ares", "CLI11", "libidn2", "nlohmann_json", "clock", "streams"},
    "report": {"io", "app", "Asio", "c-ares", "CLI11", "libidn2", "streams"},
    "io": {"report", "app", "CLI11", "streams"},
    "app": set(),
}
STREAMS = {"iostream", "fstream", "sstream", "ostream", "istream", "iomanip"}
CLOCK = re.compile(r"\b(steady_clock|system_clock|high_resolution_clock|clock_gettime|sleep_for|usleep|nanosleep)\b")
INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]', re.MULTILINE)


def room_of(path, root):
    parts = path.relative_to(root).parts
    if parts[0] == "include":
        return "core"
    return parts[1] if len(parts) > 2 else "app"


def target_of(path, root, quote, name):
    """The room or library that an include names; None for the standard library and the system."""
    first = re.split(r"[/.]", name)[0]
    if quote == "<":
        return "streams" if name in STREAMS else LIBRARIES.get(first)
    if first == "gladhand":
        return "core"
    for base in (path.parent, root / "src"):
        if (base / name).is_file():
            return room_of((base / name).resolve(), root)
    return "unknown file"


def faults(path, root):
    room = room_of(path, root)
    text = path.read_text(encoding="utf-8")
    for quote, name in INCLUDE.findall(text):
        target = target_of(path, root, quote, name)
        if target == "unknown file" or target in FORBIDDEN[room]:
            yield f"{path.relative_to(root)}: {room} may not include {name} ({target})"
    clock = CLOCK.search(text)
    if clock and "clock" in FORBIDDEN[room]:
        yield f"{path.relative_to(root)}: {room} may not know {clock.group(0)}"


def main():
    root = pathlib.Path(sys.argv[1]).resolve()
    files = sorted(p for top in ("src", "include") for p in (root / top).rglob("*.[ch]pp"))
    found = [fault for path in files for fault in faults(path, root)]
    print("\n".join(found) if found else f"{len(files)} files, every include in its room")
    sys.exit(1 if found or not files else 0)


if __name__ == "__main__":
    main()
