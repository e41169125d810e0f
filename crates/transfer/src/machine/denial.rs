//! Answers that deny the bytes held, and what is remembered of who vouched for them (section 4.10).

use super::{Phase, Transfer, Word};
use crate::body::Body;
use crate::fault::{Contradiction, Fault, Misfit};
use crate::head::Head;
use crate::splice::Place;

impl Transfer {
    /// Handles an answer that cannot be spliced: a fault, or the restart of 4.10.
    pub(super) fn refuse(&mut self, url: usize, fault: Fault, head: &Head) -> Phase {
        let part = matches!(head.status, 206 | 416);
        self.memory[url].no_range |= part;
        if let Fault::Misfit(Misfit::Unvouched { total, .. }) = fault {
            // There is more than the end that was probed; of which file, only reading it again can tell.
            self.size = self.size.or(total);
            self.probed = None;
        }
        if let Fault::Contradiction(contradiction) = &fault
            && self.contradict(url, *contradiction, part)
        {
            let fickle = matches!(contradiction, Contradiction::Validator);
            if head.status == 200 && (head.coding.is_none() || self.want.page) && (fickle || self.may_restart()) {
                self.memory[url].fickle |= fickle;
                // It says itself that it is of another file than the one whose size is known.
                let body = self.read(Place::whole(head), self.may_restart(), false);
                return Phase::Reading(Body { least: None, ..body });
            }
            // A tag alone gives no byte up: the whole answer that is asked for next shows whether the bytes differ, too.
            if !fickle {
                self.restart();
            }
        }
        Phase::Over(fault)
    }

    /// Counts a contradiction. Tells whether it is the second in a row, so that the bytes held may go.
    pub(super) fn contradict(&mut self, url: usize, contradiction: Contradiction, part: bool) -> bool {
        let memory = &mut self.memory[url];
        memory.no_range |= part;
        memory.contradictions = memory.contradictions.saturating_add(1);
        // A page may well be another one by now, and costs little.
        let again = memory.contradictions >= 2 || self.want.page;
        // Against a size that a lock vouches for, a restart helps nothing: the URL serves another file (4.11).
        if let (Contradiction::Size { was, .. }, Some(size)) = (contradiction, self.want.size)
            && was == size
        {
            if again {
                self.rounds.strike(url);
            }
            return false;
        }
        again && self.held > 0 && self.gives_up_bytes()
    }

    /// A page as often as it likes; a file once per transfer, and once more for each end at which the digest has said that the bytes held are not the file.
    pub(super) fn may_restart(&self) -> bool {
        self.want.page || !self.restarted || (self.want.digest && self.probed == Some(self.held))
    }

    /// Where a digest is known, a captive portal is likelier than another file: bytes are not given up in the first half of
    /// the budget.
    pub(super) fn gives_up_bytes(&self) -> bool {
        !self.want.digest || self.rounds.is_half_spent(&self.policy)
    }

    /// From zero.
    pub(super) fn restart(&mut self) {
        if !self.may_restart() {
            return;
        }
        self.restarted = true;
        self.must_cut = Some(0);
        self.size = self.want.size;
    }

    /// The bytes held are now also this answer's.
    pub(super) fn trust(&mut self, url: usize) {
        let memory = &mut self.memory[url];
        memory.contradictions = 0;
        let Some(Word { validator, part }) = self.word.take() else { return };
        // A whole answer was compared with all bytes held, so its word replaces the older one, even if it has none.
        if !part || validator.is_some() {
            memory.validator = validator.filter(|_| !memory.fickle);
        }
    }
}
