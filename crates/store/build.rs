//! Tells cargo that the built-in migrations depend on their folder, which refinery's macro does not.

fn main() {
    println!("cargo::rerun-if-changed=../../migrations");
}
