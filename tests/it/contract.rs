//! Generated files say what the code says.

/// The page's types are made from this file, so a handler that changes must change it.
#[test]
fn the_openapi_file_is_up_to_date() {
    let current = include_str!("../../openapi.json") == aideator::api::docs::file().unwrap();
    assert!(
        current,
        "run `cargo run -- openapi > openapi.json`, and `npm run generate` in frontend/"
    );
}

#[test]
fn the_example_of_the_settings_is_up_to_date() {
    let current = include_str!("../../.env.example") == aideator::config::example();
    assert!(current, "run `cargo run -- env-example > .env.example`");
}
