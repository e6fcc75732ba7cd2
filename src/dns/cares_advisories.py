"""Says which advisories hold for the system's c-ares: those that nobody has patched in one line, and
those that its distribution says it has in the next."""

import gzip
import re
import subprocess
import sys


def number(version):
    major, minor, patch = (int(part) for part in re.findall(r"\d+", version)[:3])
    return major << 16 | minor << 8 | patch


def output(*command):
    try:
        return subprocess.run(command, capture_output=True, text=True, check=False).stdout
    except OSError:
        return ""


def changelog(version):
    """Of the distribution's package, if the library is that."""
    if output("dpkg-query", "-W", "-f", "${Version}", "libc-ares-dev").partition("-")[0] == version:
        for path in ("changelog.Debian.gz", "changelog.gz"):
            try:
                with gzip.open("/usr/share/doc/libc-ares-dev/" + path, "rt", encoding="utf-8") as file:
                    return file.read()
            except OSError:
                pass
    if output("rpm", "-q", "--qf", "%{version}", "c-ares-devel") == version:
        return output("rpm", "-q", "--changelog", "c-ares-devel")
    return ""


def main():
    table, version = sys.argv[1:]
    with open(table, encoding="utf-8") as file:
        rows = re.findall(r'\{"([\w-]+)", 0x(\w+), 0x(\w+)\}', file.read())
    holding = [name for name, first, fixed in rows if int(first, 16) <= number(version) < int(fixed, 16)]
    patches = set(re.findall(r"[\w-]+", changelog(version))) if holding else set()
    print(*(name for name in holding if name not in patches))
    print(*(name for name in holding if name in patches))


if __name__ == "__main__":
    main()
