//! Pages of the simple repository API, directories of archives.
//!
//! | form | from |
//! |---|---|
//! | JSON (PEP 691, 700) and HTML (PEP 503) of one project | [`Page::parse`] |
//! | any HTML page with links to archives (pip's `--find-links`) | [`Page::parse`] as well: it lists what belongs to the project |
//! | a directory of archives, or an index on this machine (`file://`) | [`Page::directory`], [`Page::local`] |
//!
//! Whoever asks for a page sends [`ACCEPT`] to [`project_url`], and hands in the body with its content type and the URL it came from in the
//! end, for that is what its links are relative to. How large a body may be is the caller's to say; time and memory here are in
//! proportion to it.

mod html;
mod json;
mod listed;
mod local;
mod page;

pub use listed::{Listed, Skipped};
pub use page::{ACCEPT, IndexError, Page, Status, project_url};
