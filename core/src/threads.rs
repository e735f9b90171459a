//! Threads for languages whose calls must not block: started on demand, bounded, idle ones
//! reused, none of them keeping a process alive.

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;

use crate::Error;
use crate::per_process::PerProcess;
use crate::spawn::{no_thread, spawn};

/// How many run at once where a binding is not told otherwise.
pub const DEFAULT_MAX_THREADS: usize = 64;
/// How long an idle thread waits for more work.
const IDLE: Duration = Duration::from_secs(10);

type Job = Box<dyn FnOnce() + Send>;

/// Runs jobs on up to `max` threads. Further jobs wait in order.
pub struct Threads {
    max: usize,
    pool: PerProcess<Arc<Pool>>,
}

#[derive(Default)]
struct Pool {
    state: Mutex<State>,
    work: Condvar,
}

#[derive(Default)]
struct State {
    jobs: VecDeque<Job>,
    running: usize,
    idle: usize,
}

impl Threads {
    /// A pool that starts no thread yet.
    pub const fn new(max: usize) -> Self {
        Self { max, pool: PerProcess::new() }
    }

    /// Queues a job. It must not panic: see [`guard`](crate::guard::guard). Fails with
    /// [`Code::Exhausted`](crate::Code) where the system gives not a single thread; the job is
    /// dropped then.
    pub fn run(&self, job: impl FnOnce() + Send + 'static) -> Result<(), Error> {
        let pool = Arc::clone(&*self.pool.get(Arc::default));
        let mut state = pool.lock();
        state.jobs.push_back(Box::new(job));
        if state.idle >= state.jobs.len() || state.running >= self.max {
            drop(state);
            pool.work.notify_one();
            return Ok(());
        }
        state.running += 1;
        let worker = pool.clone();
        if let Err(error) = spawn("frontegg-token", move || worker.work()) {
            state.running -= 1;
            if state.running == 0 {
                state.jobs.pop_back();
                return Err(no_thread(&error));
            }
        }
        Ok(())
    }
}

impl Pool {
    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn work(&self) {
        let mut state = self.lock();
        loop {
            if let Some(job) = state.jobs.pop_front() {
                drop(state);
                job();
                state = self.lock();
                continue;
            }
            state.idle += 1;
            let waited = self.work.wait_timeout(state, IDLE);
            let (back, timeout) = waited.unwrap_or_else(PoisonError::into_inner);
            state = back;
            state.idle -= 1;
            if timeout.timed_out() && state.jobs.is_empty() {
                state.running -= 1;
                return;
            }
        }
    }
}

impl fmt::Debug for Threads {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Threads").field("max", &self.max).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;
    use crate::Code;
    use crate::spawn::shortage::Shortage;

    #[test]
    fn jobs_beyond_the_bound_wait_and_all_run() {
        let threads = Threads::new(2);
        let (started, starts) = mpsc::channel();
        let (done, dones) = mpsc::channel();
        let gate = Arc::new((Mutex::new(false), Condvar::new()));
        for number in 0..5 {
            let (started, done, gate) = (started.clone(), done.clone(), gate.clone());
            let job = move || {
                started.send(number).unwrap();
                let open = gate.0.lock().unwrap();
                drop(gate.1.wait_while(open, |open| !*open).unwrap());
                done.send(number).unwrap();
            };
            threads.run(job).unwrap();
        }
        let mut first = [starts.recv().unwrap(), starts.recv().unwrap()];
        first.sort_unstable();
        assert_eq!(first, [0, 1]);
        assert!(starts.try_recv().is_err());
        *gate.0.lock().unwrap() = true;
        gate.1.notify_all();
        let mut finished: Vec<i32> = (0..5).map(|_| dones.recv().unwrap()).collect();
        finished.sort_unstable();
        assert_eq!(finished, [0, 1, 2, 3, 4]);
    }
    #[test]
    fn a_job_without_any_thread_is_refused_and_the_next_one_runs() {
        let (threads, shortage) = (Threads::new(2), Shortage::of_all());
        let (done, dones) = mpsc::channel();
        let job = |number: i32| {
            let done = done.clone();
            move || done.send(number).unwrap()
        };
        let error = shortage.during(|| threads.run(job(1))).unwrap_err();
        assert_eq!((error.code(), error.is_retryable()), (Code::Exhausted, true));
        threads.run(job(2)).unwrap();
        assert_eq!(dones.recv().unwrap(), 2);
        // One thread is enough for all jobs.
        (3..9).for_each(|number| shortage.during(|| threads.run(job(number))).unwrap());
        assert_eq!((3..9).map(|_| dones.recv().unwrap()).collect::<Vec<_>>(), [3, 4, 5, 6, 7, 8]);
    }

    /// However threads are refused, each job runs or is refused, and none is forgotten.
    #[test]
    fn no_job_is_forgotten_while_threads_are_refused_at_random() {
        for seed in 0..50 {
            let (threads, shortage) = (Threads::new(3), Arc::new(Shortage::at_random(seed)));
            let (done, dones) = mpsc::channel();
            let run = |number: i32| {
                let done = done.clone();
                threads.run(move || done.send(number).unwrap()).is_ok()
            };
            let taken: Vec<i32> = shortage.during(|| (0..40).filter(|it| run(*it)).collect());
            let mut finished: Vec<i32> = taken.iter().map(|_| dones.recv().unwrap()).collect();
            finished.sort_unstable();
            assert_eq!(finished, taken, "seed {seed}");
        }
    }
}
