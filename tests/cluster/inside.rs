//! What an agent can do in its pod: a scripted model tries, through the tools that every model has.

use serde_json::json;

use crate::support::{Api, Follower, in_peace, tool_output};

/// Prints one line a question, `NAME ANSWER`. It runs in the agent's own image, which has a shell and Python.
const PROBE: &str = r"
python3 - <<'END'
import os, socket, ssl, urllib.request
def say(name, answer): print(name, answer)
def tries(name, what):
    try: say(name, what())
    except Exception as error: say(name, type(error).__name__)
status = dict(line.split(':\t', 1) for line in open('/proc/self/status').read().splitlines() if ':\t' in line)
say('user', f'{os.getuid()}:{os.getgid()}')
say('capabilities', ''.join(status['Cap' + kind].strip() for kind in ('Inh', 'Prm', 'Eff', 'Bnd', 'Amb')).strip('0') or 'none')
say('no_new_privileges', status['NoNewPrivs'])
say('seccomp', status['Seccomp'])
say('token', os.path.exists('/var/run/secrets/kubernetes.io/serviceaccount'))
say('key_in_environment', any('API_KEY' in name for name in os.environ))
say('service_variables', any('SERVICE_HOST' in name and not name.startswith('KUBERNETES_') for name in os.environ))
def writable(path):
    open(path + '/probe', 'w').close()
    return 'written'
for path in '/', '/etc', '/usr/local/bin', '/var', '/run', '/run/aideator', '/home', '/root', '/proc/sys/kernel', '/sys':
    tries('write ' + path, lambda: writable(path))
for path in '/tmp', '/workspace':
    tries('write ' + path, lambda: writable(path))
tries('become_root', lambda: os.setuid(0))
tries('chroot', lambda: os.chroot('/tmp'))
tries('raw_socket', lambda: socket.socket(socket.AF_INET, socket.SOCK_RAW, 1))
parent = os.getppid()
tries('environment_of_agent', lambda: open('/proc/1/environ').read())
tries('memory_of_agent', lambda: open('/proc/1/mem', 'rb').read(1))
context = ssl._create_unverified_context()
def ask(path):
    try:
        return urllib.request.urlopen('https://kubernetes.default.svc' + path, context=context, timeout=10).status
    except urllib.error.HTTPError as error:
        return error.code
for path in '/api/v1/secrets', '/api/v1/namespaces/aideator/pods', '/apis/batch/v1/jobs':
    tries('api ' + path, lambda: ask(path))
END
";

#[tokio::test]
async fn an_agent_has_no_rights_no_token_and_two_directories() {
    let _peace = in_peace().await;
    let api = Api::operator();
    let encoded = {
        use base64::Engine as _;
        base64::engine::general_purpose::STANDARD.encode(PROBE)
    };
    let prompt = format!("[[scripted: run echo {encoded} | base64 -d | sh]]");
    let run = api.start(&prompt, 1, json!({})).await;
    let mut follower = Follower::new(&api, &run);
    follower.read_to_end().await;
    let output = tool_output(&follower.events, 0);
    let answer = |name: &str| {
        let prefix = format!("{name} ");
        let line = output.lines().find_map(|line| line.strip_prefix(&prefix));
        line.unwrap_or_else(|| panic!("no {name} in {output}"))
            .to_owned()
    };
    for (name, expected) in [
        ("user", "1000:1000"),
        ("capabilities", "none"),
        ("no_new_privileges", "1"),
        ("seccomp", "2"),
        ("token", "False"),
        ("key_in_environment", "False"),
        ("service_variables", "False"),
        ("write /tmp", "written"),
        ("write /workspace", "written"),
        ("become_root", "PermissionError"),
        ("chroot", "PermissionError"),
        ("raw_socket", "PermissionError"),
        ("environment_of_agent", "PermissionError"),
        ("memory_of_agent", "PermissionError"),
    ] {
        assert_eq!(answer(name), expected, "{name}\n{output}");
    }
    for path in [
        "/",
        "/etc",
        "/usr/local/bin",
        "/var",
        "/run",
        "/run/aideator",
        "/home",
        "/root",
        "/proc/sys/kernel",
        "/sys",
    ] {
        assert_ne!(answer(&format!("write {path}")), "written", "{path}");
    }
    // Without a network policy that is enforced it gets there, and may nothing.
    for path in [
        "/api/v1/secrets",
        "/api/v1/namespaces/aideator/pods",
        "/apis/batch/v1/jobs",
    ] {
        let status = answer(&format!("api {path}"));
        assert!(["401", "403"].contains(&&*status), "{path}: {status}");
    }
}
