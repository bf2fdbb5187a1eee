//! Smart HTTP for the sample repositories, through git's own `http-backend` (a CGI program): at `/git` for
//! everybody to read, at `/private` copies of them that only [`USER`] with [`TOKEN`] reads and pushes to.

use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Extension, Path, RawQuery, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::process::{Child, ChildStdin, ChildStdout};
use tokio_util::io::ReaderStream;

use crate::App;
use crate::samples::{self, SAMPLES, git_command};

/// A fetch of a sample takes milliseconds; whoever reads slower than this does not want it.
const TIMEOUT: Duration = Duration::from_mins(2);

/// More CGI header bytes than this are not git's.
const MAX_HEADER_BYTES: u64 = 16 * 1024;

/// Whom the private repositories know. It opens nothing else, so it is no secret.
pub const USER: &str = "ada";
/// The password of [`USER`].
pub const TOKEN: &str = "scripted-git-token-7b1e";

type Reply = Result<Response, Refusal>;

/// Why git gets nothing.
struct Refusal {
    status: StatusCode,
    text: String,
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let mut response = (self.status, self.text).into_response();
        if self.status == StatusCode::UNAUTHORIZED {
            let challenge = HeaderValue::from_static("Basic realm=\"git\"");
            response
                .headers_mut()
                .insert(header::WWW_AUTHENTICATE, challenge);
        }
        response
    }
}

/// Which repositories are meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Area {
    Public,
    Private,
}

impl Area {
    /// Its directory in the data directory.
    fn directory(self) -> &'static str {
        match self {
            Self::Public => samples::PUBLIC,
            Self::Private => samples::PRIVATE,
        }
    }

    /// Lets in whom the area is for.
    fn admit(self, headers: &HeaderMap) -> Result<(), Refusal> {
        let expected = format!("Basic {}", STANDARD.encode(format!("{USER}:{TOKEN}")));
        let given = headers.get(header::AUTHORIZATION);
        if self == Self::Public || given.is_some_and(|given| given == expected.as_str()) {
            return Ok(());
        }
        let text = "this repository is private; the demo's README has the name and the token\n";
        Err(refused(StatusCode::UNAUTHORIZED, text))
    }
}

/// What git asks for below `/git` or `/private`.
pub(crate) fn routes(area: Area) -> Router<Arc<App>> {
    Router::new()
        .route("/{repository}/info/refs", get(advertise_refs))
        .route("/{repository}/git-upload-pack", post(upload_pack))
        .route("/{repository}/git-receive-pack", post(receive_pack))
        .layer(Extension(area))
}

/// `GET …/info/refs?service=git-upload-pack`: the first half of every fetch, `ls-remote` and push.
async fn advertise_refs(
    State(app): State<Arc<App>>,
    Extension(area): Extension<Area>,
    Path(repository): Path<String>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Reply {
    area.admit(&headers)?;
    match query.as_deref() {
        Some("service=git-upload-pack") => {}
        Some("service=git-receive-pack") if area == Area::Private => {}
        Some("service=git-receive-pack") => return Err(read_only()),
        _ => {
            return Err(refused(
                StatusCode::FORBIDDEN,
                "this server speaks git's smart protocol only: update git\n",
            ));
        }
    }
    let request = CgiRequest {
        method: "GET",
        area,
        repository,
        service: "info/refs",
        query,
        headers: &headers,
        body: Bytes::new(),
    };
    request.answer(&app).await
}

/// `POST …/git-upload-pack`: the objects.
async fn upload_pack(
    State(app): State<Arc<App>>,
    Extension(area): Extension<Area>,
    Path(repository): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Reply {
    area.admit(&headers)?;
    CgiRequest::post(area, repository, "git-upload-pack", &headers, body)
        .answer(&app)
        .await
}

/// `POST …/git-receive-pack`: a push.
async fn receive_pack(
    State(app): State<Arc<App>>,
    Extension(area): Extension<Area>,
    Path(repository): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Reply {
    area.admit(&headers)?;
    if area == Area::Public {
        return Err(read_only());
    }
    CgiRequest::post(area, repository, "git-receive-pack", &headers, body)
        .answer(&app)
        .await
}

fn refused(status: StatusCode, text: impl Into<String>) -> Refusal {
    let text = text.into();
    Refusal { status, text }
}

fn read_only() -> Refusal {
    refused(
        StatusCode::FORBIDDEN,
        "the sample repositories are read-only\n",
    )
}

struct CgiRequest<'a> {
    method: &'static str,
    area: Area,
    /// As in the URL, with `.git`.
    repository: String,
    service: &'static str,
    query: Option<String>,
    headers: &'a HeaderMap,
    body: Bytes,
}

impl<'a> CgiRequest<'a> {
    fn post(
        area: Area,
        repository: String,
        service: &'static str,
        headers: &'a HeaderMap,
        body: Bytes,
    ) -> Self {
        Self {
            method: "POST",
            area,
            repository,
            service,
            query: None,
            headers,
            body,
        }
    }

    async fn answer(self, app: &App) -> Reply {
        let known = SAMPLES
            .iter()
            .any(|sample| self.repository.strip_suffix(".git") == Some(sample.name));
        if !known {
            let names: Vec<_> = SAMPLES
                .iter()
                .map(|sample| format!("{}.git", sample.name))
                .collect();
            return Err(refused(
                StatusCode::NOT_FOUND,
                format!("no such repository; there are {}\n", names.join(", ")),
            ));
        }
        self.run(app).await.map_err(|error| {
            tracing::error!(error = format!("{error:#}"), "git http-backend failed");
            refused(
                StatusCode::BAD_GATEWAY,
                "git http-backend failed; see the log of the demo\n",
            )
        })
    }

    async fn run(self, app: &App) -> anyhow::Result<Response> {
        let mut child = self.spawn(app)?;
        let stdin = child
            .stdin
            .take()
            .ok_or_else(|| anyhow::anyhow!("git has no input"))?;
        let stdout = child
            .stdout
            .take()
            .ok_or_else(|| anyhow::anyhow!("git has no output"))?;
        tokio::spawn(attend(child, stdin, self.body));
        response(BufReader::new(stdout)).await
    }

    fn spawn(&self, app: &App) -> anyhow::Result<Child> {
        let header = |name: &str| {
            self.headers
                .get(name)
                .and_then(|value| value.to_str().ok())
                .unwrap_or_default()
        };
        let mut command = git_command();
        command
            // Agents fetch one commit by its id.
            .args([
                "-c",
                "uploadpack.allowAnySHA1InWant=true",
                "-c",
                "uploadpack.allowFilter=true",
            ])
            // History is never overwritten, and whoever was let in may push.
            .args(["-c", "receive.denyNonFastForwards=true"])
            .args(["-c", "http.receivepack=true"])
            // A volume's root may belong to another user.
            .args(["-c", "safe.directory=*", "http-backend"])
            .env(
                "GIT_PROJECT_ROOT",
                app.repositories.join(self.area.directory()),
            )
            .env("GIT_HTTP_EXPORT_ALL", "1")
            .env("REQUEST_METHOD", self.method)
            .env(
                "PATH_INFO",
                format!("/{}/{}", self.repository, self.service),
            )
            .env("QUERY_STRING", self.query.as_deref().unwrap_or_default())
            .env("CONTENT_TYPE", header("content-type"))
            .env("CONTENT_LENGTH", self.body.len().to_string())
            // git compresses large requests itself, and http-backend inflates them.
            .env("HTTP_CONTENT_ENCODING", header("content-encoding"))
            .env("GIT_PROTOCOL", header("git-protocol"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit());
        Ok(command.spawn()?)
    }
}

/// Feeds the program and reaps it. It is not killed when the client goes away: its output pipe closes, and it and
/// the programs that it started end by themselves.
async fn attend(mut child: Child, mut stdin: ChildStdin, body: Bytes) {
    let attended = tokio::time::timeout(TIMEOUT, async {
        if let Err(error) = stdin.write_all(&body).await {
            tracing::debug!(%error, "git did not read the whole request");
        }
        drop(stdin);
        child.wait().await
    });
    match attended.await {
        Ok(Ok(status)) if status.success() => {}
        Ok(Ok(status)) => tracing::warn!(%status, "git http-backend"),
        Ok(Err(error)) => tracing::error!(%error, "cannot wait for git http-backend"),
        Err(_) => {
            tracing::warn!(
                seconds = TIMEOUT.as_secs(),
                "git http-backend took too long"
            );
            if let Err(error) = child.kill().await {
                tracing::error!(%error, "cannot end git http-backend");
            }
        }
    }
}

/// Reads the CGI headers; the rest is the body.
async fn response(stdout: BufReader<ChildStdout>) -> anyhow::Result<Response> {
    let mut status = StatusCode::OK;
    let mut headers = HeaderMap::new();
    let mut limited = stdout.take(MAX_HEADER_BYTES);
    loop {
        let mut line = String::new();
        if limited.read_line(&mut line).await? == 0 {
            anyhow::bail!("it ended within its headers");
        }
        let line = line.trim_end();
        if line.is_empty() {
            break;
        }
        let (name, value) = line
            .split_once(':')
            .ok_or_else(|| anyhow::anyhow!("a header without a colon"))?;
        if name.eq_ignore_ascii_case("status") {
            let code = value.split_whitespace().next().unwrap_or_default();
            status = StatusCode::from_bytes(code.as_bytes())?;
        } else {
            headers.append(
                HeaderName::from_bytes(name.as_bytes())?,
                HeaderValue::from_str(value.trim())?,
            );
        }
    }
    headers
        .entry(header::CONTENT_TYPE)
        .or_insert(HeaderValue::from_static("text/plain"));
    Ok((
        status,
        headers,
        Body::from_stream(ReaderStream::new(limited.into_inner())),
    )
        .into_response())
}
