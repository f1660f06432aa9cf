use std::fs;
use std::path::{Path, PathBuf};
use std::thread;

use nilometer_cairo::toolchain::{doctor, Status};
use nilometer_cairo::{Toolchain, ToolchainError, ToolchainOptions};

use crate::support::toolchain;

/// A cache that holds a copy of the toolchain, and the core library in it.
fn copied_cache(folder: &Path) -> (ToolchainOptions, PathBuf) {
    let found = toolchain();
    let core_library = folder.join("corelib").join(found.core_library().file_name().unwrap());
    copy(found.core_library(), &core_library);
    let digest = found.front_end().parent().unwrap().file_name().unwrap();
    let front_end = folder.join("frontend").join(digest);
    fs::create_dir_all(&front_end).unwrap();
    let binary = found.front_end();
    fs::copy(binary, front_end.join(binary.file_name().unwrap())).unwrap();
    let options = ToolchainOptions {
        cache: Some(folder.to_owned()),
        offline: true,
        ..ToolchainOptions::default()
    };
    (options, core_library)
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let to = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &to);
        } else {
            fs::copy(entry.path(), to).unwrap();
        }
    }
}

fn status(options: &ToolchainOptions, name: &str) -> Status {
    doctor(options).iter().find(|check| check.name == name).unwrap().status
}

#[test]
fn what_is_in_place_is_found_without_a_word() {
    let folder = tempfile::tempdir().unwrap();
    let (options, core_library) = copied_cache(folder.path());
    let found = Toolchain::locate(&options, &|step| panic!("{step:?}")).unwrap();
    assert_eq!(found.core_library(), core_library);
    assert!(found.is_pinned());
    assert!(doctor(&options).iter().all(|check| check.status == Status::Ok));
}

#[test]
fn a_tampered_core_library_is_detected() {
    let folder = tempfile::tempdir().unwrap();
    let (options, core_library) = copied_cache(folder.path());
    let file = core_library.join("integer.cairo");
    let mut text = fs::read(&file).unwrap();
    text[1000] ^= 1;
    fs::write(&file, text).unwrap();

    let error = Toolchain::locate(&options, &|_| {}).unwrap_err();
    let ToolchainError::Digest { what, expected, actual } = &error else { panic!("{error}") };
    assert_eq!(what, file.to_str().unwrap());
    assert_ne!(expected, actual);
    assert_eq!(status(&options, "Cairo core library"), Status::Broken);

    fs::remove_file(&file).unwrap();
    let error = Toolchain::locate(&options, &|_| {}).unwrap_err();
    assert!(matches!(error, ToolchainError::Offline { .. }), "{error}");
}

#[test]
fn a_chosen_core_library_is_used_and_told_apart() {
    let folder = tempfile::tempdir().unwrap();
    let (mut options, core_library) = copied_cache(&folder.path().join("cache"));
    let chosen = folder.path().join("mine");
    copy(&core_library, &chosen.join("src"));
    options.corelib = Some(chosen.clone());
    let found = Toolchain::locate(&options, &|_| {}).unwrap();
    assert_eq!(found.core_library(), chosen.join("src"));
    assert!(found.is_pinned());

    fs::write(chosen.join("src/integer.cairo"), "").unwrap();
    assert!(!Toolchain::locate(&options, &|_| {}).unwrap().is_pinned());

    options.corelib = Some(folder.path().join("nothing"));
    let error = Toolchain::locate(&options, &|_| {}).unwrap_err();
    assert!(matches!(error, ToolchainError::NoCoreLibrary { .. }), "{error}");
    assert_eq!(status(&options, "Cairo core library"), Status::Broken);
}

#[test]
fn a_front_end_that_does_not_run_is_broken() {
    let folder = tempfile::tempdir().unwrap();
    let (options, _) = copied_cache(folder.path());
    let found = Toolchain::locate(&options, &|_| {}).unwrap();
    fs::write(found.front_end(), "not a program").unwrap();
    assert_eq!(status(&options, "Cairo front end"), Status::Broken);
}

#[test]
fn a_cache_that_cannot_be_written_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    fs::write(&file, "").unwrap();
    let options =
        ToolchainOptions { cache: Some(file), offline: true, ..ToolchainOptions::default() };
    let error = Toolchain::locate(&options, &|_| {}).unwrap_err();
    assert!(matches!(error, ToolchainError::File { .. }), "{error}");
    assert_eq!(status(&options, "cache folder"), Status::Broken);
}

#[test]
fn threads_may_locate_at_once() {
    let locate = || Toolchain::locate(&ToolchainOptions::default(), &|_| {}).unwrap();
    let threads = [thread::spawn(locate), thread::spawn(locate)];
    let found = threads.map(|thread| thread.join().unwrap());
    assert_eq!(&found[0], toolchain());
    assert_eq!(found[0], found[1]);
}

/// The whole first use but the front end, twice at once, in an empty cache.
#[test]
#[ignore = "downloads from the npm registry"]
fn the_core_library_is_made_once() {
    let folder = tempfile::tempdir().unwrap();
    let (mut options, core_library) = copied_cache(folder.path());
    options.offline = false;
    fs::write(core_library.join("lib.cairo"), "tampered").unwrap();
    let steps = std::sync::Mutex::new(Vec::new());
    let locate = || Toolchain::locate(&options, &|step| steps.lock().unwrap().push(step)).unwrap();
    thread::scope(|scope| {
        let threads = [scope.spawn(locate), scope.spawn(locate)];
        for thread in threads {
            assert!(thread.join().unwrap().is_pinned());
        }
    });
    let steps: Vec<String> = steps.lock().unwrap().iter().map(|step| format!("{step:?}")).collect();
    let count = |name: &str| steps.iter().filter(|step| step.starts_with(name)).count();
    assert_eq!(count("CoreLibraryDamaged"), 1, "{steps:?}");
    assert_eq!(count("DownloadCoreLibrary"), 1, "{steps:?}");
    let left: Vec<_> = fs::read_dir(folder.path().join("corelib")).unwrap().collect();
    assert_eq!(left.len(), 1, "{left:?}");
}
