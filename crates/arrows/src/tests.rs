//! Each rule, broken once on a small tree: the violation names the crate, the edge and the reason.

use crate::{Crate, Dependency, Features, Kind, Source, Tree, check, rules::CLIPPY_BANS};

fn krate(name: &str) -> Crate {
    Crate { name: name.to_owned(), clippy: CLIPPY_BANS.concat(), ..Crate::default() }
}

fn needs(name: &str, package: &str, kind: Kind) -> Crate {
    let dependencies = vec![Dependency { package: package.to_owned(), kind }];
    Crate { dependencies, ..krate(name) }
}

fn links(name: &str, package: &str) -> Crate {
    Crate { reaches: [package.to_owned()].into(), ..krate(name) }
}

fn says(name: &str, text: &str) -> Crate {
    holds(name, "src/a.rs", text)
}

fn holds(name: &str, path: &str, text: &str) -> Crate {
    let source = Source { path: format!("crates/{name}/{path}"), text: text.to_owned() };
    Crate { sources: vec![source], ..krate(name) }
}

#[track_caller]
fn expect(krate: Crate, expected: &[&str]) {
    let found = check(&Tree { crates: vec![krate], ..Tree::default() });
    let texts: Vec<String> = found.iter().map(ToString::to_string).collect();
    assert_eq!(texts, expected);
}

#[test]
fn an_arrow_against_the_layers_is_named() {
    expect(needs("audit", "ndxp-model", Kind::Normal), &[]);
    expect(
        needs("audit", "ndxp-log", Kind::Normal),
        &["ndxp-audit -> ndxp-log: a verifier must run without the hub"],
    );
    expect(
        needs("client", "ndxp-hub", Kind::Build),
        &["ndxp-client -> ndxp-hub: an agency's program must not carry the hub and its engines"],
    );
    expect(
        needs("hub", "ndxp-cli", Kind::Normal),
        &["ndxp-hub -> ndxp-cli: it joins the parts and is joined by the binary alone"],
    );
}

#[test]
fn a_crate_without_a_row_is_named() {
    let why = "a crate needs a row in the table of edges, with its reason";
    expect(krate("gossip"), &[&format!("ndxp-gossip: {why}")]);
}

#[test]
fn the_test_kit_is_a_dev_dependency_only() {
    expect(needs("hub", "ndxp-testkit", Kind::Dev), &[]);
    let why = "it is for development: only a dev-dependency may name it";
    expect(
        needs("cli", "ndxp-testkit", Kind::Normal),
        &[&format!("ndxp-cli -> ndxp-testkit: {why}")],
    );
}

#[test]
fn tests_of_a_pure_crate_build_no_shell() {
    expect(needs("registry", "ndxp-audit", Kind::Dev), &[]);
    let why = "a pure crate's tests need no shell, and build in seconds";
    expect(
        needs("audit", "ndxp-log", Kind::Dev),
        &[&format!("ndxp-audit -> ndxp-log (dev): {why}")],
    );
}

#[test]
fn an_engine_outside_log_and_a_generated_type_outside_proto_are_named() {
    expect(needs("log", "fjall", Kind::Normal), &[]);
    expect(needs("hub", "fjall", Kind::Dev), &[]);
    expect(
        needs("hub", "fjall", Kind::Normal),
        &["ndxp-hub -> fjall: engines stay behind the trait `Log`"],
    );
    expect(
        needs("client", "prost", Kind::Normal),
        &["ndxp-client -> prost: generated types stay behind `proto`"],
    );
    expect(
        says("hub", "tonic::include_proto!(\"ndxp\");"),
        &["crates/hub/src/a.rs:1 has include_proto!: generated types stay behind `proto`"],
    );
}

#[test]
fn a_pure_crate_links_no_runtime_and_names_no_chance() {
    expect(links("hub", "tokio"), &[]);
    expect(
        links("schema", "tokio"),
        &["ndxp-schema -> tokio (through another package): async stops at the shell"],
    );
    expect(links("schema", "getrandom"), &[]);
    expect(
        needs("delivery", "getrandom", Kind::Normal),
        &["ndxp-delivery -> getrandom: chance comes in as an argument"],
    );
}

#[test]
fn a_clock_or_a_file_in_a_pure_crate_is_named_with_its_line() {
    expect(says("log", "let now = Instant::now();"), &[]);
    expect(
        says("policy", "fn f() {\n    let now = std::time::Instant::now();\n}\n"),
        &["crates/policy/src/a.rs:2 has Instant::now: time is an argument: a test moves it"],
    );
    let why = "the same input gives the same answer on every machine";
    expect(
        says("model", "use std::fs;"),
        &[&format!("crates/model/src/a.rs:1 has std::fs: {why}")],
    );
    expect(
        says("model", "use std::{\n    collections::{BTreeMap, fs},\n    env, fmt,\n};"),
        &[&format!("crates/model/src/a.rs:3 has std::env: {why}")],
    );
}

#[test]
fn comments_and_tests_of_a_pure_crate_may_name_a_clock() {
    expect(says("policy", "/// Never Instant::now.\nfn f() {} // not Instant::now\n"), &[]);
    expect(holds("schema", "src/tests.rs", "use std::fs;"), &[]);
    expect(says("schema", "#[cfg(test)]\nmod tests;\nfn f() {}\n"), &[]);
    let module =
        "#[cfg(test)]\n#[expect(unused)]\nmod tests {\n    use std::fs;\n    fn f() {}\n}\n";
    expect(says("schema", module), &[]);
    let why = "the same input gives the same answer on every machine";
    expect(
        says("schema", &format!("{module}use std::fs;\n")),
        &[&format!("crates/schema/src/a.rs:7 has std::fs: {why}")],
    );
}

#[test]
fn a_pure_crate_without_its_clippy_bans_is_named() {
    let bare = Crate { clippy: CLIPPY_BANS[1..].concat(), ..krate("audit") };
    let why = "clippy sees through imports where a search for texts does not";
    let what = "crates/audit/clippy.toml does not ban std::time::SystemTime::now";
    expect(bare, &[&format!("{what}: {why}")]);
}

#[test]
fn a_feature_that_changes_numbers_or_order_is_named() {
    let with = |feature: &str| {
        let on = vec!["std".to_owned(), feature.to_owned()];
        let features = vec![Features { package: "serde_json".to_owned(), on }];
        check(&Tree { features, ..Tree::default() })
            .iter()
            .map(ToString::to_string)
            .collect::<String>()
    };
    assert_eq!(with("float_roundtrip"), "");
    assert!(
        with("arbitrary_precision").starts_with("serde_json has feature arbitrary_precision: ")
    );
    assert!(with("preserve_order").starts_with("serde_json has feature preserve_order: "));
}

#[test]
fn a_second_crypto_provider_is_named() {
    let features = vec![Features { package: "aws-lc-rs".to_owned(), on: Vec::new() }];
    let found = check(&Tree { features, ..Tree::default() });
    let texts: Vec<String> = found.iter().map(ToString::to_string).collect();
    assert_eq!(texts, ["aws-lc-rs is in the build: ring is the one provider: docs/adr/0002"]);
}
