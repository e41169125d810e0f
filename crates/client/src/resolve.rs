//! Addresses of a host, and which of them is tried first (section 4.3).

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::str::FromStr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use dns_lookup::{AddrInfoHints, LookupErrorKind, SockType, getaddrinfo};
use reqwest::dns::{Addrs, Name, Resolve, Resolving};

/// A host and port that is found at a given address, as curl's `--resolve` has it: `HOST:PORT:ADDR[,ADDR…]`, IPv6 addresses
/// with or without brackets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Override {
    /// Host name, lower case.
    pub host: String,
    /// Port.
    pub port: u16,
    /// Addresses, best first.
    pub addresses: Vec<IpAddr>,
}

/// A text that is no [`Override`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not of the form HOST:PORT:ADDR[,ADDR…]")]
pub struct OverrideError(String);

impl FromStr for Override {
    type Err = OverrideError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let parse = || {
            let (host, rest) = text.split_once(':').filter(|(host, _)| !host.is_empty())?;
            let (port, addresses) = rest.split_once(':')?;
            let bare = |text: &str| text.trim_start_matches('[').trim_end_matches(']').parse().ok();
            let addresses = addresses.split(',').map(bare).collect::<Option<Vec<_>>>()?;
            Some(Self { host: host.to_ascii_lowercase(), port: port.parse().ok()?, addresses })
        };
        parse().ok_or_else(|| OverrideError(text.to_owned()))
    }
}

/// Why a name has no address.
#[derive(Debug)]
pub(crate) struct LookUpError {
    /// There is no such name.
    pub(crate) missing: bool,
    /// The resolver's words.
    pub(crate) detail: String,
}

impl fmt::Display for LookUpError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.detail)
    }
}

impl std::error::Error for LookUpError {}

/// The resolver of one origin. It asks the system, and turns the list by as many places as attempts have failed, so that the
/// next connection prefers another address.
#[derive(Debug, Default)]
pub(crate) struct Resolver {
    host: String,
    fixed: Vec<IpAddr>,
    turned: AtomicUsize,
}

impl Resolver {
    pub(crate) fn new(host: &str, port: u16, overrides: &[Override]) -> Self {
        let fixed = overrides.iter().find(|fixed| fixed.host.eq_ignore_ascii_case(host) && fixed.port == port);
        Self {
            host: host.to_owned(),
            fixed: fixed.map(|fixed| fixed.addresses.clone()).unwrap_or_default(),
            turned: AtomicUsize::new(0),
        }
    }

    /// How often it was turned.
    pub(crate) fn turned(&self) -> usize {
        self.turned.load(Ordering::Relaxed)
    }

    /// After an attempt that began when it had been turned so often: the next connection prefers another address. Of several
    /// attempts that failed together one turns it, else they could turn it back to where it was.
    pub(crate) fn turn(&self, began_at: usize) {
        // Turned by another: nothing to do.
        let _ = self.turned.compare_exchange(began_at, began_at.wrapping_add(1), Ordering::Relaxed, Ordering::Relaxed);
    }

    fn order(&self, mut addresses: Vec<IpAddr>) -> Vec<IpAddr> {
        let places = self.turned() % addresses.len().max(1);
        addresses.rotate_left(places);
        addresses
    }
}

/// [`Resolver`] as the HTTP library wants it.
#[derive(Debug, Clone)]
pub(crate) struct Shared(pub(crate) Arc<Resolver>);

impl Resolve for Shared {
    fn resolve(&self, name: Name) -> Resolving {
        let resolver = Arc::clone(&self.0);
        Box::pin(async move {
            let found = if !resolver.fixed.is_empty() && name.as_str().eq_ignore_ascii_case(&resolver.host) {
                resolver.fixed.clone()
            } else {
                tokio::task::spawn_blocking(move || look_up(name.as_str())).await??
            };
            // Port 0: the HTTP library puts in the URL's.
            let addresses = resolver.order(found).into_iter().map(|address| SocketAddr::new(address, 0));
            Ok(Box::new(addresses) as Addrs)
        })
    }
}

/// Asks the system's resolver, in its order (RFC 6724), each address once.
fn look_up(host: &str) -> Result<Vec<IpAddr>, LookUpError> {
    let hints = AddrInfoHints { socktype: SockType::Stream.into(), ..AddrInfoHints::default() };
    let entries = getaddrinfo(Some(host), None, Some(hints)).map_err(|error| {
        let missing = matches!(error.kind(), LookupErrorKind::NoName | LookupErrorKind::NoData);
        LookUpError { missing, detail: std::io::Error::from(error).to_string() }
    })?;
    let mut found = Vec::new();
    for entry in entries.flatten() {
        let address = entry.sockaddr.ip();
        if !found.contains(&address) {
            found.push(address);
        }
    }
    if found.is_empty() {
        return Err(LookUpError { missing: true, detail: "no address".to_owned() });
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn overrides_read_as_curl_has_them() {
        let v4 = "files.example:443:127.0.0.1".parse::<Override>().unwrap();
        assert_eq!((v4.host.as_str(), v4.port, v4.addresses.len()), ("files.example", 443, 1));
        let two = "A.example:80:127.0.0.1,[::1]".parse::<Override>().unwrap();
        assert_eq!(two.addresses, ["127.0.0.1".parse::<IpAddr>().unwrap(), "::1".parse().unwrap()]);
        for bad in ["", "a", "a:1", "a:x:127.0.0.1", ":1:127.0.0.1", "a:1:", "a:1:nowhere", "a:70000:127.0.0.1"] {
            assert!(bad.parse::<Override>().is_err(), "{bad}");
        }
    }

    #[test]
    fn each_failure_puts_another_address_first() {
        let addresses: Vec<IpAddr> = ["127.0.0.1", "127.0.0.2", "::1"].map(|text| text.parse().unwrap()).to_vec();
        let resolver = Resolver::new("host", 80, &[]);
        for turn in 0..7 {
            assert_eq!(resolver.order(addresses.clone())[0], addresses[turn % 3], "turn {turn}");
            resolver.turn(turn);
            resolver.turn(turn);
        }
    }
}
