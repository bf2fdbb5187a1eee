//! What the agent does to itself and to what the model left running, so that the provider key stays
//! its own and nobody but it speaks on stdout.
//!
//! The key is in the agent's environment, where Kubernetes put it. Processes the model starts run
//! as the same user; a non-dumpable process denies them its `environ`, `mem` and `fd`.

use nix::{
    errno::Errno,
    sys::{
        prctl,
        resource::{Resource, setrlimit},
        signal::{Signal, kill},
        wait::{WaitPidFlag, WaitStatus, waitpid},
    },
    unistd::Pid,
};

/// To be called before anything else. An error means that the key cannot be kept.
pub(crate) fn harden_self() -> Result<(), Errno> {
    prctl::set_dumpable(false)?;
    // Inherited: what the model starts leaves no core files in the change either.
    setrlimit(Resource::RLIMIT_CORE, 0, 0)
}

/// Ends every other process in the container and reaps them all.
///
/// Only as PID 1 of a PID namespace, where "every other process" is what tools left behind; anywhere
/// else (a developer's machine) it does nothing. No child may be awaited meanwhile.
pub(crate) fn end_leftovers() {
    if std::process::id() != 1 {
        return;
    }
    // ESRCH is the good case: there is nobody.
    if kill(Pid::from_raw(-1), Signal::SIGKILL).is_err() {
        return;
    }
    // Blocking is fine: SIGKILL cannot be refused, and ECHILD comes when the last one is reaped.
    while !matches!(waitpid(None, None), Err(Errno::ECHILD)) {}
}

/// Reaps orphans that became our children as PID 1. No child may be awaited meanwhile.
pub(crate) fn reap_orphans() {
    if std::process::id() != 1 {
        return;
    }
    while matches!(
        waitpid(None, Some(WaitPidFlag::WNOHANG)),
        Ok(status) if status != WaitStatus::StillAlive
    ) {}
}
