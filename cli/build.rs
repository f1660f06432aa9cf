//! Embeds the registry's Cairo package, which `nilo registry deploy` compiles.

use std::error::Error;

#[path = "../package/embed.rs"]
mod embed;

fn main() -> Result<(), Box<dyn Error>> {
    embed::embed("registry-contracts", "registry_files.rs")
}
