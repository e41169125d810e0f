//! Every row of the scenarios that other tools' suites hold: `table` names the file and the tests of each, the other
//! modules are the tests.

mod disk;
mod forever;
mod framing;
mod journey;
mod many;
mod mirrors;
mod ranges;
mod secrets;
mod status;
mod story;
mod table;
mod usage;
