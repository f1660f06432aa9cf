//! Looks at the toolchain without changing anything.

use std::process::{Command, Stdio};

use serde::Serialize;

use super::cache::Cache;
use super::{corelib, frontend, package, ToolchainError, ToolchainOptions, FRONT_END_VERSION};

/// How a part of the toolchain is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// It is there and works, or is not needed any more.
    Ok,
    /// It is not there.
    Missing,
    /// It is there and does not work.
    Broken,
}

/// What was found of one part of the toolchain.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Check {
    /// The part.
    pub name: &'static str,
    /// How it is.
    pub status: Status,
    /// Where it is, its version, or what is wrong.
    pub found: String,
    /// What fixes it, if it is not well.
    pub help: Option<String>,
}

impl Check {
    fn ok(name: &'static str, found: impl Into<String>) -> Self {
        Self { name, status: Status::Ok, found: found.into(), help: None }
    }

    fn bad(name: &'static str, status: Status, found: impl Into<String>, help: &str) -> Self {
        Self { name, status, found: found.into(), help: Some(help.to_owned()) }
    }
}

/// Checks the cache folder, the front end, the core library and the commands that make them.
///
/// Nothing is installed, downloaded or built. What is only missing because it has not been used
/// yet is [`Status::Missing`], with help that says so.
pub fn doctor(options: &ToolchainOptions) -> Vec<Check> {
    let cache = match Cache::open(options) {
        Ok(cache) => cache,
        Err(error) => return vec![failed("cache folder", &error)],
    };
    let front_end = front_end(&cache);
    let core_library = core_library(&cache, options);
    let cargo = tool("cargo", frontend::cargo(), front_end.status, frontend::CARGO_HELP);
    let npm = tool("npm", package::npm(), core_library.status, package::NPM_HELP);
    vec![cache_folder(&cache), front_end, core_library, cargo, npm]
}

fn failed(name: &'static str, error: &ToolchainError) -> Check {
    Check::bad(name, Status::Broken, error.to_string(), error.help())
}

fn cache_folder(cache: &Cache) -> Check {
    const NAME: &str = "cache folder";
    let root = cache.root();
    // The folder itself, or the nearest one that it would be created in.
    let existing = root.ancestors().find(|path| path.exists()).unwrap_or(root);
    match tempfile::tempfile_in(existing) {
        Ok(_) if existing == root => Check::ok(NAME, root.display().to_string()),
        Ok(_) => Check::ok(NAME, format!("{} (not made yet)", root.display())),
        Err(source) => failed(NAME, &ToolchainError::file("write", existing, source)),
    }
}

fn front_end(cache: &Cache) -> Check {
    const NAME: &str = "Cairo front end";
    const HELP: &str = "it is built on first use, which needs cargo and a few minutes";
    let path = frontend::path(cache);
    if !path.is_file() {
        return Check::bad(NAME, Status::Missing, format!("not at {}", path.display()), HELP);
    }
    // Without a request it says so and exits with 2.
    let output = Command::new(&path).stdin(Stdio::null()).output();
    match output.map(|output| output.status.code()) {
        Ok(Some(2)) => Check::ok(NAME, format!("{FRONT_END_VERSION}, {}", path.display())),
        _ => {
            let help = format!("delete {}; it is built again on the next use", path.display());
            let found = format!("{} does not run", path.display());
            Check::bad(NAME, Status::Broken, found, &help)
        }
    }
}

fn core_library(cache: &Cache, options: &ToolchainOptions) -> Check {
    const NAME: &str = "Cairo core library";
    if let Some(folder) = corelib::chosen(options) {
        return match corelib::check_chosen(folder) {
            Ok((folder, true)) => Check::ok(NAME, folder.display().to_string()),
            Ok((folder, false)) => Check::ok(
                NAME,
                format!("{} (not the pinned one: hashes may differ)", folder.display()),
            ),
            Err(error) => failed(NAME, &error),
        };
    }
    let folder = corelib::path(cache);
    match corelib::damage(&folder) {
        None => Check::ok(NAME, folder.display().to_string()),
        Some(damage) if folder.exists() => Check::bad(
            NAME,
            Status::Broken,
            format!("{} is not the pinned file", damage.file.display()),
            "it is made again on the next use, which needs npm and network",
        ),
        Some(_) => Check::bad(
            NAME,
            Status::Missing,
            format!("not at {}", folder.display()),
            "it is downloaded on first use, which needs npm and network",
        ),
    }
}

/// A command that makes a part of the toolchain: needed as long as that part is not there.
fn tool(name: &'static str, mut command: Command, made: Status, help: &str) -> Check {
    let output = command.arg("--version").stdin(Stdio::null()).output();
    match output {
        Ok(output) if output.status.success() => {
            let version = String::from_utf8_lossy(&output.stdout).trim().to_owned();
            let version = version.strip_prefix(&format!("{name} ")).unwrap_or(&version);
            Check::ok(name, version)
        }
        _ if made == Status::Ok => Check::ok(name, "not found, and not needed any more"),
        Ok(output) => Check::bad(name, Status::Broken, output.status.to_string(), help),
        Err(_) => Check::bad(name, Status::Missing, "not found", help),
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn an_empty_cache_is_told_without_making_anything() {
        let folder = tempfile::tempdir().unwrap();
        let cache = folder.path().join("not-there");
        let options = ToolchainOptions {
            cache: Some(cache.clone()),
            corelib: Some(folder.path().to_owned()),
            ..ToolchainOptions::default()
        };
        let checks = doctor(&options);
        let status = |name| checks.iter().find(|check| check.name == name).unwrap().status;
        assert_eq!(status("cache folder"), Status::Ok);
        assert_eq!(status("Cairo front end"), Status::Missing);
        assert_eq!(status("Cairo core library"), Status::Broken);
        assert_eq!(status("cargo"), Status::Ok);
        for check in checks {
            assert_eq!(check.help.is_none(), check.status == Status::Ok, "{check:?}");
        }
        assert!(!cache.exists());
        assert!(fs::read_dir(folder.path()).unwrap().next().is_none());
    }
}
