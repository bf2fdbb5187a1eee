//! What the Jobs of the agents look like, and what users may ask of them.

use std::str::FromStr;

use aideator_agent::config::Prices;
use url::Url;

use super::env::{Env, entries};
use super::forges::Forges;
use super::kubectl::is_dns_label;
use super::models::{ModelList, OfferedModel, WordList};
use super::placement::Placement;

/// Defaults and limits of agent Jobs.
#[derive(Clone, Debug)]
pub struct Agents {
    pub image: String,
    /// Other images that a variation may ask for.
    pub images: Vec<String>,
    pub image_pull_policy: ImagePullPolicy,
    /// Kubernetes quantities, passed on as they are.
    pub cpu_request: String,
    pub cpu_limit: String,
    pub memory_request: String,
    pub memory_limit: String,
    /// Where their pods run.
    pub placement: Placement,
    /// The Kueue queue that their Jobs wait in; none means that they start at once.
    pub kueue_queue: Option<String>,
    /// Wall time of one variation in seconds.
    pub timeout_seconds: u64,
    /// How long a settled Job stays in the cluster for operators to look at, in seconds.
    pub job_ttl_seconds: u64,
    /// Largest number of variations of one run (1…5).
    pub max_variations: u8,
    pub default_model: String,
    /// The only models that a run may name; none means that it may name any.
    pub models: Vec<OfferedModel>,
    /// The model that judges; none means the default one.
    pub judge_model: Option<String>,
    /// Whether every run of several variations is judged when it has ended.
    pub judge_runs: bool,
    /// An OpenAI-compatible endpoint; none means the provider's own default in the agent.
    pub openai_base_url: Option<Url>,
    /// The Secret whose `api-key` the agents get as `OPENAI_API_KEY`.
    pub openai_secret_name: String,
    /// Hosts that repositories may be cloned from.
    pub allowed_git_hosts: Vec<AllowedHost>,
    /// Which of them take pull requests, and how.
    pub forges: Forges,
    /// Value of the label `app.kubernetes.io/instance`: keeps the Jobs of two servers in one namespace apart.
    pub instance: String,
}

impl Agents {
    pub(super) fn from_env(env: &mut Env<'_>) -> Self {
        env.section("Agents");
        let hosts = git_hosts(env);
        Self {
            image: env.read(
                "AGENT_IMAGE",
                "aideator-agent:dev",
                "Image of the agent container.",
            ),
            images: env
                .read::<WordList>(
                    "AGENT_IMAGES",
                    "",
                    "Other images that a variation may ask for, with commas between them.",
                )
                .0,
            image_pull_policy: env.read(
                "AGENT_IMAGE_PULL_POLICY",
                "IfNotPresent",
                "Always, IfNotPresent or Never.",
            ),
            cpu_request: quantity(env, "AGENT_CPU_REQUEST", "100m"),
            cpu_limit: quantity(env, "AGENT_CPU_LIMIT", "500m"),
            memory_request: quantity(env, "AGENT_MEMORY_REQUEST", "256Mi"),
            memory_limit: quantity(env, "AGENT_MEMORY_LIMIT", "1Gi"),
            placement: Placement::from_env(env),
            kueue_queue: kueue_queue(env),
            timeout_seconds: env.read_in(
                "AGENT_TIMEOUT_SECONDS",
                "900",
                10..=86_400,
                "Longest wall time of one variation; a run may ask for less.",
            ),
            job_ttl_seconds: env.read_in(
                "AGENT_JOB_TTL_SECONDS",
                "3600",
                0..=604_800,
                "Seconds that a finished Job stays in the cluster.",
            ),
            max_variations: env.read_in(
                "MAX_VARIATIONS",
                "5",
                1..=5,
                "Most variations of one run.",
            ),
            default_model: env.read(
                "DEFAULT_MODEL",
                "openai/gpt-4o-mini",
                "Model of runs that name none.",
            ),
            models: env
                .read::<ModelList>(
                    "MODELS",
                    "",
                    "Models that runs may name, with commas between them: id, id|label or id|label|in/out with prices in\nUS dollars per million tokens. Unless set, a run may name any model. Without a wish of its own, a run's\nvariations take turns: DEFAULT_MODEL, then these.",
                )
                .0,
            judge_model: env.optional(
                "JUDGE_MODEL",
                "Model that compares results when it is asked to; best one that does not write them. Default: DEFAULT_MODEL.",
            ),
            judge_runs: env.flag(
                "JUDGE_RUNS",
                "true: a judge compares the results of every run that has ended, unasked.",
            ),
            openai_base_url: env.optional(
                "OPENAI_BASE_URL",
                "OpenAI-compatible endpoint that the agents use, e.g. a LiteLLM proxy.",
            ),
            openai_secret_name: env.read(
                "OPENAI_SECRET_NAME",
                "openai-secret",
                "Secret in the same namespace whose key api-key the agents get as OPENAI_API_KEY.",
            ),
            allowed_git_hosts: hosts,
            forges: Forges::from_env(env),
            instance: instance(env),
        }
    }

    /// What can be picked, the default model first.
    pub fn offered_models(&self) -> Vec<OfferedModel> {
        let is_default = |model: &&OfferedModel| model.id == self.default_model;
        let default = self.models.iter().find(is_default).cloned();
        let first = default.unwrap_or_else(|| OfferedModel::named(&self.default_model));
        let others = self.models.iter().filter(|model| !is_default(model));
        std::iter::once(first).chain(others.cloned()).collect()
    }

    /// Whether a run may name this model.
    pub fn allows_model(&self, id: &str) -> bool {
        self.models.is_empty() || self.offered_models().iter().any(|model| model.id == id)
    }

    /// The model that judges unless another is asked for.
    pub fn judge_model(&self) -> &str {
        self.judge_model.as_ref().unwrap_or(&self.default_model)
    }

    /// Every image that a variation may have, the default first.
    pub fn offered_images(&self) -> impl Iterator<Item = &str> {
        let others = self.images.iter().filter(|image| **image != self.image);
        std::iter::once(&self.image)
            .chain(others)
            .map(String::as_str)
    }

    /// What the operator says that a model costs, over its list price.
    pub fn own_price(&self, id: &str) -> Option<Prices> {
        self.models.iter().find(|model| model.id == id)?.price
    }

    /// The defaults, with a plain-http host for a local git server.
    pub fn for_tests() -> Self {
        let mut agents = Self::from_env(&mut Env::empty());
        agents.allowed_git_hosts.push(AllowedHost {
            scheme_http: true,
            host: "127.0.0.1".to_owned(),
            port: None,
        });
        agents
    }
}

fn git_hosts(env: &mut Env<'_>) -> Vec<AllowedHost> {
    let hosts: HostList = env.read(
        "ALLOWED_GIT_HOSTS",
        "github.com,gitlab.com",
        "Hosts that repositories may come from: `host` is https only, `http://host:port` allows plain http there.",
    );
    hosts.0
}

fn instance(env: &mut Env<'_>) -> String {
    let name = "AIDEATOR_INSTANCE";
    let instance: String = env.read(
        name,
        "aideator",
        "Label app.kubernetes.io/instance of what this server creates; must differ between servers of one namespace.",
    );
    if !is_dns_label(&instance) {
        env.problem(
            name,
            format_args!("is `{instance}`; use lower-case letters, digits and dashes"),
        );
    }
    instance
}

fn kueue_queue(env: &mut Env<'_>) -> Option<String> {
    let name = "AGENT_KUEUE_QUEUE";
    let queue: Option<String> = env.optional(
        name,
        "Kueue's local queue that agents wait in: their Jobs are made suspended, and Kueue starts them. Default: none.",
    );
    if queue.as_deref().is_some_and(|queue| !is_dns_label(queue)) {
        env.problem(
            name,
            "is no name of a queue; use lower-case letters, digits and dashes",
        );
    }
    queue
}

/// A Kubernetes quantity: checked for its shape, so that a typo is found at start and not by the first run.
fn quantity(env: &mut Env<'_>, name: &str, default: &str) -> String {
    let text: String = env.read(name, default, "Kubernetes quantity, e.g. 500m or 1Gi.");
    let digits = text.trim_start_matches(|c: char| c.is_ascii_digit() || c == '.');
    let number = &text[..text.len() - digits.len()];
    let known = ["", "m", "k", "M", "G", "T", "Ki", "Mi", "Gi", "Ti"].contains(&digits);
    if number.parse::<f64>().is_err() || !known {
        env.problem(
            name,
            format_args!("is `{text}`, which is no Kubernetes quantity such as 500m or 1Gi"),
        );
    }
    text
}

/// When the kubelet pulls the agent's image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ImagePullPolicy {
    Always,
    IfNotPresent,
    Never,
}

impl ImagePullPolicy {
    /// Kubernetes' word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Always => "Always",
            Self::IfNotPresent => "IfNotPresent",
            Self::Never => "Never",
        }
    }
}

impl FromStr for ImagePullPolicy {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "Always" => Ok(Self::Always),
            "IfNotPresent" => Ok(Self::IfNotPresent),
            "Never" => Ok(Self::Never),
            _ => Err("use Always, IfNotPresent or Never"),
        }
    }
}

/// A host that repositories may be cloned from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AllowedHost {
    /// Whether plain http is allowed there; https always is.
    pub scheme_http: bool,
    /// Lower case, without a port.
    pub host: String,
    /// The only port allowed; none means the scheme's default, or any port where plain http is allowed.
    pub port: Option<u16>,
}

impl FromStr for AllowedHost {
    type Err = String;

    fn from_str(entry: &str) -> Result<Self, Self::Err> {
        let invalid = || format!("`{entry}` is neither `host` nor `http://host:port`");
        let scheme_http = entry.starts_with("http://");
        let url = if entry.contains("://") {
            entry.to_owned()
        } else {
            format!("https://{entry}")
        };
        let url = Url::parse(&url).map_err(|_| invalid())?;
        let bare = url.path() == "/" && url.query().is_none() && url.fragment().is_none();
        let anonymous = url.username().is_empty() && url.password().is_none();
        match (url.scheme(), url.host_str()) {
            ("http" | "https", Some(host)) if bare && anonymous => Ok(Self {
                scheme_http,
                host: host.to_owned(),
                port: url.port(),
            }),
            _ => Err(invalid()),
        }
    }
}

struct HostList(Vec<AllowedHost>);

impl FromStr for HostList {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let hosts = entries(text).map(str::parse);
        hosts.collect::<Result<_, _>>().map(Self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn allowed_hosts() {
        let hosts: HostList = "GitHub.com, http://aideator-demo:8080 ,https://git.example.org:8443"
            .parse()
            .unwrap();
        let found: Vec<_> = hosts
            .0
            .iter()
            .map(|h| (h.scheme_http, h.host.as_str(), h.port))
            .collect();
        assert_eq!(
            found,
            [
                (false, "github.com", None),
                (true, "aideator-demo", Some(8080)),
                (false, "git.example.org", Some(8443))
            ]
        );
        for entry in [
            "ssh://github.com",
            "https://a@github.com",
            "github.com/org",
            "http://",
            "a b",
        ] {
            assert!(entry.parse::<AllowedHost>().is_err(), "{entry}");
        }
    }
}
