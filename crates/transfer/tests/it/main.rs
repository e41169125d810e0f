//! The retry law as tables, stories and properties; see `docs/design/2026-11-24-retry-law.md`.

mod classify;
mod driver;
mod events;
mod head;
mod lent;
mod model;
mod pages;
mod properties;
mod redirects;
mod refill;
mod retry_after;
mod rounds;
mod splice;
mod story;
mod validators;
mod waits;
mod world;
