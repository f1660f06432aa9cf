//! Embeds the Cairo runtime, of which every package carries a copy.

use std::error::Error;

mod embed;

fn main() -> Result<(), Box<dyn Error>> {
    embed::embed("runtime-cairo", "runtime_files.rs")
}
