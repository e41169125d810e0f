//! Passes over a file whose digest did not fit (section 4.11).

/// Who brought the bytes of the pass that is under way, and how earlier passes ended.
#[derive(Debug, Clone)]
pub(crate) struct Passes {
    /// URLs that brought bytes of this pass.
    from: Vec<bool>,
    /// Bytes of this pass come from an earlier run.
    inherited: bool,
    /// After the first mismatch each pass comes from one URL.
    pub(crate) single: bool,
    /// How often a URL alone brought a wrong file.
    failed: Vec<u8>,
    /// Digests of the passes that failed.
    pub(crate) got: Vec<String>,
}

impl Passes {
    pub(crate) fn new(urls: usize, inherited: bool) -> Self {
        Self { from: vec![false; urls], inherited, single: false, failed: vec![0; urls], got: Vec::new() }
    }

    pub(crate) fn brought(&mut self, url: usize) {
        self.from[url] = true;
    }

    /// The spool was cut to nothing.
    pub(crate) fn emptied(&mut self) {
        self.from.fill(false);
        self.inherited = false;
    }

    /// Ends a pass with a wrong digest. Tells the URL that is to be struck off: the one that alone brought wrong files
    /// twice, or once where another is left.
    pub(crate) fn mismatch(&mut self, got: String, other_left: impl Fn(usize) -> bool) -> Option<usize> {
        let mut sources = (0..self.from.len()).filter(|&url| self.from[url]);
        let alone = sources.next().filter(|_| sources.next().is_none() && !self.inherited);
        self.got.push(got);
        self.single = true;
        let url = alone?;
        self.failed[url] += 1;
        let allowed = if other_left(url) { 1 } else { 2 };
        (self.failed[url] >= allowed).then_some(url)
    }
}
