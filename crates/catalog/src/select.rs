//! Which of the listed files a requirement means.
