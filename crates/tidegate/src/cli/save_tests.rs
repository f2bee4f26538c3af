//! Tests of `save`: what appears, what does not, and where.

use std::fs;

use bytes::Bytes;

use super::*;

fn file(path: &str) -> [ExtractEvent; 3] {
    [
        ExtractEvent::FileStart { path: path.to_owned(), size: 2 },
        ExtractEvent::Data(Bytes::from_static(b"ok")),
        ExtractEvent::FileEnd,
    ]
}

fn folder(path: &str) -> ExtractEvent {
    ExtractEvent::Directory { path: path.to_owned() }
}

fn link(path: &str, target: &'static str) -> ExtractEvent {
    ExtractEvent::Symlink { path: path.to_owned(), target: Bytes::from_static(target.as_bytes()) }
}

fn names(path: &Path) -> Vec<String> {
    let entries = fs::read_dir(path).expect("a folder");
    let mut names: Vec<_> =
        entries.map(|entry| entry.expect("a name").file_name().into_string().expect("text")).collect();
    names.sort();
    names
}

#[test]
fn nothing_has_its_name_before_it_is_complete() {
    let home = tempfile::tempdir().expect("a folder");
    let target = home.path().join("target");
    let mut saving = Saving::to_path(&target, false).expect("free");
    for event in file("") {
        saving.write(event).expect("written");
    }
    assert!(!target.exists());
    saving.finish().expect("renamed");
    assert_eq!(names(home.path()), ["target"]);
    assert_eq!((saving.bytes, saving.files), (2, 1));
}

#[test]
fn what_was_given_up_leaves_nothing() {
    let home = tempfile::tempdir().expect("a folder");
    let mut saving = Saving::to_path(&home.path().join("target"), false).expect("free");
    for event in [folder(""), folder("a"), link("a/l", "../b")] {
        saving.write(event).expect("written");
    }
    for event in file("a/b") {
        saving.write(event).expect("written");
    }
    assert_eq!(names(home.path()).len(), 1);
    drop(saving);
    assert!(names(home.path()).is_empty());
}

#[test]
fn folders_are_left_and_entered_in_order() {
    let home = tempfile::tempdir().expect("a folder");
    let target = home.path().join("target");
    let mut saving = Saving::to_path(&target, false).expect("free");
    let tree = [folder(""), folder("a"), folder("a/b")]
        .into_iter()
        .chain(file("a/b/c"))
        .chain(file("a/d"))
        .chain([folder("e"), link("e/up", "../a/d")])
        .chain(file("f"));
    for event in tree {
        saving.write(event).expect("written");
    }
    saving.finish().expect("renamed");
    assert_eq!(names(&target), ["a", "e", "f"]);
    assert_eq!(fs::read(target.join("a/b/c")).expect("there"), b"ok");
    assert_eq!(fs::read(target.join("e/up")).expect("there"), b"ok");
}

#[test]
fn what_is_there_stays_unless_it_is_a_file_and_forced() {
    let home = tempfile::tempdir().expect("a folder");
    let target = home.path().join("target");
    fs::write(&target, "mine").expect("written");
    assert!(matches!(Saving::to_path(&target, false), Err(Failure::Usage(_))));
    let mut saving = Saving::to_path(&target, true).expect("a file may be replaced");
    for event in file("") {
        saving.write(event).expect("written");
    }
    assert_eq!(fs::read(&target).expect("there"), b"mine");
    saving.finish().expect("renamed");
    assert_eq!(fs::read(&target).expect("there"), b"ok");
    assert!(matches!(Saving::to_path(home.path(), true), Err(Failure::Usage(_))));
}

#[test]
fn what_came_to_be_there_in_the_meantime_stays() {
    let home = tempfile::tempdir().expect("a folder");
    let target = home.path().join("target");
    for force in [false, true] {
        let mut saving = Saving::to_path(&target, force).expect("free");
        saving.write(folder("")).expect("written");
        fs::write(&target, "mine").expect("written");
        assert!(matches!(saving.finish(), Err(Failure::Usage(_))));
        drop(saving);
        assert_eq!(names(home.path()), ["target"]);
        assert_eq!(fs::read(&target).expect("there"), b"mine");
        fs::remove_file(&target).expect("removed");
    }
}

#[test]
fn links_that_may_lead_outside_are_refused() {
    for (path, target) in [("l", "a"), ("l", "./a//b"), ("a/l", "../b"), ("a/b/l", "../.."), ("l", "...")] {
        assert!(stays_inside(path, target.as_bytes()), "{path} {target}");
    }
    for (path, target) in [
        ("l", ""),
        ("l", "/etc/passwd"),
        ("l", ".."),
        ("a/l", "../../b"),
        ("a/l", ".././../b"),
        // With another link `a/m` to `..` this would be outside.
        ("a/l", "m/../b"),
        ("l", "a\0b"),
    ] {
        assert!(!stays_inside(path, target.as_bytes()), "{path} {target}");
    }
    let home = tempfile::tempdir().expect("a folder");
    let mut saving = Saving::to_path(&home.path().join("target"), false).expect("free");
    saving.write(folder("")).expect("written");
    assert!(matches!(saving.write(link("l", "..")), Err(Failure::Damaged(_))));
    let mut saving = Saving::to_path(&home.path().join("target"), false).expect("free");
    assert!(matches!(saving.write(link("", "a")), Err(Failure::Damaged(_))));
}
