//! SIGTERM from outside the container.
//!
//! As PID 1 of its container the agent shares a PID namespace with what the model runs. The kernel
//! shields PID 1 from their KILL and STOP but not from a signal it has a handler for; so the sender
//! is looked at: 0 is outside the namespace (the kubelet), anything else inside.

use std::{io, thread};

use nix::sys::{
    signal::{SigSet, Signal},
    signalfd::{SfdFlags, SignalFd},
};
use tokio_util::sync::CancellationToken;

/// SIGTERM and SIGINT as a file to read from.
pub(crate) struct Termination(SignalFd);

impl Termination {
    /// Blocks the signals; to be called before any thread is made, since threads inherit that.
    /// (Children do not: the standard library unblocks all signals in them.)
    pub(crate) fn block() -> Result<Self, nix::Error> {
        let mut mask = SigSet::empty();
        mask.add(Signal::SIGTERM);
        mask.add(Signal::SIGINT);
        mask.thread_block()?;
        Ok(Self(SignalFd::with_flags(&mask, SfdFlags::SFD_CLOEXEC)?))
    }

    /// Cancels the token at the first signal from outside, from a thread that lasts until then.
    pub(crate) fn cancel(self, token: CancellationToken) -> io::Result<()> {
        let wait = move || {
            // It only ends without a signal when the file is broken; then the kubelet's KILL ends us.
            while let Ok(Some(info)) = self.0.read_signal() {
                if from_outside(info.ssi_pid) {
                    return token.cancel();
                }
            }
        };
        thread::Builder::new()
            .name("signals".to_owned())
            .spawn(wait)
            .map(drop)
    }
}

/// Whether a signal's sender is to be obeyed. Outside a container (not PID 1) everybody is.
fn from_outside(sender: u32) -> bool {
    sender == 0 || std::process::id() != 1
}
