//! What may be anywhere in the dependency graph: `deny.toml`, without a tool to install.

use std::collections::{BTreeMap, BTreeSet};

use cargo_metadata::PackageId;
use spdx::{Expression, ParseMode};

use super::{metadata, toml};

#[test]
fn no_banned_crate_is_anywhere_in_the_graph() {
    let names: BTreeMap<&PackageId, &str> =
        metadata().packages.iter().map(|package| (&package.id, package.name.as_str())).collect();
    let nodes = &metadata().resolve.as_ref().expect("the graph is resolved").nodes;
    let bans = bans();
    assert!(names.len() > 50 && bans.len() > 10, "{} crates, {} bans", names.len(), bans.len());
    for node in nodes {
        for dependency in &node.deps {
            let (user, used) = (names[&node.id], names[&dependency.pkg]);
            let Some((wrappers, reason)) = bans.get(used) else { continue };
            assert!(wrappers.iter().any(|wrapper| wrapper == user), "{user} brings {used} into the graph: {reason}");
        }
    }
}

#[test]
fn retry_crates_and_other_clients_are_among_the_banned() {
    let bans = bans();
    let wrappers = |name: &str| bans.get(name).map(|(wrappers, _)| wrappers.clone());
    assert_eq!(wrappers("reqwest"), Some(vec!["towline-client".to_owned()]));
    assert_eq!(wrappers("backon"), Some(vec!["uv-fs".to_owned()]));
    let retries = ["again", "backoff", "exponential-backoff", "retry-policies", "tokio-retry"];
    let layers = ["reqwest-middleware", "reqwest-retry", "ureq"];
    let tls = ["aws-lc-rs", "aws-lc-sys", "native-tls", "openssl", "openssl-sys"];
    for name in retries.iter().chain(&layers).chain(&tls) {
        assert_eq!(wrappers(name), Some(Vec::new()), "deny.toml bans {name}");
    }
}

#[test]
fn every_licence_in_the_graph_is_one_of_the_list() {
    let licenses = &toml("deny.toml")["licenses"];
    let allow = strings(&licenses["allow"]);
    let exceptions: BTreeMap<String, Vec<String>> = licenses["exceptions"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|row| (row["crate"].as_str().expect("a name").to_owned(), strings(&row["allow"])))
        .collect();

    let mut used = BTreeSet::new();
    for package in &metadata().packages {
        let stated = package.license.as_deref().unwrap_or_else(|| panic!("{} states no licence", package.name));
        let parsed = Expression::parse_mode(stated, ParseMode::LAX);
        let expression = parsed.unwrap_or_else(|error| panic!("{}: {stated}: {error}", package.name));
        let exception = exceptions.get_key_value(package.name.as_str());
        let fine = expression.evaluate(|wanted| {
            let Some(id) = wanted.license.id() else { return false };
            let excepted = exception.filter(|(_, names)| names.iter().any(|name| name == id.name));
            used.extend(excepted.map(|(name, _)| name.clone()));
            used.extend(allow.iter().find(|name| *name == id.name).cloned());
            excepted.is_some() || allow.iter().any(|name| name == id.name)
        });
        assert!(fine, "{} is under {stated}, which deny.toml does not allow", package.name);
    }
    let stale: Vec<_> = allow.iter().chain(exceptions.keys()).filter(|name| !used.contains(*name)).collect();
    assert!(stale.is_empty(), "deny.toml allows what nothing needs any more: {stale:?}");
}

/// The banned crates, with who may use them all the same and why nobody else.
fn bans() -> BTreeMap<String, (Vec<String>, String)> {
    let rows = toml("deny.toml")["bans"]["deny"].as_array().expect("a list").clone();
    rows.into_iter()
        .map(|row| {
            let text = |key: &str| row[key].as_str().expect("a string").to_owned();
            let wrappers = row.get("wrappers").map(strings).unwrap_or_default();
            (text("crate"), (wrappers, text("reason")))
        })
        .collect()
}

fn strings(list: &toml::Value) -> Vec<String> {
    list.as_array().expect("a list").iter().map(|item| item.as_str().expect("a string").to_owned()).collect()
}
