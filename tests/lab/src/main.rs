//! `mrp-lab`: the simulated server as a program.

fn main() {}
