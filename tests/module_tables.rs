//! What is committed as documentation is what the modules' tables say.

#![allow(
    clippy::unwrap_used,
    reason = "a test stops where its setting cannot be made"
)]

use std::path::Path;

use mr_provisioner::ansible;

const LIBRARY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/library");

#[test]
fn every_sidecar_is_what_mrp_docs_writes() {
    for module in mr_provisioner::MODULES {
        let path = Path::new(LIBRARY).join(format!("{}.yml", module.spec.name));
        let committed = std::fs::read_to_string(&path).unwrap_or_default();
        let generated = ansible::docs::sidecar(module.spec);
        assert!(
            committed == generated,
            "{} is out of date: run `make docs`",
            path.display()
        );
    }
}

#[test]
fn no_sidecar_is_left_over_from_a_module_that_is_gone() {
    for entry in std::fs::read_dir(LIBRARY).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "yml") {
            let name = path.file_stem().unwrap().to_str().unwrap();
            assert!(
                mr_provisioner::MODULES
                    .iter()
                    .any(|module| module.spec.name == name),
                "{}",
                path.display()
            );
        }
    }
}

#[test]
fn the_tables_of_the_modules_have_no_mistakes() {
    for module in mr_provisioner::MODULES {
        assert_eq!(
            ansible::mistakes(module.spec),
            Vec::<String>::new(),
            "{}",
            module.spec.name
        );
    }
}

#[test]
fn the_readme_names_every_module() {
    let readme = include_str!("../README.md");
    for module in mr_provisioner::MODULES {
        let documentation = format!("library/{}.yml", module.spec.name);
        assert!(
            readme.contains(&documentation),
            "README.md does not link {documentation}"
        );
    }
}
