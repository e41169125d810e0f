//! Where a response's bytes belong (section 4.8; RFC 9110 §14).

use crate::fault::{Contradiction, Fault, Misfit};
use crate::head::{Head, Label};
use crate::validator::Validator;

/// What is held when an answer arrives.
#[derive(Debug, Clone, Copy, Default)]
pub struct Known<'a> {
    /// Bytes held.
    pub held: u64,
    /// The size, if known.
    pub size: Option<u64>,
    /// The validator that this URL's bytes had, where it counts (no digest known).
    pub validator: Option<&'a Validator>,
    /// Whether a digest will judge the whole.
    pub digest: bool,
    /// Whether it is a page, which may be coded with gzip.
    pub page: bool,
    /// Whether the request had an `If-Range`: then a 206 says that the bytes held are still those of the file.
    pub if_range: bool,
}

/// Where the bytes of one answer go: below `held` they are compared, from there on appended, never beyond `end`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// Position of the first byte of the body.
    pub from: u64,
    /// One past the last byte of *this answer*, if it is announced.
    pub end: Option<u64>,
    /// The size that this answer tells.
    pub size: Option<u64>,
}

/// What an answer is worth.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Splice {
    /// Its body belongs here.
    Body(Place),
    /// 416 whose size is what is held: nothing is missing.
    Complete,
    /// It cannot be used.
    Fault(Fault),
}

impl Place {
    /// The place of a whole answer, whatever is held.
    #[must_use]
    pub fn whole(head: &Head) -> Self {
        Self { from: 0, end: head.length, size: head.length }
    }
}

/// Judges an answer of status 200, 206 or 416; any other status is a fault of its own.
#[must_use]
pub fn splice(known: Known<'_>, head: &Head) -> Splice {
    match head.status {
        200 => whole(known, head),
        206 => part(known, head),
        416 => nothing(known, head),
        code => Splice::Fault(Fault::Status {
            code,
            retry_after: head.retry_after,
            redirected: head.redirected,
            trusted_credentials: head.trusted_credentials,
        }),
    }
}

fn whole(known: Known<'_>, head: &Head) -> Splice {
    if let Some(coding) = head.coding.as_ref().filter(|coding| !(known.page && is_gzip(coding))) {
        // A label on raw bytes is a common mistake of file servers; a digest finds out whether it was one.
        if !(known.digest && known.held == 0) {
            return Splice::Fault(Fault::Coded(coding.clone()));
        }
    }
    let place = Place::whole(head);
    contradicted(known, head, place.size).map_or(Splice::Body(place), Splice::Fault)
}

fn part(known: Known<'_>, head: &Head) -> Splice {
    if head.multipart {
        return Splice::Fault(Fault::Misfit(Misfit::Multipart));
    }
    if let Some(coding) = head.coding.as_ref().filter(|coding| !(known.page && is_gzip(coding))) {
        return Splice::Fault(Fault::Coded(coding.clone()));
    }
    let Label::Satisfied { first, last, total } = head.label else {
        return Splice::Fault(Fault::Misfit(Misfit::Unlabelled));
    };
    if let Some(fault) = contradicted(known, head, total) {
        return Splice::Fault(fault);
    }
    if known.size.is_some_and(|size| last >= size) {
        // Only a `*` can hide it until here.
        return contradiction(Contradiction::Size { was: known.size.unwrap_or(0), is: last.saturating_add(1) });
    }
    if first > known.held {
        return Splice::Fault(Fault::Misfit(Misfit::Hole { first, held: known.held }));
    }
    if first > 0 && last >= known.held && !vouched(known, head) {
        return Splice::Fault(Fault::Misfit(Misfit::Unvouched { first, total }));
    }
    Splice::Body(Place { from: first, end: Some(last.saturating_add(1)), size: total })
}

/// RFC 9110 §8.4.1.3: `x-gzip` is the same.
fn is_gzip(coding: &str) -> bool {
    coding.eq_ignore_ascii_case("gzip") || coding.eq_ignore_ascii_case("x-gzip")
}

/// Whether a part may be joined to the bytes held. One that begins at zero compares them all and needs nobody's word.
fn vouched(known: Known<'_>, head: &Head) -> bool {
    let same = known.validator.is_some() && known.validator == head.validator.as_ref();
    known.digest || known.if_range || same
}

fn nothing(known: Known<'_>, head: &Head) -> Splice {
    if denied(known, head) {
        return contradiction(Contradiction::Validator);
    }
    match (head.label, known.size) {
        (Label::Unsatisfied { total }, Some(size)) if total != size => {
            contradiction(Contradiction::Size { was: size, is: total })
        }
        (Label::Unsatisfied { total }, _) if total == known.held && total > 0 => Splice::Complete,
        (Label::Unsatisfied { total }, _) if total < known.held => {
            contradiction(Contradiction::Size { was: known.held, is: total })
        }
        _ => contradiction(Contradiction::Unsatisfiable),
    }
}

/// Whether size or validator deny the bytes held. Where nothing is held and the size was only learned, nothing is denied.
fn contradicted(known: Known<'_>, head: &Head, total: Option<u64>) -> Option<Fault> {
    let size = match (known.size, total) {
        (Some(was), Some(is)) if was != is => Some(Contradiction::Size { was, is }),
        (None, Some(is)) if is < known.held => Some(Contradiction::Size { was: known.held, is }),
        _ => None,
    };
    size.or_else(|| denied(known, head).then_some(Contradiction::Validator)).map(Fault::Contradiction)
}

fn denied(known: Known<'_>, head: &Head) -> bool {
    let (Some(ours), Some(theirs)) = (known.validator, &head.validator) else { return false };
    known.held > 0 && ours.denies(theirs)
}

fn contradiction(contradiction: Contradiction) -> Splice {
    Splice::Fault(Fault::Contradiction(contradiction))
}
