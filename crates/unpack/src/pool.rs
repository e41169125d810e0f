//! Threads that never wait for bytes, and how much they hold in memory.

use std::{
    collections::VecDeque,
    panic::{self, AssertUnwindSafe},
    sync::{Arc, Condvar, Mutex, PoisonError},
    thread,
};

type Job = Box<dyn FnOnce() + Send>;

/// Threads for work whose bytes are all there. They end when the last clone is gone.
#[derive(Clone)]
pub(crate) struct Pool(Arc<Handle>);

struct Handle(Arc<Queue>);

struct Queue {
    jobs: Mutex<Jobs>,
    more: Condvar,
}

struct Jobs {
    waiting: VecDeque<Job>,
    closed: bool,
}

impl Pool {
    pub(crate) fn new(threads: usize) -> std::io::Result<Self> {
        let jobs = Mutex::new(Jobs { waiting: VecDeque::new(), closed: false });
        let queue = Arc::new(Queue { jobs, more: Condvar::new() });
        let pool = Self(Arc::new(Handle(Arc::clone(&queue))));
        for at in 0..threads.max(1) {
            let queue = Arc::clone(&queue);
            thread::Builder::new().name(format!("unpack-{at}")).spawn(move || work(&queue))?;
        }
        Ok(pool)
    }

    /// Runs a job when a thread is free. The job must not wait for bytes, for memory, or for another job.
    pub(crate) fn run(&self, job: Job) {
        let mut jobs = self.0.0.jobs.lock().unwrap_or_else(PoisonError::into_inner);
        jobs.waiting.push_back(job);
        drop(jobs);
        self.0.0.more.notify_one();
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        self.0.jobs.lock().unwrap_or_else(PoisonError::into_inner).closed = true;
        self.0.more.notify_all();
    }
}

fn work(queue: &Queue) {
    loop {
        let mut jobs = queue.jobs.lock().unwrap_or_else(PoisonError::into_inner);
        let job = loop {
            match jobs.waiting.pop_front() {
                Some(job) => break job,
                None if jobs.closed => return,
                None => jobs = queue.more.wait(jobs).unwrap_or_else(PoisonError::into_inner),
            }
        };
        drop(jobs);
        // Its ticket has noted the panic; the other archives still need this thread.
        let _ = panic::catch_unwind(AssertUnwindSafe(job));
    }
}

/// Bytes that may be held in buffers at a time.
#[derive(Clone)]
pub(crate) struct Budget(Arc<(Mutex<u64>, Condvar)>);

/// A share of the budget, given back when dropped.
pub(crate) struct Share {
    budget: Budget,
    bytes: u64,
}

impl Budget {
    pub(crate) fn new(bytes: u64) -> Self {
        Self(Arc::new((Mutex::new(bytes), Condvar::new())))
    }

    /// Waits until so many bytes are free. Never ask for more than the whole, nor while holding a share.
    pub(crate) fn take(&self, bytes: u64) -> Share {
        let (free, changed) = &*self.0;
        let mut free = free.lock().unwrap_or_else(PoisonError::into_inner);
        while *free < bytes {
            free = changed.wait(free).unwrap_or_else(PoisonError::into_inner);
        }
        *free -= bytes;
        Share { budget: self.clone(), bytes }
    }

    /// So many, if they are free.
    pub(crate) fn try_take(&self, bytes: u64) -> Option<Share> {
        let mut free = self.0.0.lock().unwrap_or_else(PoisonError::into_inner);
        *free = free.checked_sub(bytes)?;
        Some(Share { budget: self.clone(), bytes })
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        let (free, changed) = &*self.budget.0;
        *free.lock().unwrap_or_else(PoisonError::into_inner) += self.bytes;
        changed.notify_all();
    }
}
