//! From an artifact to a verified file or tree.
