//! Archives, odd and hostile ones, into trees.

mod names;
