//! Locks: pylock.toml (PEP 751) and uv.lock.
