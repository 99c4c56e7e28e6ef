//! Comparison with committed files under `tests/golden`. `NDXP_BLESS=1` rewrites them.

use std::{env, fs, path::Path};

/// Compares what people read with the file `name`.
///
/// # Panics
/// If they differ.
pub(crate) fn check(name: &str, found: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(name);
    if env::var_os("NDXP_BLESS").is_some() {
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent).expect("the directory of golden files can be made");
        }
        fs::write(&path, found).expect("a golden file can be written");
    }
    let expected = fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(found, expected, "{} differs; NDXP_BLESS=1 rewrites it", path.display());
}
