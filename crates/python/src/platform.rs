//! From what an interpreter said to the platform that tags are made for.
//!
//! Everything here is a function of the answer, so that platforms nobody has at hand can be tested.
//!
//! A `_manylinux` module, by which a distribution may refuse wheels (PEP 600), is not asked: it lies among what is
//! installed, which a probe does not run.

use serde::{Deserialize, Serialize};
use uv_platform_tags::{Arch, Os, Platform};

/// What an interpreter tells of the machine below it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Facts {
    /// `sysconfig.get_platform()`, such as `linux-x86_64` or `macosx-11.0-arm64`.
    pub platform: String,
    /// Bits of a pointer: 32 on a 64-bit kernel, when the interpreter is.
    pub pointer_bits: u8,
    /// Linux: what `confstr` calls the C library, such as `glibc 2.36`.
    pub glibc: Option<String>,
    /// Linux: what musl's loader says about itself, if the interpreter is loaded by it.
    pub musl: Option<String>,
    /// Linux: the head of the executable.
    pub elf: Option<Elf>,
    /// macOS: its version and processor.
    pub macos: Option<MacOs>,
}

/// What the head of a Linux executable says.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Elf {
    /// 32 or 64.
    pub bits: u8,
    /// The processor, by number (`e_machine`).
    pub machine: u16,
    /// Flags of that processor (`e_flags`).
    pub flags: u32,
    /// The program that loads it (`PT_INTERP`); static executables have none. One character a byte.
    pub loader: Option<String>,
}

/// `platform.mac_ver()`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct MacOs {
    /// Such as `14.5`.
    pub version: String,
    /// Such as `arm64`.
    pub machine: String,
}

/// A platform, and whether wheels made for a glibc run there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Known {
    /// The platform.
    pub platform: Platform,
    /// False for musl, for an unknown C library, and for what no manylinux wheel is made for: an ARM that passes no floating
    /// point numbers in registers, or an x86 executable that is something else (PEP 600, as `packaging` reads it).
    pub manylinux: bool,
}

/// A platform that has no tags here.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the platform `{}` is none that files can be chosen for: {why}; Linux and macOS are", .name.escape_debug())]
pub struct UnknownPlatform {
    /// What the interpreter calls it.
    pub name: String,
    /// What is wrong with it.
    pub why: &'static str,
}

/// Nobody has more; it bounds how many tags an answer can ask for.
const MINORS: u16 = 99;
/// `e_machine`.
const EM_386: u16 = 3;
const EM_ARM: u16 = 40;
/// `e_flags` of ARM: the version of the ABI, and floating point numbers in registers.
const EF_ARM_ABIMASK: u32 = 0xff00_0000;
const EF_ARM_ABI_VER5: u32 = 0x0500_0000;
const EF_ARM_ABI_FLOAT_HARD: u32 = 0x0000_0400;

impl Facts {
    /// The platform these facts describe.
    ///
    /// # Errors
    /// For systems and processors that have no tags here, and versions that are none.
    pub fn known(&self) -> Result<Known, UnknownPlatform> {
        if let Some(machine) = self.platform.strip_prefix("linux-") {
            self.linux(machine)
        } else if self.platform.starts_with("macosx-") {
            self.macos()
        } else {
            Err(self.unknown("it has another system"))
        }
    }

    fn linux(&self, machine: &str) -> Result<Known, UnknownPlatform> {
        let arch = self.arch(machine)?;
        if let Some(said) = &self.musl {
            let Some((major, minor)) = musl_version(said) else {
                return Err(self.unknown("musl's loader does not tell its version"));
            };
            let os = Os::Musllinux { major, minor };
            return Ok(Known { platform: Platform::new(os, arch), manylinux: false });
        }
        let glibc = self.glibc.as_deref().and_then(glibc_version);
        let (major, minor) = glibc.unwrap_or((2, 0));
        let platform = Platform::new(Os::Manylinux { major, minor }, arch);
        Ok(Known { platform, manylinux: glibc.is_some() && self.abi_fits(arch) })
    }

    /// As `packaging` has it: only where one processor has several ABIs.
    fn abi_fits(&self, arch: Arch) -> bool {
        let elf = self.elf.as_ref();
        match arch {
            Arch::Armv7L => elf.is_some_and(|elf| {
                elf.bits == 32
                    && elf.machine == EM_ARM
                    && elf.flags & EF_ARM_ABIMASK == EF_ARM_ABI_VER5
                    && elf.flags & EF_ARM_ABI_FLOAT_HARD != 0
            }),
            Arch::X86 => elf.is_some_and(|elf| elf.bits == 32 && elf.machine == EM_386),
            _ => true,
        }
    }

    fn macos(&self) -> Result<Known, UnknownPlatform> {
        let Some(facts) = &self.macos else { return Err(self.unknown("it does not tell the version of macOS")) };
        let arch = self.arch(&facts.machine)?;
        let mut parts = facts.version.split('.').map(str::parse::<u16>);
        let (Some(Ok(major)), minor) = (parts.next(), parts.next().unwrap_or(Ok(0))) else {
            return Err(self.unknown("its version of macOS is no number"));
        };
        let (10..=MINORS, Ok(minor @ 0..=MINORS)) = (major, minor) else {
            return Err(self.unknown("its version of macOS is none that exists"));
        };
        Ok(Known { platform: Platform::new(Os::Macos { major, minor }, arch), manylinux: false })
    }

    /// A kernel runs interpreters of the processor's older half, and they name the kernel's.
    fn arch(&self, machine: &str) -> Result<Arch, UnknownPlatform> {
        let name = match (machine, self.pointer_bits) {
            ("x86_64" | "amd64", 32) | ("i386" | "i486" | "i586", _) => "i686",
            ("aarch64" | "arm64", 32) => "armv7l",
            ("arm64", _) => "aarch64",
            ("amd64", _) => "x86_64",
            ("ppc64", 32) => "ppc",
            (name, _) => name,
        };
        name.parse().map_err(|_| self.unknown("its processor is not known"))
    }

    fn unknown(&self, why: &'static str) -> UnknownPlatform {
        UnknownPlatform { name: self.platform.chars().take(80).collect(), why }
    }
}

/// `glibc 2.36`, `glibc 2.20-2014.11`.
fn glibc_version(text: &str) -> Option<(u16, u16)> {
    let version = text.trim().strip_prefix("glibc ")?;
    two_numbers(version).filter(|(major, minor)| *major == 2 && *minor <= MINORS)
}

/// The first line says `musl libc (x86_64)`, the second `Version 1.2.4`.
fn musl_version(text: &str) -> Option<(u16, u16)> {
    let mut lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    lines.next().filter(|line| line.starts_with("musl"))?;
    let version = lines.next()?.strip_prefix("Version ")?;
    two_numbers(version).filter(|(major, minor)| *major == 1 && *minor <= MINORS)
}

fn two_numbers(text: &str) -> Option<(u16, u16)> {
    let (major, rest) = text.split_once('.')?;
    let digits = rest.find(|c: char| !c.is_ascii_digit()).map_or(rest, |end| &rest[..end]);
    Some((major.parse().ok()?, digits.parse().ok()?))
}
