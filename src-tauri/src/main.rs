//! The desktop shell: one `rpc` command, one for bytes, events out, dialogs. Nothing is decided here.

#![cfg_attr(not(debug_assertions), windows_subsystem = "windows")]

use camino::Utf8PathBuf;
use remit_api::wire::{ErrorCode, ErrorDto};
use remit_api::{App, AppOptions, dispatch};
use serde_json::Value;
use tauri::{Emitter, Manager, State, WebviewUrl, WebviewWindowBuilder};

/// Any command of the boundary; the only way from the window to the engine.
#[tauri::command(async)]
fn rpc(app: State<'_, App>, name: String, request: Value) -> Result<Value, ErrorDto> {
    dispatch(&app, &name, request)
}

/// Commands that answer with bytes, which JSON would make ten times as long.
#[tauri::command(async)]
fn rpc_bytes(app: State<'_, App>, name: String) -> Result<tauri::ipc::Response, ErrorDto> {
    match name.as_str() {
        "verdict_column" => app.verdict_column().map(tauri::ipc::Response::new),
        _ => Err(ErrorDto {
            code: ErrorCode::BadRequest,
            message: format!("there is no byte command `{name}`"),
            help: None,
        }),
    }
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
    let data = Utf8PathBuf::from_path_buf(shell.path().app_data_dir()?)
        .map_err(|path| format!("the data folder `{}` has a name that is not UTF-8", path.display()))?;
    let emit = Box::new(move |event| {
        if let Err(error) = handle.emit("app-event", event) {
            tracing::warn!(%error, "an event did not reach the window");
        }
    });
    shell.manage(App::new(AppOptions { data, initial: initial_workspace(), emit }));
    WebviewWindowBuilder::new(shell, "main", WebviewUrl::default())
        .title("Remit")
        .inner_size(1400.0, 900.0)
        .min_inner_size(720.0, 480.0)
        .build()?;
    Ok(())
}

/// The folder named on the command line, if any.
fn initial_workspace() -> Option<Utf8PathBuf> {
    let named = std::env::args().skip(1).find(|argument| !argument.starts_with('-'))?;
    Some(camino::absolute_utf8(&named).unwrap_or_else(|_| Utf8PathBuf::from(named)))
}
