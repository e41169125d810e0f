//! Pages of the simple repository API, and directories of archives.
