//! Directories as files, as a package index and as a list of interpreters.

use crate::raw::get;
use serde_json::Value;
use towline_faults::{Content, File, Script, Server};

#[test]
fn a_directory_is_files_index_and_interpreters() {
    let dir = tempfile::tempdir().unwrap();
    let wheel = "Foo_Bar-1.0-py3-none-any.whl";
    let python = "cpython-3.12.9+20250205-x86_64-unknown-linux-gnu-install_only.tar.gz";
    std::fs::create_dir(dir.path().join("more")).unwrap();
    std::fs::write(dir.path().join(wheel), "wheel").unwrap();
    std::fs::write(dir.path().join("more").join(python), "python").unwrap();
    let script =
        Script::new().dir("/files", dir.path()).file(File::generated("/gen/foo.bar-2.0.tar.gz", 10, 1).digest(false));
    let server = Server::start(script).unwrap();

    assert_eq!(get(server.addr(), &format!("/files/{wheel}"), &[]).body, b"wheel");
    for outside in ["/files/../Cargo.toml", "/files/%2e%2e/x", "/files//etc/passwd", "/files/", "/files/more"] {
        assert_eq!(get(server.addr(), outside, &[]).status, 404, "{outside}");
    }

    let accept = [("Accept", "application/vnd.pypi.simple.v1+json")];
    let page: Value = serde_json::from_slice(&get(server.addr(), "/simple/foo-bar/", &accept).body).unwrap();
    let digest = Content::bytes("wheel").sha256();
    assert_eq!(page["files"][0]["url"], format!("/files/{wheel}"));
    assert_eq!(page["files"][0]["hashes"]["sha256"], digest);
    assert_eq!(page["files"][0]["size"], 5);
    assert_eq!(page["files"][1]["filename"], "foo.bar-2.0.tar.gz");
    assert_eq!(page["files"][1]["hashes"], serde_json::json!({}));
    assert_eq!(page["versions"], serde_json::json!(["1.0", "2.0"]));
    let html = get(server.addr(), "/simple/Foo.Bar/", &[]);
    assert!(String::from_utf8_lossy(&html.body).contains(&format!("<a href=\"/files/{wheel}#sha256={digest}\">")));
    assert!(String::from_utf8_lossy(&get(server.addr(), "/simple/", &[]).body).contains(">foo-bar<"));
    assert_eq!(get(server.addr(), "/simple/none/", &accept).status, 404);

    let list: Value = serde_json::from_slice(&get(server.addr(), "/python-downloads.json", &[]).body).unwrap();
    let entry = &list["cpython-3.12.9-linux-x86_64-gnu"];
    assert_eq!(entry["sha256"], Content::bytes("python").sha256());
    assert_eq!((entry["minor"].as_u64(), entry["build"].as_str()), (Some(12), Some("20250205")));
    let url = entry["url"].as_str().unwrap();
    let path = &url[url.find("/files/").unwrap()..];
    assert_eq!(get(server.addr(), path, &[]).body, b"python");
}
