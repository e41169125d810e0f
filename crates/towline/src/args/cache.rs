//! Options of `towline cache`.

use std::time::Duration;

use clap::Subcommand;

use super::value;

/// The cache: partial files that the next run continues, entries, kept archives.
#[derive(Debug, Clone, Copy, Subcommand)]
pub(crate) enum Cache {
    /// Print where it is
    Dir,
    /// Print what is in it
    Info,
    /// Remove what nobody used for long, and partial files that nobody came back for within 14 days. Every run does the latter
    Prune {
        /// Entries and archives that were not used for so long
        #[arg(long, value_name = "TIME", default_value = "30d", value_parser = value::time)]
        unused_for: Duration,
    },
    /// Remove everything that no running towline uses
    Clean,
    /// Look at every archive and entry, and remove what is damaged; exit code 4 if something was
    Verify,
}
