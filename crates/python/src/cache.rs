//! Answers kept between runs: one file for each interpreter.
//!
//! A kept answer counts while every file it rests on is what it was (modification time, size, inode): the executable behind
//! all links, the `pyvenv.cfg` of a virtual environment, the loader, which belongs to the C library; and while the kernel and
//! the script are the same. Whatever else happens to the cache costs a probe, and is never an error.

use std::{
    fs::{self, File},
    hash::{DefaultHasher, Hash, Hasher},
    io::{Read, Write},
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize, de::DeserializeOwned};

use crate::{probe::SCRIPT, raw_path::RawPath};

/// A folder with what interpreters answered. It is made when something is kept, and may be deleted at any time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cache {
    folder: PathBuf,
}

/// An interpreter as it is now.
pub(crate) struct Key {
    path: PathBuf,
    /// Executable and `pyvenv.cfg`s.
    files: Vec<PathBuf>,
}

#[derive(Serialize, Deserialize)]
struct Kept<T> {
    /// Which script, on which kernel.
    made: String,
    path: RawPath,
    /// What the answer rests on; no stamp where there was no file.
    rests_on: Vec<(RawPath, Option<Stamp>)>,
    answer: T,
}

/// Changes when a file is replaced or written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Stamp {
    device: u64,
    inode: u64,
    size: u64,
    seconds: i64,
    nanoseconds: i64,
}

impl Cache {
    /// A kept answer is about 3 KB; what is longer than this was not written here.
    const LIMIT: u64 = 64 * 1024;

    /// Keeps answers in `folder`, which need not exist.
    #[must_use]
    pub fn at(folder: impl Into<PathBuf>) -> Self {
        Self { folder: folder.into() }
    }

    /// The answer that was kept, if nothing it rests on has changed.
    pub(crate) fn get<T: DeserializeOwned>(&self, key: &Key) -> Option<T> {
        let mut text = Vec::new();
        File::open(self.file(key)).ok()?.take(Self::LIMIT + 1).read_to_end(&mut text).ok()?;
        (text.len() as u64 <= Self::LIMIT).then_some(())?;
        let kept: Kept<T> = serde_json::from_slice(&text).ok()?;
        let same = kept.made == made() && kept.path.0 == key.path;
        let stamped = |file: &PathBuf| kept.rests_on.iter().any(|(path, _)| path.0 == *file);
        let unchanged = |(path, stamp): &(RawPath, Option<Stamp>)| *stamp == Stamp::of(&path.0);
        (same && key.files.iter().all(stamped) && kept.rests_on.iter().all(unchanged)).then_some(kept.answer)
    }

    /// Keeps an answer that rests on the interpreter and on `besides`.
    pub(crate) fn put<T: Serialize>(&self, key: &Key, besides: &[PathBuf], answer: &T) {
        let files = key.files.iter().chain(besides);
        let rests_on = files.map(|file| (RawPath(file.clone()), Stamp::of(file))).collect();
        let kept = Kept { made: made(), path: RawPath(key.path.clone()), rests_on, answer };
        // Nobody is told if this fails: the next run asks again.
        let _ = self.write(key, &kept);
    }

    fn write<T: Serialize>(&self, key: &Key, kept: &Kept<T>) -> std::io::Result<()> {
        fs::create_dir_all(&self.folder)?;
        let mut file = tempfile::NamedTempFile::new_in(&self.folder)?;
        file.write_all(&serde_json::to_vec(kept)?)?;
        file.persist(self.file(key))?;
        Ok(())
    }

    fn file(&self, key: &Key) -> PathBuf {
        // Two paths of one number only push one another out: the path stands inside.
        let mut hasher = DefaultHasher::new();
        key.path.as_os_str().hash(&mut hasher);
        self.folder.join(format!("{:016x}.json", hasher.finish()))
    }
}

impl Key {
    /// The interpreter at an absolute path; none if there is nothing.
    pub(crate) fn of(path: &Path) -> Option<Self> {
        let real = path.canonicalize().ok()?;
        let folder = path.parent()?;
        let mut files = vec![real, folder.join("pyvenv.cfg")];
        files.extend(folder.parent().map(|prefix| prefix.join("pyvenv.cfg")));
        Some(Self { path: path.to_owned(), files })
    }
}

impl Stamp {
    fn of(path: &Path) -> Option<Self> {
        let found = path.metadata().ok()?;
        Some(Self {
            device: found.dev(),
            inode: found.ino(),
            size: found.size(),
            seconds: found.mtime(),
            nanoseconds: found.mtime_nsec(),
        })
    }
}

/// The script and the kernel, whose release and version are markers.
fn made() -> String {
    let mut hasher = DefaultHasher::new();
    SCRIPT.hash(&mut hasher);
    let kernel = rustix::system::uname();
    let [system, machine] = [kernel.sysname(), kernel.machine()].map(|part| part.to_string_lossy());
    let [release, version] = [kernel.release(), kernel.version()].map(|part| part.to_string_lossy());
    format!("{:016x} {system} {machine} {release} {version}", hasher.finish())
}
