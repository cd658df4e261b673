//! Embeds the window's files and the capabilities.

fn main() {
    tauri_build::build();
}
