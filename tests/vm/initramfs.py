"""The file system of the virtual machine: busybox, the tools of iproute2, the modules in the order in
which they load, the helpers of guest/ and the gladhand under test. All of it together is some 8 MB."""

import pathlib
import re
import shutil
import subprocess

GUEST = pathlib.Path(__file__).parent / "guest"
HELPERS = ("receiver", "server")
MODULES = ("dummy", "sch_netem", "sctp", "veth", "vsock_loopback")
TOOLS = ("ip", "tc")  # busybox has the first without namespaces, the second without netem
SEARCH_PATH = "/usr/sbin:/usr/bin:/sbin:/bin"
C_COMPILER = ("cc", "-std=gnu11", "-static", "-O1", "-Wall", "-Wextra", "-Werror")


def libraries(program):
    """The shared libraries of a program with the loader; none for a static one."""
    done = subprocess.run(["ldd", program], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                          text=True, check=False)
    return re.findall(r"(/\S+) \(0x", done.stdout)


def load_order(names, kernel):
    """The files of these modules and of all that they depend on, every one after what it depends on."""
    files = {file.stem: file for file in (kernel / "lib/modules").rglob("*.ko")}
    ordered = []

    def add(name):
        if files[name] in ordered:
            return
        depends = re.search(rb"\0depends=([^\0]*)\0", files[name].read_bytes()).group(1).decode()
        for other in filter(None, depends.split(",")):
            add(other)
        ordered.append(files[name])

    for name in names:
        add(name)
    return ordered


def find_tool(name):
    found = shutil.which(name, path=SEARCH_PATH)
    if not found:
        raise FileNotFoundError(f"no {name} here: tests/packages check")
    return found


def fill(root, kernel, gladhand):
    for folder in ("bin", "modules", "sbin"):
        (root / folder).mkdir(parents=True)
    shutil.copy(GUEST / "init", root / "init")
    (root / "init").chmod(0o755)
    shutil.copy(find_tool("busybox"), root / "bin")
    shutil.copy(gladhand, root / "sbin/gladhand")
    for name in HELPERS:
        subprocess.run([*C_COMPILER, "-o", root / "sbin" / name, GUEST / f"{name}.c"], check=True)
    for name in TOOLS:
        shutil.copy(find_tool(name), root / "sbin")
        for library in libraries(find_tool(name)):
            (root / library[1:]).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(library, root / library[1:])
    for position, file in enumerate(load_order(MODULES, kernel)):
        shutil.copy(file, root / "modules" / f"{position:02}-{file.name}")


def build(folder, kernel, gladhand):
    """Makes FOLDER/initramfs.gz and returns its path."""
    root, archive = folder / "root", folder / "initramfs.gz"
    shutil.rmtree(root, ignore_errors=True)
    fill(root, kernel, gladhand)
    names = "".join(f"{path.relative_to(root)}\n" for path in sorted(root.rglob("*")))
    packed = subprocess.run(["busybox", "cpio", "-o", "-H", "newc"], cwd=root, input=names.encode(),
                            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=True)
    with archive.open("wb") as output:
        subprocess.run(["gzip", "-1"], input=packed.stdout, stdout=output, check=True)
    return archive
