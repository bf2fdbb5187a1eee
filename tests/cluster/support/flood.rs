//! An agent that prints more than anybody reads.

/// 100 MB of numbered lines, as fast as they can be printed.
pub(crate) const FLOOD: &str = r#"
pad=$(head -c 40 /dev/zero | tr '\0' x)
seq -f "{\"v\":1,\"seq\":%.0f,\"type\":\"text\",\"ts\":\"2026-01-01T00:00:00Z\",\"delta\":\"$pad\"}" 1 850000
echo "{\"v\":1,\"seq\":850001,\"type\":\"finished\",\"ts\":\"2026-01-01T00:00:00Z\",\"outcome\":\"succeeded\",\"summary\":\"\"}"
"#;

/// How many they are.
pub(crate) const FLOOD_LINES: u64 = 850_001;
