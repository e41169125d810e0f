//! What an interpreter is, once asked.

use std::{
    fmt,
    path::{Path, PathBuf},
};

use uv_pep440::Version;
use uv_pep508::MarkerEnvironment;
use uv_platform_tags::{Platform, Tags};

/// An interpreter that was run and has answered.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Interpreter {
    /// What to run (`sys.executable`): absolute; in a virtual environment the environment's own.
    pub executable: PathBuf,
    /// The executable an environment was made from, where the interpreter tells (`sys._base_executable`; CPython 3.11 and
    /// later); otherwise the same as `executable`.
    pub base_executable: PathBuf,
    /// The folder it belongs to (`sys.prefix`); in a virtual environment the environment's.
    pub prefix: PathBuf,
    /// The folder of the installation (`sys.base_prefix`).
    pub base_prefix: PathBuf,
    /// The version of the language it has, pre-release and local part included.
    pub version: Version,
    /// Who made it.
    pub implementation: Implementation,
    /// How it was compiled.
    pub build: Build,
    /// The values that environment markers are evaluated with (PEP 508): all eleven, as the interpreter has them. A 32-bit
    /// interpreter on a 64-bit kernel has the kernel's `platform_machine`.
    pub markers: MarkerEnvironment,
    /// What wheels have to be made for; a 32-bit interpreter on a 64-bit kernel has a 32-bit one.
    pub platform: Platform,
    /// The tags of the wheels it takes, best first (PEP 425, 600, 656), as `uv-platform-tags` makes them: `linux_x86_64` comes
    /// after the manylinux tags, and of PyPy the tags `pp39-none-…` and `pp3-none-any` are missing.
    pub tags: Tags,
    /// Where things are installed for it: absolute folders of its default scheme (`sysconfig.get_paths()`). Up to Python 3.9
    /// some distributions change `distutils` and not this.
    pub scheme: Scheme,
    /// Where things would be installed in a virtual environment made of it, relative to the environment.
    pub venv_scheme: Scheme,
}

/// The folders of an installation scheme, `headers` being those of one distribution below `include`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scheme {
    /// Modules of pure Python.
    pub purelib: PathBuf,
    /// Everything else that is imported.
    pub platlib: PathBuf,
    /// Executables.
    pub scripts: PathBuf,
    /// The root of data files.
    pub data: PathBuf,
    /// Header files. In virtual environments `include/site/pythonX.Y`, as pip has it: the scheme itself names a folder of
    /// the base installation there.
    pub include: PathBuf,
}

/// An implementation of Python.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Implementation {
    /// `sys.implementation.name`, such as `cpython`, `pypy` or `graalpy`.
    pub name: String,
    /// `sys.implementation.version`, major and minor: of PyPy its own, of CPython the language's.
    pub version: (u8, u8),
}

/// How an interpreter was compiled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Build {
    /// Free-threaded: without the global interpreter lock (PEP 703).
    pub gil_disabled: bool,
    /// With assertions, which changes the ABI (`Py_DEBUG`).
    pub debug: bool,
    /// 32 or 64.
    pub pointer_bits: u8,
    /// `sysconfig.get_platform()`, such as `linux-x86_64`; the kernel's view, not that of 32-bit interpreters.
    pub platform: String,
    /// The infix of extension modules' names, such as `cpython-312-x86_64-linux-gnu`, where there is one.
    pub soabi: Option<String>,
    /// The end of extension modules' names, where there is one.
    pub ext_suffix: Option<String>,
}

impl Interpreter {
    /// Whether it belongs to a virtual environment (PEP 405).
    #[must_use]
    pub fn in_venv(&self) -> bool {
        self.prefix != self.base_prefix
    }

    /// Major, minor and patch of [`version`](Self::version).
    #[must_use]
    pub fn release(&self) -> [u64; 3] {
        let release = self.version.release();
        let part = |at: usize| release.get(at).copied().unwrap_or(0);
        [part(0), part(1), part(2)]
    }

    /// Its name, version and build, such as `CPython 3.13.0 free-threaded`.
    #[must_use]
    pub fn what(&self) -> String {
        let threads = if self.build.gil_disabled { " free-threaded" } else { "" };
        let debug = if self.build.debug { " debug" } else { "" };
        format!("{} {}{threads}{debug}", self.markers.platform_python_implementation(), self.version)
    }
}

/// As people name it: `CPython 3.13.0 free-threaded at /usr/bin/python3.13t`.
impl fmt::Display for Interpreter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at {}", self.what(), self.executable.display())
    }
}

impl Scheme {
    /// The same folders below `root`; absolute ones stay.
    #[must_use]
    pub fn below(&self, root: &Path) -> Self {
        Self {
            purelib: root.join(&self.purelib),
            platlib: root.join(&self.platlib),
            scripts: root.join(&self.scripts),
            data: root.join(&self.data),
            include: root.join(&self.include),
        }
    }
}
