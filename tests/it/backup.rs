//! Everything that is kept, out of a server that runs, and into the next one.

use std::fs::File;
use std::path::Path;

use aideator::cli::{Volume, backup, restore};
use aideator::config::Storage;

use crate::support::TestApp;

async fn copy(storage: &Storage) -> (Vec<u8>, Volume) {
    let mut tar = Vec::new();
    let volume = backup(storage, &mut tar).await.unwrap();
    (tar, volume)
}

/// The names in a directory, but for what belongs to the process and not to what is kept.
fn names(dir: &Path) -> Vec<String> {
    let entries = dir.read_dir().unwrap();
    let mut names: Vec<String> = entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name == "logs" || name.contains(".db") || name.contains("restore"))
        .collect();
    names.sort();
    names
}

#[tokio::test]
async fn a_backup_in_mid_run_has_what_was_told_and_the_run_goes_on_from_it() {
    let test = TestApp::spawn().await;
    let storage = test.app.config.storage.clone();
    let user = test.user("a@example.com").await;
    let run = test.start_run(&user, 2).await;
    run.applied().await;
    let mut logs = Vec::new();
    for (index, job) in run.jobs.iter().enumerate() {
        test.cluster.has_job(job).await;
        test.cluster.run_pod(job);
        logs.push(test.cluster.print(job, b"one"));
        run.event(|event| event.kind == "agent_output" && event.data["variation_id"] == index)
            .await;
    }
    test.cluster.complete_pod(&run.jobs[0]);
    run.event(|event| event.kind == "agent_complete").await;
    // A line whose end comes only after the backup.
    let rest = test.cluster.print(&run.jobs[1], b"two");

    let (tar, volume) = copy(&storage).await;
    assert_eq!(volume.files, 3, "the database and two logs");
    assert_eq!(names(&storage.data_dir).len(), 4, "nothing is left behind");
    logs[1].extend(rest);
    logs[1].extend(test.cluster.print(&run.jobs[1], b"three"));
    run.event(|event| event.data["content"] == "three").await;

    // Later, elsewhere: a server that has only the backup.
    let later = test.user("later@example.com").await;
    later.get("/api/v1/auth/me").await.expect(200);
    let stopped = test.stop().await;
    restore(&storage, &tar[..], true).await.unwrap();
    let test = stopped.start().await;
    let run = run.at(&test);
    assert_eq!(run.show().await["variations"][0]["status"], "succeeded");
    assert_eq!(run.stored(0).await.as_bytes(), logs[0]);
    later.at(&test).get("/api/v1/auth/me").await.expect(401);
    test.cluster.complete_pod(&run.jobs[1]);
    let events = run.events().await;
    assert_eq!(events.last().unwrap().data["status"], "completed");
    for (index, log) in logs.iter().enumerate() {
        assert_eq!(run.stored(index).await.as_bytes(), log);
        assert_eq!(run.verify(index).await["verdict"], "identical");
    }
}

#[tokio::test]
async fn what_is_no_whole_backup_changes_nothing() {
    let test = TestApp::spawn().await;
    let (run, job) = test.running().await;
    test.cluster.print(&job, b"one");
    test.cluster.complete_pod(&job);
    run.events().await;
    let (tar, _) = copy(&test.app.config.storage).await;

    let empty = tempfile::tempdir().unwrap();
    let storage = Storage::for_tests(empty.path().to_owned());
    let log = tar.windows(4).rposition(|bytes| bytes == b"one\n").unwrap();
    let mut changed = tar.clone();
    changed[log] ^= 1;
    let foreign = {
        let mut tar = tar::Builder::new(Vec::new());
        let mut header = tar::Header::new_gnu();
        header.set_size(0);
        header.set_cksum();
        tar.append_data(&mut header, "aideator-backup/logs/passwd", &[][..])
            .unwrap();
        tar.into_inner().unwrap()
    };
    for (what, tar, said) in [
        ("cut in a file", &tar[..log], "no whole backup"),
        ("cut between files", &tar[..512 * 20], "no whole backup"),
        ("empty", &[][..], "its end is missing"),
        ("changed", &changed, "its checksums do not fit"),
        ("foreign", &foreign, "is no file of a backup"),
    ] {
        let error = restore(&storage, tar, false).await.unwrap_err();
        let error = format!("{error:#}");
        assert!(error.contains(said), "{what}: {error}");
        assert_eq!(names(empty.path()), [""; 0], "{what}");
    }

    let lock = File::create(empty.path().join("lock")).unwrap();
    lock.lock().unwrap();
    let error = restore(&storage, &tar[..], false).await.unwrap_err();
    assert!(error.to_string().contains("a server uses DATA_DIR"));
    lock.unlock().unwrap();

    restore(&storage, &tar[..], false).await.unwrap();
    assert_eq!(names(empty.path()), ["aideator.db", "logs"]);
    let error = restore(&storage, &tar[..], false).await.unwrap_err();
    assert!(error.to_string().contains("--replace"), "{error}");
    assert_eq!(names(empty.path()), ["aideator.db", "logs"]);
    let again = copy(&storage).await.0;
    assert_eq!(again.len(), tar.len());
}
