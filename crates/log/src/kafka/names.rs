//! Topics and the names that brokers know them by.

use ndxp_model::{DatasetName, HubTopic, Topic};

/// Returns a topic's name at the brokers.
pub(super) fn name(prefix: &str, topic: &Topic) -> String {
    format!("{prefix}{topic}")
}

/// Returns the topic of a name; `None` for a topic that is not this hub's.
pub(super) fn topic(prefix: &str, name: &str) -> Option<Topic> {
    let name = name.strip_prefix(prefix)?;
    if let Some(hub) = HubTopic::ALL.into_iter().map(Topic::Hub).find(|t| t.to_string() == name) {
        return Some(hub);
    }
    let (agency, dataset) = name.strip_prefix("ndxp.data.")?.split_once('.')?;
    let dataset: DatasetName = format!("{agency}/{dataset}").parse().ok()?;
    Some(Topic::Data(dataset))
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a failed set-up is a failed test")]

    use super::*;

    #[test]
    fn every_topic_is_known_by_its_name() {
        let data = Topic::Data("tax/income-2".parse().unwrap());
        for topic in HubTopic::ALL.into_iter().map(Topic::Hub).chain([data]) {
            for prefix in ["", "test."] {
                assert_eq!(super::topic(prefix, &name(prefix, &topic)), Some(topic.clone()));
            }
        }
    }

    #[test]
    fn other_topics_are_nobodys() {
        for name in ["orders", "ndxp.data.x", "__consumer_offsets", "other.ndxp.registry"] {
            assert_eq!(topic("", name), None, "{name}");
        }
    }
}
