//! Every row of the scenarios that other tools' suites hold.
