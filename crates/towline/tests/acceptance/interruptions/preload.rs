//! Small libraries that stand in front of the system's.

use std::path::PathBuf;
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Leaves a mark that it was loaded (or used), so that no test passes because it was not.
const MARK: &str = r#"
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <netdb.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/file.h>
#include <unistd.h>

static void leave_mark(void) {
    const char *path = getenv("PRELOAD_MARK");
    if (path) close(creat(path, 0600));
}
"#;

/// Every lock says yes at once.
pub(super) const YES_LOCKS: &str = r#"
__attribute__((constructor)) static void loaded(void) { leave_mark(); }

int flock(int fd, int operation) { return 0; }
int lockf(int fd, int command, off_t length) { return 0; }
int lockf64(int fd, int command, off_t length) { return 0; }

static int controlled(const char *name, int fd, int command, void *argument) {
    if (command == F_SETLK || command == F_SETLKW || command == F_OFD_SETLK || command == F_OFD_SETLKW) return 0;
    int (*real)(int, int, ...) = (int (*)(int, int, ...))dlsym(RTLD_NEXT, name);
    return real(fd, command, argument);
}

#define CONTROL(name) \
    int name(int fd, int command, ...) { \
        va_list list; \
        va_start(list, command); \
        void *argument = va_arg(list, void *); \
        va_end(list); \
        return controlled(#name, fd, command, argument); \
    }
CONTROL(fcntl)
CONTROL(fcntl64)
"#;

/// Every name takes ten minutes to look up.
pub(super) const SLOW_NAMES: &str = r"
int getaddrinfo(const char *node, const char *service, const struct addrinfo *hints, struct addrinfo **found) {
    leave_mark();
    for (int left = 600; left > 0; left--) sleep(1);
    return EAI_AGAIN;
}
";

/// A compiled library.
pub(super) struct Library {
    dir: tempfile::TempDir,
    marks: AtomicUsize,
}

impl Library {
    /// `None`, said aloud, where there is no C compiler.
    #[track_caller]
    pub(super) fn compile(claim: &str, source: &str) -> Option<Self> {
        if !cfg!(target_os = "linux") {
            super::skip(claim, "libraries are put in front on Linux only");
            return None;
        }
        let dir = tempfile::tempdir().expect("a folder for the library");
        let file = dir.path().join("front.c");
        std::fs::write(&file, format!("{MARK}{source}")).expect("its source");
        let mut cc = Command::new("cc");
        cc.args(["-shared", "-fPIC", "-w", "-o"]).arg(dir.path().join("front.so")).arg(&file).arg("-ldl");
        let made = cc.output();
        match made {
            Ok(output) => {
                assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
                Some(Self { dir, marks: AtomicUsize::new(0) })
            }
            Err(error) => {
                super::skip(claim, &format!("cc: {error}"));
                None
            }
        }
    }

    /// A path that is there once a process has loaded (or used) the library.
    pub(super) fn mark(&self) -> PathBuf {
        self.dir.path().join(format!("mark-{}", self.marks.fetch_add(1, Ordering::Relaxed)))
    }

    pub(super) fn load(&self, command: &mut Command, mark: &std::path::Path) {
        command.env("LD_PRELOAD", self.dir.path().join("front.so")).env("PRELOAD_MARK", mark);
    }
}
