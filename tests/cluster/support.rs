//! What all tests share.

mod api;
mod checks;
mod flood;
mod follower;
mod own;
mod shell;
mod volumes;

use std::time::Duration;

use sha2::{Digest as _, Sha256};
use tokio::sync::{RwLock, RwLockReadGuard, RwLockWriteGuard};

pub(crate) use self::api::Api;
pub(crate) use self::checks::{check_streamed, check_verified};
pub(crate) use self::flood::{FLOOD, FLOOD_LINES};
pub(crate) use self::follower::{Event, Follower, tool_output};
pub(crate) use self::own::OwnServer;
pub(crate) use self::shell::{sh, try_sh, try_sh_for};
pub(crate) use self::volumes::stored_files;

/// Held shared by tests, and alone by those that break the server or the node under everybody's feet.
static PEACE: RwLock<()> = RwLock::const_new(());

/// Until it is dropped, nobody breaks anything on purpose.
pub(crate) async fn in_peace() -> RwLockReadGuard<'static, ()> {
    PEACE.read().await
}

/// Until it is dropped, no other test runs.
pub(crate) async fn alone() -> RwLockWriteGuard<'static, ()> {
    PEACE.write().await
}

/// A value of `.cluster/env`.
#[track_caller]
#[expect(
    clippy::disallowed_methods,
    reason = "what scripts/up leaves behind is in the environment"
)]
pub(crate) fn env(name: &str) -> String {
    std::env::var(name).unwrap_or_else(|_| {
        panic!("{name} is not set: run `scripts/up --no-run`, then `source .cluster/env`")
    })
}

/// A future that must be ready in time.
#[track_caller]
pub(crate) fn within<F: Future>(
    seconds: u64,
    what: &str,
    future: F,
) -> impl Future<Output = F::Output> {
    let what = what.to_owned();
    let caller = std::panic::Location::caller();
    async move {
        tokio::time::timeout(Duration::from_secs(seconds), future)
            .await
            .unwrap_or_else(|_| panic!("{what}: not within {seconds} s ({caller})"))
    }
}

/// A word that no other test and no earlier run has used.
pub(crate) fn nonce() -> String {
    uuid::Uuid::now_v7().simple().to_string()
}

/// In hex, as `sha256sum` prints it.
pub(crate) fn sha256(bytes: &[u8]) -> String {
    format!("{:x}", Sha256::digest(bytes))
}
