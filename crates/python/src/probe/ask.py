# Runs in the interpreter that is asked, as `python -I -S -B -c`. Prints one line: the marker and a JSON object.
# Nothing newer than Python 3.5 here: whoever is too old must be able to say so.
import sys


def own_prefix():
    # Which folder is a venv's is found out by `site` before Python 3.14, and `site` is off: it runs
    # sitecustomize and .pth files. This is what it does (PEP 405).
    import os.path
    if sys.prefix != getattr(sys, "base_prefix", sys.prefix):
        return
    folder = os.path.dirname(os.path.abspath(sys.executable))
    for candidate in (folder, os.path.dirname(folder)):
        if os.path.isfile(os.path.join(candidate, "pyvenv.cfg")):
            sys.prefix = sys.exec_prefix = os.path.dirname(folder)
            return


def elf(path):
    # Which loader a Linux executable asks for, and for which ABI it was made.
    import struct
    try:
        with open(path, "rb") as file:
            head = file.read(64)
            if head[:4] != b"\x7fELF":
                return None
            order = "<" if bytearray(head)[5] == 1 else ">"

            def number(form, at, data=head):
                return struct.unpack_from(order + form, data, at)[0]

            wide = bytearray(head)[4] == 2
            found = {"bits": 64 if wide else 32, "machine": number("H", 18), "flags": number("I", 48 if wide else 36)}
            start = number("Q", 32) if wide else number("I", 28)
            size = number("H", 54 if wide else 42)
            for at in range(number("H", 56 if wide else 44)):
                file.seek(start + at * size)
                row = file.read(size)
                if number("I", 0, row) == 3:
                    file.seek(number("Q", 8, row) if wide else number("I", 4, row))
                    length = number("Q", 32, row) if wide else number("I", 16, row)
                    found["loader"] = as_text(file.read(min(length, 4096)).split(b"\0")[0])
            return found
    except Exception:
        return None


def musl_says(loader):
    # musl's loader has no option for its version: run without arguments it complains, and says it first.
    import subprocess
    try:
        process = subprocess.Popen([loader], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        return process.communicate()[1][:1000].decode("ascii", "replace")
    except Exception:
        return None


def glibc():
    import os
    try:
        return os.confstr("CS_GNU_LIBC_VERSION")
    except Exception:
        pass
    # PyPy has no confstr.
    try:
        import ctypes
        version = ctypes.CDLL(None).gnu_get_libc_version
        version.restype = ctypes.c_char_p
        return "glibc " + version().decode("ascii")
    except Exception:
        return None


def macos():
    import os
    import platform
    import subprocess
    version, _, machine = platform.mac_ver()
    if version.startswith("10.16"):
        # What macOS 11 and later tell programs that were built before it.
        try:
            command = [sys.executable, "-I", "-S", "-c", "import platform; print(platform.mac_ver()[0])"]
            environment = dict(os.environ, SYSTEM_VERSION_COMPAT="0")
            version = subprocess.check_output(command, env=environment).decode("ascii").strip()
        except Exception:
            pass
    return {"version": version, "machine": machine}


def as_text(path):
    # Paths are bytes, and need not be UTF-8: each byte becomes the character of its number.
    import os
    return None if path is None else os.fsencode(path).decode("latin-1")


def version_of(info):
    text = "%d.%d.%d" % (info.major, info.minor, info.micro)
    return text if info.releaselevel == "final" else text + info.releaselevel[0] + str(info.serial)


def markers():
    import os
    import platform
    if sys.version_info < (3, 9) and hasattr(os, "uname"):
        # Up to 3.8 `platform` runs a program to learn a value that nobody asked for.
        uname = os.uname()
        system = uname.sysname
    else:
        uname = platform.uname()
        system = uname.system
    full = platform.python_version()
    return {
        "implementation_name": sys.implementation.name,
        "implementation_version": version_of(sys.implementation.version),
        "os_name": os.name,
        "platform_machine": uname.machine,
        "platform_python_implementation": platform.python_implementation(),
        "platform_release": uname.release,
        "platform_system": system,
        "platform_version": uname.version,
        # Builds from a checkout end in a bare plus sign, which is no version.
        "python_full_version": full + "local" if full.endswith("+") else full,
        "python_version": "%d.%d" % sys.version_info[:2],
        "sys_platform": sys.platform,
    }


def schemes(sysconfig):
    keys = ("purelib", "platlib", "scripts", "data", "include")
    headers = "include/site/python%d.%d" % sys.version_info[:2]
    own = sysconfig.get_paths()
    own = dict((key, as_text(own[key])) for key in keys)
    if sys.prefix != sys.base_prefix:
        # Where pip puts headers in a virtual environment; the scheme names a folder of the base.
        own["include"] = as_text(sys.prefix) + "/" + headers
    names = sysconfig.get_scheme_names()
    for name in ("venv", "pypy" if sys.implementation.name == "pypy" else "", "posix_prefix"):
        if name in names:
            break
    bases = ("base", "platbase", "installed_base", "installed_platbase")
    below = sysconfig.get_paths(name, vars=dict((base, "") for base in bases))
    below = dict((key, as_text("" if below[key] == "." else below[key].lstrip("/"))) for key in keys)
    below["include"] = headers
    return own, below


def main():
    if sys.version_info < (3, 6):
        return {"too_old": "%d.%d.%d" % tuple(sys.version_info[:3])}
    own_prefix()
    import struct
    import sysconfig
    own, below = schemes(sysconfig)
    facts = {
        "markers": markers(),
        "version": list(sys.version_info[:3]),
        "implementation_version": list(sys.implementation.version[:2]),
        "executable": as_text(sys.executable),
        "base_executable": as_text(getattr(sys, "_base_executable", None)),
        "prefix": as_text(sys.prefix),
        "base_prefix": as_text(sys.base_prefix),
        "scheme": own,
        "venv_scheme": below,
        "platform": sysconfig.get_platform(),
        "soabi": sysconfig.get_config_var("SOABI"),
        "ext_suffix": sysconfig.get_config_var("EXT_SUFFIX"),
        "gil_disabled": bool(sysconfig.get_config_var("Py_GIL_DISABLED")),
        "debug": bool(sysconfig.get_config_var("Py_DEBUG")) or hasattr(sys, "gettotalrefcount"),
        "pointer_bits": struct.calcsize("P") * 8,
    }
    if sys.platform.startswith("linux"):
        facts["elf"] = elf(sys.executable)
        loader = (facts["elf"] or {}).get("loader") or ""
        facts["musl"] = musl_says(loader) if "musl" in loader else None
        facts["glibc"] = glibc()
    elif sys.platform == "darwin":
        facts["macos"] = macos()
    return {"full": facts}


def tell(facts):
    import json
    sys.stdout.write("\n@towline-probe " + json.dumps(facts) + "\n")
    sys.stdout.flush()


tell(main())
