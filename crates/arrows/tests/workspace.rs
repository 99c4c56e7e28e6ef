//! The rules, applied to this workspace.

use std::path::Path;

#[test]
fn arrows_point_one_way_and_pure_crates_are_pure() {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../Cargo.toml");
    let tree = ndxp_arrows::load(&manifest).expect("the workspace can be read");
    assert!(tree.crates.len() > 10, "only {} crates were found", tree.crates.len());
    let found: Vec<String> =
        ndxp_arrows::check(&tree).iter().map(|violation| format!("  {violation}\n")).collect();
    assert!(found.is_empty(), "rules broken ({}):\n{}", found.len(), found.concat());
}
