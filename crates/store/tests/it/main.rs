//! Integration tests of the store.

mod smoke;
