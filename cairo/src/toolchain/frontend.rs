//! The front end: embedded sources, built once.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::cache::{create_folder, rename, sha256, short, write, Cache};
use super::{command, ToolchainError, ToolchainStep};

/// The sources of the front end's package, by path.
const SOURCES: [(&str, &str); 3] = [
    ("Cargo.toml", include_str!("../../frontend/Cargo.toml")),
    ("Cargo.lock", include_str!("../../frontend/Cargo.lock")),
    ("src/main.rs", include_str!("../../frontend/src/main.rs")),
];

const BINARY: &str = "nilometer-frontend";

/// Crates that a build compiles on Linux, by `cargo tree`; the lock file also has those of other systems.
const CRATES: usize = 177;

pub(super) const CARGO_HELP: &str =
    "install Rust with rustup; the first build needs network and a few minutes";

/// The front end's executable, built if it is not there.
pub(super) fn locate(
    cache: &Cache,
    offline: bool,
    progress: &dyn Fn(ToolchainStep),
) -> Result<PathBuf, ToolchainError> {
    let binary = path(cache);
    if binary.is_file() {
        return Ok(binary);
    }
    let _lock = cache.lock(progress)?;
    if !binary.is_file() {
        progress(ToolchainStep::BuildFrontEnd);
        build(cache, &binary, offline, progress)?;
    }
    Ok(binary)
}

/// Where the executable is, existing or not.
pub(super) fn path(cache: &Cache) -> PathBuf {
    let name = format!("{BINARY}{}", std::env::consts::EXE_SUFFIX);
    cache.folder(&["frontend", short(&digest()), &name])
}

/// The command that runs cargo: the one that runs us, if one does.
pub(super) fn cargo() -> Command {
    Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
}

/// One digest of all sources, with their names and lengths.
fn digest() -> String {
    let mut bytes = Vec::new();
    for (name, text) in SOURCES {
        bytes.extend_from_slice(format!("{name}\0{}\0", text.len()).as_bytes());
        bytes.extend_from_slice(text.as_bytes());
    }
    sha256(&bytes)
}

fn build(
    cache: &Cache,
    binary: &Path,
    offline: bool,
    progress: &dyn Fn(ToolchainStep),
) -> Result<(), ToolchainError> {
    let sources = cache.folder(&["build", "frontend-source"]);
    for (name, text) in SOURCES {
        let path = sources.join(name);
        // Cargo builds what has changed, and it looks at times.
        if fs::read(&path).is_ok_and(|bytes| bytes == text.as_bytes()) {
            continue;
        }
        path.parent().map_or(Ok(()), create_folder)?;
        write(&path, text.as_bytes())?;
    }
    let mut command = cargo();
    command.args(["build", "--release", "--locked", "--message-format=json-render-diagnostics"]);
    if offline {
        command.arg("--offline");
    }
    command.current_dir(&sources).env("CARGO_TARGET_DIR", cache.folder(&["build", "frontend"]));
    command.env("CARGO_TERM_COLOR", "never");
    // Flags that are meant for the caller's own build.
    for variable in ["RUSTFLAGS", "CARGO_ENCODED_RUSTFLAGS", "CARGO_BUILD_TARGET", "RUSTC_WRAPPER"]
    {
        command.env_remove(variable);
    }
    let mut crates = 0;
    let messages = command::run(&mut command, CARGO_HELP, &mut |line| {
        crates += usize::from(line.trim_start().starts_with("Compiling "));
        progress(ToolchainStep::BuildOutput { line: line.to_owned(), crates, of: CRATES });
    })?;
    let built = executable(&messages).ok_or_else(|| ToolchainError::CommandFailed {
        command: "cargo build".to_owned(),
        status: "success, but it named no executable".to_owned(),
        stderr: String::new(),
        help: CARGO_HELP,
    })?;
    install(&built, binary)
}

/// The executable that cargo says it has built.
fn executable(messages: &[u8]) -> Option<PathBuf> {
    messages.split(|byte| *byte == b'\n').find_map(|line| {
        let message: serde_json::Value = serde_json::from_slice(line).ok()?;
        (message["target"]["name"] == BINARY).then_some(())?;
        message["executable"].as_str().map(PathBuf::from)
    })
}

fn install(built: &Path, binary: &Path) -> Result<(), ToolchainError> {
    binary.parent().map_or(Ok(()), create_folder)?;
    let temporary = binary.with_extension("new");
    fs::copy(built, &temporary)
        .map_err(|source| ToolchainError::file("write", &temporary, source))?;
    rename(&temporary, binary)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_compiler_crate_is_pinned_at_one_version() {
        let lines = SOURCES[0].1.lines().filter(|line| line.starts_with("cairo-lang-"));
        let pin = format!("= \"={}\"", crate::toolchain::FRONT_END_VERSION);
        let lines: Vec<&str> = lines.collect();
        assert!(lines.len() > 5 && lines.iter().all(|line| line.ends_with(&pin)), "{lines:?}");
    }

    #[test]
    fn the_number_of_crates_is_about_that_of_the_lock_file() {
        let locked = SOURCES[1].1.lines().filter(|line| line.starts_with("name = ")).count();
        assert!(CRATES <= locked && CRATES * 4 >= locked * 3, "{CRATES} of {locked}");
    }

    #[test]
    fn executable_is_read_from_cargos_messages() {
        let messages = concat!(
            r#"{"reason":"compiler-artifact","target":{"name":"serde"},"executable":null}"#,
            "\nnot json\n",
            r#"{"reason":"compiler-artifact","target":{"name":"nilometer-frontend"},"executable":"/x/y"}"#,
            "\n",
            r#"{"reason":"build-finished","success":true}"#,
        );
        assert_eq!(executable(messages.as_bytes()), Some(PathBuf::from("/x/y")));
        assert_eq!(executable(b""), None);
    }
}
