//! A draft of an agreement, as `privity agreement new` writes it and as the demonstration signs it.

use model::Time;

/// A draft in TOML. Everything is filled in so that it parses; what is in angle brackets is the reader's to change.
pub fn agreement_toml(platform_key: &str, starts: Time) -> String {
    let ends = starts.plus_days(365);
    format!(
        r#"# An agreement between a platform and a partner. Every term is public once it is published.
# Fill it in, then both sides sign it: `privity agreement sign`.
id = "films"
version = 1
partner_id = "marquee"
why = "Marquee suggests films that you and the people you talk with would enjoy."
purposes = ["recommendations"]            # recommendations, messaging, ranking, advertising, portability
actions = ["read"]                        # read, send, delete
fields = ["mentions"]                     # ranking < mentions < envelope < text
retention_days = 30                       # how long the partner may keep what it got
starts = "{starts}"
ends = "{ends}"                           # two years after the start at most

[platform]
name = "Inbox Example"
key = "{platform_key}"
breach_contact = "breach@inbox.example"
data_protection_officer = "dpo@inbox.example"

[partner]
name = "Marquee"
key = "<the partner's public key: `privity key agreement NAME FILE` prints it>"
breach_contact = "breach@marquee.example"
data_protection_officer = "dpo@marquee.example"

[ceilings]
people_per_day = 1000
people_per_30_days = 10000
requests_per_second = 200
messages_per_person_per_day = 20000
new_grants_per_day = 500
sends_per_person_per_day = 20            # recipients of what is sent on one person's behalf

[report]
period_days = 14
grace_days = 3
consequence = "Consents under this agreement stop answering until the report is filed."

[report.dimensions]
interface = ["tv", "web", "ios", "android"]
initiation_surface = ["post_play", "details_page", "search"]
variant = ["a", "b"]
"#
    )
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_draft_is_a_proper_agreement() {
        let draft = super::agreement_toml("platform+1+k", model::Time(1_800_000_000_000));
        let value: serde_json::Value = toml::from_str(&draft).unwrap();
        let agreement = model::Agreement::parse(&value.to_string()).unwrap();
        assert_eq!(agreement.reference().to_string(), "films@1");
    }
}
