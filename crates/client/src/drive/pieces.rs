//! What arrives goes where the machine says.

use towline_transfer::{Fault, Piece};

use super::Drive;
use crate::event::Event;
use crate::sink::Sink;

impl<S: Sink, F: FnMut(Event<'_>)> Drive<'_, S, F> {
    /// Puts bytes where the machine says.
    pub(super) fn place(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            let used = match self.transfer.place(bytes.len()) {
                Piece::Stop => return,
                Piece::Compare { at, len } => {
                    let differs = self.sink.matches(at, &bytes[..len]);
                    let Some(differs) = self.or_disk(differs) else { return };
                    self.transfer.compared(len, differs);
                    differs.unwrap_or(len)
                }
                Piece::Append { len } => {
                    self.forget_other_word();
                    let done = self.sink.append(&bytes[..len]);
                    if self.or_disk(done).is_none() {
                        return;
                    }
                    self.transfer.appended(len);
                    (self.observe)(Event::Grew { held: self.transfer.held() });
                    len
                }
                Piece::Cut { at } => {
                    let cut = self.sink.cut(at);
                    if self.or_disk(cut).is_none() {
                        return;
                    }
                    self.transfer.cut(at);
                    (self.observe)(Event::Cut { held: at });
                    self.word_told = None;
                    0
                }
            };
            bytes = &bytes[used..];
        }
        self.tell_word();
    }

    /// Before a byte is appended under another validator than the one told: a run that is killed in between must find none,
    /// lest its successor join parts of two files.
    fn forget_other_word(&mut self) {
        if self.word_told.as_ref().is_some_and(|(_, told)| Some(told) != self.word.as_ref()) {
            self.word_told = None;
            (self.observe)(Event::Unvouched);
        }
    }

    /// Tells which validator the bytes held have now.
    fn tell_word(&mut self) {
        let now = self.transfer.vouched();
        let told = self.word_told.as_ref().map(|(url, told)| (*url, told));
        if now == told {
            return;
        }
        match now {
            Some((url, validator)) => (self.observe)(Event::Vouched { url, validator: validator.as_str() }),
            None => (self.observe)(Event::Unvouched),
        }
        self.word_told = now.map(|(url, validator)| (url, validator.clone()));
    }

    pub(super) fn or_disk<T>(&mut self, result: std::io::Result<T>) -> Option<T> {
        match result {
            Ok(value) => Some(value),
            Err(error) => {
                self.transfer.fault(Fault::Disk(error.to_string()));
                None
            }
        }
    }
}
