//! Arguments, help and completions.

use crate::support::{json, json_error, nilo, run};

#[test]
fn help_lists_every_command_and_no_other() {
    let help = run(&["--help"]).ok().stdout;
    let commands = [
        "inspect",
        "transpile",
        "check",
        "estimate",
        "run",
        "key",
        "prove",
        "verify",
        "pack",
        "bench",
        "encode",
        "contract",
        "registry",
        "devnet",
        "explore",
        "demo",
        "doctor",
        "completions",
    ];
    for command in commands {
        assert!(help.contains(&format!("\n  {command} ")), "{command}: {help}");
    }
    let (_, listed) = help.split_once("Commands:\n").unwrap();
    let listed = listed.lines().take_while(|line| !line.is_empty()).count();
    assert_eq!(listed, commands.len() + 1, "and `help`: {help}");
    assert!(help.contains("Exit codes: 0 ok, 2 usage, 3 unsupported model, 4 accuracy gate failed"));
}

#[test]
fn wrong_arguments_are_errors_of_usage() {
    let outcome = run(&["transpile"]);
    assert_eq!(outcome.code, 2);
    assert_eq!(outcome.stdout, "");
    assert!(outcome.stderr.starts_with("error: the following required arguments"));

    let (code, error) = json_error(&["transpile"]);
    assert_eq!(code, 2);
    assert_eq!(error["kind"], "usage");
    let message = "the following required arguments were not provided: --output <DIR> <MODEL>";
    assert_eq!(error["message"], message);

    let (code, error) = json_error(&["frobnicate"]);
    assert_eq!(code, 2);
    assert_eq!(error["message"], "unrecognized subcommand 'frobnicate'");
}

#[test]
fn wrong_values_say_what_is_wanted() {
    let cases = [
        ("--max-loss", "5", "wants a percentage such as 0.5%, or a fraction from 0 to 1"),
        ("--max-loss", "x%", "wants a percentage such as 0.5%, or a fraction from 0 to 1"),
        ("--input-range", "4,-4", "wants two finite numbers, the smaller first, such as -4,4"),
        ("--margin", "-1", "wants a number from 0 to 1,000,000"),
        ("--bits", "1", "1 is not in 2..=24"),
        ("--shape", "round", "possible values: unrolled, looped"),
        ("--features", "all", "possible values: exact, fixed"),
    ];
    for (option, value, wanted) in cases {
        let option = format!("{option}={value}");
        let outcome = run(&["transpile", "m.onnx", "-o", "d", &option]);
        assert_eq!(outcome.code, 2, "{option}");
        assert!(outcome.stderr.contains(wanted), "{option}: {}", outcome.stderr);
    }
}

#[test]
fn completions_for_every_shell() {
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let script = run(&["completions", shell]).ok().stdout;
        assert!(script.contains("transpile"), "{shell}");
        let object = json(&["completions", shell]);
        assert_eq!(object["shell"], shell);
        assert_eq!(object["script"].as_str().unwrap().trim_end(), script.trim_end());
    }
}

#[test]
fn a_reader_that_stops_is_no_error() {
    use std::process::{Command, Stdio};
    let program = nilo().get_program().to_owned();
    let mut child = Command::new(program)
        .args(["completions", "bash"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!(String::from_utf8(output.stderr).unwrap(), "");
    assert!(output.status.success());
}

#[test]
fn commands_know_no_other_command() {
    fn sources(folder: &std::path::Path, found: &mut Vec<std::path::PathBuf>) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                sources(&path, found);
            } else {
                found.push(path);
            }
        }
    }
    let root = crate::support::root().join("cli/src");
    let mut found = Vec::new();
    sources(&root, &mut found);
    assert!(found.len() > 50, "{}", found.len());
    for path in found {
        // These list the commands.
        let lists = ["args.rs", "commands/mod.rs", "main.rs"];
        let text = std::fs::read_to_string(&path).unwrap();
        let is_list = lists.iter().any(|list| path == root.join(list));
        assert!(is_list || !text.contains("crate::commands::"), "{}", path.display());
    }
}
