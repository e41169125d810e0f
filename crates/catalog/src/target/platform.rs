//! The platform, as users write it.

use std::{fmt, str::FromStr};

use uv_platform_tags::{Arch, Os};

/// A platform, parsed from what users write.
///
/// | form | examples |
/// |---|---|
/// | a platform tag, as pip's `--platform` takes it | `manylinux_2_28_x86_64`, `manylinux2014_aarch64`, `musllinux_1_2_x86_64`, `macosx_14_0_arm64`, `win_amd64`, `win32`, `win_arm64`, `linux_x86_64` |
/// | a name of uv's `--python-platform` | `linux`, `windows`, `macos`, `x86_64-unknown-linux-gnu`, `aarch64-unknown-linux-musl`, `x86_64-manylinux_2_17`, `aarch64-apple-darwin`, `x86_64-pc-windows-msvc` |
///
/// What a name leaves open is as in uv: glibc 2.28 (`linux`, `linux_x86_64`, `…-unknown-linux-gnu`; 2.39 for riscv64), musl 1.2, macOS 13.0, x86_64
/// for Linux and Windows, arm64 for macOS. A tag stands for the machine, as in uv, and not for that one tag, as in pip: what is made
/// for an older glibc, musl or macOS fits as well.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Platform(uv_platform_tags::Platform);

/// A text that names no platform.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{}` is no platform that files can be chosen for: {why}; known are tags like manylinux_2_28_x86_64, musllinux_1_2_aarch64, \
     macosx_14_0_arm64, win_amd64, and names like linux, macos, windows, aarch64-unknown-linux-gnu", .text.escape_debug()
)]
pub struct PlatformError {
    /// The beginning of it.
    pub text: String,
    /// What is wrong with it.
    pub why: &'static str,
}

/// Nobody has more; it bounds how many tags a text can ask for.
const GLIBC: std::ops::RangeInclusive<u16> = 0..=99;
const MUSL: std::ops::RangeInclusive<u16> = 0..=20;
const MACOS: std::ops::RangeInclusive<u16> = 11..=99;
const OLD_MACOS: std::ops::RangeInclusive<u16> = 4..=16;

const NO_ARCH: &str = "its processor is not known";
const NO_FORM: &str = "it has no form that is known";

impl Platform {
    pub(super) const fn for_tags(&self) -> &uv_platform_tags::Platform {
        &self.0
    }

    pub(super) fn os_name(&self) -> &'static str {
        if matches!(self.0.os(), Os::Windows) { "nt" } else { "posix" }
    }

    pub(super) fn sys_platform(&self) -> &'static str {
        match self.0.os() {
            Os::Windows => "win32",
            Os::Macos { .. } => "darwin",
            _ => "linux",
        }
    }

    pub(super) fn system(&self) -> &'static str {
        match self.0.os() {
            Os::Windows => "Windows",
            Os::Macos { .. } => "Darwin",
            _ => "Linux",
        }
    }

    /// As `platform.machine()` names it there.
    pub(super) fn machine(&self) -> &'static str {
        match (self.0.os(), self.0.arch()) {
            (Os::Windows, Arch::X86_64) => "AMD64",
            (Os::Windows, Arch::Aarch64) => "ARM64",
            (Os::Windows, Arch::X86) => "x86",
            (Os::Macos { .. }, Arch::Aarch64) => "arm64",
            (_, Arch::X86) => "i686",
            (_, arch) => arch.name(),
        }
    }
}

/// As a platform tag.
impl fmt::Display for Platform {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.os() {
            Os::Manylinux { major, minor } => write!(f, "manylinux_{major}_{minor}_{}", self.machine()),
            Os::Musllinux { major, minor } => write!(f, "musllinux_{major}_{minor}_{}", self.machine()),
            Os::Macos { major, minor } => write!(f, "macosx_{major}_{minor}_{}", self.machine()),
            _ => f.write_str(match self.0.arch() {
                Arch::X86 => "win32",
                Arch::Aarch64 => "win_arm64",
                _ => "win_amd64",
            }),
        }
    }
}

impl FromStr for Platform {
    type Err = PlatformError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let name = text.trim().to_ascii_lowercase();
        let found = match by_tag(&name) {
            Err(NO_FORM) => by_triple(&name),
            found => found,
        };
        found
            .map(|(os, arch)| Self(uv_platform_tags::Platform::new(os, arch)))
            .map_err(|why| PlatformError { text: text.chars().take(80).collect(), why })
    }
}

/// As an interpreter says it.
impl From<uv_platform_tags::Platform> for Platform {
    fn from(platform: uv_platform_tags::Platform) -> Self {
        Self(platform)
    }
}

type Found = Result<(Os, Arch), &'static str>;

fn by_tag(name: &str) -> Found {
    match name {
        "linux" => return Ok((default_glibc(Arch::X86_64), Arch::X86_64)),
        "macos" => return Ok((DEFAULT_MACOS, Arch::Aarch64)),
        "windows" | "win_amd64" => return Ok((Os::Windows, Arch::X86_64)),
        "win32" => return Ok((Os::Windows, Arch::X86)),
        "win_arm64" => return Ok((Os::Windows, Arch::Aarch64)),
        _ => {}
    }
    if let Some(rest) = name.strip_prefix("linux_") {
        let arch = processor(rest)?;
        return Ok((default_glibc(arch), arch));
    }
    if let Some(rest) = name.strip_prefix("macosx_") {
        let (major, minor, arch) = numbered(rest)?;
        return match arch {
            "universal2" | "universal" | "intel" | "fat32" | "fat64" | "fat3" | "fat" => {
                Err("it is a form of binary for several processors; name the one: arm64 or x86_64")
            }
            _ => macos(major, minor, processor(arch)?),
        };
    }
    for (prefix, minor) in OLD_NAMES {
        if let Some(arch) = name.strip_prefix(prefix).and_then(|rest| rest.strip_prefix('_')) {
            return glibc(2, minor, processor(arch)?);
        }
    }
    if let Some(rest) = name.strip_prefix("manylinux_") {
        let (major, minor, arch) = numbered(rest)?;
        return glibc(major, minor, processor(arch)?);
    }
    if let Some(rest) = name.strip_prefix("musllinux_") {
        let (major, minor, arch) = numbered(rest)?;
        return musl(major, minor, processor(arch)?);
    }
    Err(NO_FORM)
}

/// PEP 600: what the old names mean.
const OLD_NAMES: [(&str, u16); 3] = [("manylinux2014", 17), ("manylinux2010", 12), ("manylinux1", 5)];

fn by_triple(name: &str) -> Found {
    let (arch, rest) = name.split_once('-').ok_or(NO_FORM)?;
    let os = |arch| match rest {
        "unknown-linux-gnu" | "unknown-linux-gnueabihf" | "unknown-linux" => Ok((default_glibc(arch), arch)),
        "unknown-linux-musl" | "unknown-linux-musleabihf" => musl(1, 2, arch),
        "apple-darwin" if matches!(arch, Arch::Aarch64 | Arch::X86_64) => Ok((DEFAULT_MACOS, arch)),
        "pc-windows-msvc" | "pc-windows-gnu" if matches!(arch, Arch::Aarch64 | Arch::X86_64 | Arch::X86) => {
            Ok((Os::Windows, arch))
        }
        _ => {
            if let Some((_, minor)) = OLD_NAMES.iter().find(|(old, _)| *old == rest) {
                return glibc(2, *minor, arch);
            }
            if let Some(version) = rest.strip_prefix("manylinux_") {
                let (major, minor) = pair(version)?;
                return glibc(major, minor, arch);
            }
            if let Some(version) = rest.strip_prefix("musllinux_") {
                let (major, minor) = pair(version)?;
                return musl(major, minor, arch);
            }
            Err(NO_FORM)
        }
    };
    os(processor(arch)?)
}

const DEFAULT_MACOS: Os = Os::Macos { major: 13, minor: 0 };

fn default_glibc(arch: Arch) -> Os {
    let minor = match arch {
        // The first with wheels at all.
        Arch::Riscv64 => 39,
        Arch::LoongArch64 => 38,
        _ => 28,
    };
    Os::Manylinux { major: 2, minor }
}

fn glibc(major: u16, minor: u16, arch: Arch) -> Found {
    if major != 2 || !GLIBC.contains(&minor) {
        return Err("there is no such version of glibc");
    }
    Ok((Os::Manylinux { major, minor }, arch))
}

fn musl(major: u16, minor: u16, arch: Arch) -> Found {
    if major != 1 || !MUSL.contains(&minor) {
        return Err("there is no such version of musl");
    }
    Ok((Os::Musllinux { major, minor }, arch))
}

fn macos(major: u16, minor: u16, arch: Arch) -> Found {
    match arch {
        Arch::Aarch64 if major == 10 => return Err("there is no macOS 10 for arm64"),
        Arch::X86_64 | Arch::Aarch64 => {}
        _ => return Err("macOS runs on arm64 and x86_64"),
    }
    if MACOS.contains(&major) || major == 10 && OLD_MACOS.contains(&minor) {
        return Ok((Os::Macos { major, minor }, arch));
    }
    Err("there is no such version of macOS")
}

fn processor(name: &str) -> Result<Arch, &'static str> {
    match name {
        "amd64" => Ok(Arch::X86_64),
        "arm64" => Ok(Arch::Aarch64),
        "i386" | "x86" => Ok(Arch::X86),
        "armv7" => Ok(Arch::Armv7L),
        "powerpc64le" => Ok(Arch::Powerpc64Le),
        "riscv64gc" => Ok(Arch::Riscv64),
        _ => name.parse().map_err(|_| NO_ARCH),
    }
}

/// `2_28_x86_64` in its parts.
fn numbered(text: &str) -> Result<(u16, u16, &str), &'static str> {
    let mut parts = text.splitn(3, '_');
    let mut number = || parts.next().and_then(plain).ok_or("its version is none");
    let (major, minor) = (number()?, number()?);
    Ok((major, minor, parts.next().ok_or(NO_ARCH)?))
}

fn pair(text: &str) -> Result<(u16, u16), &'static str> {
    let (major, minor) = text.split_once('_').ok_or(NO_FORM)?;
    plain(major).zip(plain(minor)).ok_or("its version is none")
}

/// Digits alone: `u16::from_str` would take a sign.
fn plain(text: &str) -> Option<u16> {
    text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok()).flatten()
}
