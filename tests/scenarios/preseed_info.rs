use serde_json::json;

use crate::bench::{Bench, column, says};

const MODULE: &str = "mrp_preseed_info";

#[test]
fn the_texts_are_told_by_hash_and_size() {
    let bench = Bench::new();
    let result = bench.four_ways(MODULE, json!({}));
    assert_eq!(
        column(&result["preseeds"], "name"),
        [
            "alice-seed",
            "broken-syntax",
            "centos-ks",
            "debian-std",
            "suse-ay",
            "undef-seed"
        ]
    );
    let kickstart = &result["preseeds"][2];
    assert_eq!(kickstart["size"], "install\ntext\nreboot\n".len());
    assert_eq!(kickstart["sha256"].as_str().unwrap().len(), 64);
    assert!(kickstart.get("content").is_none());
    assert!(!result.to_string().contains("reboot"));
}

#[test]
fn the_text_itself_only_when_it_is_asked_for() {
    let bench = Bench::new();
    let options = json!({ "name": "centos-k?", "content": true });
    let result = bench.four_ways(MODULE, options);
    assert_eq!(
        column(&result["preseeds"], "content"),
        ["install\ntext\nreboot\n"]
    );
}

#[test]
fn filters_are_held_against_each_preseed_together() {
    let bench = Bench::new();
    let mine = bench.four_ways(
        MODULE,
        json!({ "mine": true, "type": "preseed", "description": "*e*" }),
    );
    assert_eq!(
        column(&mine["preseeds"], "name"),
        ["alice-seed", "broken-syntax", "undef-seed"]
    );
    let good = bench.run(MODULE, json!({ "known_good": true }));
    assert_eq!(column(&good["preseeds"], "name"), ["debian-std"]);
    let bare = bench.run(MODULE, json!({ "description": "", "known_good": false }));
    assert_eq!(column(&bare["preseeds"], "name"), ["suse-ay"]);
    let none = bench.run(MODULE, json!({ "type": "kickstart", "mine": true }));
    assert_eq!(none["preseeds"], json!([]));
}

#[test]
fn a_mistyped_option_is_told_with_the_right_one() {
    let bench = Bench::new();
    let message = bench.failure(MODULE, json!({ "contents": true }));
    says(&message, &["contents", "Did you mean 'content'"]);
}
