//! Interpreters, real and fake.
