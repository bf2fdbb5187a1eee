//! A git host over HTTP that asks for a name and a token: git's own `http-backend` behind a few lines.

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    thread,
};

use crate::forge;

use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};

/// What the host's repositories are opened with.
pub(crate) const USER: &str = "me";
pub(crate) const TOKEN: &str = "ghp-canary-77aa";

/// Serves the repositories below `root` and gives their common address. Its thread lasts as long as the
/// test's process.
pub(crate) fn start(root: &Path) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let root = root.to_owned();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let (stream, root) = (stream.unwrap(), root.clone());
            thread::spawn(move || answer(&stream, &root));
        }
    });
    url
}

pub(crate) struct Request {
    pub(crate) method: String,
    pub(crate) target: String,
    headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Request {
    pub(crate) fn header(&self, name: &str) -> &str {
        let found = self.headers.iter().find(|(known, _)| known == name);
        found.map_or("", |(_, value)| value)
    }
}

fn answer(mut stream: &TcpStream, root: &PathBuf) {
    let Some(request) = read(stream) else { return };
    let expected = format!("Basic {}", BASE64.encode(format!("{USER}:{TOKEN}")));
    let reply = if request.target.starts_with("/api/") {
        forge::answer(&request)
    } else if request.header("authorization") == expected {
        by_git(&request, root)
    } else {
        b"Status: 401 Unauthorized\r\nWWW-Authenticate: Basic realm=\"git\"\r\n\r\n".to_vec()
    };
    let status = reply
        .strip_prefix(b"Status: ")
        .map_or("200 OK".to_owned(), |rest| {
            String::from_utf8_lossy(rest.split(|b| *b == b'\r').next().unwrap()).into_owned()
        });
    let head = format!("HTTP/1.1 {status}\r\nConnection: close\r\n");
    // The client may have gone.
    let _ = stream.write_all(&[head.as_bytes(), &reply].concat());
}

fn read(stream: &TcpStream) -> Option<Request> {
    let mut reader = BufReader::new(stream);
    let mut lines = Vec::new();
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).ok()? == 0 {
            return None;
        }
        if line == "\r\n" {
            break;
        }
        lines.push(line.trim_end().to_owned());
    }
    let mut first = lines.first()?.split(' ').map(str::to_owned);
    let headers = lines[1..].iter().filter_map(|line| {
        let (name, value) = line.split_once(": ")?;
        Some((name.to_lowercase(), value.to_owned()))
    });
    let mut request = Request {
        method: first.next()?,
        target: first.next()?,
        headers: headers.collect(),
        body: Vec::new(),
    };
    let length = request.header("content-length").parse().unwrap_or(0);
    request.body = vec![0; length];
    reader.read_exact(&mut request.body).ok()?;
    Some(request)
}

/// What git answers, as a CGI program does.
fn by_git(request: &Request, root: &PathBuf) -> Vec<u8> {
    let (path, query) = request
        .target
        .split_once('?')
        .unwrap_or((&request.target, ""));
    let mut child = Command::new("git")
        .args(["-c", "safe.directory=*", "-c", "http.receivepack=true"])
        .args(["-c", "receive.denyNonFastForwards=true"])
        .args(["-c", "uploadpack.allowAnySHA1InWant=true", "http-backend"])
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_PROJECT_ROOT", root)
        .env("GIT_HTTP_EXPORT_ALL", "1")
        .env("REMOTE_USER", USER)
        .env("REQUEST_METHOD", &request.method)
        .env("PATH_INFO", path)
        .env("QUERY_STRING", query)
        .env("CONTENT_TYPE", request.header("content-type"))
        .env("CONTENT_LENGTH", request.body.len().to_string())
        .env("HTTP_CONTENT_ENCODING", request.header("content-encoding"))
        .env("GIT_PROTOCOL", request.header("git-protocol"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let (mut stdin, body) = (child.stdin.take().unwrap(), request.body.clone());
    let feed = thread::spawn(move || stdin.write_all(&body));
    let reply = child.wait_with_output().unwrap().stdout;
    let _ = feed.join();
    reply
}
