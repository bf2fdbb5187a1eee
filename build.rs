//! Makes the directory of the web page's export, so that the server builds without npm, and rebuilds the server
//! when the export changes.

fn main() -> std::io::Result<()> {
    std::fs::create_dir_all("frontend/out")?;
    let mut out = std::io::stdout();
    std::io::Write::write_all(
        &mut out,
        b"cargo::rerun-if-changed=frontend/out\ncargo::rerun-if-changed=src/db/migrations\n",
    )
}
