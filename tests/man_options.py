#!/usr/bin/env python3
"""Compares the man page with the program: every option of --help, its value's name and default,
and every exit status must be in the one if it is in the other.

    man_options.py PROGRAM MAN_PAGE ERROR_HEADER [STATUS...]

The statuses are those that this program has no use for.
"""

import pathlib
import re
import subprocess
import sys

NAMES = r"-[\w-]+(?:, *-[\w-]+)*"
OPTION_OF_HELP = re.compile(rf"^ {{1,12}}({NAMES})(?: ([^\s-]\S*))?(?:  +(\S.*)| (\S.*)|)$")


def split_names(text):
    return frozenset(re.split(r", *", text))


def help_options(text):
    """{names: (value, default)}. An option's text goes on until the next option or a blank line."""
    texts = {}
    current = None
    for line in text.splitlines():
        found = OPTION_OF_HELP.match(line.rstrip())
        if found:
            current = split_names(found[1])
            texts[current] = [found[2] or "", found[3] or found[4] or ""]
        elif not line.strip():
            current = None
        elif current:
            texts[current][1] += " " + line.strip()
    return {names: (value, default_of_help(words)) for names, (value, words) in texts.items()}


def default_of_help(words):
    found = re.search(r"\[([^\]]+)\]$", words.strip())
    return found[1] if found else ""


def section(page, name):
    found = re.search(rf"^\.Sh {name}\n(.*?)(?=^\.Sh |\Z)", page, re.MULTILINE | re.DOTALL)
    if not found:
        sys.exit(f"the man page has no section {name}")
    return found[1]


def page_options(page):
    """The same, of the list items of DESCRIPTION: ".It Fl v , Fl -verbose", ".It Fl -log Ar FILE"."""
    options = {}
    for item in re.split(r"^\.It ", section(page, "DESCRIPTION"), flags=re.MULTILINE)[1:]:
        head, _, body = item.partition("\n")
        names = frozenset("-" + name for name in re.findall(r"\bFl (\S+)", head))
        if not names:
            continue  # an item of another list
        value = re.search(r"\bAr (\S+)", head)
        default = re.search(r"^The default is (.+)\.$", body, re.MULTILINE)
        if names in options:
            sys.exit(f"the man page has {' '.join(sorted(names))} twice")
        options[names] = (value[1] if value else "", default[1] if default else "")
    return options


def synopsis_names(page):
    """Single letters may be in one group: "Fl qv"."""
    names = set()
    for word in re.findall(r"\bFl (\S+)", section(page, "SYNOPSIS")):
        names |= {"-" + word} if word.startswith("-") else {"-" + letter for letter in word}
    return names - {"--"}


def compare_options(program, page):
    for names in sorted(program.keys() | page.keys(), key=sorted):
        label = ", ".join(sorted(names))
        if names not in page:
            yield f"{label}: in --help, not in the man page"
        elif names not in program:
            yield f"{label}: in the man page, not in --help"
        elif program[names] != page[names]:
            yield "{}: --help has value '{}' and default '{}', the man page '{}' and '{}'".format(
                label, *program[names], *page[names])


def compare_synopsis(program, in_synopsis):
    known = frozenset().union(*program)
    for name in sorted(in_synopsis - known):
        yield f"{name}: in SYNOPSIS, not in --help"
    for names in program:
        if not names & in_synopsis:
            yield f"{', '.join(sorted(names))}: not in SYNOPSIS"


def compare_statuses(header, page, unused):
    enumeration = re.search(r"enum class \w*Status[^{]*\{(.*?)\};", header, re.DOTALL)
    in_program = {int(number) for number in re.findall(r"=\s*(\d+)", enumeration[1])} - unused
    on_page = {int(number) for number in
               re.findall(r"^\.It (\d+)$", section(page, "EXIT STATUS"), re.MULTILINE)}
    for status in sorted(in_program - on_page):
        yield f"exit status {status}: not in EXIT STATUS"
    for status in sorted(on_page - in_program):
        yield f"exit status {status}: in EXIT STATUS, not in the program"


def main():
    command, page_path, header_path, *unused = sys.argv[1:]
    text = subprocess.run([command, "--help"], stdout=subprocess.PIPE, encoding="utf-8", check=True,
                          timeout=10).stdout
    program = help_options(text)
    page = pathlib.Path(page_path).read_text(encoding="utf-8")
    header = pathlib.Path(header_path).read_text(encoding="utf-8")
    faults = [*compare_options(program, page_options(page)),
              *compare_synopsis(program, synopsis_names(page)),
              *compare_statuses(header, page, set(map(int, unused)))]
    if len(program) < 5:
        faults.append(f"--help was not understood: only {len(program)} options found")
    print("\n".join(faults) if faults else f"{len(program)} options, as the program has them")
    sys.exit(1 if faults else 0)


if __name__ == "__main__":
    main()
