//! Tests that need a process of their own: for its environment, or for its memory.
//!
//! Each starts this test binary again with only the part that is to run there.

use std::process::Command;

use mr_provisioner::client::*;

use crate::server::{Server, get, post, tunnel};
use crate::support::*;

/// Names the server's URL for the part in the other process.
pub(crate) const URL: &str = "MRP_WIRE_TEST_URL";

pub(crate) fn run(part: &str, url: &str, environment: &[(&str, &str)]) {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command
        .args(["--exact", part, "--ignored", "--nocapture"])
        .env(URL, url);
    let proxies = ["http_proxy", "https_proxy", "all_proxy", "no_proxy"];
    for name in proxies.into_iter().chain(["ssl_cert_file", "ssl_cert_dir"]) {
        command.env_remove(name).env_remove(name.to_uppercase());
    }
    let output = command.envs(environment.iter().copied()).output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success() && text.contains("1 passed"),
        "{text}"
    );
}

#[test]
fn the_proxy_variables_are_honoured() {
    let proxy =
        Server::start([get("http://lab.invalid/api/v1/machine/7").json(200, machine_json(7, "a"))]);
    run(
        "own_process::read_a_machine",
        "http://lab.invalid/",
        &[("http_proxy", &proxy.url())],
    );
    proxy.finish();

    let (server, proxy) = (
        Server::start([get("/api/v1/machine/7").json(200, machine_json(7, "a"))]),
        Server::start([]),
    );
    let environment = [
        ("http_proxy", proxy.url()),
        ("no_proxy", "127.0.0.1".to_owned()),
    ];
    let environment = environment
        .each_ref()
        .map(|(name, value)| (*name, value.as_str()));
    run("own_process::read_a_machine", &server.url(), &environment);
    server.finish();
    proxy.finish();
}

#[test]
fn console_is_reached_through_the_proxy_of_its_own_scheme() {
    let answer = r#"{"host": "console.invalid", "port": 8867, "token": "canary"}"#;
    let proxy = Server::start([
        post("http://lab.invalid/api/v1/machine/7/console").json(200, answer),
        get("http://console.invalid:8867/ws?token=canary")
            .header("upgrade", "websocket")
            .without("authorization")
            .html(403, "Invalid token"),
    ]);
    let environment = [("http_proxy", proxy.url())];
    let environment = environment
        .each_ref()
        .map(|(name, value)| (*name, value.as_str()));
    run(
        "own_process::open_a_console",
        "http://lab.invalid/",
        &environment,
    );
    proxy.finish();
}

#[test]
fn console_that_no_proxy_excepts_is_reached_without_the_proxy() {
    let answer = r#"{"host": "127.0.0.1", "port": PORT, "token": "canary"}"#;
    let console = Server::start([get("/ws?token=canary").html(403, "Invalid token")]);
    let port = console.address.port().to_string();
    let proxy = Server::start([post("http://lab.invalid/api/v1/machine/7/console")
        .json(200, answer.replace("PORT", &port))]);
    let list = format!("127.0.0.1:{port}");
    let url = proxy.url();
    let environment = [("http_proxy", url.as_str()), ("no_proxy", &list)];
    run(
        "own_process::open_a_console",
        "http://lab.invalid/",
        &environment,
    );
    proxy.finish();
    console.finish();
}

#[test]
#[ignore = "a part of another test"]
fn open_a_console() {
    let Ok(url) = std::env::var(URL) else { return };
    let client = connect(&settings(&url)).0;
    let consoles = client.consoles();
    let console = consoles.create(MachineId(7)).unwrap();
    let connected = consoles.connect(MachineId(7), &console, &Interrupter::default());
    let error = connected.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Forbidden, "{error}");
    assert!(!format!("{error} {error:?}").contains("canary"));
}

#[test]
fn no_proxy_may_have_a_star_ports_and_brackets() {
    for list in ["*", "127.0.0.1:PORT", "[::1],127.0.0.1:PORT", "127.0.0.0/8"] {
        let server = Server::start([get("/api/v1/machine/7").json(200, machine_json(7, "a"))]);
        let port = server.url().rsplit(':').next().unwrap().replace('/', "");
        let list = list.replace("PORT", &port);
        let environment = [("http_proxy", "http://127.0.0.1:1"), ("no_proxy", &list)];
        run("own_process::read_a_machine", &server.url(), &environment);
        server.finish();
    }
}

#[test]
fn proxy_that_is_not_there_is_named() {
    for variable in ["http_proxy", "HTTPS_PROXY", "ALL_PROXY"] {
        let scheme = if variable == "HTTPS_PROXY" {
            "https"
        } else {
            "http"
        };
        let environment = [
            (variable, "http://user:canary@127.0.0.1:1"),
            ("no_proxy", "127.0.0.1:2"),
            ("MRP_WIRE_TEST_VARIABLE", variable),
        ];
        let url = format!("{scheme}://lab.invalid/");
        run("own_process::fail_through_a_proxy", &url, &environment);
    }
}

#[test]
#[ignore = "a part of another test"]
fn fail_through_a_proxy() {
    let Ok(url) = std::env::var(URL) else { return };
    let variable = std::env::var("MRP_WIRE_TEST_VARIABLE").unwrap();
    let error = connect(&settings(&url)).0.machines().get(MachineId(7));
    let error = error.unwrap_err().to_string();
    let expected =
        format!("no connection to the proxy 127.0.0.1:1 of {variable}: connection refused");
    assert!(error.contains(&expected), "{error}");
    assert!(
        !error.contains("lab.invalid") && !error.contains("canary"),
        "{error}"
    );
}

#[test]
fn proxy_that_opens_no_tunnel_is_named_with_the_server() {
    let proxy =
        Server::start((0..4).map(|_| tunnel("lab.invalid:443").html(502, "<html>no route</html>")));
    let environment = [("https_proxy", proxy.url())];
    let environment = environment
        .each_ref()
        .map(|(name, value)| (*name, value.as_str()));
    run(
        "own_process::fail_in_a_tunnel",
        "https://lab.invalid/",
        &environment,
    );
    proxy.finish();
}

#[test]
#[ignore = "a part of another test"]
fn fail_in_a_tunnel() {
    let Ok(url) = std::env::var(URL) else { return };
    let error = connect(&settings(&url)).0.machines().get(MachineId(7));
    let error = error.unwrap_err().to_string();
    let expected = "no connection to lab.invalid:443 through the proxy 127.0.0.1:";
    assert!(error.contains(expected), "{error}");
    assert!(error.contains(" of https_proxy: "), "{error}");
}

#[test]
#[ignore = "a part of another test"]
fn read_a_machine() {
    let Ok(url) = std::env::var(URL) else { return };
    connect(&settings(&url))
        .0
        .machines()
        .get(MachineId(7))
        .unwrap();
}

#[test]
fn an_upload_needs_little_memory() {
    let server = Server::start([
        get("/api/v1/image").json(200, "[]"),
        post("/api/v1/image").json(201, image_json(3, "alice/k.1a2b3c4d")),
    ]);
    run("own_process::upload_a_large_file", &server.url(), &[]);
    let seen = server.finish().pop().unwrap();
    assert!(seen.length > 48 * 1024 * 1024);
}

#[test]
#[ignore = "a part of another test"]
fn upload_a_large_file() {
    let Ok(url) = std::env::var(URL) else { return };
    let made = sparse(48 * 1024 * 1024);
    let mut file = ImageFile::open(&made.path).unwrap();
    connect(&settings(&url))
        .0
        .images()
        .create(&kernel(), &mut file)
        .unwrap();
    let kib = peak_memory();
    assert!(kib < 24 * 1024, "{kib} KiB");
}

/// A preseed with the longest content that the server takes, each character of which takes twelve bytes.
fn longest_preseed(id: u32) -> String {
    let content = r"\ud83d\ude00".repeat(2_097_152);
    format!(
        r#"{{"id": {id}, "name": "large{id}", "content": "{content}", "description": "] }}, {{", "type": "preseed",
            "user": "bob", "known_good": false, "public": true}}"#
    )
}

#[test]
fn list_with_many_of_the_longest_preseeds_is_read_in_bounded_memory() {
    let small = longest_preseed(7).replace(r"\ud83d\ude00", "");
    let large: Vec<String> = (1..=3).map(longest_preseed).collect();
    let list = format!("[\n{},\n{small}\n]\n", large.join(",\n"));
    assert!(list.len() > 64 * 1024 * 1024);
    let server = Server::start([
        get("/api/v1/preseed?show_all=true").json(200, list),
        get("/api/v1/preseed/1").json(200, &large[0]),
    ]);
    run("own_process::read_large_preseeds", &server.url(), &[]);
    server.finish();
}

#[test]
#[ignore = "a part of another test"]
fn read_large_preseeds() {
    let Ok(url) = std::env::var(URL) else { return };
    let client = connect(&settings(&url)).0;
    let preseeds = client.preseeds().list(Scope::Visible).unwrap();
    let ids: Vec<u64> = preseeds.iter().map(|preseed| preseed.id.0).collect();
    assert_eq!(ids, [1, 2, 3, 7]);
    let content = "\u{1f600}".repeat(2_097_152);
    let hash = Sha256::hash(content.as_bytes()).to_string();
    for preseed in &preseeds[..3] {
        let omitted = preseed.omitted_content.as_ref().unwrap();
        assert_eq!((omitted.size, &omitted.sha256), (8_388_608, &hash));
        assert_eq!(preseed.content, None);
    }
    assert_eq!(preseeds[3].content.as_deref(), Some(""));
    let one = client.preseeds().get(PreseedId(1)).unwrap();
    assert_eq!(one.content.as_deref(), Some(content.as_str()));
    let kib = peak_memory();
    assert!(kib < 160 * 1024, "{kib} KiB");
}

/// In KiB.
fn peak_memory() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let mut lines = status.lines();
    let peak = lines.find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    peak.trim().trim_end_matches(" kB").parse().unwrap()
}
