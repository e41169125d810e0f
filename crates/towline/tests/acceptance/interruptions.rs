//! Kills, interrupts, and several processes at once.
