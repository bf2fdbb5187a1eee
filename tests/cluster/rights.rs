//! What the server may do in the cluster.

use std::collections::BTreeMap;

use crate::support::{env, in_peace, sh};

/// The Role.
const GRANTED: &[(&str, &str)] = &[
    ("jobs.batch", "create delete get list patch watch"),
    ("pods", "get list patch watch"),
    ("pods/log", "get"),
    ("secrets", "create delete get patch"),
    ("events", "list watch"),
];
/// What every account may: ask who it is, and what it may.
const EVERYBODYS: &[(&str, &str)] = &[
    ("selfsubjectreviews.authentication.k8s.io", "create"),
    ("selfsubjectaccessreviews.authorization.k8s.io", "create"),
    ("selfsubjectrulesreviews.authorization.k8s.io", "create"),
];

#[tokio::test]
async fn the_server_may_what_its_role_says_and_nothing_more() {
    let _peace = in_peace().await;
    let account = format!(
        "system:serviceaccount:{}:aideator",
        env("AIDEATOR_NAMESPACE")
    );
    let list = format!("kubectl auth can-i --list --no-headers --as {account}");
    let list = String::from_utf8(sh(&list).await).unwrap();
    let mut found = BTreeMap::new();
    for line in list.lines() {
        let lists: Vec<&str> = line.split(['[', ']']).collect();
        let &[resource, paths, _, names, _, verbs, ..] = lists.as_slice() else {
            panic!("{line}");
        };
        let mut verbs: Vec<&str> = verbs.split(' ').collect();
        verbs.sort_unstable();
        if paths.is_empty() {
            assert_eq!(names, "", "{line}");
            found.insert(resource.trim().to_owned(), verbs.join(" "));
        } else {
            // Health, version and discovery, which every account may read.
            assert_eq!(verbs, ["get"], "{line}");
        }
    }
    let expected: BTreeMap<String, String> = GRANTED
        .iter()
        .chain(EVERYBODYS)
        .map(|(resource, verbs)| ((*resource).to_owned(), (*verbs).to_owned()))
        .collect();
    assert_eq!(found, expected);
}
