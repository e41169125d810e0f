//! Which redirects are followed (RFC 9110 §15.4).

/// The statuses that name another place for the same GET.
pub const STATUSES: [u16; 5] = [301, 302, 303, 307, 308];

/// Why a redirect is not followed. Fatal for the URL.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refused {
    /// No `Location`, or one that is no http(s) URL.
    NoPlace,
    /// More hops than the policy allows; a loop ends here, too.
    TooMany(usize),
    /// From https to http.
    Downgrade,
}

/// Judges the hop from one scheme to another, `hops` redirects having been followed before.
///
/// # Errors
/// What [`Refused`] lists.
pub fn judge(hops: usize, max: usize, from: &str, to: Option<&str>) -> Result<(), Refused> {
    match to {
        None => Err(Refused::NoPlace),
        Some(to) if to != "http" && to != "https" => Err(Refused::NoPlace),
        Some(_) if hops >= max => Err(Refused::TooMany(max)),
        Some("http") if from == "https" => Err(Refused::Downgrade),
        Some(_) => Ok(()),
    }
}
