//! The Python Provider's environment, as an operator brings it.

use crate::support::{
    binary::Tidegate,
    process::{Process, register_in},
};

const KEY: &str = "0x59c6995e998f97a5a0044966f0945389dc9e86dae88c7a8412f4603b6b78690d";

#[test]
fn a_wrong_variable_stops_the_start_and_is_named_in_one_line() {
    let data = tempfile::tempdir().unwrap();
    let serve = |variables: &[(&str, &str)]| {
        let command = Tidegate::new(["serve", "--listen", "127.0.0.1:0", "--data"]).arg(data.path());
        let ended = variables.iter().fold(command, |command, (name, value)| command.env(name, value)).run();
        assert_eq!(ended.stderr.lines().count(), 1, "{}", ended.stderr);
        assert!(!ended.stderr.contains("hunter2"), "{}", ended.stderr);
        ended
    };
    let network = ("NETWORK_URL", "http://127.0.0.1:1/hunter2");
    serve(&[("NETWORK_URL", "hunter2")]).failed_with(2, "NETWORK_URL: ");
    serve(&[network]).failed_with(2, "PROVIDER_PRIVATE_KEY");
    serve(&[network, ("PROVIDER_PRIVATE_KEY", "hunter2")]).failed_with(2, "PROVIDER_PRIVATE_KEY: ");
    serve(&[("LOG_LEVEL", "loud")]).failed_with(2, "LOG_LEVEL: ");
}

#[tokio::test]
async fn the_server_starts_without_its_chain_and_tells_which_variables_mean_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    register_in(&data, "ann@example.org").await;
    let variables = [
        ("NETWORK_URL", "http://127.0.0.1:1/hunter2"),
        ("PROVIDER_PRIVATE_KEY", KEY),
        ("REDIS_CONNECTION", "redis://hunter2"),
        ("OCEAN_PROVIDER_WORKERS", "1"),
        ("OPERATOR_SERVICE_URL", ""),
    ];
    let process = Process::start(&data, &variables).await;
    assert_eq!(reqwest::get(format!("{}/readyz", process.url)).await.unwrap().status(), 200);
    let log = process.log.clone();
    assert!(process.stop().await);
    let log = std::fs::read_to_string(log).unwrap();
    let told = log.lines().find(|line| line.contains("mean nothing here")).unwrap();
    assert!(told.contains(r#""variables":"OCEAN_PROVIDER_WORKERS REDIS_CONNECTION""#), "{told}");
    assert!(!log.contains("hunter2") && !log.contains(&KEY[2..]), "{log}");
}
