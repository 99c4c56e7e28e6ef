use clap::Parser;

use super::*;
use crate::printer::Format;

#[derive(Debug, Parser)]
struct Cli {
    #[command(flatten)]
    args: Args,
}

fn run_on(args: &[&str]) -> Result<ExitStatus> {
    let args = Cli::try_parse_from([&["diff"], args].concat())?.args;
    run(&args, &mut Printer::standard(Format::Json))
}

fn file(folder: &Path, name: &str, text: &str) -> String {
    let path = folder.join(name);
    std::fs::write(&path, text).unwrap();
    path.display().to_string()
}

#[test]
fn exit_statuses_are_those_of_the_contract() {
    let folder = tempfile::tempdir().unwrap();
    let text = file(folder.path(), "a.json", r#"{"type":"string"}"#);
    let any = file(folder.path(), "b.json", "{}");
    let bad = file(folder.path(), "c.json", r#"{"type":"strnig"}"#);
    assert_eq!(run_on(&[&text, &text]).unwrap(), ExitStatus::Done);
    assert_eq!(run_on(&[&text, &any, "--mode", "backward"]).unwrap(), ExitStatus::Done);
    assert_eq!(run_on(&[&text, &any]).unwrap(), ExitStatus::Refused);
    assert!(run_on(&[&text, &bad]).is_err());
    assert!(run_on(&[&text]).is_err());
}

#[test]
fn cases_are_answered_line_by_line_and_a_line_that_is_no_case_stops_the_run() {
    let folder = tempfile::tempdir().unwrap();
    let good = r#"{"id":"1","old":{},"new":{"type":"strnig"},"mode":"full","policy":"role"}"#;
    let cases = file(folder.path(), "good.ndjson", &format!("{good}\n\n{good}\n"));
    assert_eq!(run_on(&["--cases", &cases]).unwrap(), ExitStatus::Done);
    let bad = file(folder.path(), "bad.ndjson", "{\"id\":\"1\"}\n");
    assert!(run_on(&["--cases", &bad]).is_err());
}
