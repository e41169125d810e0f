//! Options of `towline download`.

use std::convert::Infallible;
use std::path::PathBuf;
use std::str::FromStr;
use std::sync::atomic::{AtomicUsize, Ordering};

use clap::ValueEnum;

/// Bring the files of requirements or of a lock into a folder, for any platform: many at once, each continued where it died,
/// verified by what the lock or the index says. Nothing is resolved: a requirement that names no version takes the newest that
/// fits, without what it depends on.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct Download {
    /// Requirements (`numpy`, `numpy==2.4.6`, `name @ URL`, ./file.whl) or locks (pylock.toml, pylock.NAME.toml, uv.lock)
    #[arg(value_name = "REQUIREMENT|LOCK", required_unless_present = "requirements")]
    pub(crate) inputs: Vec<String>,
    /// A requirements file, or a lock; may be repeated
    #[arg(short, long = "requirements", visible_alias = "requirement", value_name = "FILE")]
    pub(crate) requirements: Vec<PathBuf>,
    /// Folder to put the files into
    #[arg(short, long, value_name = "DIR")]
    pub(crate) dir: PathBuf,
    /// Unpack each archive while it arrives, into a folder of its name; the archives themselves are not kept
    #[arg(long)]
    pub(crate) unpack: bool,
    #[command(flatten)]
    pub(crate) targets: Targets,
    #[command(flatten)]
    pub(crate) groups: Groups,
    #[command(flatten)]
    pub(crate) index: IndexOptions,
    /// Show what would come, with sizes, and bring nothing
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// How the list of files is printed on standard output
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    pub(crate) format: Format,
    /// Write SHA256SUMS into the folder, as sha256sum(1) reads it
    #[arg(long, conflicts_with = "unpack")]
    pub(crate) sums: bool,
}

/// For whom.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct Targets {
    /// The interpreter the files are for: a path, a virtual environment or a version to look for [default: TOWLINE_PYTHON, the active environment, .venv, PATH]
    #[arg(long, value_name = "PYTHON", conflicts_with_all = ["python_version", "platform"], help_heading = FOR)]
    pub(crate) python: Option<String>,
    /// A version of Python the files are for, as `3.12`, `3.12.4` or `3.13t`; may be repeated
    #[arg(long, value_name = "VERSION", help_heading = FOR)]
    pub(crate) python_version: Vec<String>,
    /// A platform the files are for, as a tag (manylinux_2_28_x86_64, musllinux_1_2_aarch64, macosx_14_0_arm64, win_amd64) or a name (linux, macos, windows, aarch64-unknown-linux-gnu); may be repeated, and is combined with each --python-version
    #[arg(long, value_name = "PLATFORM", help_heading = FOR)]
    pub(crate) platform: Vec<String>,
}

const FOR: &str = "For whom";

/// Which parts of a lock.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct Groups {
    /// An extra of the lock; may be repeated
    #[arg(long, value_name = "EXTRA", help_heading = PARTS)]
    pub(crate) extra: Vec<String>,
    /// All extras of the lock
    #[arg(long, conflicts_with = "extra", help_heading = PARTS)]
    pub(crate) all_extras: bool,
    /// A dependency group of the lock, besides its default groups; may be repeated
    #[arg(long, value_name = "GROUP", help_heading = PARTS)]
    pub(crate) group: Vec<String>,
    /// Not this dependency group of the lock, though it is on; may be repeated
    #[arg(long, value_name = "GROUP", help_heading = PARTS)]
    pub(crate) no_group: Vec<String>,
    /// All dependency groups of the lock
    #[arg(long, conflicts_with = "group", help_heading = PARTS)]
    pub(crate) all_groups: bool,
    /// Not the default groups of the lock (of a uv.lock: `dev`)
    #[arg(long, conflicts_with = "all_groups", help_heading = PARTS)]
    pub(crate) no_default_groups: bool,
    /// A member of the workspace of a uv.lock to begin at; may be repeated [default: the project at its root, else all members]
    #[arg(long, value_name = "NAME", help_heading = PARTS)]
    pub(crate) package: Vec<String>,
    /// Not this package, though the lock has it (what it needs comes all the same); may be repeated
    #[arg(long, value_name = "NAME", help_heading = PARTS)]
    pub(crate) without: Vec<String>,
}

const PARTS: &str = "Parts of a lock";

/// Where files are looked for, and which are taken.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct IndexOptions {
    /// The index (PEP 503, 691): http(s) or file [default: UV_DEFAULT_INDEX, UV_INDEX_URL, PIP_INDEX_URL, else the public one]
    #[arg(short, long, env = "TOWLINE_INDEX_URL", value_name = "URL", help_heading = INDEX)]
    pub(crate) index_url: Option<String>,
    /// Another index, asked before the other one; the first that has a project is the only one for it. May be repeated
    #[arg(long, env = "TOWLINE_EXTRA_INDEX_URL", value_delimiter = ' ', value_name = "URL", help_heading = INDEX)]
    pub(crate) extra_index_url: Vec<String>,
    /// No index: only --find-links, direct URLs and locks
    #[arg(long, help_heading = INDEX)]
    pub(crate) no_index: bool,
    /// A folder, or a page with links to archives; may be repeated
    #[arg(short, long, value_name = "PATH|URL", help_heading = INDEX)]
    pub(crate) find_links: Vec<String>,
    /// Ask NEW for what the lock or the index says is at OLD (beginnings of URLs, the same bytes behind both); may be repeated. The URL that was given stays as the last resort
    #[arg(long, env = "TOWLINE_MIRRORS", value_delimiter = ' ', value_name = "OLD=NEW", help_heading = INDEX)]
    pub(crate) mirror: Vec<String>,
    /// Take no source distributions of these packages: names with commas between them, `:all:` or `:none:`. Of this option and the next, what comes later goes before
    #[arg(long, value_name = "NAMES", help_heading = INDEX)]
    pub(crate) only_binary: Vec<InOrder>,
    /// Take no wheels of these packages, written in the same way
    #[arg(long, value_name = "NAMES", help_heading = INDEX)]
    pub(crate) no_binary: Vec<InOrder>,
    /// Rather an older wheel than a newer source distribution
    #[arg(long, help_heading = INDEX)]
    pub(crate) prefer_binary: bool,
    /// Take pre-releases, too
    #[arg(long, help_heading = INDEX)]
    pub(crate) pre: bool,
    /// Every requirement needs a hash
    #[arg(long, help_heading = INDEX)]
    pub(crate) require_hashes: bool,
}

const INDEX: &str = "Index";

/// A value that knows how many of its kind came before it.
#[derive(Debug, Clone)]
pub(crate) struct InOrder {
    pub(crate) at: usize,
    pub(crate) text: String,
}

impl FromStr for InOrder {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Infallible> {
        // Values are parsed in the order of the command line.
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        Ok(Self { at: COUNT.fetch_add(1, Ordering::Relaxed), text: text.to_owned() })
    }
}

/// How a list is printed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// Nothing but for --dry-run: a line for each file
    #[default]
    Text,
    /// An object with a list of files, when all have ended
    Json,
}
