//! The list of metrics that operators read is the list of metrics that there are.

use std::{collections::BTreeMap, path::Path};

use ndxp_client::proto::registry::{WhoAmIRequest, agency_service_client::AgencyServiceClient};
use ndxp_testkit::upsert;

use crate::setup::{citizen, pair};

/// Name and help of each metric of an OpenMetrics text.
fn exported(text: &str) -> BTreeMap<String, String> {
    let lines = text.lines().filter_map(|line| line.strip_prefix("# HELP "));
    let pairs = lines.map(|line| line.split_once(' ').unwrap());
    pairs.map(|(name, help)| (name.to_owned(), help.trim_end_matches('.').to_owned())).collect()
}

/// Name and help of each row `| `name` | … | help |` of the page.
fn listed(page: &str) -> BTreeMap<String, String> {
    let rows = page.lines().filter(|line| line.starts_with("| `ndxp_"));
    let cells = rows.map(|row| row.trim_matches('|').split('|').map(str::trim).collect::<Vec<_>>());
    cells.map(|cells| (cells[0].trim_matches('`').to_owned(), cells[3].to_owned())).collect()
}

#[tokio::test]
async fn page_of_metrics_lists_what_is_exported() {
    let hub = pair().await;
    hub.publish("tax", "tax/citizens", vec![upsert("r-1", citizen(1))]).await.unwrap();
    let mut stream = hub.subscribe("land", "all").await.unwrap();
    let records = stream.records(1).await.unwrap();
    stream.settle(&records).await.unwrap();
    hub.publish("land", "tax/citizens", vec![upsert("r-1", citizen(1))]).await.unwrap_err();
    AgencyServiceClient::new(hub.channel_as(None)).who_am_i(WhoAmIRequest {}).await.unwrap_err();
    let text = hub.metrics().await;
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/metrics.md");
    let page = std::fs::read_to_string(page).unwrap();
    assert_eq!(listed(&page), exported(&text));
    for (name, value) in [
        ("ndxp_publish_records_total{dataset=\"tax/citizens\",outcome=\"accepted\"}", "1"),
        ("ndxp_delivery_records_total{subscription=\"land/all\",outcome=\"acked\"}", "1"),
        ("ndxp_errors_total{reason=\"OPERATION_NOT_GRANTED\"}", "1"),
        ("ndxp_streams_open{kind=\"subscribe\"}", "1"),
        ("ndxp_subscription_outstanding_records{subscription=\"land/all\"}", "0"),
    ] {
        assert!(text.contains(&format!("{name} {value}\n")), "{name} {value} in\n{text}");
    }
}
