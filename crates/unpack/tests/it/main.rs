//! Archives, odd and hostile ones, into trees.

mod corpus;
mod fixtures;
mod grow;
mod names;
mod room;
mod sources;
