//! Nothing but a place for `benches/`: machine (the retry law), spool (the growing file), driver (all of it over loopback).
