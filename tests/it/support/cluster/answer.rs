//! What each kubectl gets for an answer.

use serde::Deserialize as _;
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;

use super::log::Reading;
use super::{Answer, Call, Cluster, State};

const AWAY: &str =
    "Unable to connect to the server: dial tcp 10.0.0.1:443: connect: connection refused";

impl Cluster {
    pub(super) async fn answer(&self, call: &Call, socket: &mut TcpStream) -> Answer {
        let early = self.change(|state| {
            let canned = state.canned.get_mut(call.verb());
            let canned = canned.and_then(std::collections::VecDeque::pop_front);
            canned.or_else(|| state.away.then(|| Answer::fails(AWAY)))
        });
        if let Some(answer) = early {
            return answer;
        }
        match call.verb() {
            "get" if call.has("-w") => self.watch(call, socket).await,
            "logs" => self.logs(call, socket).await,
            _ => self.change(|state| state.answer(call)),
        }
    }

    /// `kubectl get KIND -w`: what is there, then each change, until the watch is cut.
    async fn watch(&self, call: &Call, socket: &mut TcpStream) -> Answer {
        let kind = call.args[1].as_str();
        let mut changed = self.0.changed.subscribe();
        let (mut lines, mut next, cuts) = {
            let state = self.state();
            let present = state.objects.get(kind).into_iter().flatten();
            let lines: Vec<Value> = present.map(|object| told("ADDED", object)).collect();
            (lines, state.history.len(), state.watch_cuts)
        };
        loop {
            for line in lines {
                let line = format!("{line}\n");
                if socket.write_all(line.as_bytes()).await.is_err() {
                    return Answer::default();
                }
            }
            if changed.changed().await.is_err() {
                return Answer::default();
            }
            let state = self.state();
            if state.watch_cuts != cuts {
                return Answer::default();
            }
            let new = state.history[next..].iter();
            lines = new
                .filter(|(of, _, _)| of == kind)
                .map(|(_, what, object)| told(what, object))
                .collect();
            next = state.history.len();
        }
    }

    /// `kubectl logs`, with `-f` or without.
    async fn logs(&self, call: &Call, socket: &mut TcpStream) -> Answer {
        let object = call.args.iter().find(|arg| arg.contains('/')).unwrap();
        let since = call
            .args
            .iter()
            .find_map(|arg| arg.strip_prefix("--since-time="));
        let mut changed = self.0.changed.subscribe();
        let opened = self.change(|state| state.open_log(object, call.has("-f"), since));
        let mut reading = match opened {
            Ok(reading) => reading,
            Err(message) => return Answer::fails(&message),
        };
        loop {
            let (bytes, end) = self.state().read_log(&mut reading);
            if socket.write_all(&bytes).await.is_err() {
                return Answer::default();
            }
            if let Some(end) = end {
                return end;
            }
            if changed.changed().await.is_err() {
                return Answer::default();
            }
        }
    }
}

fn told(what: &str, object: &Value) -> Value {
    json!({"type": what, "object": object})
}

impl State {
    /// The calls that end by themselves.
    fn answer(&mut self, call: &Call) -> Answer {
        match call.verb() {
            "version" => Answer::prints(
                r#"{"clientVersion":{"gitVersion":"v1.34.4"},"serverVersion":{"gitVersion":"v1.34.4"}}"#,
            ),
            "auth" => Answer::prints("yes\n"),
            "get" => {
                let items = self.objects.get(&call.args[1]).cloned();
                Answer::prints(
                    json!({"kind": "List", "items": items.unwrap_or_default()}).to_string(),
                )
            }
            "apply" => self.apply(&call.stdin),
            "patch" => self.patch(&call.args[1], &call.args[2]),
            "delete" => {
                self.delete_job(&call.args[2]);
                Answer::prints(format!("job.batch/{}\n", call.args[2]))
            }
            _ => Answer::fails(&format!("error: unknown command {:?}", call.args)),
        }
    }

    /// Server-side apply: an object that is there stays as it is.
    fn apply(&mut self, manifest: &str) -> Answer {
        self.manifests.push(manifest.to_owned());
        let mut applied = Vec::new();
        for document in serde_yaml::Deserializer::from_str(manifest) {
            let mut object = Value::deserialize(document).unwrap();
            let kind = format!("{}s", object["kind"].as_str().unwrap().to_lowercase());
            let name = object["metadata"]["name"].as_str().unwrap().to_owned();
            if let Some(known) = self.object(&kind, &name) {
                object = known.clone();
            } else {
                object["metadata"]["uid"] = self.uid().into();
                self.put(&kind, object.clone());
            }
            applied.push(object);
        }
        Answer::prints(json!({"kind": "List", "items": applied}).to_string())
    }

    fn patch(&self, kind: &str, name: &str) -> Answer {
        match self.object(&format!("{kind}s"), name) {
            Some(_) => Answer::prints(format!("{kind}/{name}\n")),
            None => Answer::fails(&format!(
                "Error from server (NotFound): {kind}s \"{name}\" not found"
            )),
        }
    }

    fn delete_job(&mut self, name: &str) {
        if self.lingering {
            for kind in ["jobs", "pods"] {
                for mut object in self.owned(kind, name) {
                    object["metadata"]["deletionTimestamp"] = json!("2026-11-22T22:00:00Z");
                    self.put(kind, object);
                }
            }
        } else {
            self.remove_job(name);
        }
    }

    fn open_log(
        &mut self,
        object: &str,
        follow: bool,
        since: Option<&str>,
    ) -> Result<Reading, String> {
        let (kind, name) = object.split_once('/').unwrap();
        let job = if kind == "pod" {
            name.rsplit_once('-').unwrap().0
        } else {
            name
        };
        if self.object(&format!("{kind}s"), name).is_none() {
            return Err(format!(
                "Error from server (NotFound): {kind}s \"{name}\" not found"
            ));
        }
        let log = self.logs.get_mut(job);
        let log = log.ok_or("error: timed out waiting for the condition")?;
        Ok(log.open(job, follow, since))
    }

    fn read_log(&mut self, reading: &mut Reading) -> (Vec<u8>, Option<Answer>) {
        let log = self.logs.get_mut(&reading.job);
        log.map_or_else(
            || (Vec::new(), Some(Answer::default())),
            |log| log.read(reading),
        )
    }
}
