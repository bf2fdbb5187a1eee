//! The program: it starts where an earlier one left its files, says where it listens, and ends when it is told to.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::net::TcpStream;
use tokio::process::{Child, ChildStdout, Command};
use tokio::time::timeout;

type Log = Lines<BufReader<ChildStdout>>;

/// The program, where it listens, and the rest of its log, which it must be able to write.
async fn start(data_dir: &Path) -> (Child, String, Log) {
    let mut child = Command::new(env!("CARGO_BIN_EXE_aideator-demo"))
        .envs([("HOST", "127.0.0.1"), ("PORT", "0"), ("LOG_LEVEL", "info")])
        .env("DATA_DIR", data_dir)
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let line = lines.next_line().await.unwrap().unwrap();
    let (_, address) = line.rsplit_once("address=").unwrap();
    (child, address.to_owned(), lines)
}

#[tokio::test]
async fn it_starts_twice_on_the_same_files_and_ends_on_sigterm() {
    let data_dir = tempfile::tempdir().unwrap();
    for _ in 0..2 {
        let (mut child, address, _log) = start(data_dir.path()).await;
        let mut stream = TcpStream::connect(&address).await.unwrap();
        stream
            .write_all(b"GET /healthz HTTP/1.1\r\nHost: demo\r\nConnection: close\r\n\r\n")
            .await
            .unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        assert!(
            answer.starts_with("HTTP/1.1 200") && answer.ends_with("ok\n"),
            "{answer}"
        );

        let process = child.id().unwrap().to_string();
        assert!(
            Command::new("kill")
                .args(["-TERM", &process])
                .status()
                .await
                .unwrap()
                .success()
        );
        let ended = timeout(Duration::from_secs(10), child.wait())
            .await
            .unwrap()
            .unwrap();
        assert!(ended.success(), "{ended}");
    }
}
