//! Compiles `proto/` without a protoc and keeps the descriptors for reflection.

use std::{env, error::Error, path::PathBuf};

const FILES: [&str; 8] = [
    "ndxp/common/v1/common.proto",
    "ndxp/registry/v1/agency_service.proto",
    "ndxp/registry/v1/dataset_service.proto",
    "ndxp/schema/v1/schema_service.proto",
    "ndxp/agreement/v1/agreement_service.proto",
    "ndxp/exchange/v1/dead_letter_service.proto",
    "ndxp/exchange/v1/publish_service.proto",
    "ndxp/exchange/v1/subscribe_service.proto",
];

fn main() -> Result<(), Box<dyn Error>> {
    let root = PathBuf::from(env::var("CARGO_MANIFEST_DIR")?).join("../../proto");
    println!("cargo:rerun-if-changed={}", root.display());
    let mut compiler = protox::Compiler::new([&root])?;
    compiler.include_imports(true).include_source_info(true);
    compiler.open_files(FILES)?;
    let descriptors = compiler.file_descriptor_set();
    let out = PathBuf::from(env::var("OUT_DIR")?).join("descriptors.bin");
    std::fs::write(out, compiler.encode_file_descriptor_set())?;
    tonic_prost_build::configure().bytes(".ndxp.exchange.v1").compile_fds(descriptors)?;
    Ok(())
}
