//! What is chosen, and what is refused.
