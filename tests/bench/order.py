"""Writes the linker script that lays what a dial executes, reads and writes side by side: the kernel maps
64 KiB of a program around each fault, so what lies scattered costs a fault and 64 KiB of memory each.

    python3 tests/bench/order.py BUILD-FOLDER >order && mv order src/apps/dial_order.glibc.ld

as root, with valgrind, for a static build; dial_order.musl.ld likewise for what musl/build makes. The
folder's program is linked once more, for its map; valgrind tells which input sections a few dials
use, and these are named. A name that another compiler does not make is not found, and does no harm."""

import bisect
import re
import struct
import subprocess
import sys

import measure
import world

# GNU ld's map, which breaks the line behind a long name, and LLD's.
KINDS = (".rodata", ".text", ".bss")
IN_GNU_MAP = re.compile(r"^ (\.(?:text|rodata|bss)\S*)\s+0x([0-9a-f]+)\s+0x([0-9a-f]+) (\S.*)$", re.MULTILINE)
IN_LLD_MAP = re.compile(r"^ *([0-9a-f]+) +[0-9a-f]+ +([0-9a-f]+) +\d+ {9}(\S.*):\((\.(?:text|rodata|bss)\S*)\)$",
                        re.MULTILINE)
OF_THE_VDSO = ("*libc.a:dl-lookup.o(.text)", "*libc.a:dl-object.o(.text)")  # glibc's; valgrind hides it
FIRST_MEMORY = "*(.bss.first_memory)"  # see wiped_memory.cpp
LONGEST = 120  # of a name: what begins alike mostly belongs together
MERGED = re.compile(r"\.rodata\.(?:cst|str)\d.*")  # what is alike in several files, laid by the linker alone
MEMBER = re.compile(r"(?:.*/)?([^/]+\.a)\((.*/)?(.+)\)")


def linked(folder, program):
    """Links the folder's gladhand as `program`: the linker's map."""
    commands = subprocess.run(["ninja", "-C", folder, "-t", "commands", "gladhand"],
                              check=True, stdout=subprocess.PIPE, text=True).stdout
    command = commands.splitlines()[-1].replace(" -o gladhand ", f" -o {program} -Wl,--print-map ")
    return subprocess.run(command, shell=True, cwd=folder, check=True, stdout=subprocess.PIPE,
                          stderr=subprocess.DEVNULL, text=True).stdout


def sections(text):
    """(address, size, name, file) of each, sorted."""
    found = [(int(address, 16), int(size, 16), name, file)
             for name, address, size, file in IN_GNU_MAP.findall(text)]
    found += [(int(address, 16), int(size, 16), name, file)
              for address, size, file, name in IN_LLD_MAP.findall(text)]
    return sorted(section for section in found if section[0] and section[1] and not MERGED.fullmatch(section[2]))


def used(tools, program, *arguments):
    """Where a dial's instructions are and what they read and write, in the numbers of the map."""
    log = world.TEMP / "lackey"
    valgrind = ["valgrind", "--tool=lackey", "--trace-mem=yes", f"--log-file={log}"]
    measure.harness(tools, "exec", {"traced": [*valgrind, str(program), *arguments]}, rounds=1, warm_up=0)
    trace = re.findall(r"^(?:I| [LMS]) +([0-9a-f]+),", log.read_text(), re.MULTILINE)
    addresses = [int(address, 16) for address in trace]
    [entry] = struct.unpack_from("<Q", program.read_bytes(), 24)
    moved = addresses[0] - entry
    return {address - moved for address in addresses}


def patterns(name, file):
    """What finds a section again: its name, or where all are called .text, its file. Valgrind's
    processor has neither AVX-512 nor transactions, with which glibc chooses others of the same functions."""
    if "_Z" in name:
        return [f"*({name})" if len(name) <= LONGEST else f"*({name[:LONGEST]}*)"]
    member = MEMBER.fullmatch(file)
    if not member:
        return [f"*({name})"] if name not in KINDS else [f"*/{file.rsplit('/', 1)[-1]}({name})"]
    found = [f"*{member[1]}:{'*/' if member[2] else ''}{member[3]}({name})"]
    if name == ".text.avx":
        named = re.sub("-avx2?", "-{}", found[0]).replace(name, ".text.{}")
        found += [named.format("evex", "evex"), named.format("avx512", "evex512"),
                  named.replace(".o(", "-rtm.o(").format("evex", "evex.rtm")]
    return found


def order(tools, folder):
    """The patterns of each kind for all that some dials use, what every dial does first."""
    program = world.TEMP / "gladhand"
    table = sections(linked(folder, program))
    starts = [section[0] for section in table]
    found = {kind: {} for kind in KINDS}
    found[".text"].update(dict.fromkeys(OF_THE_VDSO))

    def dial(*arguments):
        near = {(address, table[bisect.bisect_right(starts, address) - 1])
                for address in used(tools, program, *arguments) if address >= starts[0]}
        hot = {section[2:] for address, section in near if address < section[0] + section[1]}
        for name, file in sorted(hot):
            [kind] = (kind for kind in KINDS if name.startswith(kind))
            found[kind].update(dict.fromkeys(patterns(name, file)))

    dial("--", "127.0.0.1", world.TARGET_PORT)
    dial("--", world.HOSTS_NAME, world.TARGET_PORT)
    dial("--", world.DNS_NAME, world.TARGET_PORT)
    with world.black_hole():
        dial("--", world.DEAD_NAME, world.DEAD_PORT)
    for _ in range(2):  # the first has nothing to read
        dial(f"--history={world.TEMP}/history", "--", world.UPLINK, world.TARGET_PORT)
    found[".bss"].pop(FIRST_MEMORY, None)  # most of it is not used: nothing comes behind it
    found[".bss"][FIRST_MEMORY] = None
    return found


def main():
    arguments = sys.argv[1:]
    if world.INSIDE not in arguments:
        world.enter(sys.argv)
    folder, _, outer = arguments
    world.furnish(outer)
    tools = world.build_tools(world.TEMP)
    world.add_uplink()
    with world.responder(tools):
        found = order(tools, folder)
    print("/* Made by tests/bench/order.py, which says what for. */")
    for kind, lines in found.items():
        print(f"SECTIONS {{\n  {kind}.dial : {{", *("    " + it for it in lines), f"  }}\n}}\nINSERT BEFORE {kind};",
              sep="\n")


if __name__ == "__main__":
    main()
