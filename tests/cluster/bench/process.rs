//! What the kernel says of a process (proc(5)).

/// `getconf CLK_TCK` of every Linux that Rust runs on.
const TICKS: f64 = 100.0;

/// Processor seconds of a process so far, its children's left out.
pub(super) fn cpu(pid: u32) -> f64 {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
    let fields: Vec<&str> = stat.rsplit_once(") ").unwrap().1.split(' ').collect();
    // utime and stime are fields 14 and 15; what is left begins with field 3.
    let ticks = fields[11..13]
        .iter()
        .map(|field| field.parse::<f64>().unwrap());
    ticks.sum::<f64>() / TICKS
}

/// Resident memory of a process now, MiB.
pub(super) fn rss(pid: u32) -> f64 {
    kib("status", pid, "VmRSS:")
}

/// The part of a process's memory that is its own, plus its share of what it has in common, MiB.
pub(super) fn pss(pid: u32) -> f64 {
    kib("smaps_rollup", pid, "Pss:")
}

#[expect(
    clippy::cast_precision_loss,
    reason = "sizes of memory are far below 2^53"
)]
fn kib(file: &str, pid: u32, field: &str) -> f64 {
    let text = std::fs::read_to_string(format!("/proc/{pid}/{file}")).unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix(field));
    let kib = line.and_then(|line| line.trim().trim_end_matches(" kB").parse::<u64>().ok());
    kib.unwrap_or(0) as f64 / 1024.0
}
