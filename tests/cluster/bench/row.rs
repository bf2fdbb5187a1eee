//! The figures, each a row of a table in Markdown on standard output:
//! what, ours, bare kubectl's, target, whether it was met.

/// A figure with a target, in the unit of both.
pub(super) fn at_most(what: &str, ours: f64, bare: &str, limit: f64, unit: &str) {
    let target = format!("≤ {limit} {unit}");
    row(
        what,
        &format!("{ours:.2} {unit}"),
        bare,
        &target,
        met(ours <= limit),
    );
}

/// A share in percent that has to be reached.
pub(super) fn at_least(what: &str, percent: f64, bare: &str, limit: f64) {
    // With digits enough that what is not all does not look like it.
    let ours = format!("{percent:.4} %");
    row(
        what,
        &ours,
        bare,
        &format!("≥ {limit} %"),
        met(percent >= limit),
    );
}

/// A figure without a target.
pub(super) fn figure(what: &str, ours: &str, bare: &str) {
    row(what, ours, bare, "", "");
}

fn met(met: bool) -> &'static str {
    if met { "met" } else { "**missed**" }
}

#[expect(clippy::print_stdout, reason = "this is what is asked for")]
fn row(what: &str, ours: &str, bare: &str, target: &str, met: &str) {
    println!("| {what} | {ours} | {bare} | {target} | {met} |");
}
