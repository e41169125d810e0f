//! Requirements files, and requirements given as arguments.
