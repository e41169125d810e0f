//! Tests of the program and of the house it stands in.

mod house;
