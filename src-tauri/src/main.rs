//! The desktop shell: one `rpc` command, one for bytes, events out, dialogs. Nothing is decided here.

#![cfg_attr(not(debug_assertions), windows_subsystem = "windows")]

use camino::Utf8PathBuf;
use remit_api::wire::{ErrorCode, ErrorDto};
use remit_api::{App, AppOptions, Initial, dispatch};
use serde_json::Value;
use tauri::ipc::Response;
use tauri::{Emitter, Manager, State, WebviewUrl, WebviewWindowBuilder};

/// Any command of the boundary; the only way from the window to the engine.
#[tauri::command]
async fn rpc(app: State<'_, App>, name: String, request: Value) -> Result<Value, ErrorDto> {
    let app = app.inner().clone();
    beside(move || dispatch(&app, &name, request)).await
}

/// Commands that answer with bytes, which JSON would make ten times as long.
#[tauri::command]
async fn rpc_bytes(app: State<'_, App>, name: String) -> Result<Response, ErrorDto> {
    let app = app.inner().clone();
    let bytes = move || match name.as_str() {
        "verdict_column" => app.verdict_column(),
        "saved_column" => app.saved_column(),
        "baseline_column" => app.baseline_column(),
        _ => Err(error(ErrorCode::BadRequest, format!("there is no byte command `{name}`"))),
    };
    beside(bytes).await.map(Response::new)
}

/// Runs a command on a thread of its own: one that judges must not keep the others waiting.
async fn beside<T: Send + 'static>(
    command: impl FnOnce() -> Result<T, ErrorDto> + Send + 'static,
) -> Result<T, ErrorDto> {
    let ended = tauri::async_runtime::spawn_blocking(command).await;
    ended.unwrap_or_else(|e| Err(error(ErrorCode::Internal, format!("a command failed: {e}"))))
}

fn error(code: ErrorCode, message: String) -> ErrorDto {
    ErrorDto { code, message, help: None }
}

fn main() -> tauri::Result<()> {
    tracing_subscriber::fmt().with_writer(std::io::stderr).without_time().init();
    tauri::Builder::default()
        .plugin(tauri_plugin_dialog::init())
        .setup(|shell| {
            start(shell)?;
            Ok(())
        })
        .invoke_handler(tauri::generate_handler![rpc, rpc_bytes])
        .run(tauri::generate_context!())
}

fn start(shell: &tauri::App) -> Result<(), Box<dyn std::error::Error>> {
    let handle = shell.handle().clone();
    let data = Utf8PathBuf::from_path_buf(shell.path().app_data_dir()?).map_err(|path| {
        format!("the data folder `{}` has a name that is not UTF-8", path.display())
    })?;
    let emit = Box::new(move |event| {
        if let Err(error) = handle.emit("app-event", event) {
            tracing::warn!(%error, "an event did not reach the window");
        }
    });
    shell.manage(App::new(AppOptions { data, initial: initial(), emit }));
    WebviewWindowBuilder::new(shell, "main", WebviewUrl::default())
        .title("Remit")
        .inner_size(1400.0, 900.0)
        .min_inner_size(720.0, 480.0)
        .build()?;
    Ok(())
}

/// A folder or `--sample`. The window system's own options are left to it.
fn initial() -> Initial {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if arguments.iter().any(|a| a == "--sample") {
        return Initial::Sample;
    }
    match arguments.iter().find(|a| !a.starts_with('-')) {
        Some(folder) => {
            Initial::Folder(camino::absolute_utf8(folder).unwrap_or_else(|_| folder.into()))
        }
        None => Initial::Nothing,
    }
}
