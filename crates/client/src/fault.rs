//! How the HTTP library's errors read in our words: the only walk along a chain of causes in the project.

use std::error::Error;
use std::io;
use std::time::Duration;

use towline_transfer::Fault;

use crate::origin::HTTP2;
use crate::resolve::LookUpError;

/// Where an attempt was when the error came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Moment {
    /// Before the last header; the connect limit of the policy, whether TLS is spoken, and whether the host has answered in
    /// this run.
    Asking { connect_timeout: Duration, https: bool, answered: bool },
    /// In the body: the position reached, and the end announced.
    Reading { at: u64, end: Option<u64> },
}

/// Translates an error of the HTTP library.
pub(crate) fn fault_of(error: &reqwest::Error, moment: Moment) -> Fault {
    if error.is_builder() {
        return Fault::Url(innermost(error));
    }
    if let (true, Moment::Asking { connect_timeout, .. }) = (error.is_timeout() && !by_system(error), moment) {
        return Fault::ConnectTimeout(connect_timeout);
    }
    let connecting = error.is_connect();
    let mut tunnel = false;
    for cause in causes(error) {
        if let Some(fault) = judge(cause, moment, connecting) {
            return if tunnel { Fault::Tunnel(fault.to_string()) } else { fault };
        }
        // The tunnel's error type is not public; its words are.
        let text = cause.to_string();
        if text.contains("proxy authorization required") || text.contains("proxy authentication required") {
            return Fault::ProxyCredentials;
        }
        tunnel |= text.starts_with("tunnel error") || text.contains("proxy");
    }
    match (tunnel, connecting) {
        (true, _) => Fault::Tunnel(innermost(error)),
        (false, true) => Fault::Unreachable(innermost(error)),
        (false, false) => Fault::Protocol(innermost(error)),
    }
}

fn judge(cause: &(dyn Error + 'static), moment: Moment, connecting: bool) -> Option<Fault> {
    if let Some(error) = cause.downcast_ref::<LookUpError>() {
        let answered = matches!(moment, Moment::Asking { answered: true, .. });
        return Some(Fault::Dns { missing: error.missing, answered, detail: error.detail.clone() });
    }
    if let Some(error) = cause.downcast_ref::<rustls::Error>() {
        return Some(match error {
            rustls::Error::InvalidCertificate(_) | rustls::Error::NoCertificatesPresented => {
                Fault::Certificate(error.to_string())
            }
            other => Fault::Tls(other.to_string()),
        });
    }
    if let Some(error) = cause.downcast_ref::<h2::Error>() {
        return Some(match error.get_io() {
            Some(error) => of_io(error, moment, connecting)?,
            None => Fault::Protocol(format!("{HTTP2}: {}", of_h2(error))),
        });
    }
    if let Some(error) = cause.downcast_ref::<io::Error>() {
        return of_io(error, moment, connecting);
    }
    let error = cause.downcast_ref::<hyper::Error>()?;
    if error.is_incomplete_message() || error.is_closed() || error.is_canceled() {
        return Some(ended(moment));
    }
    // Its cause says what was wrong.
    (error.is_parse() && error.source().is_none()).then(|| Fault::Protocol(error.to_string()))
}

fn of_h2(error: &h2::Error) -> String {
    let kind = if error.is_go_away() {
        "GOAWAY"
    } else if error.is_reset() {
        "RST_STREAM"
    } else {
        "error"
    };
    // The name as RFC 9113 §7 has it.
    error.reason().map_or_else(|| error.to_string(), |reason| format!("{kind} {reason:?}"))
}

fn of_io(error: &io::Error, moment: Moment, connecting: bool) -> Option<Fault> {
    // A wrapped error speaks for itself.
    if let Some(inner) = error.get_ref()
        && let Some(fault) = judge(inner, moment, connecting)
    {
        return Some(fault);
    }
    Some(match error.kind() {
        io::ErrorKind::ConnectionRefused => Fault::Refused,
        io::ErrorKind::HostUnreachable
        | io::ErrorKind::NetworkUnreachable
        | io::ErrorKind::NetworkDown
        | io::ErrorKind::AddrNotAvailable => Fault::Unreachable(error.to_string()),
        io::ErrorKind::TimedOut if connecting => Fault::Unreachable(error.to_string()),
        // Connected, but the handshake was not finished. Without TLS there is none, and a reset may come as early.
        io::ErrorKind::ConnectionReset
        | io::ErrorKind::ConnectionAborted
        | io::ErrorKind::BrokenPipe
        | io::ErrorKind::UnexpectedEof
            if connecting && matches!(moment, Moment::Asking { https: true, .. }) =>
        {
            Fault::Tls(error.kind().to_string())
        }
        io::ErrorKind::ConnectionReset | io::ErrorKind::ConnectionAborted | io::ErrorKind::BrokenPipe => Fault::Reset,
        io::ErrorKind::UnexpectedEof => ended(moment),
        io::ErrorKind::TimedOut => Fault::Unreachable(error.to_string()),
        _ => return None,
    })
}

/// The connection came to its end too early.
fn ended(moment: Moment) -> Fault {
    match moment {
        Moment::Asking { .. } => Fault::Closed,
        Moment::Reading { at, end: Some(end) } => Fault::Short { at, end },
        Moment::Reading { at, end: None } => Fault::Protocol(format!("body broken off at byte {at}")),
    }
}

/// Whether it was the system that gave up (ETIMEDOUT), and no limit of ours.
fn by_system(error: &reqwest::Error) -> bool {
    causes(error).filter_map(|cause| cause.downcast_ref::<io::Error>()).any(|error| error.raw_os_error().is_some())
}

fn causes<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(error), |&error| error.source())
}

/// The last cause, which says it without wrapping; the outer ones may name a URL.
pub(crate) fn innermost(error: &reqwest::Error) -> String {
    causes(error)
        .last()
        .filter(|last| !last.is::<reqwest::Error>())
        .map_or_else(|| "request failed".to_owned(), ToString::to_string)
}
