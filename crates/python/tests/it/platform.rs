//! Platforms that nobody has at hand.

use towline_python::platform::{Elf, Facts, MacOs};
use uv_platform_tags::{Arch, Os};

const GLIBC: Option<&str> = Some("glibc 2.36");
const MUSL: &str = "musl libc (x86_64)\nVersion 1.2.4\nDynamic Program Loader\nUsage: ld [options]";

fn linux(machine: &str, bits: u8, glibc: Option<&str>) -> Facts {
    let platform = format!("linux-{machine}");
    Facts { platform, pointer_bits: bits, glibc: glibc.map(str::to_owned), ..Facts::default() }
}

fn glibc(minor: u16) -> Os {
    Os::Manylinux { major: 2, minor }
}

#[test]
fn linux_with_glibc() {
    for (machine, bits, libc, os, arch, manylinux) in [
        ("x86_64", 64, GLIBC, glibc(36), Arch::X86_64, true),
        ("aarch64", 64, GLIBC, glibc(36), Arch::Aarch64, true),
        ("ppc64le", 64, Some("glibc 2.17"), glibc(17), Arch::Powerpc64Le, true),
        ("s390x", 64, GLIBC, glibc(36), Arch::S390X, true),
        ("riscv64", 64, Some("glibc 2.39"), glibc(39), Arch::Riscv64, true),
        ("x86_64", 64, Some("glibc 2.20-2014.11"), glibc(20), Arch::X86_64, true),
        // What is no version of glibc leaves wheels for `linux` alone.
        ("x86_64", 64, None, glibc(0), Arch::X86_64, false),
        ("x86_64", 64, Some("uclibc 1.0"), glibc(0), Arch::X86_64, false),
        ("x86_64", 64, Some("glibc 2"), glibc(0), Arch::X86_64, false),
        ("x86_64", 64, Some("glibc 2.65535"), glibc(0), Arch::X86_64, false),
        ("x86_64", 64, Some("glibc 3.1"), glibc(0), Arch::X86_64, false),
        // Without the head of the executable nobody knows its ABI.
        ("x86_64", 32, GLIBC, glibc(36), Arch::X86, false),
        ("i686", 32, GLIBC, glibc(36), Arch::X86, false),
        ("armv7l", 32, GLIBC, glibc(36), Arch::Armv7L, false),
    ] {
        let known = linux(machine, bits, libc).known().unwrap();
        let what = format!("{machine} {bits} {libc:?}");
        assert_eq!((known.platform.os(), known.platform.arch(), known.manylinux), (&os, arch, manylinux), "{what}");
    }
}

#[test]
fn half_of_a_processor() {
    const HARD: u32 = 0x0500_0400;
    for (kernel, bits, machine, flags, arch, manylinux) in [
        ("x86_64", 32, 3, 0, Arch::X86, true),
        ("i386", 32, 3, 0, Arch::X86, true),
        ("i586", 32, 3, 0, Arch::X86, true),
        // x32: 32-bit pointers, 64-bit instructions.
        ("x86_64", 32, 62, 0, Arch::X86, false),
        ("aarch64", 32, 40, HARD, Arch::Armv7L, true),
        ("armv8l", 32, 40, HARD, Arch::Armv7L, true),
        ("armv7l", 32, 40, HARD, Arch::Armv7L, true),
        // Soft floating point, an older ABI, another processor.
        ("armv7l", 32, 40, 0x0500_0200, Arch::Armv7L, false),
        ("armv7l", 32, 40, 0x0400_0400, Arch::Armv7L, false),
        ("armv7l", 32, 3, HARD, Arch::Armv7L, false),
        ("armv6l", 32, 40, HARD, Arch::Armv6L, true),
        ("ppc64", 32, 20, 0, Arch::Powerpc, true),
    ] {
        let elf = Some(Elf { bits: 32, machine, flags, loader: None });
        let known = Facts { elf, ..linux(kernel, bits, GLIBC) }.known().unwrap();
        assert_eq!((known.platform.arch(), known.manylinux), (arch, manylinux), "{kernel} {bits} {machine} {flags:x}");
    }
    let elf = Some(Elf { bits: 64, machine: 3, ..Elf::default() });
    assert!(!Facts { elf, ..linux("i686", 32, GLIBC) }.known().unwrap().manylinux, "a 64-bit head");
}

#[test]
fn linux_with_musl() {
    let with = |musl: &str| Facts { musl: Some(musl.to_owned()), ..linux("x86_64", 64, GLIBC) }.known();
    let known = with(MUSL).unwrap();
    assert_eq!((known.platform.os(), known.manylinux), (&Os::Musllinux { major: 1, minor: 2 }, false));
    for odd in ["", "musl libc (x86_64)", "ld: not found\nVersion 1.2.4", "musl\nVersion x", "musl\nVersion 1.200"] {
        let text = with(odd).unwrap_err().to_string();
        assert!(text.contains("musl's loader"), "{odd}: {text}");
    }
}

#[test]
fn mac_os() {
    let with = |version: &str, machine: &str, bits| {
        let macos = Some(MacOs { version: version.to_owned(), machine: machine.to_owned() });
        Facts { platform: "macosx-11.0-universal2".to_owned(), pointer_bits: bits, macos, ..Facts::default() }.known()
    };
    for (version, machine, major, minor, arch) in [
        ("14.5", "arm64", 14, 5, Arch::Aarch64),
        ("15", "arm64", 15, 0, Arch::Aarch64),
        ("26.0.1", "x86_64", 26, 0, Arch::X86_64),
        ("10.15.7", "x86_64", 10, 15, Arch::X86_64),
    ] {
        let known = with(version, machine, 64).unwrap();
        let os = Os::Macos { major, minor };
        assert_eq!((known.platform.os(), known.platform.arch(), known.manylinux), (&os, arch, false), "{version}");
    }
    for (version, machine) in
        [("", "arm64"), ("9.2", "x86_64"), ("400.1", "arm64"), ("14.x", "arm64"), ("14.5", "m68k")]
    {
        assert!(with(version, machine, 64).is_err(), "{version} {machine}");
    }
    let without = Facts { platform: "macosx-11.0-arm64".to_owned(), ..Facts::default() };
    assert!(without.known().unwrap_err().to_string().contains("version of macOS"));
}

#[test]
fn elsewhere() {
    for name in ["", "linux", "win-amd64", "freebsd-14.0-release-amd64", "ios-13.0-arm64-iphoneos", "cygwin-3.4-x86_64"]
    {
        let facts = Facts { platform: name.to_owned(), ..Facts::default() };
        let text = facts.known().unwrap_err().to_string();
        assert!(text.contains(&format!("`{name}`")) && text.contains("Linux and macOS are"), "{text}");
    }
    let long = Facts { platform: "\u{1b}".repeat(5000), ..Facts::default() }.known().unwrap_err().to_string();
    assert!(long.len() < 1000 && !long.contains('\u{1b}'));
}
