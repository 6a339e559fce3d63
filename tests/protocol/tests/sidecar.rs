//! The documentation that is made from a module's table.

use mr_provisioner::ansible::docs;

#[test]
fn the_documentation_is_as_recorded() {
    assert_eq!(
        docs::sidecar(&mrp_protocol::PROBE),
        include_str!("mrp_probe.yml")
    );
}
