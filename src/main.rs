//! `mrp`: one binary that Ansible runs as any of its modules.

fn main() {}
