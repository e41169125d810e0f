//! Where bodies unpack, and what must hold whatever they unpack.

use std::{
    collections::BTreeMap,
    fs, io,
    os::unix::fs::PermissionsExt as _,
    path::Path,
    sync::{
        Arc, OnceLock,
        atomic::{AtomicU64, Ordering},
    },
};

use towline_unpack::{Format, Limits, Order, Source, UnpackError, Unpacker};

/// What an archive became: its tree (files by content, links by target), or nothing.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Names with `d`, `f` and the content, or `l` and the target.
    Tree(BTreeMap<String, (char, Vec<u8>)>),
    /// Refused; the words are for whoever reads a failure.
    Refused,
}

/// Small, so that every case is quick.
fn limits() -> Limits {
    Limits { bytes: 4 << 20, members: 500, names: 1 << 20, ..Limits::default() }
}

/// Unpacks the bytes as a whole and as they grow. Both end alike, inside the target and within the limits, and an archive
/// is refused only as an archive.
pub(crate) fn judge(bytes: &[u8], format: Format, name: Option<&str>) -> Verdict {
    let whole = once(Arc::new(bytes.to_vec()), format, name);
    let step = u64::from(bytes.first().copied().unwrap_or_default()) % 64 + 1;
    let growing = Growing { bytes: bytes.to_vec(), there: AtomicU64::new(0), step };
    let grown = once(Arc::new(growing), format, name);
    assert_eq!(whole, grown, "the bytes became something else as they grew by {step}");
    whole
}

fn once(source: Arc<dyn Source>, format: Format, name: Option<&str>) -> Verdict {
    static UNPACKER: OnceLock<Unpacker> = OnceLock::new();
    let unpacker = UNPACKER.get_or_init(|| Unpacker::new(2).expect("there are threads"));
    // In memory where that is possible: on a disk, most of the time goes into the file system's journal.
    let outer = tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).expect("there is a disk");
    let target = outer.path().join("a/b/target");
    fs::create_dir_all(&target).expect("there is a disk");
    let order = Order { limits: limits(), name: name.map(str::to_owned), ..Order::new(format) };
    let result = unpacker.unpack(&source, &target, &order);
    assert_eq!(names(outer.path()), ["a"], "something is outside the target");
    assert_eq!(names(&outer.path().join("a")), ["b"], "something is outside the target");
    assert_eq!(names(&outer.path().join("a/b")), ["target"], "something is outside the target");
    let mut tree = BTreeMap::new();
    let root = fs::canonicalize(&target).expect("the target is there");
    look(&root, &root, &mut tree);
    let bytes = tree.values().map(|(kind, content)| if *kind == 'f' { content.len() } else { 0 }).sum::<usize>();
    assert!(bytes as u64 <= limits().bytes, "{bytes} bytes came out");
    assert!(tree.len() as u64 <= limits().members, "{} members came out", tree.len());
    match result {
        Ok(unpacked) => {
            let count = |kind| tree.values().filter(|(is, _)| *is == kind).count() as u64;
            let counted = (count('f'), count('d'), count('l'), bytes as u64);
            assert_eq!((unpacked.files, unpacked.directories, unpacked.links, unpacked.bytes), counted);
            Verdict::Tree(tree)
        }
        Err(UnpackError::Archive(error)) => {
            assert!(!error.to_string().is_empty());
            Verdict::Refused
        }
        Err(other) => panic!("an archive's fault became {other:?}"),
    }
}

fn names(directory: &Path) -> Vec<String> {
    let entries = fs::read_dir(directory).expect("the directory is there");
    entries.map(|entry| entry.expect("it can be read").file_name().to_string_lossy().into_owned()).collect()
}

fn look(root: &Path, at: &Path, tree: &mut BTreeMap<String, (char, Vec<u8>)>) {
    for name in names(at) {
        let path = at.join(&name);
        let metadata = fs::symlink_metadata(&path).expect("it is there");
        let inside = path.strip_prefix(root).expect("it is below").to_string_lossy().into_owned();
        let found = if metadata.is_symlink() {
            if let Ok(end) = fs::canonicalize(&path) {
                assert!(end.starts_with(root), "{inside} leads to {end:?}");
            }
            let target = fs::read_link(&path).expect("it is a link");
            assert!(target.is_relative(), "{inside} leads to {target:?}");
            ('l', target.to_string_lossy().into_owned().into_bytes())
        } else if metadata.is_dir() {
            look(root, &path, tree);
            ('d', Vec::new())
        } else {
            assert!(metadata.is_file(), "{inside} is no file");
            assert_eq!(metadata.permissions().mode() & 0o7000, 0, "{inside} has special bits");
            ('f', fs::read(&path).expect("it is a file"))
        };
        tree.insert(inside, found);
    }
}

/// Grows by a few bytes whenever it is asked for more.
#[derive(Debug)]
struct Growing {
    bytes: Vec<u8>,
    there: AtomicU64,
    step: u64,
}

impl Growing {
    fn grow(&self, len: u64) -> u64 {
        let end = self.bytes.len() as u64;
        let wanted = len.div_ceil(self.step).saturating_mul(self.step).min(end);
        self.there.fetch_max(wanted, Ordering::SeqCst).max(wanted)
    }
}

impl Source for Growing {
    fn read_at(&self, at: u64, into: &mut [u8]) -> io::Result<usize> {
        let there = self.grow(at.saturating_add(1)) as usize;
        let rest = usize::try_from(at).ok().and_then(|at| self.bytes.get(at..there)).unwrap_or_default();
        let most = rest.len().min(into.len());
        into[..most].copy_from_slice(&rest[..most]);
        Ok(most)
    }

    fn wait(&self, len: u64) -> io::Result<u64> {
        Ok(self.grow(len))
    }
}
