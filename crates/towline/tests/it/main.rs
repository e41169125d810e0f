//! Tests of the program and of the house it stands in.

mod cache;
mod house;
