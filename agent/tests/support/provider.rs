//! A model provider for tests: answers the n-th request with the n-th response, byte for byte.

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{TcpListener, TcpStream},
    sync::{Arc, Mutex},
    thread,
};

use serde_json::{Value, json};

/// A provider; its thread lasts as long as the test's process.
pub(crate) struct Provider {
    /// For `OPENAI_BASE_URL`.
    pub(crate) base_url: String,
    requests: Arc<Mutex<Vec<Value>>>,
    heads: Arc<Mutex<Vec<String>>>,
}

/// A response, and whether the connection stays open after it.
#[derive(Clone)]
pub(crate) struct Response {
    bytes: Vec<u8>,
    hang: bool,
}

impl Provider {
    pub(crate) fn start(responses: Vec<Response>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let base_url = format!("http://{}/v1", listener.local_addr().unwrap());
        let requests = Arc::new(Mutex::new(Vec::new()));
        let heads = Arc::new(Mutex::new(Vec::new()));
        let (seen, seen_heads) = (Arc::clone(&requests), Arc::clone(&heads));
        thread::spawn(move || {
            let mut responses = responses.into_iter();
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                let Some((head, request)) = read_request(&stream) else {
                    continue;
                };
                seen.lock().unwrap().push(request);
                seen_heads.lock().unwrap().push(head);
                let response = responses
                    .next()
                    .unwrap_or_else(|| Response::status(418, "", "no more responses"));
                // The client may have gone.
                let _ = stream.write_all(&response.bytes);
                if response.hang {
                    thread::spawn(move || stream.read(&mut [0]));
                }
            }
        });
        Self {
            base_url,
            requests,
            heads,
        }
    }

    /// The heads of all requests so far, with lower-case names as reqwest writes them.
    pub(crate) fn heads(&self) -> Vec<String> {
        self.heads.lock().unwrap().clone()
    }

    /// The bodies of all requests so far.
    pub(crate) fn requests(&self) -> Vec<Value> {
        self.requests.lock().unwrap().clone()
    }
}

fn read_request(stream: &TcpStream) -> Option<(String, Value)> {
    let mut reader = BufReader::new(stream);
    let mut head = String::new();
    let mut length = 0;
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).ok()? == 0 {
            return None;
        }
        if line == "\r\n" {
            break;
        }
        head.push_str(&line);
        let (name, value) = line.split_once(':').unwrap_or_default();
        if name.eq_ignore_ascii_case("content-length") {
            length = value.trim().parse().unwrap();
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    Some((head, serde_json::from_slice(&body).ok()?))
}

impl Response {
    /// Any response; it ends where its bytes end.
    pub(crate) fn raw(head: &str, body: &[u8]) -> Self {
        let mut bytes = format!("HTTP/1.1 {head}\r\nConnection: close\r\n\r\n").into_bytes();
        bytes.extend_from_slice(body);
        Self { bytes, hang: false }
    }

    /// An error. `headers` is empty or lines.
    pub(crate) fn status(status: u16, headers: &str, body: &str) -> Self {
        let headers = headers.replace('\n', "\r\n");
        let separator = if headers.is_empty() { "" } else { "\r\n" };
        Self::raw(&format!("{status} X{separator}{headers}"), body.as_bytes())
    }

    /// A stream of these bytes, cut where they end.
    pub(crate) fn cut(body: &[u8]) -> Self {
        Self::raw("200 OK\r\nContent-Type: text/event-stream", body)
    }

    /// A stream that goes silent.
    pub(crate) fn hang(body: &[u8]) -> Self {
        Self {
            hang: true,
            ..Self::cut(body)
        }
    }

    /// A stream of these chunks, ended as it should be.
    pub(crate) fn stream(chunks: &[Value]) -> Self {
        Self::cut(&[events(chunks).as_slice(), b"data: [DONE]\n\n"].concat())
    }

    /// An answer in words.
    pub(crate) fn text(text: &str) -> Self {
        Self::stream(&[
            json!({"choices": [{"index": 0, "delta": {"content": text}}]}),
            json!({"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}),
            usage(100, 10),
        ])
    }
}

/// The chunk that providers end a stream with.
pub(crate) fn usage(input: u64, output: u64) -> Value {
    json!({"choices": [], "usage": {"prompt_tokens": input, "completion_tokens": output}})
}

/// Chunks as the events of a stream, without its end.
pub(crate) fn events(chunks: &[Value]) -> Vec<u8> {
    chunks
        .iter()
        .flat_map(|chunk| format!("data: {chunk}\n\n").into_bytes())
        .collect()
}
