//! Where a call's time goes, out of the hub's own metrics.

use std::{collections::BTreeMap, fmt, net::SocketAddr};

use anyhow::Result;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use crate::view;

const SUM: &str = "ndxp_stage_duration_seconds_sum{stage=\"";
const COUNT: &str = "ndxp_stage_duration_seconds_count{stage=\"";
const CALLS: &str = "ndxp_rpc_duration_seconds_";

/// Seconds and how often, by stage.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Stages(BTreeMap<String, (f64, f64)>);

/// Reads the metrics of a node.
pub(super) async fn read(http: SocketAddr) -> Result<Stages> {
    let mut stream = TcpStream::connect(http).await?;
    let request = format!("GET /metrics HTTP/1.0\r\nHost: {http}\r\n\r\n");
    stream.write_all(request.as_bytes()).await?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await?;
    Ok(parse(&answer))
}

fn parse(text: &str) -> Stages {
    let mut stages = Stages::default();
    for line in text.lines() {
        if let Some((stage, value)) = line.strip_prefix(SUM).and_then(labelled) {
            stages.0.entry(stage.to_owned()).or_default().0 += value;
        } else if let Some((stage, value)) = line.strip_prefix(COUNT).and_then(labelled) {
            stages.0.entry(stage.to_owned()).or_default().1 += value;
        } else if let Some(rest) =
            line.strip_prefix(CALLS).filter(|rest| rest.contains("Publish\""))
        {
            let value = rest.rsplit(' ').next().and_then(|value| value.parse::<f64>().ok());
            let entry = stages.0.entry(WHOLE.to_owned()).or_default();
            match value {
                Some(value) if rest.starts_with("sum{") => entry.0 += value,
                Some(value) if rest.starts_with("count{") => entry.1 += value,
                _ => {}
            }
        }
    }
    stages
}

/// The whole call, as the hub sees it.
const WHOLE: &str = "(whole call in the hub)";

fn labelled(rest: &str) -> Option<(&str, f64)> {
    let (stage, value) = rest.split_once("\"} ")?;
    Some((stage, value.parse().ok()?))
}

impl Stages {
    /// Returns what was added since an earlier reading.
    pub(super) fn since(&self, before: &Self) -> Self {
        let added = self.0.iter().map(|(stage, (seconds, count))| {
            let (earlier, times) = before.0.get(stage).copied().unwrap_or_default();
            (stage.clone(), (seconds - earlier, count - times))
        });
        Self(added.filter(|(_, (_, count))| *count > 0.0).collect())
    }
}

impl fmt::Display for Stages {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let row = |(stage, (seconds, count)): (&String, &(f64, f64))| {
            vec![format!("  {stage}"), format!("{:>9.1} µs", seconds / count * 1e6)]
        };
        f.write_str(&view::table(&self.0.iter().map(row).collect::<Vec<_>>()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_was_added_counts() {
        let text = |sum, count| {
            format!(
                "# TYPE ndxp_stage_duration_seconds histogram\n\
                 ndxp_stage_duration_seconds_sum{{stage=\"append\"}} {sum}\n\
                 ndxp_stage_duration_seconds_count{{stage=\"append\"}} {count}\n\
                 ndxp_stage_duration_seconds_sum{{stage=\"write\"}} 1.0\n\
                 ndxp_stage_duration_seconds_count{{stage=\"write\"}} 7\n"
            )
        };
        let added = parse(&text(3.0, 30)).since(&parse(&text(1.0, 10)));
        assert_eq!(added.0, BTreeMap::from([("append".to_owned(), (2.0, 20.0))]));
        assert_eq!(added.to_string().trim(), "append   100000.0 µs");
    }
}
