//! Finds Python interpreters and asks them what they are.
