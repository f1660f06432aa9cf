//! Runs commands that the toolchain is made with.

use std::collections::VecDeque;
use std::io::{BufRead, BufReader, Read};
use std::process::{Command, Stdio};
use std::thread;

use super::ToolchainError;

/// Lines of standard error that an error shows.
const TAIL_LINES: usize = 20;
/// The most of standard output that is kept.
const MAX_STDOUT: u64 = 1 << 28;

/// Runs a command, hands each line of its standard error to `line`, and gives its standard output.
pub(super) fn run(
    command: &mut Command,
    help: &'static str,
    line: &mut dyn FnMut(&str),
) -> Result<Vec<u8>, ToolchainError> {
    let text = describe(command);
    let missing = |source| ToolchainError::CommandMissing { command: text.clone(), help, source };
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().map_err(missing)?;

    // Both pipes are read at once: a child that fills one would wait forever for the other.
    let stdout = child.stdout.take();
    let reader = thread::spawn(move || {
        let mut bytes = Vec::new();
        if let Some(pipe) = stdout {
            // What cannot be read counts as not written; the exit status tells of failures.
            let _ = pipe.take(MAX_STDOUT).read_to_end(&mut bytes);
        }
        bytes
    });
    let mut tail = VecDeque::with_capacity(TAIL_LINES);
    if let Some(pipe) = child.stderr.take() {
        for bytes in BufReader::new(pipe).split(b'\n').map_while(Result::ok) {
            let text = String::from_utf8_lossy(&bytes).trim_end().to_owned();
            line(&text);
            if tail.len() == TAIL_LINES {
                tail.pop_front();
            }
            tail.push_back(text);
        }
    }
    let status = child.wait().map_err(missing)?;
    let stdout = reader.join().unwrap_or_default();
    if status.success() {
        return Ok(stdout);
    }
    Err(ToolchainError::CommandFailed {
        command: text,
        status: status.to_string(),
        stderr: Vec::from(tail).join("\n"),
        help,
    })
}

fn describe(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words.map(|word| word.to_string_lossy()).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_tells_command_status_and_stderr() {
        let mut command = Command::new("sh");
        command.args(["-c", "echo one >&2; echo two >&2; exit 3"]);
        let mut lines = Vec::new();
        let error = run(&mut command, "ask a friend", &mut |line| lines.push(line.to_owned()));
        let error = error.unwrap_err();
        let text = error.to_string();
        assert!(text.starts_with("`sh -c echo one"), "{text}");
        assert!(text.ends_with("failed (exit status: 3):\none\ntwo"), "{text}");
        assert_eq!(error.help(), "ask a friend");
        assert_eq!(lines, ["one", "two"]);
    }

    #[test]
    fn a_missing_command_is_told_apart() {
        let mut command = Command::new("nilometer-no-such-command");
        let error = run(&mut command, "install it", &mut |_| {}).unwrap_err();
        assert!(matches!(error, ToolchainError::CommandMissing { .. }), "{error}");
    }
}
