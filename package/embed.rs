//! Embeds the files of a Cairo package; for the build scripts of this crate and of `cli`.
//!
//! The usual library for that, `include_dir`, takes whatever lies in the folder, such as what Scarb has built there: the
//! bytes of packages would depend on it.

use std::error::Error;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs};

/// Writes a table of a package's files. Paths start at this package: another clone that shares the target folder
/// must not be given the files of this one.
pub fn embed(package: &str, name: &str) -> Result<(), Box<dyn Error>> {
    let root = Path::new("..").join(package);
    println!("cargo:rerun-if-changed={}", root.display());
    let mut files = vec![root.join("README.md"), root.join("Scarb.toml")];
    collect(&root.join("src"), &mut files)?;
    files.sort();
    let mut table = String::from("&[\n");
    for file in &files {
        let slashes = |path: &Path| {
            let parts = path.components().map(|part| part.as_os_str().to_string_lossy());
            parts.collect::<Vec<_>>().join("/")
        };
        let (name, path) = (slashes(file.strip_prefix(&root)?), slashes(file));
        let path = format!("concat!(env!(\"CARGO_MANIFEST_DIR\"), {:?})", format!("/{path}"));
        writeln!(table, "    ({name:?}, include_str!({path})),")?;
    }
    table.push_str("]\n");
    fs::write(Path::new(&env::var("OUT_DIR")?).join(name), table)?;
    Ok(())
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) -> Result<(), Box<dyn Error>> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            collect(&path, files)?;
        } else if path.extension().is_some_and(|extension| extension == "cairo") {
            files.push(path);
        }
    }
    Ok(())
}
