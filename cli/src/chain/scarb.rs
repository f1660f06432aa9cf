//! Any Cairo package of Starknet contracts, by its `Scarb.toml`: found, compiled with the bundled front end.
//!
//! What is read of a package: its name, its edition, its dependencies by path, and `starknet`, which the front end brings
//! along. Dependencies from registries or git are refused: nothing is downloaded.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use nilometer_cairo::{Sources, Toolchain};
use serde::Deserialize;

use super::class::Built;
use crate::args::ToolchainArgs;
use crate::failure::UsageError;
use crate::progress::Progress;

/// The file that makes a folder a Cairo package.
pub const SCARB: &str = "Scarb.toml";
/// The edition that the front end compiles.
const EDITION: &str = "2024_07";
/// The attribute of a contract's module.
const ATTRIBUTE: &str = "#[starknet::contract]";
/// Packages that depend on each other in longer chains are refused.
const MAX_PACKAGES: usize = 256;

#[derive(Deserialize)]
struct Manifest {
    package: PackageTable,
    #[serde(default)]
    dependencies: BTreeMap<String, Dependency>,
}

#[derive(Deserialize)]
struct PackageTable {
    name: String,
    edition: Option<String>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Dependency {
    Version(#[allow(dead_code, reason = "the front end is pinned whatever it says")] String),
    Table { path: Option<PathBuf> },
}

/// A Cairo package with what it depends on.
pub struct CairoPackage {
    /// Its name.
    pub name: String,
    crates: BTreeMap<String, PathBuf>,
    /// Full paths of its contracts, in the order of its files.
    pub contracts: Vec<String>,
}

/// A class, and the same as JSON.
pub type BuiltJson = (Built, Vec<u8>);

impl CairoPackage {
    /// Reads a package.
    ///
    /// # Errors
    /// There is no `Scarb.toml`, it is malformed, of another edition, or has dependencies that are not folders.
    pub fn open(folder: &Path) -> Result<Self> {
        let mut crates = BTreeMap::new();
        let mut work = vec![folder.to_owned()];
        let mut name = None;
        while let Some(folder) = work.pop() {
            let (own, dependencies) = read(&folder)?;
            let source = folder.join("src");
            let known = crates.insert(own.clone(), source.clone());
            if crates.len() > MAX_PACKAGES {
                return Err(UsageError(format!("more than {MAX_PACKAGES} packages")).into());
            }
            if known.is_none() {
                work.extend(dependencies);
            } else if known.is_some_and(|known| !same(&known, &source)) {
                return Err(UsageError(format!("two packages have the name `{own}`")).into());
            }
            name.get_or_insert(own);
        }
        let name = name.unwrap_or_default();
        let source = crates.get(&name).cloned().unwrap_or_default();
        let mut contracts = Vec::new();
        find_contracts(&source, &name, &mut contracts)?;
        Ok(Self { name, crates, contracts })
    }

    /// The contract that is meant: by its name or full path, or the only one.
    ///
    /// # Errors
    /// There is none, or several and none is named.
    pub fn choose(&self, wanted: Option<&str>) -> Result<String> {
        let is_wanted = |path: &&String| {
            wanted.is_none_or(|wanted| *path == wanted || path.ends_with(&format!("::{wanted}")))
        };
        let found: Vec<&String> = self.contracts.iter().filter(is_wanted).collect();
        let list = || self.contracts.join(", ");
        match (found.as_slice(), wanted) {
            ([one], _) => Ok((*one).clone()),
            // A path that was not found in the text may still be one.
            ([], Some(wanted)) if wanted.contains("::") => Ok(wanted.to_owned()),
            ([], Some(wanted)) => {
                Err(UsageError(format!("there is no contract `{wanted}`; there are: {}", list()))
                    .into())
            }
            ([], None) => {
                Err(UsageError(format!("the package `{}` has no contract", self.name)).into())
            }
            _ => Err(UsageError(format!("name a contract with `--contract`: {}", list())).into()),
        }
    }

    /// Compiles contracts, named by their full paths; each with its class as JSON. The compiler's warnings come along.
    ///
    /// # Errors
    /// The toolchain cannot be made, or the sources do not compile.
    pub fn compile(
        &self,
        contracts: &[String],
        toolchain: &ToolchainArgs,
    ) -> Result<(Vec<BuiltJson>, String)> {
        let progress = Progress::spinner(&format!("compiling {}", self.name));
        let toolchain = Toolchain::locate(&toolchain.options(), &|step| progress.toolchain(step))?;
        let sources = Sources { crates: self.crates.clone(), main: vec![self.name.clone()] };
        let paths: Vec<&str> = contracts.iter().map(String::as_str).collect();
        let compiled = toolchain.compile(&sources, &[], &paths)?;
        let built = compiled.contracts.into_iter();
        let built = built.map(|json| Ok((Built::new(json.clone())?, json)));
        Ok((built.collect::<Result<_>>()?, compiled.warnings))
    }
}

fn same(one: &Path, other: &Path) -> bool {
    match (one.canonicalize(), other.canonicalize()) {
        (Ok(one), Ok(other)) => one == other,
        _ => one == other,
    }
}

/// A package's name, and the folders of its dependencies.
fn read(folder: &Path) -> Result<(String, Vec<PathBuf>)> {
    let file = folder.join(SCARB);
    let text =
        fs::read_to_string(&file).with_context(|| format!("cannot read {}", file.display()))?;
    let wrong = |reason: String| UsageError(format!("{}: {reason}", file.display()));
    let manifest: Manifest =
        toml::from_str(&text).map_err(|error| wrong(error.message().to_owned()))?;
    let PackageTable { name, edition } = manifest.package;
    if edition.as_deref().is_some_and(|edition| edition != EDITION) {
        let edition = edition.unwrap_or_default();
        return Err(wrong(format!(
            "edition {edition:?}; the bundled front end compiles {EDITION:?}"
        ))
        .into());
    }
    let mut folders = Vec::new();
    for (dependency, how) in manifest.dependencies {
        match how {
            Dependency::Table { path: Some(path) } => folders.push(folder.join(path)),
            _ if dependency == "starknet" => {}
            _ => {
                return Err(wrong(format!(
                    "the dependency `{dependency}` is not a folder; the bundled front end downloads nothing: give its `path`"
                ))
                .into())
            }
        }
    }
    Ok((name, folders))
}

/// Finds modules with the attribute of contracts. The text is looked at, not parsed: a contract in a nested
/// module is named by its full path.
fn find_contracts(folder: &Path, module: &str, found: &mut Vec<String>) -> Result<()> {
    let cannot = || format!("cannot read {}", folder.display());
    let mut entries: Vec<PathBuf> = Vec::new();
    for entry in fs::read_dir(folder).with_context(cannot)? {
        entries.push(entry.with_context(cannot)?.path());
    }
    entries.sort();
    for path in entries {
        let Some(stem) = path.file_stem().and_then(|stem| stem.to_str()) else { continue };
        let inner = if stem == "lib" { module.to_owned() } else { format!("{module}::{stem}") };
        if path.is_dir() {
            find_contracts(&path, &inner, found)?;
        } else if path.extension().is_some_and(|extension| extension == "cairo") {
            let text = fs::read_to_string(&path)
                .with_context(|| format!("cannot read {}", path.display()))?;
            found.extend(contracts_in(&text).into_iter().map(|name| format!("{inner}::{name}")));
        }
    }
    Ok(())
}

/// The names of the contracts in a file.
fn contracts_in(text: &str) -> Vec<&str> {
    let lines = || text.lines().map(str::trim).filter(|line| !line.starts_with("//"));
    let mut names = Vec::new();
    let mut is_contract = false;
    for line in lines() {
        let rest = match line.strip_prefix(ATTRIBUTE) {
            Some(rest) => {
                is_contract = true;
                rest.trim()
            }
            None => line,
        };
        if !is_contract || rest.is_empty() || rest.starts_with("#[") {
            continue;
        }
        is_contract = false;
        let rest = rest.strip_prefix("pub ").unwrap_or(rest);
        let name = rest.strip_prefix("mod ").and_then(|rest| rest.split([' ', '{', ';']).next());
        names.extend(name.filter(|name| !name.is_empty()));
    }
    names
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn contracts_are_found_in_the_text() {
        let text = "// #[starknet::contract] mod No {}\n#[starknet::contract]\nmod One {\n}\n\
            #[starknet::interface]\ntrait T {}\n  #[starknet::contract]\n  #[feature(\"x\")]\n  pub mod Two{}\n\
            #[starknet::contract] mod Three {}\nmod four {}\n";
        assert_eq!(contracts_in(text), ["One", "Two", "Three"]);
    }

    fn package(files: &[(&str, &str)]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for (path, text) in files {
            let path = folder.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        folder
    }

    const CONTRACT: &str = "#[starknet::contract]\nmod Main {}\n";

    #[test]
    fn a_package_is_read_with_its_dependencies() {
        let folder = package(&[
            ("a/Scarb.toml", "[package]\nname = \"a\"\nversion = \"1.0.0\"\nedition = \"2024_07\"\n[dependencies]\nstarknet = \"2.8.2\"\nb = { path = \"../b\" }\n"),
            ("a/src/lib.cairo", "mod inner;\n"),
            ("a/src/inner.cairo", CONTRACT),
            ("b/Scarb.toml", "[package]\nname = \"b\"\nversion = \"1.0.0\"\n[dependencies]\na = { path = \"../a\" }\n"),
            ("b/src/lib.cairo", CONTRACT),
        ]);
        let package = CairoPackage::open(&folder.path().join("a")).unwrap();
        assert_eq!((package.name.as_str(), package.crates.len()), ("a", 2));
        assert_eq!(package.contracts, ["a::inner::Main"]);
        assert_eq!(package.choose(None).unwrap(), "a::inner::Main");
        assert_eq!(package.choose(Some("Main")).unwrap(), "a::inner::Main");
        assert_eq!(package.choose(Some("a::deep::Other")).unwrap(), "a::deep::Other");
        assert!(package.choose(Some("Other")).is_err());
    }

    #[test]
    fn what_cannot_be_compiled_is_an_error() {
        let error = |text: &str| {
            let folder = package(&[("Scarb.toml", text), ("src/lib.cairo", "")]);
            match CairoPackage::open(folder.path()) {
                Ok(package) => package.choose(None).unwrap_err().to_string(),
                Err(error) => error.to_string(),
            }
        };
        let head = "[package]\nname = \"a\"\nversion = \"1.0.0\"\n";
        assert_eq!(error(head), "the package `a` has no contract");
        assert!(error(&format!("{head}edition = \"2023_10\"\n")).contains("edition"));
        let git = format!("{head}[dependencies]\noz = {{ git = \"https://example.org\" }}\n");
        assert!(error(&git).contains("`oz` is not a folder"));
        assert!(error(&format!("{head}[dependencies]\noz = \"1.0.0\"\n")).contains("`oz`"));
        assert!(error("[package]").contains("Scarb.toml"));
        assert!(CairoPackage::open(Path::new("/nowhere")).is_err());
    }
}
