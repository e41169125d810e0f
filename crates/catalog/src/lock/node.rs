//! Values of a TOML document that know where they are.

use std::{fmt, path::Path, str::FromStr};

use toml::{
    Spanned,
    de::{DeTable, DeValue},
};
use uv_pep508::MarkerTree;

use super::{LockError, Spot};
use crate::marker;

pub(super) fn parse<'a>(path: &Path, text: &'a str) -> Result<Spanned<DeValue<'a>>, LockError> {
    let table = DeTable::parse(text).map_err(|error| LockError::Syntax {
        path: path.to_owned(),
        line: line(text.as_bytes(), error.span().map_or(0, |span| span.start)),
        why: error.message().replace('\n', ", "),
    })?;
    let span = table.span();
    Ok(Spanned::new(span, DeValue::Table(table.into_inner())))
}

/// The line of an offset, from 1.
pub(super) fn line(text: &[u8], offset: usize) -> usize {
    1 + text.iter().take(offset).filter(|byte| **byte == b'\n').count()
}

/// Offsets of all line ends: each package of a lock asks for its line.
fn ends(text: &str) -> Vec<usize> {
    text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n').map(|(at, _)| at).collect()
}

pub(super) struct Document<'a> {
    path: &'a Path,
    ends: Vec<usize>,
    root: &'a Spanned<DeValue<'a>>,
}

impl<'a> Document<'a> {
    pub(super) fn new(path: &'a Path, text: &str, root: &'a Spanned<DeValue<'a>>) -> Self {
        Self { path, ends: ends(text), root }
    }

    pub(super) const fn top(&'a self) -> Node<'a> {
        Node { document: self, value: self.root }
    }
}

#[derive(Clone, Copy)]
pub(super) struct Node<'a> {
    document: &'a Document<'a>,
    value: &'a Spanned<DeValue<'a>>,
}

impl<'a> Node<'a> {
    const fn of(self, value: &'a Spanned<DeValue<'a>>) -> Self {
        Self { document: self.document, value }
    }

    /// Where it is. The key is found by a walk over the document: this is for what is said of few nodes.
    pub(super) fn spot(self) -> Spot {
        let mut key = String::new();
        find(self.document.root, self.value, &mut key);
        self.spot_as(key)
    }

    /// The line it begins in.
    pub(super) fn line(self) -> usize {
        let start = self.value.span().start;
        1 + self.document.ends.partition_point(|end| *end < start)
    }

    /// Where it is, for whoever knows its key.
    pub(super) fn spot_as(self, key: String) -> Spot {
        Spot { path: self.document.path.to_owned(), line: self.line(), key }
    }

    pub(super) fn wrong(self, why: impl fmt::Display) -> LockError {
        LockError::Invalid { at: Box::new(self.spot()), why: shortened(&why.to_string()) }
    }

    pub(super) fn missing(self, key: &str) -> LockError {
        let mut at = self.spot();
        at.key = joined(&at.key, key);
        LockError::Invalid { at: Box::new(at), why: "it is missing".to_owned() }
    }

    fn expected(self, what: &str) -> LockError {
        self.wrong(format_args!("expected {what}, found {}", self.value.get_ref().type_str()))
    }

    /// A value of a table; `None` too where this is no table.
    pub(super) fn get(self, key: &str) -> Option<Self> {
        let table = self.value.get_ref().as_table()?;
        table.get(key).map(|value| self.of(value))
    }

    pub(super) fn required(self, key: &str) -> Result<Self, LockError> {
        self.table()?;
        self.get(key).ok_or_else(|| self.missing(key))
    }

    pub(super) fn table(self) -> Result<Vec<(&'a str, Self)>, LockError> {
        let table = self.value.get_ref().as_table().ok_or_else(|| self.expected("a table"))?;
        Ok(table.iter().map(|(key, value)| (key.get_ref().as_ref(), self.of(value))).collect())
    }

    pub(super) fn array(self) -> Result<impl Iterator<Item = Self> + use<'a>, LockError> {
        let array = self.value.get_ref().as_array().ok_or_else(|| self.expected("an array"))?;
        Ok(array.iter().map(move |value| self.of(value)))
    }

    /// The elements of an array, none where it is absent.
    pub(super) fn list(self, key: &str) -> Result<Vec<Self>, LockError> {
        self.get(key).map_or_else(|| Ok(Vec::new()), |node| Ok(node.array()?.collect()))
    }

    pub(super) fn text(self) -> Result<&'a str, LockError> {
        self.value.get_ref().as_str().ok_or_else(|| self.expected("a string"))
    }

    pub(super) fn text_of(self, key: &str) -> Result<Option<&'a str>, LockError> {
        self.get(key).map(Self::text).transpose()
    }

    pub(super) fn flag(self) -> Result<bool, LockError> {
        self.value.get_ref().as_bool().ok_or_else(|| self.expected("true or false"))
    }

    pub(super) fn number(self) -> Result<u64, LockError> {
        let integer = self.value.get_ref().as_integer().ok_or_else(|| self.expected("an integer"))?;
        u64::from_str_radix(integer.as_str(), integer.radix())
            .map_err(|_| self.wrong(format_args!("{} is no number from 0 to 2^64", integer.as_str())))
    }

    pub(super) fn is_datetime(self) -> bool {
        self.value.get_ref().is_datetime()
    }

    pub(super) fn parsed<T: FromStr>(self) -> Result<T, LockError>
    where
        T::Err: fmt::Display,
    {
        self.text()?.parse().map_err(|error: T::Err| self.wrong(error))
    }

    pub(super) fn parsed_of<T: FromStr>(self, key: &str) -> Result<Option<T>, LockError>
    where
        T::Err: fmt::Display,
    {
        self.get(key).map(Self::parsed).transpose()
    }

    /// All of an array, parsed.
    pub(super) fn all<T: FromStr>(self, key: &str) -> Result<Vec<T>, LockError>
    where
        T::Err: fmt::Display,
    {
        self.list(key)?.into_iter().map(Self::parsed).collect()
    }

    pub(super) fn marker(self) -> Result<MarkerTree, LockError> {
        marker::parse(self.text()?).map_err(|error| self.wrong(error))
    }

    /// The marker of a table; without one it always holds.
    pub(super) fn marker_of(self, key: &str) -> Result<MarkerTree, LockError> {
        self.get(key).map_or(Ok(MarkerTree::TRUE), Self::marker)
    }

    pub(super) fn markers_of(self, key: &str) -> Result<Vec<MarkerTree>, LockError> {
        self.list(key)?.into_iter().map(Self::marker).collect()
    }
}

/// Whether `wanted` is `value` or in it; its key is put together on the way.
fn find(value: &Spanned<DeValue<'_>>, wanted: &Spanned<DeValue<'_>>, key: &mut String) -> bool {
    if std::ptr::eq(value, wanted) {
        return true;
    }
    let before = key.len();
    match value.get_ref() {
        DeValue::Table(table) => table.iter().any(|(name, value)| {
            *key = joined(key, name.get_ref());
            find(value, wanted, key) || {
                key.truncate(before);
                false
            }
        }),
        DeValue::Array(array) => array.iter().enumerate().any(|(index, value)| {
            key.push_str(&format!("[{index}]"));
            find(value, wanted, key) || {
                key.truncate(before);
                false
            }
        }),
        _ => false,
    }
}

fn joined(key: &str, name: &str) -> String {
    if key.is_empty() { name.to_owned() } else { format!("{key}.{name}") }
}

/// The first line, for markers are shown on further ones, and not all of a value that may have megabytes.
fn shortened(why: &str) -> String {
    let first = why.lines().next().unwrap_or_default();
    let mut line: String = first.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    if let Some((end, _)) = line.char_indices().nth(400) {
        line.truncate(end);
        line.push('…');
    }
    line
}
